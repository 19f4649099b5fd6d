//! The cores that are read, and what is to be reached on each.

use super::peers::{Mode, Peer};
use super::{cxx, postgres};
use crate::Result;
use crate::command::{find, root};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A core and its program.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) what: String,
    pub(crate) exe: PathBuf,
    pub(crate) core: PathBuf,
    pub(crate) goals: &'static [Goal],
}

/// How many times a peer's time ours may go into.
#[derive(Clone, Copy)]
pub(crate) struct Goal {
    pub(crate) mode: Mode,
    pub(crate) peer: Peer,
    pub(crate) ratio: f64,
}

const fn goal(mode: Mode, peer: Peer, ratio: f64) -> Goal {
    Goal { mode, peer, ratio }
}

/// What a subject is made from.
enum Source {
    /// A case of the corpus, with its program; or the path of a tool's.
    Corpus(&'static str),
    Postgres,
    Cxx,
    Sparse,
}

/// A subject that is not made yet.
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    what: &'static str,
    source: Source,
    goals: &'static [Goal],
}

use Mode::{Lines, Names};
use Peer::{EuStack, EuStackShort, Gdb};

pub(crate) const PLANS: [Plan; 8] = [
    Plan {
        name: "small",
        what: "a small C program, 1 thread",
        source: Source::Corpus("segv"),
        goals: &[
            goal(Names, EuStack, 1.0),
            goal(Names, Gdb, 20.0),
            goal(Lines, EuStack, 1.0),
            goal(Lines, EuStackShort, 1.0),
            goal(Lines, Gdb, 20.0),
        ],
    },
    Plan {
        name: "threads200",
        what: "a C program, 201 threads",
        source: Source::Corpus("threads200"),
        goals: &[goal(Names, Gdb, 25.0), goal(Lines, Gdb, 25.0)],
    },
    Plan {
        name: "threads2000",
        what: "a C program, 2,001 threads",
        source: Source::Corpus("threads2000"),
        goals: &[goal(Names, Gdb, 60.0), goal(Lines, Gdb, 60.0)],
    },
    Plan {
        name: "deep",
        what: "a C program, 20,000 frames",
        source: Source::Corpus("deep"),
        goals: &[goal(Names, Gdb, 1000.0), goal(Lines, Gdb, 1000.0)],
    },
    Plan {
        name: "node",
        what: "Node.js: a large program without debug information",
        source: Source::Corpus("node"),
        goals: &[goal(Lines, Gdb, 8.0)],
    },
    Plan {
        name: "postgres",
        what: "a PostgreSQL backend, no debug information of its own",
        source: Source::Postgres,
        goals: &[goal(Lines, Gdb, 8.0)],
    },
    Plan {
        name: "cxx",
        what: "a generated C++ program",
        source: Source::Cxx,
        goals: &[goal(Lines, EuStack, 6.0), goal(Lines, EuStackShort, 6.0)],
    },
    Plan {
        name: "sparse",
        what: "a C program with 10 GiB of memory, nearly all untouched",
        source: Source::Sparse,
        goals: &[],
    },
];

impl Plan {
    /// Returns the corpus case it needs.
    pub(crate) fn case(&self) -> Option<&'static str> {
        match self.source {
            Source::Corpus(name) => Some(name),
            _ => None,
        }
    }

    /// Makes the subject; the corpus is there already.
    pub(crate) fn make(&self, scratch: &Path) -> Result<Subject> {
        let mut what = self.what.to_owned();
        let (exe, core) = match self.source {
            Source::Corpus(name) => case(name)?,
            Source::Postgres => postgres::make(&scratch.join("postgres"))?,
            Source::Cxx => {
                let made = cxx::make(&scratch.join("cxx"))?;
                what = format!("{what}, {}", made.what);
                (made.exe, made.core)
            }
            Source::Sparse => sparse(&scratch.join("sparse"))?,
        };
        let meta = fs::metadata(&core)
            .map_err(|e| format!("{}: {e}", core.display()))?;
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        let (size, disk) = (mib(meta.len()), mib(meta.blocks() * 512));
        what = match size == disk {
            true => format!("{what}; core of {size} MiB"),
            false => format!("{what}; core of {size} MiB, {disk} on disk"),
        };
        Ok(Subject { name: self.name, what, exe, core, goals: self.goals })
    }
}

fn case(name: &str) -> Result<(PathBuf, PathBuf)> {
    let dir = root().join("corpus/out").join(name);
    let exe = match name {
        "node" => find("node").ok_or("node is not installed")?,
        _ => dir.join("prog"),
    };
    Ok((exe, dir.join("core")))
}

fn sparse(dir: &Path) -> Result<(PathBuf, PathBuf)> {
    let (exe, core) = (dir.join("prog"), dir.join("core"));
    if core.exists() {
        return Ok((exe, core));
    }
    fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let source = root().join("corpus/native/src/big_heap.c");
    let mut gcc = Command::new("gcc");
    gcc.args(["-g", "-O1", "-DMB_TOUCHED=16UL", "-DMB_UNTOUCHED=10240UL"]);
    crate::command::run(gcc.arg("-o").arg(&exe).arg(source))?;
    crash(&exe, dir)?;
    Ok((exe, core))
}

/// Runs a program to its crash; the kernel leaves its core in `dir`.
pub(crate) fn crash(exe: &Path, dir: &Path) -> Result<()> {
    plain_cores()?;
    // a shell sets the limit for its child alone
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -c unlimited; exec \"$0\""]).arg(exe);
    let status = shell
        .current_dir(dir)
        .env("TRUTH_OUT", dir.join("truth.txt"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|e| format!("{}: {e}", exe.display()))?;
    if dir.join("core").exists() {
        return Ok(());
    }
    Err(format!("{}: {status}, and no core in its folder", exe.display())
        .into())
}

/// Fails where the kernel does not write a file `core` beside the program.
pub(crate) fn plain_cores() -> Result<()> {
    let read = |name: &str| {
        let file = format!("/proc/sys/kernel/{name}");
        fs::read_to_string(file).unwrap_or_default().trim().to_owned()
    };
    let (pattern, pid) = (read("core_pattern"), read("core_uses_pid"));
    if pattern == "core" && pid == "0" {
        return Ok(());
    }
    Err(format!(
        "this needs plain core files: kernel.core_pattern is {pattern:?} and \
         core_uses_pid {pid}; set them to \"core\" and 0 with sysctl -w"
    )
    .into())
}
