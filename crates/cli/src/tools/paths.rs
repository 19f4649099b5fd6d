//! Paths as people type them.
//!
//! `~~` is the account, `.` and `..` are resolved before the store sees them
//! (it refuses them), and nothing relative is accepted but where a tool says
//! so: a path that depends on who types it is asked for by `~~`.

use crate::error::Result;
use crate::session::Session;
use crate::tools::usage;
use thoth_manta::Path;

/// Parses an absolute path, or one that begins with `~~`.
pub(super) fn parse(session: &Session, text: &str) -> Result<Path> {
    let invalid = || {
        usage(format!(
            "InvalidPathError: {} is not a valid Manta path",
            normal(text)
        ))
        .hint("write it as ~~/stor/NAME or /ACCOUNT/stor/NAME")
    };
    let whole = match text.strip_prefix("~~") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            format!("/{}{rest}", session.account()?)
        }
        _ => text.to_owned(),
    };
    if !whole.starts_with('/') {
        return Err(invalid());
    }
    let normal = normal(&whole);
    if normal == "/" {
        return Err(invalid());
    }
    Ok(Path::parse(&normal).map_err(thoth_manta::Error::from)?)
}

/// Parses a path that is looked for below `~~/stor` when it is relative.
pub(super) fn parse_below_stor(session: &Session, text: &str) -> Result<Path> {
    if text.starts_with('/') || text == "~~" || text.starts_with("~~/") {
        return parse(session, text);
    }
    parse(session, &format!("~~/stor/{text}"))
}

/// Parses several.
pub(super) fn parse_all(
    session: &Session,
    texts: &[String],
) -> Result<Vec<Path>> {
    texts.iter().map(|text| parse(session, text)).collect()
}

/// Resolves `.` and `..` in the text, and drops what a slash too many adds.
pub(super) fn normal(text: &str) -> String {
    let absolute = text.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                _ if absolute => {}
                _ => parts.push(part),
            },
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if absolute { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_resolved_before_the_store_sees_them() {
        for (typed, meant) in [
            ("/a/./b//c/", "/a/b/c"),
            ("/a/b/../c", "/a/c"),
            ("/../a", "/a"),
            ("/a/..", "/"),
            ("a/../../b", "../b"),
            ("", ""),
        ] {
            assert_eq!(normal(typed), meant, "{typed}");
        }
    }
}
