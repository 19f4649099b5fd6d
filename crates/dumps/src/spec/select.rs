//! Judging, ordering and cutting records.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;

use super::pattern::Judge;
use super::{Comparison, SortKey, Spec, Term, TimeSide};
use crate::Record;

/// A specification at a given time, ready to judge many records.
pub(crate) struct Judges<'a> {
    terms: Vec<(&'a Term, Option<Judge>)>,
    now: Timestamp,
    hides_purged: bool,
}

impl Spec {
    /// Tells whether every term holds of a record.
    pub fn matches(&self, record: &Record, now: Timestamp) -> bool {
        self.judges(now).hold(record)
    }

    pub(crate) fn judges(&self, now: Timestamp) -> Judges<'_> {
        let judge = |term: &Term| match term {
            Term::Prop { test, .. } => Some(Judge::new(test, now)),
            Term::Name(_) | Term::Names(_) | Term::Time { .. } => None,
        };
        Judges {
            terms: self.terms.iter().map(|t| (t, judge(t))).collect(),
            now,
            hides_purged: !self.asks_for_purged(),
        }
    }

    /// Orders matching records and applies the limit.
    pub(crate) fn arrange(&self, records: &mut Vec<Record>) {
        if self.sort.is_empty() {
            records.sort_by(by_time);
            if let Some(limit) = self.limit {
                records.drain(..records.len().saturating_sub(limit));
            }
            self.in_given_order(records);
            return;
        }
        records.sort_by(|a, b| {
            self.sort
                .iter()
                .map(|key| key.compare(a, b))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| by_time(a, b))
        });
        if let Some(limit) = self.limit {
            records.truncate(limit);
        }
    }

    /// Puts records that were asked for by a list of names in its order.
    fn in_given_order(&self, records: &mut [Record]) {
        let names = self.terms.iter().find_map(|term| match term {
            Term::Names(names) => Some(names),
            _ => None,
        });
        let Some(names) = names else { return };
        records.sort_by_cached_key(|record| {
            let id = record.id().to_string();
            names.iter().position(|name| name.matches(&id))
        });
    }
}

fn by_time(a: &Record, b: &Record) -> Ordering {
    let time = |record: &Record| record.time().unwrap_or(f64::NEG_INFINITY);
    time(a).total_cmp(&time(b)).then_with(|| a.id().cmp(&b.id()))
}

impl Judges<'_> {
    /// Tells whether every term holds of a record.
    pub(crate) fn hold(&self, record: &Record) -> bool {
        if self.hides_purged && record.is_purged() {
            return false;
        }
        self.terms.iter().all(|(term, judge)| self.holds(term, judge, record))
    }

    fn holds(
        &self,
        term: &Term,
        judge: &Option<Judge>,
        record: &Record,
    ) -> bool {
        match (term, judge) {
            (Term::Name(prefix), _) => prefix.matches(&record.id().to_string()),
            (Term::Names(names), _) => {
                let id = record.id().to_string();
                names.iter().any(|name| name.matches(&id))
            }
            (Term::Prop { path, .. }, Some(judge)) => {
                judge.holds(&path.find(record.members()))
            }
            (Term::Prop { .. }, None) => false,
            (Term::Time { side, when }, _) => {
                let moment = when.seconds(self.now);
                match side {
                    TimeSide::Newer => {
                        record.time().is_some_and(|time| time > moment)
                    }
                    TimeSide::Older => {
                        record.time().is_some_and(|time| time < moment)
                    }
                    TimeSide::Uploaded => {
                        record.uploaded().is_some_and(|time| time > moment)
                    }
                }
            }
        }
    }
}

impl SortKey {
    /// Orders by the first value; records without one come last either way.
    fn compare(&self, a: &Record, b: &Record) -> Ordering {
        let first = |record| -> Option<&Value> {
            self.path.find(record).first().copied()
        };
        match (first(a.members()), first(b.members())) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => {
                let order = a.order(b);
                if self.descending { order.reverse() } else { order }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(n: u8, members: Value) -> Record {
        let mut all = members;
        all["version"] = json!("2");
        all["id"] = json!(crate::DumpId([n; 16]).to_string());
        Record::parse(all.to_string().as_bytes()).expect("record")
    }

    fn matches(record: &Record, argument: &str) -> bool {
        let now = Timestamp::from_second(1_000_000).expect("valid");
        Spec::parse(&[argument]).expect("valid").matches(record, now)
    }

    #[test]
    fn compares_by_the_stored_type() {
        let record = record(
            1,
            json!({
                "cmd": "svc.startd", "pid": 42, "truncated": false,
                "time": 999_000, "uploaded": 999_990,
                "stack": ["libc.so.6`abort+0x15", "a`main+0x1"],
                "properties": {
                    "n": 5, "s": "5", "big": 18_446_744_073_709_551_615u64,
                    "half": 0.5, "no": null, "empty": "", "o": {"k": "v"},
                    "q": "it's \"x\"\n\u{1}", "odd name=": 1,
                    "sizes": [1, 2, 3], "comma": "a,b", "mem": 1024,
                },
            }),
        );
        for yes in [
            "cmd=svc.*",
            "cmd=svc.startd",
            "cmd!=node",
            "pid=42",
            "pid=42.0",
            "pid=4?",
            "truncated=false",
            "truncated!=true",
            "stack=a`main+0x1",
            "stack=*abort*",
            "n=5",
            "s=5",
            "n!=6",
            "big=18446744073709551615",
            "half=0.5",
            "half=5e-1",
            "no=null",
            "empty=\"\"",
            "empty!=undefined",
            "none=undefined",
            "none=",
            "none!=x",
            "o!=undefined",
            "o.k=v",
            "properties.o.k=v",
            "q=it's \"x\"\n\u{1}",
            "q=*\n?",
            "mtime=2000",
            "otime=500",
            "uploaded=20",
            "time=2000",
            "ticket=undefined",
            "0101",
            "id=0101*",
            "time!=undefined",
            "type=undefined",
            "cmd=node,svc.*",
            "cmd!=node,java",
            "ticket=OS-1,undefined",
            "ticket=OS-1,",
            "n=4,5",
            "pid<43",
            "pid<=42",
            "pid>41.5",
            "pid>=42",
            "half<1",
            "big>18446744073709551614",
            "s<6",
            "cmd>svc",
            "time>900000",
            "time<999001",
            "time>2000",
            "uploaded<5s",
            "uploaded>1970-01-12",
            "stack~^libc.*abort",
            "stack!~nothing",
            "pid~^4",
            "none!~x",
            "none!=x,y",
            "sizes=2",
            "sizes>2",
            "odd\\ name\\==1",
            "comma=a\\,b",
            "mem>=1K",
            "mem<1.5K",
        ] {
            assert!(matches(&record, yes), "{yes}");
        }
        for no in [
            "cmd=svc",
            "cmd=*SVC*",
            "pid=43",
            "n=05x",
            "s=5.0",
            "o=v",
            "o=*",
            "mtime=500",
            "otime=2000",
            "uploaded=5",
            "0102",
            "cmd=undefined",
            "no=undefined",
            "empty=",
            "stack=libc",
            "big=18446744073709551614",
            "big=1.8446744073709552e19",
            "cmd=node,java",
            "cmd!=node,svc.startd",
            "ticket!=undefined",
            "ticket!=",
            "none!=undefined,x",
            "pid<42",
            "pid>42",
            "pid<abc",
            "cmd<5",
            "truncated<true",
            "no<5",
            "none<5",
            "none>5",
            "o>0",
            "uploaded<20s",
            "stack~^nothing",
            "stack!~abort",
            "none~.",
            "comma=a,b",
            "mem>1K",
        ] {
            assert!(!matches(&record, no), "{no}");
        }
    }

    #[test]
    fn sorts_before_it_cuts() {
        let records = || {
            vec![
                record(1, json!({"time": 30, "properties": {"p": 2}})),
                record(2, json!({"time": 10})),
                record(3, json!({"time": 20, "properties": {"p": 10}})),
            ]
        };
        let order = |arguments: &[&str]| {
            let mut records = records();
            Spec::parse(arguments).expect("valid").arrange(&mut records);
            records.iter().map(|r| r.id().0[0]).collect::<Vec<_>>()
        };
        assert_eq!(order(&[]), [2, 3, 1]);
        assert_eq!(order(&["limit=2"]), [3, 1]);
        assert_eq!(order(&["sort=-time", "limit=2"]), [1, 3]);
        assert_eq!(order(&["sort=p"]), [1, 3, 2]);
        assert_eq!(order(&["sort=-p"]), [3, 1, 2]);
        assert_eq!(order(&["limit=0"]), [2, 3, 1]);
    }
}
