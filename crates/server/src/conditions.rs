//! Conditional requests and ranges: headers that make an answer depend on
//! the present version.

use std::ops::Range;

use thoth_manta::{
    Code, Condition, Error, Etag, Matches, ObjectInfo, Result, Timestamp,
};

use crate::reply::parse_http_date;
use crate::request::Request;

/// Returns the condition of a request. Etags that no version can have match
/// none; dates that are no dates are not there.
pub(crate) fn of_request(request: &Request) -> Condition {
    let date = |name| request.header(name).and_then(parse_http_date);
    Condition {
        if_match: matches(request, "if-match"),
        if_none_match: matches(request, "if-none-match"),
        if_modified_since: date("if-modified-since"),
        if_unmodified_since: date("if-unmodified-since"),
    }
}

fn matches(request: &Request, name: &str) -> Option<Matches> {
    if !request.has(name) {
        return None;
    }
    let mut tags = Vec::new();
    for value in request.headers.get_all(name) {
        let text = String::from_utf8_lossy(value.as_bytes());
        for part in text.split(',') {
            if part.trim() == "*" {
                return Some(Matches::Any);
            }
            tags.extend(Etag::parse(part).ok());
        }
    }
    Some(Matches::Tags(tags))
}

/// What conditions say about reading a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Send,
    NotModified,
}

/// Judges a read.
///
/// # Errors
///
/// `PreconditionFailed` when the version is not one that was asked for.
pub(crate) fn judge_read(
    condition: &Condition,
    info: &ObjectInfo,
) -> Result<Verdict> {
    let now: Option<(&Etag, Timestamp)> = Some((&info.etag, info.mtime));
    let wanted = Condition {
        if_match: condition.if_match.clone(),
        if_unmodified_since: condition.if_unmodified_since,
        ..Condition::none()
    };
    if !wanted.holds_at(now) {
        return Err(Error::new(
            Code::PreconditionFailed,
            format!(
                "{}: the condition does not hold: its version is {}",
                info.path, info.etag
            ),
        ));
    }
    let fresh = Condition {
        if_none_match: condition.if_none_match.clone(),
        if_modified_since: condition.if_modified_since,
        ..Condition::none()
    };
    Ok(if fresh.holds_at(now) { Verdict::Send } else { Verdict::NotModified })
}

/// Returns the range that a `Range` header asks for; `None`: all of it.
///
/// # Errors
///
/// `NotImplemented` for several ranges, `RequestedRangeNotSatisfiable` for
/// one that is no range or lies past the end.
pub(crate) fn range(
    text: Option<&str>,
    size: u64,
) -> Result<Option<Range<u64>>> {
    let Some(text) = text else { return Ok(None) };
    let wrong = || {
        Error::new(
            Code::RequestedRangeNotSatisfiable,
            format!("range \"{text}\" is not within {size} bytes"),
        )
    };
    let spec = text.trim().strip_prefix("bytes=").ok_or_else(wrong)?;
    if spec.contains(',') {
        return Err(Error::new(
            Code::NotImplemented,
            format!("range \"{text}\": one range at a time"),
        ));
    }
    let (first, last) = spec.trim().split_once('-').ok_or_else(wrong)?;
    let number = |digits: &str| {
        let fine = !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        // What has more digits than fit lies past any end.
        fine.then(|| digits.parse::<u64>().unwrap_or(u64::MAX))
    };
    let (start, end) = if first.is_empty() {
        let length = number(last).filter(|l| *l > 0).ok_or_else(wrong)?;
        (size.saturating_sub(length), size)
    } else {
        let start = number(first).ok_or_else(wrong)?;
        let end = if last.is_empty() {
            size
        } else {
            let last = number(last).filter(|l| *l >= start);
            last.ok_or_else(wrong)?.saturating_add(1).min(size)
        };
        (start, end)
    };
    if start >= end {
        return Err(wrong());
    }
    Ok(Some(start..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_clamped_to_the_object() {
        let some = |text| range(Some(text), 10).expect(text).expect(text);
        assert_eq!(some("bytes=0-0"), 0..1);
        assert_eq!(some("bytes=4-6"), 4..7);
        assert_eq!(some("bytes=4-"), 4..10);
        assert_eq!(some("bytes=4-10"), 4..10);
        assert_eq!(some("bytes=4-99999999999999999999999"), 4..10);
        assert_eq!(some("bytes=-3"), 7..10);
        assert_eq!(some("bytes=-30"), 0..10);
        assert_eq!(range(None, 10).expect("none"), None);
    }

    #[test]
    fn wrong_ranges_have_their_codes() {
        for text in [
            "bytes=10-",
            "bytes=10-12",
            "bytes=5-4",
            "bytes=-0",
            "bytes=-",
            "bytes=",
            "bytes=a-b",
            "bytes=1",
            "lines=1-2",
            "bytes=+1-2",
            "bytes=-1-2",
            "",
            "bytes=99999999999999999999999-",
        ] {
            let error = range(Some(text), 10).expect_err(text);
            let code = error.code();
            assert_eq!(code, Code::RequestedRangeNotSatisfiable, "{text}");
        }
        let several = range(Some("bytes=0-1,3-4"), 10).expect_err("several");
        assert_eq!(several.code(), Code::NotImplemented);
        let empty = range(Some("bytes=0-"), 0).expect_err("empty");
        assert_eq!(empty.code(), Code::RequestedRangeNotSatisfiable);
    }
}
