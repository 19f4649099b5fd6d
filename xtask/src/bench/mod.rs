//! `bench stacks`: gdb, eu-stack and thoth read the same cores in one run.
//!
//! Times on a shared machine are noise, ratios within one run are less so. The
//! programs therefore take turns: each round runs every one of them once, and
//! medians are compared. Processor time stands beside the elapsed time, since
//! it suffers less from what else the machine does. Runs that would take
//! minutes are repeated less often, and one that exceeds the limit is told as
//! `> 300 s`.

mod cxx;
pub(crate) mod dumps;
mod page;
mod peers;
mod postgres;
pub(crate) mod serve;
mod store;
mod subjects;
mod table;
mod usage;

use crate::command::{cargo, run, target_dir};
use crate::{Result, check, needs};
use peers::{Mode, PEERS, Peer};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use subjects::{PLANS, Plan, Subject};
use usage::Usage;

pub(crate) use store::store;

/// Rounds of each comparison, at most.
const ROUNDS: usize = 9;
/// Time for the rounds of one program; a round that has begun is finished.
const PATIENCE: Duration = Duration::from_secs(45);

/// What one program needed for one answer.
#[derive(Clone)]
pub(crate) struct Measured {
    pub(crate) peer: Peer,
    pub(crate) wall_s: f64,
    pub(crate) cpu_s: f64,
    pub(crate) peak_bytes: u64,
    pub(crate) cut_off: bool,
    pub(crate) frames: u64,
    pub(crate) runs: usize,
}

/// What all programs needed for the same answer.
pub(crate) struct Comparison {
    pub(crate) subject: usize,
    pub(crate) mode: Mode,
    pub(crate) measured: Vec<Measured>,
}

/// Runs the comparison, prints its table, and writes it when told to.
pub(crate) fn stacks(args: &[&str]) -> Result<()> {
    let write = args.contains(&"--write");
    let names: Vec<&str> =
        args.iter().copied().filter(|a| *a != "--write").collect();
    let plans = chosen(&names)?;
    needs::provide()?;
    let thoth = release()?;
    let cases: Vec<&str> = plans.iter().filter_map(|p| p.case()).collect();
    if !cases.is_empty() {
        check::corpus(&cases)?;
    }
    let scratch = target_dir()?.join("bench");
    let mut subjects = Vec::new();
    for plan in plans {
        subjects.push(plan.make(&scratch)?);
    }
    let mut comparisons = Vec::new();
    for (n, subject) in subjects.iter().enumerate() {
        for mode in [Mode::Names, Mode::Lines] {
            let measured = compare(subject, mode, &thoth)?;
            let done = Comparison { subject: n, mode, measured };
            eprintln!("{}", table::line(subject, &done));
            comparisons.push(done);
        }
    }
    let opening = opening(&subjects, &thoth)?;
    let text = table::page(&subjects, &comparisons, opening, &versions()?);
    println!("{text}");
    if write { page::put("stacks", &text) } else { Ok(()) }
}

fn chosen(names: &[&str]) -> Result<Vec<&'static Plan>> {
    let known = |name: &&&str| PLANS.iter().all(|p| p.name != **name);
    if let Some(unknown) = names.iter().find(known) {
        let all: Vec<&str> = PLANS.iter().map(|p| p.name).collect();
        return Err(format!(
            "no subject {unknown:?}: there are {}",
            all.join(", ")
        )
        .into());
    }
    let wanted = |p: &&Plan| names.is_empty() || names.contains(&p.name);
    Ok(PLANS.iter().filter(wanted).collect())
}

fn release() -> Result<PathBuf> {
    run(&mut cargo(&["build", "--release", "--package", "thoth-cli"]))?;
    Ok(target_dir()?.join("release/thoth"))
}

fn compare(
    subject: &Subject,
    mode: Mode,
    thoth: &Path,
) -> Result<Vec<Measured>> {
    let mut runs: Vec<Vec<Usage>> = PEERS.iter().map(|_| Vec::new()).collect();
    let mut spent = [Duration::ZERO; PEERS.len()];
    for round in 0..=ROUNDS {
        for (n, peer) in PEERS.iter().enumerate() {
            if spent[n] > PATIENCE || !peer.takes_part(mode) {
                continue;
            }
            let start = Instant::now();
            let used = peer.run(subject, mode, thoth)?;
            let took = start.elapsed();
            // the first of many quick runs only brings files into memory
            if round == 0 && took < Duration::from_secs(5) {
                continue;
            }
            spent[n] += took;
            runs[n].push(used);
        }
    }
    let ran = PEERS.iter().zip(&runs).filter(|(_, r)| !r.is_empty());
    Ok(ran.map(|(p, r)| summary(*p, r)).collect())
}

fn summary(peer: Peer, runs: &[Usage]) -> Measured {
    let last = runs.last();
    Measured {
        peer,
        wall_s: median(runs.iter().map(|r| r.wall_s).collect()),
        cpu_s: median(runs.iter().map(|r| r.cpu_s).collect()),
        peak_bytes: runs.iter().map(|r| r.peak_bytes).max().unwrap_or(0),
        cut_off: runs.iter().any(|r| r.cut_off),
        frames: last.map_or(0, |r| peers::frames(&r.output)),
        runs: runs.len(),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Measures how long the headers and threads of the largest core take.
fn opening(subjects: &[Subject], thoth: &Path) -> Result<Option<Measured>> {
    let Some(sparse) = subjects.iter().find(|s| s.name == "sparse") else {
        return Ok(None);
    };
    let mut runs = Vec::new();
    for _ in 0..ROUNDS {
        let mut threads = Command::new(thoth);
        threads.arg("threads").arg(&sparse.core);
        runs.push(usage::measure(&mut threads, peers::LIMIT)?);
    }
    Ok(Some(summary(Peer::Thoth, &runs)))
}

/// Returns the first line of each program's own version, and what else counts.
fn versions() -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for program in ["gdb", "eu-stack", "gcc"] {
        let mut command = Command::new(program);
        let text = crate::command::output(command.arg("--version"))?;
        lines.extend(text.lines().next().map(str::to_owned));
    }
    // Expanding it is most of what all of them do for a small core's lines.
    let dbg = Path::new("/usr/share/doc/libc6-dbg").exists();
    let has = if dbg { "installed" } else { "not installed" };
    lines.push(format!("debug information of the C library: {has}"));
    Ok(lines)
}
