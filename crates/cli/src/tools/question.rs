//! A question to the person at the terminal.

use crate::error::{Result, io_error};
use crate::escape::escaped;
use crate::tools::usage;
use std::io::{IsTerminal, Write};

/// Whether there is somebody to ask.
pub(super) fn can_ask() -> bool {
    std::io::stdin().is_terminal()
}

/// Refuses `--interactive` where nobody can answer.
pub(super) fn must_be_able_to_ask() -> Result<()> {
    if can_ask() {
        return Ok(());
    }
    Err(usage("stdin must be a tty when interactive specified"))
}

/// Asks; everything but `y` means no.
pub(super) fn confirmed(question: &str) -> Result<bool> {
    let mut err = std::io::stderr();
    // A lost question is answered by nobody, which means no.
    let _ = write!(err, "{} [y/N]?: ", escaped(question));
    let _ = err.flush();
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(io_error("read", std::path::Path::new("the terminal")))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
