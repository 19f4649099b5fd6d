//! What a user sees of a bug of ours.
//!
//! No backtrace: it helps only us. A short message, where, and how to report;
//! `THOTH_BACKTRACE=1` adds the rest for those who want it. Status 100.

use crate::error::Line;
use crate::escape::escaped;
use std::io::Write;

/// Makes panics end in a short message.
pub(crate) fn install_hook() {
    std::panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let what = payload
            .downcast_ref::<&str>()
            .map(|s| (*s).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned());
        let place = info
            .location()
            .map(|l| format!("{}:{}", l.file(), l.line()))
            .unwrap_or_default();
        let mut lines =
            vec![format!("thoth: a bug in thoth ({place}): {what}")];
        let report = how_to_report();
        lines.extend(report.iter().map(|(l, t)| format!("{}{t}", l.head())));
        if std::env::var_os("THOTH_BACKTRACE").is_some() {
            let trace = std::backtrace::Backtrace::force_capture();
            lines.extend(trace.to_string().lines().map(str::to_owned));
        }
        let mut err = std::io::stderr().lock();
        for line in lines {
            let _ = writeln!(err, "{}", escaped(&line));
        }
    }));
}

/// Lines that say how to report a bug.
pub(crate) fn how_to_report() -> Vec<(Line, String)> {
    vec![
        (
            Line::Hint,
            format!(
                "please report this with the command line and the version, \
                 {}; your dump is unchanged",
                env!("CARGO_PKG_VERSION")
            ),
        ),
        (
            Line::Hint,
            "THOTH_BACKTRACE=1 shows where in thoth it happened".to_owned(),
        ),
    ]
}
