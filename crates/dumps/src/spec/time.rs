//! Ages and moments.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::SpecError;

/// A moment, as it was written.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// So many seconds before now.
    Ago {
        /// How many units.
        count: u64,
        /// The unit's shortest name.
        unit: &'static str,
    },
    /// The beginning of a day in UTC, so many days before today.
    Midnight {
        /// 0 for today, 1 for yesterday.
        days_ago: u8,
    },
    /// A fixed moment.
    At(Timestamp),
}

/// Each unit: its seconds and its names, the shortest first. All but the
/// one-letter names may have an s at the end.
const UNITS: &[(u64, &[&str])] = &[
    (1, &["s", "sec", "second"]),
    (60, &["min", "m", "minute"]),
    (3600, &["h", "hr", "hour"]),
    (86_400, &["d", "day"]),
    (7 * 86_400, &["w", "wk", "week"]),
    (14 * 86_400, &["fortnight"]),
    (31 * 86_400, &["mo", "month"]),
    (365 * 86_400, &["y", "yr", "year"]),
];

/// Why a text is no age: where, and what could be meant.
pub(super) struct AgeError {
    pub(super) at: usize,
    pub(super) message: String,
    pub(super) suggestion: String,
}

impl When {
    /// Parses an age or a moment: `180d`, `2026-01-31`.
    ///
    /// # Errors
    ///
    /// When it is neither: the place in it and what could be meant.
    pub fn parse_age(text: &str) -> Result<When, SpecError> {
        When::parse(text).map_err(|error| SpecError {
            argument: text.to_owned(),
            at: error.at,
            message: error.message,
            suggestion: Some(error.suggestion),
        })
    }

    /// Parses an age or a moment.
    pub(super) fn parse(text: &str) -> Result<When, AgeError> {
        match text {
            "now" => return Ok(When::Ago { count: 0, unit: "s" }),
            "today" => return Ok(When::Midnight { days_ago: 0 }),
            "yesterday" => return Ok(When::Midnight { days_ago: 1 }),
            _ => {}
        }
        let digits = text.chars().take_while(char::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let looks_absolute = digits == 4 && unit.starts_with('-');
        if looks_absolute {
            return parse_moment(text);
        }
        let count = if number.is_empty() {
            1
        } else {
            number.parse().map_err(|_| AgeError {
                at: 0,
                message: format!("the number {number} is too large"),
                suggestion: "write the age in a larger unit, as in 2y"
                    .to_owned(),
            })?
        };
        if unit.is_empty() && !number.is_empty() {
            return Ok(When::Ago { count, unit: "s" });
        }
        let blanks = unit.len() - unit.trim_start_matches(' ').len();
        let unit = unit.trim_start_matches(' ');
        match find_unit(unit) {
            Some(unit) => Ok(When::Ago { count, unit }),
            None => Err(unknown_unit(number, unit, digits + blanks)),
        }
    }

    /// Returns the moment in seconds since 1970.
    pub fn seconds(&self, now: Timestamp) -> f64 {
        match self {
            When::At(moment) => exact_seconds(*moment),
            When::Midnight { days_ago } => {
                let day = now.as_second().div_euclid(86_400);
                (day - i64::from(*days_ago)) as f64 * 86_400.0
            }
            When::Ago { count, unit } => {
                let unit = UNITS
                    .iter()
                    .find(|(_, names)| names.contains(unit))
                    .map_or(1, |(seconds, _)| *seconds);
                exact_seconds(now) - (*count as f64) * (unit as f64)
            }
        }
    }
}

fn exact_seconds(moment: Timestamp) -> f64 {
    moment.as_microsecond() as f64 / 1e6
}

fn find_unit(name: &str) -> Option<&'static str> {
    let plural = name.strip_suffix('s').filter(|name| name.len() > 1);
    let (_, names) = UNITS.iter().find(|(_, names)| {
        names.contains(&name) || plural.is_some_and(|one| names.contains(&one))
    })?;
    names.first().copied()
}

fn parse_moment(text: &str) -> Result<When, AgeError> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(When::At(moment));
    }
    // Without a zone UTC is meant, which is what listings show.
    let civil = match text.parse::<Date>() {
        Ok(day) if text.len() == 10 => Some(day.at(0, 0, 0, 0)),
        _ => text.parse::<DateTime>().ok(),
    };
    let moment = civil.and_then(|at| at.to_zoned(TimeZone::UTC).ok());
    match moment {
        Some(moment) => Ok(When::At(moment.timestamp())),
        None => Err(AgeError {
            at: 0,
            message: format!("{text:?} is no time"),
            suggestion: "write a date (2026-01-31) or a time \
                         (2026-01-31T12:00:00Z)"
                .to_owned(),
        }),
    }
}

fn unknown_unit(number: &str, unit: &str, at: usize) -> AgeError {
    let lower = unit.to_lowercase();
    let suggestion = match find_unit(&lower) {
        Some(unit) => format!("did you mean {number}{unit}?"),
        None => "units are s min h d w fortnight mo y".to_owned(),
    };
    let message = if unit.is_empty() {
        "expected an age such as 2d".to_owned()
    } else {
        format!("unknown unit {unit:?}")
    };
    AgeError { at, message, suggestion }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Ago { count, unit } => write!(f, "{count}{unit}"),
            When::Midnight { days_ago: 0 } => f.write_str("today"),
            When::Midnight { .. } => f.write_str("yesterday"),
            When::At(moment) => write!(f, "{moment}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_moments() {
        let now = Timestamp::from_second(2_000_000_000).expect("valid");
        for (text, seconds) in [
            ("30", 30.0),
            ("2days", 2.0 * 86_400.0),
            ("2 weeks", 14.0 * 86_400.0),
            ("90mins", 5400.0),
            ("3hrs", 10_800.0),
            ("now", 0.0),
            ("today", 12_800.0),
            ("yesterday", 12_800.0 + 86_400.0),
            ("2h", 7200.0),
            ("d", 86_400.0),
            ("3m", 180.0),
            ("2min", 120.0),
            ("mo", 31.0 * 86_400.0),
            ("month", 31.0 * 86_400.0),
            ("fortnight", 14.0 * 86_400.0),
            ("1y", 365.0 * 86_400.0),
        ] {
            let Ok(when) = When::parse(text) else { panic!("{text}") };
            assert_eq!(2e9 - when.seconds(now), seconds, "{text}");
        }
        for text in [
            "2033-05-18T03:33:20Z",
            "2033-05-18T05:33:20+02:00",
            "2033-05-18T03:33:20",
            "2033-05-18 03:33:20",
        ] {
            let Ok(when) = When::parse(text) else { panic!("{text}") };
            assert_eq!(when.seconds(now), 2e9, "{text}");
        }
        let Ok(day) = When::parse("2033-05-18") else { panic!("day") };
        assert_eq!(day.seconds(now), 2e9 - 12_800.0);
    }

    #[test]
    fn errors_say_what_could_be_meant() {
        for (text, at, suggestion) in [
            ("2Days", 1, "did you mean 2d?"),
            ("2 H", 2, "did you mean 2h?"),
            ("ss", 0, "units are"),
            ("5x", 1, "units are"),
            ("", 0, "units are"),
            ("1.5h", 1, "units are"),
            ("99999999999999999999d", 0, "larger unit"),
            ("2033-13-01", 0, "write a date"),
            ("2033-05-18T03:33:61", 0, "write a date"),
            ("-5d", 0, "units are"),
        ] {
            let Err(error) = When::parse(text) else { panic!("{text}") };
            assert_eq!(error.at, at, "{text}");
            assert!(error.suggestion.contains(suggestion), "{text}");
        }
    }
}
