//! Conditions of rules: what is known of a request, compared with values.

use std::cmp::Ordering;
use std::net::IpAddr;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use regex::{Regex, RegexBuilder};
use thoth_manta::Timestamp;

use super::policy::Question;

/// How much memory one expression may take.
const MAX_REGEX_BYTES: usize = 1 << 20;

/// What must hold.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Not(Box<Condition>),
    /// How the fact must compare with the value.
    Order(Fact, Relation, Value),
    Within(IpAddr, u8, bool),
    Like(Fact, Regex),
}

/// Something that is known of a request, and how to look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    SourceIp,
    Method,
    UserAgent,
    Date,
    Time,
    Day,
    Overwrite,
    FromJob,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Unequal,
    Less,
    Greater,
    AtMost,
    AtLeast,
}

#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub(super) enum Value {
    Text(String),
    Moment(Timestamp),
    /// Seconds since midnight.
    Time(i32),
    /// 1 is Monday.
    Day(i8),
    Bool(bool),
}

impl Fact {
    /// Finds the fact of a condition's name, and a type if one is given.
    pub(super) fn parse(
        name: &str,
        kind: Option<&str>,
    ) -> Result<Fact, String> {
        let fact = match name {
            "sourceip" => Fact::SourceIp,
            "method" => Fact::Method,
            "user-agent" | "useragent" | "userAgent" => Fact::UserAgent,
            "date" => Fact::Date,
            "time" => Fact::Time,
            "day" => Fact::Day,
            "overwrite" => Fact::Overwrite,
            "fromjob" => Fact::FromJob,
            _ => {
                return Err(format!(
                    "no condition {name:?}; there are sourceip, method, date, \
                     time, day, user-agent, overwrite, fromjob"
                ));
            }
        };
        let moment = matches!(fact, Fact::Date | Fact::Time | Fact::Day);
        match kind {
            None => Ok(fact),
            Some("date") if moment => Ok(Fact::Date),
            Some("time") if moment => Ok(Fact::Time),
            Some("day") if moment => Ok(Fact::Day),
            Some(kind) if kind == fact.kind() => Ok(fact),
            Some(kind) => {
                Err(format!("{name} is of type {}, not {kind:?}", fact.kind()))
            }
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Fact::SourceIp => "ip",
            Fact::Method | Fact::UserAgent => "string",
            Fact::Date => "date",
            Fact::Time => "time",
            Fact::Day => "day",
            Fact::Overwrite | Fact::FromJob => "boolean",
        }
    }

    /// Makes the condition that this compares with a value.
    pub(super) fn compare(
        self,
        operator: &str,
        text: &str,
    ) -> Result<Condition, String> {
        let kind = self.kind();
        let unknown = || format!("{operator:?} is no operator of type {kind}");
        if operator == "like" && kind == "string" {
            let (body, flags) = text
                .strip_prefix('/')
                .and_then(|rest| rest.rsplit_once('/'))
                .ok_or_else(|| format!("like {text}: expected /RE/"))?;
            return expression(body, flags)
                .map(|regex| Condition::Like(self, regex));
        }
        let relation = match operator {
            "=" => Relation::Equal,
            "!=" => Relation::Unequal,
            "<" => Relation::Less,
            ">" => Relation::Greater,
            "<=" => Relation::AtMost,
            ">=" => Relation::AtLeast,
            _ => return Err(unknown()),
        };
        let equality = matches!(relation, Relation::Equal | Relation::Unequal);
        if matches!(kind, "ip" | "boolean") && !equality {
            return Err(unknown());
        }
        if self == Fact::SourceIp {
            let (address, bits) = range(text)?;
            let inside = relation == Relation::Equal;
            return Ok(Condition::Within(address, bits, inside));
        }
        Ok(Condition::Order(self, relation, self.value(text)?))
    }

    fn value(self, text: &str) -> Result<Value, String> {
        let expected = |what: &str| format!("{text:?}: expected {what}");
        match self {
            Fact::SourceIp | Fact::Method | Fact::UserAgent => {
                Ok(Value::Text(text.to_owned()))
            }
            Fact::Date => moment(text)
                .map(Value::Moment)
                .ok_or_else(|| expected("a date such as 2026-11-23")),
            Fact::Time => time(text)
                .map(Value::Time)
                .ok_or_else(|| expected("a time such as 09:30:00")),
            Fact::Day => day(text).map(Value::Day).ok_or_else(|| {
                expected("a day such as Monday, or 1 (Monday) to 7")
            }),
            Fact::Overwrite | Fact::FromJob => match text {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                _ => Err(expected("true or false")),
            },
        }
    }

    /// Looks at a request; `None` when it does not say.
    fn of(self, question: &Question<'_>) -> Option<Value> {
        let now = question.now.to_zoned(TimeZone::UTC);
        Some(match self {
            Fact::SourceIp => Value::Text(question.source_ip.to_string()),
            Fact::Method => Value::Text(question.method.to_owned()),
            Fact::UserAgent => Value::Text(question.user_agent?.to_owned()),
            Fact::Date => Value::Moment(question.now),
            Fact::Time => Value::Time(seconds_of(now.time())),
            Fact::Day => Value::Day(now.weekday().to_monday_one_offset()),
            Fact::Overwrite => Value::Bool(question.overwrite?),
            Fact::FromJob => Value::Bool(question.from_job),
        })
    }
}

impl Condition {
    /// Judges a request; `None` when something that matters is not known.
    pub(super) fn judge(&self, question: &Question<'_>) -> Option<bool> {
        match self {
            // What is not known spoils the whole: a rule must not allow
            // something because a client left a header out.
            Condition::Any(all) => {
                let each: Option<Vec<bool>> =
                    all.iter().map(|one| one.judge(question)).collect();
                each.map(|each| each.contains(&true))
            }
            Condition::All(all) => {
                let each: Option<Vec<bool>> =
                    all.iter().map(|one| one.judge(question)).collect();
                each.map(|each| !each.contains(&false))
            }
            Condition::Not(inner) => inner.judge(question).map(|holds| !holds),
            Condition::Within(address, bits, inside) => {
                let is = is_within(question.source_ip, *address, *bits);
                Some(is == *inside)
            }
            Condition::Like(fact, regex) => match fact.of(question)? {
                Value::Text(text) => Some(regex.is_match(&text)),
                _ => None,
            },
            Condition::Order(fact, relation, value) => {
                let order = fact.of(question)?.partial_cmp(value)?;
                Some(match relation {
                    Relation::Equal => order == Ordering::Equal,
                    Relation::Unequal => order != Ordering::Equal,
                    Relation::Less => order == Ordering::Less,
                    Relation::Greater => order == Ordering::Greater,
                    Relation::AtMost => order != Ordering::Greater,
                    Relation::AtLeast => order != Ordering::Less,
                })
            }
        }
    }
}

/// Makes a regular expression of a body and flags.
pub(super) fn expression(body: &str, flags: &str) -> Result<Regex, String> {
    if let Some(flag) = flags.chars().find(|c| !"igmsuy".contains(*c)) {
        return Err(format!("/{body}/{flags}: no flag {flag:?}"));
    }
    RegexBuilder::new(body)
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .dot_matches_new_line(flags.contains('s'))
        .size_limit(MAX_REGEX_BYTES)
        .build()
        .map_err(|error| {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            format!("/{body}/: {}", last.trim_start_matches("error: "))
        })
}

fn range(text: &str) -> Result<(IpAddr, u8), String> {
    let wrong = || {
        format!("{text:?}: expected an address, or a range such as 10.0.0.0/8")
    };
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        None => most,
        Some(bits) => bits
            .parse::<u8>()
            .ok()
            .filter(|bits| *bits <= most)
            .ok_or_else(wrong)?,
    };
    Ok((address, bits))
}

/// Tells whether an address is in a range; version 4 addresses are the same
/// when they are written as version 6.
fn is_within(address: IpAddr, range: IpAddr, bits: u8) -> bool {
    match (address.to_canonical(), range) {
        (IpAddr::V4(address), IpAddr::V4(range)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            (u32::from(address) ^ u32::from(range)) & mask == 0
        }
        (address, IpAddr::V6(range)) => {
            let address = match address {
                IpAddr::V4(address) => address.to_ipv6_mapped(),
                IpAddr::V6(address) => address,
            };
            let mask =
                u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            (u128::from(address) ^ u128::from(range)) & mask == 0
        }
        (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let civil = match text.parse::<DateTime>() {
        Ok(civil) => civil,
        Err(_) => text.parse::<Date>().ok()?.at(0, 0, 0, 0),
    };
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn time(text: &str) -> Option<i32> {
    text.parse::<Time>().ok().map(seconds_of)
}

fn seconds_of(time: Time) -> i32 {
    i32::from(time.hour()) * 3600
        + i32::from(time.minute()) * 60
        + i32::from(time.second())
}

fn day(text: &str) -> Option<i8> {
    const NAMES: [&[&str]; 7] = [
        &["monday", "mon", "m"],
        &["tuesday", "tue", "t"],
        &["wednesday", "wed", "w"],
        &["thursday", "thu", "th"],
        &["friday", "fri", "f"],
        &["saturday", "sat", "s"],
        &["sunday", "sun", "su"],
    ];
    let small = text.to_ascii_lowercase();
    let found = NAMES.iter().position(|names| names.contains(&small.as_str()));
    match found {
        Some(place) => i8::try_from(place + 1).ok(),
        None => text.parse().ok().filter(|day| (1..=7).contains(day)),
    }
}
