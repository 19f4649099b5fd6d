//! The comparison as a page.

use super::peers::{LIMIT, Mode, Peer};
use super::subjects::{Goal, Subject};
use super::{Comparison, Measured};
use std::fmt::Write;

/// Returns one line for the person who waits.
pub(crate) fn line(subject: &Subject, done: &Comparison) -> String {
    let mut text = format!("{:<12} {:<6}", subject.name, done.mode.name());
    for m in &done.measured {
        let _ = write!(
            text,
            " {}: {} ({} cpu, {} frames, {} runs)",
            m.peer.name(),
            seconds(m.wall_s),
            seconds(m.cpu_s),
            m.frames,
            m.runs
        );
    }
    text
}

/// Returns the whole page.
pub(crate) fn page(
    subjects: &[Subject],
    comparisons: &[Comparison],
    opening: Option<Measured>,
    versions: &[String],
) -> String {
    let mut text = String::from(INTRODUCTION);
    for s in subjects {
        let _ = writeln!(text, "- **{}**: {}", s.name, s.what);
    }
    let _ = writeln!(text, "\nWith {}.\n", versions.join("; "));
    text.push_str(TIMES);
    for c in comparisons {
        text.push_str(&times(&subjects[c.subject], c));
    }
    text.push_str(GOALS);
    for c in comparisons {
        let subject = &subjects[c.subject];
        let own = subject.goals.iter().filter(|g| g.mode == c.mode);
        for g in own {
            let names_of_gdb = g.peer == Peer::Gdb && c.mode == Mode::Names;
            if names_of_gdb && let Some(usual) = usual(comparisons, c) {
                let peer = "gdb as it comes";
                text.push_str(&goal(subject, &usual, g, peer));
            }
            let peer = match names_of_gdb {
                true => "gdb -readnever",
                false => g.peer.name(),
            };
            text.push_str(&goal(subject, c, g, peer));
        }
    }
    text.push_str(MEMORY);
    for c in comparisons.iter().filter(|c| c.mode == Mode::Lines) {
        let cell = |peer| match of(c, peer) {
            Some(m) => format!("{} MiB", m.peak_bytes >> 20),
            None => "-".to_owned(),
        };
        let name = subjects[c.subject].name;
        let cells = ORDER.map(cell);
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    }
    if let Some(m) = opening {
        let _ = writeln!(
            text,
            "\nOpening the sparse core and listing its threads (`thoth \
             threads`) takes {} and {} MiB.",
            seconds(m.wall_s),
            m.peak_bytes >> 20
        );
    }
    text
}

const INTRODUCTION: &str = "\
# Stacks: how long gdb, eu-stack and thoth take

Each program prints the stacks of all threads of the same core. They take
turns in one run, and the medians are compared: absolute times say more about
the machine than about the programs.

- `gdb -nx -batch -ex 'thread apply all bt'`; with `-readnever` for names only
- `eu-stack -n 0`; with `-s -i` for lines and inlined functions. A second
  column is for `-s` alone, which does not name inlined functions and so needs
  not read what the others read
- `thoth stack --all`; with `--no-lines` for names only. With lines it names
  inlined functions; recursion is folded when it is printed

The cores:

";

const TIMES: &str = "\
## Times

Elapsed time, in parentheses processor time. *Frames* are those that each
program told of, in the order of the first four columns: gdb stops early where
it is lost, and always does so at `main`.

| core | shows | gdb | eu-stack | eu-stack -s | thoth | gdb / thoth | eu-stack / thoth | eu-stack -s / thoth | frames |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
";

const ORDER: [Peer; 4] =
    [Peer::Gdb, Peer::EuStack, Peer::EuStackShort, Peer::Thoth];

const GOALS: &str = "
## Goals

For names there are two rows against gdb: as it comes, which reads debug data and
prints lines whether wanted or not, and with `-readnever`, which reads none and
finds no local function.

| core | shows | goal | elapsed | processor time | |
| --- | --- | --- | --- | --- | --- |
";

const MEMORY: &str = "
## Memory

Most memory resident at once, with lines. Pages of mapped files count, also
those that the system may take back at any time.

| core | gdb | eu-stack | eu-stack -s | thoth |
| --- | --- | --- | --- | --- |
";

fn of(c: &Comparison, peer: Peer) -> Option<&Measured> {
    c.measured.iter().find(|m| m.peer == peer)
}

fn times(subject: &Subject, c: &Comparison) -> String {
    let cell = |peer| match of(c, peer) {
        Some(m) if m.cut_off => format!("> {} s", LIMIT.as_secs()),
        Some(m) => format!("{} ({})", seconds(m.wall_s), seconds(m.cpu_s)),
        None => "-".to_owned(),
    };
    let frames = ORDER.map(|p| match of(c, p) {
        Some(m) if m.cut_off => "?".to_owned(),
        Some(m) => m.frames.to_string(),
        None => "-".to_owned(),
    });
    let ratio = |peer| match ratio(c, peer, |m| m.wall_s) {
        Some((least, value)) => format!("{least}{}", times_shown(value)),
        None => "-".to_owned(),
    };
    format!(
        "| {} | {} | {} | {} | {} | {} | {} |\n",
        subject.name,
        c.mode.name(),
        ORDER.map(cell).join(" | "),
        ratio(Peer::Gdb),
        ratio(Peer::EuStack),
        ratio(Peer::EuStackShort),
        frames.join(" / ")
    )
}

/// Returns a peer's time over ours, marked when it is a lower bound.
fn ratio(
    c: &Comparison,
    peer: Peer,
    time: impl Fn(&Measured) -> f64,
) -> Option<(&'static str, f64)> {
    let (theirs, ours) = (of(c, peer)?, of(c, Peer::Thoth)?);
    let least = if theirs.cut_off { "> " } else { "" };
    Some((least, time(theirs) / time(ours)))
}

/// Our names against gdb's only answer: it reads debug data for names too,
/// unless told (`-readnever`) to read none of it at all.
fn usual(all: &[Comparison], names: &Comparison) -> Option<Comparison> {
    let lines = all
        .iter()
        .find(|c| c.subject == names.subject && c.mode == Mode::Lines)?;
    let ours = of(names, Peer::Thoth)?.clone();
    let measured = vec![ours, of(lines, Peer::Gdb)?.clone()];
    Some(Comparison { subject: names.subject, mode: names.mode, measured })
}

fn goal(subject: &Subject, c: &Comparison, goal: &Goal, peer: &str) -> String {
    let cell = |pair: Option<(&str, f64)>| match pair {
        Some((least, value)) => format!("{least}{}", times_shown(value)),
        None => "-".to_owned(),
    };
    let wall = ratio(c, goal.peer, |m| m.wall_s);
    let cpu = ratio(c, goal.peer, |m| m.cpu_s);
    let reached = |p: Option<(&str, f64)>| p.is_some_and(|p| p.1 >= goal.ratio);
    let said = match (reached(wall), reached(cpu)) {
        (true, true) => "reached",
        (true, false) => "reached in elapsed time only",
        (false, true) => "reached in processor time only",
        (false, false) => "not reached",
    };
    format!(
        "| {} | {} | {} of {} | {} | {} | {said} |\n",
        subject.name,
        c.mode.name(),
        times_shown(goal.ratio),
        peer,
        cell(wall),
        cell(cpu),
    )
}

fn times_shown(value: f64) -> String {
    match value {
        v if v >= 10.0 => format!("{v:.0} x"),
        v => format!("{v:.1} x"),
    }
}

fn seconds(value: f64) -> String {
    match value {
        v if v >= 10.0 => format!("{v:.0} s"),
        v if v >= 1.0 => format!("{v:.1} s"),
        v if v >= 0.1 => format!("{:.0} ms", v * 1000.0),
        v => format!("{:.1} ms", v * 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(peer: Peer, wall_s: f64, cut_off: bool) -> Measured {
        let (peak_bytes, frames, runs) = (1 << 20, 9, 3);
        let cpu_s = wall_s / 2.0;
        Measured { peer, wall_s, cpu_s, peak_bytes, cut_off, frames, runs }
    }

    #[test]
    fn goals_are_told_as_they_are() {
        let subject = Subject {
            name: "deep",
            what: String::new(),
            exe: "/prog".into(),
            core: "/core".into(),
            goals: &[],
        };
        let measured = vec![
            measured(Peer::Thoth, 0.1, false),
            measured(Peer::Gdb, 300.0, true),
            measured(Peer::EuStack, 0.05, false),
            measured(Peer::EuStackShort, 0.05, false),
        ];
        let c = Comparison { subject: 0, mode: Mode::Lines, measured };
        let of = |peer, ratio| {
            let g = Goal { mode: Mode::Lines, peer, ratio };
            goal(&subject, &c, &g, peer.name())
        };
        assert!(of(Peer::Gdb, 1000.0).contains("> 3000 x"));
        assert!(of(Peer::Gdb, 1000.0).contains("| reached |"));
        assert!(of(Peer::EuStack, 1.0).contains("0.5 x | 0.5 x | not reached"));
        assert!(
            times(&subject, &c).contains("| > 300 s | 50.0 ms (25.0 ms) |")
        );
    }
}
