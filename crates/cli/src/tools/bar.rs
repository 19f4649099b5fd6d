//! Progress on a terminal.

use crate::escape::escaped;
use crate::output::Verbosity;
use crate::session::Session;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal, Read};

/// When a bar is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// Even if standard error is no terminal.
    pub(super) forced: bool,
    /// Not at all.
    pub(super) quiet: bool,
}

/// Returns a bar for so many bytes, if they are known.
pub(super) fn bar(
    session: &Session,
    wish: Wish,
    name: &str,
    length: Option<u64>,
) -> ProgressBar {
    let wanted = !wish.quiet
        && session.out.verbosity > Verbosity::Quiet
        && io::stderr().is_terminal();
    let target = if wanted || wish.forced {
        ProgressDrawTarget::stderr_with_hz(8)
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(length, target);
    let template = match length {
        Some(_) => {
            "{msg} [{bar:30}] {percent:>3}% {bytes} {bytes_per_sec} {eta}"
        }
        None => "{msg} {spinner} {bytes} {bytes_per_sec} {elapsed}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(escaped(name));
    bar
}

/// A body that moves a bar when it is read, and knows whether it was.
pub(super) struct Watched<'a> {
    pub(super) body: &'a mut dyn Read,
    pub(super) bar: &'a ProgressBar,
    pub(super) read: u64,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.body.read(buffer)?;
        self.bar.inc(n as u64);
        self.read = self.read.saturating_add(n as u64);
        Ok(n)
    }
}
