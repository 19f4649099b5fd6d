//! `bench store`: the store beside bare system calls and SQLite alone.
//!
//! What is measured, and how, is in `crates/store/benches/store`.

use super::page;
use crate::Result;
use crate::command::{cargo, output};

/// Runs the bench, prints its page, and writes it when told to.
pub(crate) fn store(args: &[&str]) -> Result<()> {
    let write = args.contains(&"--write");
    let cases: Vec<&str> =
        args.iter().copied().filter(|a| *a != "--write").collect();
    if write && !cases.is_empty() {
        return Err("--write goes with all cases, not with some".into());
    }
    let bench =
        ["bench", "--quiet", "--package", "thoth-store", "--bench", "store"];
    let text = output(cargo(&bench).arg("--").args(cases))?;
    println!("{text}");
    if write { page::put("store", &text) } else { Ok(()) }
}
