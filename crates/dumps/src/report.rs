//! Counting dumps by the values of members.
//!
//! Counting by one member, over all dumps or a window of time, is read off
//! the index's counters. It needs no record as long as nothing is marked:
//! every dump has the value as the index has it. Anything else is counted from
//! the records.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use jiff::Timestamp;
use serde_json::Value;
use thoth_manta::{Field, Index, IndexQuery, Wanted};

use crate::index::fields::ELEMENTS;
use crate::index::plan::{marks_of, name_of, plan};
use crate::index::{self, INDEX};
use crate::spec::{Spec, Term, TimeSide};
use crate::{Dumps, Error, PropPath, Record, Result};

/// How many dumps there are for each value of some members.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// One row for each combination of values, ascending by count.
    pub rows: Vec<ReportRow>,
    /// How many dumps were counted.
    pub total: u64,
    /// How many of them lack every one of the members.
    pub missing: u64,
}

/// A row of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportRow {
    /// The value of each member; `None` where it is absent.
    pub values: Vec<Option<Value>>,
    /// How many dumps have them.
    pub count: u64,
}

impl Dumps {
    /// Counts dumps by the values of members; without members, all of them.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn report(&self, spec: &Spec, members: &[PropPath]) -> Result<Report> {
        if let (Some(index), [member]) = (&self.index, members)
            && let Some(report) = self.counted(&**index, spec, member)?
        {
            return Ok(report);
        }
        self.tallied(spec, members)
    }

    /// Counts by reading the records.
    pub(crate) fn tallied(
        &self,
        spec: &Spec,
        members: &[PropPath],
    ) -> Result<Report> {
        let mut tally = Tally::new(members);
        if spec.limit.is_some() {
            for record in &self.find(spec)?.records {
                tally.add(record);
            }
        } else {
            self.visit(spec, &mut |record| {
                tally.add(&record);
                Ok(())
            })?;
        }
        Ok(tally.report())
    }

    /// Reads the counters of one member; `None` when they do not tell.
    fn counted(
        &self,
        index: &dyn Index,
        spec: &Spec,
        member: &PropPath,
    ) -> Result<Option<Report>> {
        let failed = || Error::store("cannot count by the index of dumps");
        let Some(name) = name_of(member) else { return Ok(None) };
        if !is_window(spec) || matches!(name.as_str(), "purged" | "uploaded") {
            return Ok(None);
        }
        index::catch_up(&*self.manta, index, &self.root)?;
        let window = plan(spec, Timestamp::now());
        let values = |name: &str| {
            index
                .index_values(INDEX, name, window.after, window.before)
                .map_err(failed())
        };
        let mut marks = marks_of(member.as_str());
        marks.push(format!("{name}{ELEMENTS}"));
        for mark in &marks {
            if values(mark)?.values.iter().any(|(value, _)| value.is_none()) {
                return Ok(None);
            }
        }
        let counts = values(&name)?;
        let mut total = counts.documents;
        let mut rows: BTreeMap<String, u64> = BTreeMap::new();
        for (text, count) in counts.values {
            // An object's own value is not in the index.
            let Some(text) = text.filter(|text| text != "{}") else {
                return Ok(None);
            };
            rows.insert(text, count);
        }
        if !values("purged")?.values.is_empty() {
            self.without_purged(index, &window, &name, &mut |text| {
                total = total.saturating_sub(1);
                if let Some(count) = text.and_then(|text| rows.get_mut(&text)) {
                    *count = count.saturating_sub(1);
                }
            })?;
        }
        Ok(report_of(rows, total))
    }

    /// Visits the values of dumps that were removed, which the counters
    /// include.
    fn without_purged(
        &self,
        index: &dyn Index,
        window: &IndexQuery,
        name: &str,
        take: &mut dyn FnMut(Option<String>),
    ) -> Result<()> {
        let query = IndexQuery {
            after: window.after,
            before: window.before,
            tests: window
                .tests
                .iter()
                .filter(|test| test.name == "purged")
                .map(|test| thoth_manta::FieldTest {
                    negated: !test.negated,
                    ..test.clone()
                })
                .collect(),
            wanted: Wanted::Names(vec![name.to_owned(), "purged".to_owned()]),
            ..IndexQuery::default()
        };
        index
            .index_query(INDEX, &query, &mut |document| {
                let is = |field: &Field, name: &str| field.name == name;
                if document.fields.iter().any(|f| is(f, "purged")) {
                    let value =
                        document.fields.into_iter().find(|f| is(f, name));
                    take(value.and_then(|field| field.value));
                }
                ControlFlow::Continue(())
            })
            .map_err(Error::store("cannot query the index of dumps"))
    }
}

/// Tells whether a specification is about time alone.
fn is_window(spec: &Spec) -> bool {
    spec.limit.is_none()
        && spec.terms.iter().all(|term| {
            matches!(
                term,
                Term::Time { side: TimeSide::Newer | TimeSide::Older, .. }
            )
        })
}

fn report_of(rows: BTreeMap<String, u64>, total: u64) -> Option<Report> {
    let mut missing = total;
    let mut out = Vec::new();
    for (text, count) in rows {
        if count == 0 {
            continue;
        }
        missing = missing.checked_sub(count)?;
        let value = serde_json::from_str(&text).ok()?;
        out.push(ReportRow { values: vec![Some(value)], count });
    }
    if missing > 0 {
        out.push(ReportRow { values: vec![None], count: missing });
    }
    Some(Report { rows: in_order(out), total, missing })
}

/// Orders rows by count, then by value.
fn in_order(mut rows: Vec<ReportRow>) -> Vec<ReportRow> {
    rows.sort_by_cached_key(|row| (row.count, key(&row.values)));
    rows
}

/// Returns a text that only equal values have; absent and null are two.
fn key(values: &[Option<Value>]) -> String {
    let lists: Vec<&[Value]> = values
        .iter()
        .map(|value| value.as_ref().map_or(&[][..], std::slice::from_ref))
        .collect();
    serde_json::to_string(&lists).unwrap_or_default()
}

struct Tally<'a> {
    members: &'a [PropPath],
    /// Values have no hash of their own: their JSON text stands for them.
    rows: HashMap<String, ReportRow>,
    total: u64,
    missing: u64,
}

impl<'a> Tally<'a> {
    fn new(members: &'a [PropPath]) -> Tally<'a> {
        Tally { members, rows: HashMap::new(), total: 0, missing: 0 }
    }

    fn add(&mut self, record: &Record) {
        let values: Vec<Option<Value>> = self
            .members
            .iter()
            .map(|member| value_of(member, record))
            .collect();
        self.total += 1;
        if !values.is_empty() && values.iter().all(Option::is_none) {
            self.missing += 1;
        }
        let key = key(&values);
        let row = ReportRow { values, count: 0 };
        self.rows.entry(key).or_insert(row).count += 1;
    }

    fn report(self) -> Report {
        let rows = in_order(self.rows.into_values().collect());
        Report { rows, total: self.total, missing: self.missing }
    }
}

/// Returns a member's value; several, found through an array, as an array.
fn value_of(member: &PropPath, record: &Record) -> Option<Value> {
    let mut found = member.find(record.members());
    match found.len() {
        0 | 1 => found.pop().cloned(),
        _ => Some(found.into_iter().cloned().collect()),
    }
}
