//! Ages and moments.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

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
    /// A fixed moment.
    At(Timestamp),
}

/// Each unit: its seconds and its names, the shortest first.
const UNITS: &[(u64, &[&str])] = &[
    (1, &["s", "second"]),
    (60, &["min", "m", "minute"]),
    (3600, &["h", "hour"]),
    (86_400, &["d", "day"]),
    (7 * 86_400, &["w", "week"]),
    (14 * 86_400, &["fortnight"]),
    (31 * 86_400, &["mo", "month"]),
    (365 * 86_400, &["y", "year"]),
];

/// Why a text is no age: where, and what could be meant.
pub(super) struct AgeError {
    pub(super) at: usize,
    pub(super) message: String,
    pub(super) suggestion: String,
}

impl When {
    /// Parses an age or a moment.
    pub(super) fn parse(text: &str) -> Result<When, AgeError> {
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
        match find_unit(unit) {
            Some(unit) => Ok(When::Ago { count, unit }),
            None => Err(unknown_unit(number, unit, digits)),
        }
    }

    /// Returns the moment in seconds since 1970.
    pub fn seconds(&self, now: Timestamp) -> f64 {
        match self {
            When::At(moment) => exact_seconds(*moment),
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
    let (_, names) = UNITS.iter().find(|(_, names)| names.contains(&name))?;
    names.first().copied()
}

fn parse_moment(text: &str) -> Result<When, AgeError> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(When::At(moment));
    }
    let day = text.parse::<Date>().ok().filter(|_| text.len() == 10);
    let midnight = day.and_then(|day| {
        day.at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()
    });
    match midnight {
        Some(midnight) => Ok(When::At(midnight.timestamp())),
        None => Err(AgeError {
            at: 0,
            message: format!("{text:?} is no time"),
            suggestion: "write a date (2026-01-31) or a time with its zone \
                         (2026-01-31T12:00:00Z)"
                .to_owned(),
        }),
    }
}

fn unknown_unit(number: &str, unit: &str, at: usize) -> AgeError {
    let singular = unit.strip_suffix('s').and_then(find_unit);
    let hours = match unit {
        "hr" | "hrs" => Some("h"),
        "sec" | "secs" => Some("s"),
        "mins" => Some("min"),
        "yr" | "yrs" => Some("y"),
        "wk" | "wks" => Some("w"),
        _ => None,
    };
    let suggestion = match singular.or(hours) {
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
        for text in ["2033-05-18T03:33:20Z", "2033-05-18T05:33:20+02:00"] {
            let Ok(when) = When::parse(text) else { panic!("{text}") };
            assert_eq!(when.seconds(now), 2e9, "{text}");
        }
        let Ok(day) = When::parse("2033-05-18") else { panic!("day") };
        assert_eq!(day.seconds(now), 2e9 - 12_800.0);
    }

    #[test]
    fn errors_say_what_could_be_meant() {
        for (text, at, suggestion) in [
            ("2days", 1, "did you mean 2d?"),
            ("2hrs", 1, "did you mean 2h?"),
            ("5x", 1, "units are"),
            ("", 0, "units are"),
            ("1.5h", 1, "units are"),
            ("99999999999999999999d", 0, "larger unit"),
            ("2033-13-01", 0, "write a date"),
            ("2033-05-18T03:33:20", 0, "zone"),
            ("-5d", 0, "units are"),
        ] {
            let Err(error) = When::parse(text) else { panic!("{text}") };
            assert_eq!(error.at, at, "{text}");
            assert!(error.suggestion.contains(suggestion), "{text}");
        }
    }
}
