//! Dates in headers.

use jiff::Timestamp;
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;

/// Returns a moment as headers write it: `Mon, 23 Nov 2026 04:07:14 GMT`.
pub fn http_date(moment: Timestamp) -> String {
    let zoned = moment.to_zoned(TimeZone::UTC);
    strtime::format("%a, %d %b %Y %H:%M:%S GMT", &zoned)
        // Each of the fields exists in every zoned time.
        .unwrap_or_default()
}

/// Parses the value of a date header; `None` when it is none.
///
/// Besides the one form that may be sent, the two older ones of HTTP, and ISO
/// 8601, which some clients write.
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(moment) = rfc2822::DateTimeParser::new().parse_timestamp(text) {
        return Some(moment);
    }
    for form in ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"] {
        let moment = strtime::parse(form, text)
            .and_then(|parsed| parsed.to_datetime())
            .and_then(|civil| civil.to_zoned(TimeZone::UTC));
        if let Ok(moment) = moment {
            return Some(moment.timestamp());
        }
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clients_write() {
        let moment: Timestamp = "1994-11-06T08:49:37Z".parse().expect("time");
        assert_eq!(http_date(moment), "Sun, 06 Nov 1994 08:49:37 GMT");
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 +0000",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "1994-11-06T08:49:37.000Z",
        ] {
            assert_eq!(parse_http_date(text), Some(moment), "{text}");
        }
        for text in ["", "now", "784111777", "Sun, 06 Nov 1994", "\0"] {
            assert_eq!(parse_http_date(text), None, "{text}");
        }
    }
}
