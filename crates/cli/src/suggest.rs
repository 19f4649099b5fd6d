//! What may have been meant: files, properties.
//!
//! A suggestion is made when a word differs from a known one by a slip of the
//! finger: one edit for short words, one more for each five letters.

use crate::session::Session;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use thoth_dumps::Spec;

/// Members that every record may have and a specification may name.
const USUAL: &[&str] = &[
    "id",
    "type",
    "time",
    "ticket",
    "cmd",
    "psargs",
    "argv",
    "exe",
    "build_id",
    "pid",
    "ppid",
    "uid",
    "gid",
    "signal",
    "signo",
    "sigcode",
    "arch",
    "threads",
    "stack",
    "modules",
    "platform",
    "node",
    "size",
    "truncated",
    "uploaded",
    "uploader",
    "mtime",
    "otime",
    "limit",
    "sort",
    "version",
    "fault_address",
    "properties",
    "name",
    "dump",
    "time_source",
    "digest",
    "stored_size",
    "expected_bytes",
    "present_bytes",
    "base_id",
    "attachments",
    "purged",
    "purged_by",
    "purged_reason",
    "purged_bytes",
    "superseded_by",
    "pinned",
];

/// Members that have few values, which a report can show.
pub(crate) const COUNTED: &[&str] = &[
    "type", "ticket", "cmd", "exe", "uid", "gid", "signal", "signo", "sigcode",
    "arch", "platform", "node", "uploader",
];

/// Finds a file beside `path` whose name differs by a slip of the finger.
pub(crate) fn file(path: &Path) -> Option<PathBuf> {
    let wanted = path.file_name()?.to_str()?;
    let dir = path.parent()?;
    let at = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    let names = std::fs::read_dir(at).ok()?.flatten().take(10_000);
    let names = names.filter_map(|e| e.file_name().into_string().ok());
    nearest(wanted, names).map(|name| dir.join(name))
}

/// Returns the properties that records have, those under `properties` too.
pub(crate) fn known_properties(session: &Session) -> BTreeSet<String> {
    let mut known: BTreeSet<String> =
        USUAL.iter().map(|p| (*p).to_owned()).collect();
    let mut spec = Spec::default();
    spec.limit = Some(200);
    if let Ok(Some(dumps)) = session.dumps_if_any()
        && let Ok(found) = dumps.find(&spec)
    {
        for record in &found.records {
            known.extend(record.members().keys().cloned());
            let own = record.properties().into_iter().flat_map(|p| p.keys());
            known.extend(own.cloned());
        }
    }
    known
}

/// Returns what a property was meant to be, when nothing has its name.
pub(crate) fn property(known: &BTreeSet<String>, name: &str) -> Option<String> {
    if name.contains('.') || known.contains(name) {
        return None;
    }
    nearest(name, known.iter().cloned())
}

fn nearest(
    wanted: &str,
    candidates: impl Iterator<Item = String>,
) -> Option<String> {
    let near = candidates
        .map(|name| (distance(wanted, &name), name))
        .filter(|(d, _)| *d <= 1 + wanted.len() / 5)
        .min()?;
    Some(near.1)
}

/// Counts single-character edits between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row.first().copied().unwrap_or(0);
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (slot, cb) in row.iter_mut().skip(1).zip(&b) {
            let up = *slot;
            let swap = diagonal + usize::from(ca != *cb);
            *slot = swap.min(up + 1).min(left + 1);
            diagonal = up;
            left = *slot;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        assert_eq!(distance("core.1234", "core.1243"), 2);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn slips_are_understood_and_words_are_not_bent() {
        let known: BTreeSet<String> =
            USUAL.iter().map(|p| (*p).to_owned()).collect();
        assert_eq!(property(&known, "singal"), Some("signal".into()));
        assert_eq!(property(&known, "cmdd"), Some("cmd".into()));
        assert_eq!(property(&known, "cmd"), None);
        assert_eq!(property(&known, "engineer"), None);
    }
}
