//! Stacks as text.

use super::Stacks;
use super::fold::{Part, fold};
use super::group::{Group, group, tids};
use crate::facts::basename;
use crate::output::{Answer, Look, Text, line, part};
use crate::words::{signal_words, syscall_words};
use std::io;
use thoth_postmortem::stack::{Frame, ThreadStack};
use thoth_postmortem::unwind::Trust;

impl Answer for Stacks {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        for v in &self.verdicts {
            part!(text, Look::Bad, "verdict: {}", v.kind)?;
            line!(text, ": {}", v.text)?;
            for evidence in &v.evidence {
                part!(text, Look::Faint, "  {evidence}")?;
                text.end()?;
            }
        }
        if !self.verdicts.is_empty() && !self.threads.is_empty() {
            line!(text)?;
        }
        let groups = group(&self.threads, self.every_thread);
        for (i, group) in groups.iter().enumerate() {
            if i > 0 {
                line!(text)?;
            }
            self.head(text, group)?;
            frames(text, &group.first.frames)?;
            end(text, group.first)?;
        }
        Ok(())
    }
}

impl Stacks {
    fn head(&self, text: &mut Text<'_>, group: &Group<'_>) -> io::Result<()> {
        let t = group.first;
        let doing = match (&self.signal, &t.syscall) {
            (Some(signal), _) if t.crashed => {
                format!(" crashed by {}", signal_words(signal, self.pid))
            }
            (_, Some(call)) => format!(" in {}", syscall_words(call)),
            _ => " running".to_owned(),
        };
        let look = if t.crashed { Look::Bad } else { Look::Bold };
        let name = |t: &ThreadStack| {
            t.name.as_ref().map_or(String::new(), |n| format!(" \"{n}\""))
        };
        if group.threads.len() == 1 {
            part!(text, look, "thread {}{}{doing}", t.tid, name(t))?;
            text.end()?;
            return match &self.fault {
                Some(why) if t.crashed => line!(text, "    {why}"),
                _ => Ok(()),
            };
        }
        let all: Vec<i32> = group.threads.iter().map(|t| t.tid).collect();
        let n = all.len();
        part!(text, look, "{n} threads like this:{doing}")?;
        text.end()?;
        line!(text, "    tids {}", tids(&all))
    }
}

fn frames(text: &mut Text<'_>, frames: &[Frame]) -> io::Result<()> {
    let keys: Vec<_> = frames
        .iter()
        .map(|f| (f.pc.0, f.inline, f.trust, f.function.as_deref()))
        .collect();
    let digits = frames.len().saturating_sub(1).to_string().len();
    for p in fold(&keys) {
        match p {
            Part::Frame(i) => {
                if let Some(f) = frames.get(i) {
                    frame(text, i, digits, f)?;
                }
            }
            Part::Turns { from, length, turns } => {
                let turn = frames.get(from - length..from).unwrap_or(&[]);
                repeated(text, turn, turns, from + length * turns - 1)?;
            }
        }
    }
    Ok(())
}

/// Says how often the frames above are repeated, up to which.
fn repeated(
    text: &mut Text<'_>,
    turn: &[Frame],
    turns: usize,
    last: usize,
) -> io::Result<()> {
    let names: Vec<&str> =
        turn.iter().map(|f| f.function.as_deref().unwrap_or("??")).collect();
    let what = names.join(", ");
    part!(
        text,
        Look::Doubt,
        "    ... {what} repeated {turns} more times, up to #{last}"
    )?;
    text.end()
}

fn frame(
    text: &mut Text<'_>,
    number: usize,
    digits: usize,
    f: &Frame,
) -> io::Result<()> {
    let number = format!("#{number}");
    part!(text, Look::Plain, "{number:<width$} ", width = digits + 1)?;
    if f.inline {
        part!(text, Look::Faint, "{:<18} ", "(inlined)")?;
    } else {
        part!(text, Look::Faint, "{} ", f.pc)?;
    }
    function(text, f)?;
    if let (Some(file), Some(line)) = (&f.file, f.line) {
        part!(text, Look::Plain, " ({}:{line})", short_path(file))?;
    }
    if let Some(module) = &f.module
        && f.function.is_some()
    {
        part!(text, Look::Faint, "  {}", basename(module))?;
    }
    if let Some(mark) = mark(f.trust) {
        part!(text, Look::Doubt, "  [{mark}]")?;
    }
    text.end()
}

fn function(text: &mut Text<'_>, f: &Frame) -> io::Result<()> {
    if f.signal {
        return part!(text, Look::Doubt, "<signal handler called>");
    }
    match (&f.function, f.offset, f.module_offset) {
        (Some(name), Some(offset), _) => {
            part!(text, Look::Key, "{name}")?;
            part!(text, Look::Plain, "+{offset}")
        }
        (Some(name), None, _) => part!(text, Look::Key, "{name}"),
        (None, _, Some(offset)) => {
            let module = f.module.as_deref().map_or("", basename);
            part!(text, Look::Key, "?? at {module}+{offset}")
        }
        (None, _, None) => part!(text, Look::Key, "??"),
    }
}

/// The last two components: a build's own folder tells nothing.
fn short_path(path: &str) -> &str {
    match path.rmatch_indices('/').nth(1) {
        Some((at, _)) => path.get(at + 1..).unwrap_or(path),
        None => path,
    }
}

/// Says how a frame was found, when that needs care.
fn mark(trust: Trust) -> Option<&'static str> {
    match trust {
        Trust::Context | Trust::Cfi | Trust::Signal => None,
        Trust::Jump => Some("after a bad jump"),
        Trust::Prologue => Some("instructions"),
        Trust::FramePointer => Some("frame pointer"),
        Trust::Scan => Some("scan: a guess"),
    }
}

fn end(text: &mut Text<'_>, t: &ThreadStack) -> io::Result<()> {
    if t.end.is_complete() {
        return Ok(());
    }
    part!(text, Look::Doubt, "    the stack ends here: {}", t.end)?;
    text.end()
}
