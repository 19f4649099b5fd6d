//! The programs compared, and how each is asked for the same answer.

use super::subjects::Subject;
use super::usage::{Usage, measure};
use crate::Result;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Longest run of any program.
pub(crate) const LIMIT: Duration = Duration::from_secs(300);

/// What a stack is asked to show.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    /// Function names.
    Names,
    /// Function names, source lines and inlined functions.
    Lines,
}

impl Mode {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Names => "names",
            Self::Lines => "lines",
        }
    }
}

/// A program that prints the stacks of a core.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Peer {
    Gdb,
    /// With lines it names inlined functions, as the others do.
    EuStack,
    /// With lines, but only of the functions that have frames of their own.
    EuStackShort,
    Thoth,
}

pub(crate) const PEERS: [Peer; 4] =
    [Peer::Thoth, Peer::EuStackShort, Peer::EuStack, Peer::Gdb];

impl Peer {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gdb => "gdb",
            Self::EuStack => "eu-stack",
            Self::EuStackShort => "eu-stack without inlined functions",
            Self::Thoth => "thoth",
        }
    }

    /// Whether it has an answer of its own in this mode.
    pub(crate) fn takes_part(self, mode: Mode) -> bool {
        self != Self::EuStackShort || mode == Mode::Lines
    }

    /// Returns the command that prints all stacks of the subject's core.
    fn command(self, subject: &Subject, mode: Mode, thoth: &Path) -> Command {
        match self {
            Self::Gdb => {
                let mut gdb = Command::new("gdb");
                gdb.args(["-nx", "-batch"]);
                if mode == Mode::Names {
                    gdb.arg("-readnever");
                }
                gdb.args(["-ex", "thread apply all bt"]);
                gdb.arg(&subject.exe).arg(&subject.core);
                gdb
            }
            Self::EuStack | Self::EuStackShort => {
                let mut eu = Command::new("eu-stack");
                eu.args(["-n", "0"]);
                if mode == Mode::Lines {
                    eu.arg("-s");
                }
                if mode == Mode::Lines && self == Self::EuStack {
                    eu.arg("-i");
                }
                eu.arg("-e").arg(&subject.exe);
                eu.arg("--core").arg(&subject.core);
                eu
            }
            Self::Thoth => {
                let mut ours = Command::new(thoth);
                ours.args(["stack", "--all", "--quiet"]);
                if mode == Mode::Names {
                    ours.arg("--no-lines");
                }
                ours.arg(&subject.core);
                ours
            }
        }
    }

    /// Runs it once.
    pub(crate) fn run(
        self,
        subject: &Subject,
        mode: Mode,
        thoth: &Path,
    ) -> Result<Usage> {
        measure(&mut self.command(subject, mode, thoth), LIMIT)
    }
}

/// Counts the frames that a run has told of.
///
/// All three number the frames of a thread from 0; thoth folds recursion, so
/// the last number of each thread counts, not the lines.
pub(crate) fn frames(output: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(output);
    let numbers = text.lines().filter_map(|line| {
        let rest = line.strip_prefix('#')?;
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        rest[..end].parse::<u64>().ok()
    });
    let mut total = 0;
    let mut last = None;
    for number in numbers {
        if number == 0 {
            total += last.map_or(0, |n: u64| n + 1);
        }
        last = Some(number);
    }
    total + last.map_or(0, |n| n + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_by_their_numbers() {
        let text = "thread 1\n#0 0x1 a\n#1 0x2 b\n    ... b repeated\n\
                    #20 0x3 main\n\nTID 7:\n#0  0x1 x\n#1  0x2 y\n";
        assert_eq!(frames(text.as_bytes()), 23);
        assert_eq!(frames(b"nothing"), 0);
    }
}
