//! `docs`: the pages that are made from the program's own help.
//!
//! The program's crate knows how to write them and has a test that they are
//! fresh; the same test writes them when it is told to, so that neither task
//! builds anything that the tests do not.

use crate::Result;
use crate::command::{cargo, run};

const TEST: [&str; 8] = [
    "test",
    "--quiet",
    "--workspace",
    "--test",
    "docs",
    "--",
    "--exact",
    "generated_pages_are_fresh",
];

/// Fails when a page differs from what the program says.
pub(crate) fn check() -> Result<()> {
    run(cargo(&TEST).env_remove("THOTH_WRITE_DOCS"))
        .map_err(|e| format!("{e}: `cargo xtask docs` writes the pages"))?;
    Ok(())
}

/// Writes the pages.
pub(crate) fn write() -> Result<()> {
    run(cargo(&TEST).env("THOTH_WRITE_DOCS", "1"))
}
