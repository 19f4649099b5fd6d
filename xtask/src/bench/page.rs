//! The page of benchmarks, to which each bench gives a section.
//!
//! A section stands between two comments that name its bench, so that writing
//! one leaves the others as they are. A new one goes to the end.

use crate::Result;
use crate::command::root;

/// Replaces the section of a bench in `docs/benchmarks.md`.
pub(crate) fn put(bench: &str, text: &str) -> Result<()> {
    let path = root().join("docs/benchmarks.md");
    let page = std::fs::read_to_string(&path)
        .map_err(|e| format!("{}: {e}", path.display()))?;
    std::fs::write(&path, replaced(&page, bench, text))
        .map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(())
}

fn replaced(page: &str, bench: &str, text: &str) -> String {
    let begin = format!(
        "<!-- begin: made by `cargo xtask bench {bench} --write` -->\n"
    );
    let end = format!("<!-- end of `bench {bench}` -->\n");
    let section = format!("{begin}\n{}\n\n{end}", text.trim());
    let old = page.split_once(&begin).and_then(|(before, rest)| {
        rest.split_once(&end).map(|(_, after)| (before, after))
    });
    match old {
        Some((before, after)) => format!("{before}{section}{after}"),
        None => format!("{}\n\n{section}", page.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_the_others_stay() {
        let page = replaced("# Benchmarks\n", "a", "one\n");
        let page = replaced(&page, "b", "two");
        assert!(page.starts_with("# Benchmarks\n\n<!-- begin"));
        let again = replaced(&page, "a", "three\n");
        assert!(!again.contains("one"));
        assert!(again.contains("three") && again.contains("two"));
        assert!(again.find("three") < again.find("two"));
        assert_eq!(replaced(&again, "a", "one"), page);
    }
}
