//! Our stacks beside those of eu-stack (elfutils), address by address.
//!
//! Both read the same cores; neither knows the other. Where eu-stack gets a
//! frame, ours must be the same one, for every thread of every case. Where it
//! stops early, ours may go on: the list below says where and why.

use postmortem::Process;
use postmortem::bytes::{self, OpenOptions};
use postmortem::core::Core;
use postmortem::modules::LocalFiles;
use postmortem::stack::StackOptions;
use std::collections::BTreeMap;
use std::process::Command;
use thoth_corpus::native::{self, Case};
use thoth_postmortem as postmortem;

/// Cases in which eu-stack (0.188) goes wrong, not merely stops.
const PEER_IS_WRONG: &[(&str, &str)] = &[
    ("segv-noeh-fp", "drops the caller of a frameless function"),
    ("segv-noeh-nofp", "follows rbp although it is no frame pointer"),
    ("stack-smash", "shows what lies on the stack as frames"),
    ("stack-protector", "shows what lies on the stack as frames"),
    ("call-null", "loses the caller of a call through a bad pointer"),
    ("call-null-thread", "loses the caller of a call through a bad pointer"),
    ("call-wild", "loses the caller of a call through a bad pointer"),
    ("call-data", "loses the caller of a call through a bad pointer"),
    ("call-noexec", "loses the caller of a call through a bad pointer"),
    ("coroutine", "leaves the coroutine's stack through a stale rbp"),
    ("i386", "we have no unwinder for i386"),
    ("exe-replaced", "uses the file of another build"),
];

type Stacks = BTreeMap<i32, Vec<u64>>;

fn peer(case: &Case) -> Option<Stacks> {
    let out = Command::new("eu-stack")
        .args(["-n", "0"])
        .arg(format!("--core={}", case.core.display()))
        .arg("-e")
        .arg(&case.truth.exe)
        .output()
        .expect("eu-stack (package elfutils) is needed");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let mut stacks = Stacks::new();
    let mut tid = 0;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("TID ") {
            tid = rest.trim_end_matches(':').parse().ok()?;
            stacks.entry(tid).or_default();
        } else if let Some(at) = line.find("0x")
            && line.starts_with('#')
        {
            let hex = line[at + 2..].split(' ').next()?;
            let pc = u64::from_str_radix(hex, 16).ok()?;
            stacks.entry(tid).or_default().push(pc);
        }
    }
    (!stacks.is_empty()).then_some(stacks)
}

fn ours(case: &Case) -> Option<Stacks> {
    let options = OpenOptions::new(std::env::temp_dir());
    let file = bytes::open(&case.core, &options).ok()?;
    let core = Core::parse(file.bytes).ok()?;
    let process = Process::load(core, Box::new(LocalFiles::system()));
    let options = StackOptions { lines: false, ..StackOptions::default() };
    let stacks = process.stacks(&options);
    let pcs = |s: &postmortem::stack::ThreadStack| {
        s.frames.iter().filter(|f| !f.inline).map(|f| f.pc.0).collect()
    };
    Some(stacks.iter().map(|s| (s.tid, pcs(s))).collect())
}

/// How many of `theirs` stand at the same depth in `ours`.
fn common(ours: &[u64], theirs: &[u64]) -> usize {
    ours.iter().zip(theirs).take_while(|(a, b)| a == b).count()
}

#[test]
fn every_frame_of_eu_stack_is_ours_too() {
    let report = native::build(&native::out_dir(), &[]);
    let mut wrong = Vec::new();
    let (mut threads, mut frames) = (0, 0);
    for case in &report.made {
        let from_process =
            !["synth", "derived"].contains(&case.truth.writer.as_str());
        if !from_process || PEER_IS_WRONG.iter().any(|w| w.0 == case.name) {
            continue;
        }
        let (Some(theirs), Some(ours)) = (peer(case), ours(case)) else {
            continue;
        };
        for (tid, theirs) in theirs {
            let Some(ours) = ours.get(&tid) else {
                wrong.push(format!("{}: no thread {tid}", case.name));
                continue;
            };
            let same = common(ours, &theirs);
            threads += 1;
            frames += same;
            if same < theirs.len() {
                wrong.push(format!(
                    "{}, thread {tid}: frame {same} is {:x?}, eu-stack has \
                     {:x?}",
                    case.name,
                    ours.get(same),
                    theirs.get(same)
                ));
            }
        }
    }
    // The comparison must have compared something.
    assert!(threads > 300 && frames > 3000, "{threads} {frames}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
