//! Every corpus case against what its program, and the kernel, said of it.
//!
//! One test a case, made by table: a new case gets its test by itself. Facts
//! come from `truth.json`, never from this engine.

use libtest_mimic::{Arguments, Failed, Trial};
use postmortem::bytes::{self, OpenOptions};
use postmortem::core::Core;
use postmortem::modules::LocalFiles;
use postmortem::stack::{StackOptions, ThreadStack};
use postmortem::unwind::{End, Trust};
use postmortem::{Process, verdict::Verdict};
use std::fmt::Write;
use std::process::ExitCode;
use thoth_corpus::native::{self, Case};
use thoth_postmortem as postmortem;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let big = std::env::var_os("THOTH_TEST_BIG").is_some();
    let trials = native::cases()
        .iter()
        .filter(|r| big || !r.big)
        .map(|r| Trial::test(r.name.clone(), move || case(&r.name)))
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn case(name: &str) -> Result<(), Failed> {
    let report = native::build(&native::out_dir(), &[name]);
    let Some(case) = report.find(name) else {
        return Err(format!("not made: {:?}", report.skipped).into());
    };
    let wrong = check(case);
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// A case is opened as a user would, with the folder's extra files at hand.
fn load(case: &Case) -> Result<Process, String> {
    let options = OpenOptions::new(std::env::temp_dir());
    let file = bytes::open(&case.core, &options).map_err(|e| e.to_string())?;
    let core = Core::parse(file.bytes).map_err(|e| e.to_string())?;
    let mut files = LocalFiles::system();
    files.debug_dirs.push(case.dir.join("debug"));
    if case.name == "segv-deletedexe" {
        files.files =
            ["kept-prog", "kept-plugin.so"].map(|f| case.dir.join(f)).into();
    }
    Ok(Process::load(core, Box::new(files)))
}

fn check(case: &Case) -> Vec<String> {
    let truth = &case.truth;
    let process = match load(case) {
        Ok(p) => p,
        Err(e) => return unreadable(case, &e),
    };
    let stacks = process.stacks(&StackOptions::default());
    let verdicts = process.verdicts(&stacks);
    let mut wrong = Vec::new();
    facts(case, &process, &mut wrong);
    threads(case, &process, &mut wrong);
    arguments(case, &process, &mut wrong);
    build_ids(case, &process, &mut wrong);
    if let Some(first) = stacks.first() {
        frames(case, first, &mut wrong);
    } else if !truth.frames.is_empty() {
        wrong.push("no thread".to_owned());
    }
    ends(case, &stacks, &mut wrong);
    judged(case, &verdicts, &mut wrong);
    wrong
}

/// Only cut and synthetic files may be refused, and they must say why.
fn unreadable(case: &Case, error: &str) -> Vec<String> {
    let expected = match case.name.as_str() {
        "trunc-empty" => "the file is empty",
        // The cut is inside the first block of 4 MiB, lz4's smallest unit.
        "packed-lz4-cut" => "cannot expand",
        _ => return vec![format!("cannot be read: {error}")],
    };
    if error.contains(expected) {
        Vec::new()
    } else {
        vec![format!("expected {expected:?} in {error:?}")]
    }
}

/// Whether the case is a whole core whose notes must all be there.
fn whole(case: &Case) -> bool {
    !case.name.starts_with("trunc-") && !case.name.ends_with("-cut")
}

fn facts(case: &Case, process: &Process, wrong: &mut Vec<String>) {
    let truth = &case.truth;
    let facts = process.facts();
    let mut same = |what: &str, got: String, want: String| {
        if got != want {
            wrong.push(format!("{what}: {got}, truth is {want}"));
        }
    };
    same(
        "complete",
        facts.completeness.complete.to_string(),
        whole(case).to_string(),
    );
    if !whole(case) {
        return;
    }
    if truth.of.is_none() {
        let signal = facts.signal.as_ref().map(|s| s.name.clone());
        same("signal", format!("{signal:?}"), format!("{:?}", truth.signal));
    }
    // A thread id alone does not tell the process id.
    if let Some(pid) = truth.pid
        && process.core.notes.psinfo.is_some()
    {
        same("pid", format!("{:?}", facts.pid), format!("Some({pid})"));
    }
    let address = facts.signal.and_then(|s| s.address).map(|a| a.0);
    if let Some(fault) = truth.facts.get("fault")
        && process.core.notes.siginfo.is_some()
    {
        let want = u64::from_str_radix(fault.trim_start_matches("0x"), 16);
        same("fault", format!("{address:?}"), format!("{:?}", want.ok()));
    }
    for (key, got) in [("uid", facts.uid), ("gid", facts.gid)] {
        if let Some(want) = truth.facts.get(key) {
            same(key, got.unwrap_or(0).to_string(), want.clone());
        }
    }
    if let Some(hex) = truth.facts.get("comm_hex") {
        let mut got = String::new();
        for b in facts.command.unwrap_or_default().bytes() {
            let _ = write!(got, "{b:02x}");
        }
        same("command", got, hex.clone());
    }
    if let Some(kernel) = &truth.kernel {
        let deleted = kernel.exe.trim_end_matches(" (deleted)");
        let exe = facts.exe.unwrap_or_default();
        let exe = exe.trim_end_matches(" (deleted)");
        same("exe", exe.to_owned(), deleted.to_owned());
    }
}

fn threads(case: &Case, process: &Process, wrong: &mut Vec<String>) {
    let threads = process.threads();
    let has = |tid| threads.iter().any(|t| t.tid == tid);
    let told = case.truth.threads.iter().map(|t| t.tid);
    for tid in told.filter(|t| !has(*t)) {
        wrong.push(format!("thread {tid} is missing"));
    }
    for t in &threads {
        let by_command = process.command();
        if t.name.is_some() && t.name != by_command {
            wrong.push(format!("thread {} has a made-up name", t.tid));
        }
    }
    let crasher = case
        .truth
        .facts
        .get("crasher")
        .and_then(|t| t.parse().ok())
        .or(case.truth.kernel.as_ref().and_then(|k| k.crashed));
    if let (Some(tid), Some(first)) = (crasher, threads.first())
        && case.truth.signal.is_some()
        && (first.tid != tid || !first.crashed)
    {
        wrong.push(format!("crashed: {}, truth is {tid}", first.tid));
    }
}

fn arguments(case: &Case, process: &Process, wrong: &mut Vec<String>) {
    let truth = &case.truth;
    let has_stack = truth.coredump_has_stack();
    if truth.argv.is_empty() || !whole(case) || !has_stack {
        return;
    }
    let got = match process.arguments() {
        Ok(a) => a,
        Err(e) => return wrong.push(format!("arguments: {e}")),
    };
    let (want_argv, want_env) = match &truth.kernel {
        Some(k) if !k.cmdline.is_empty() => {
            (k.cmdline.clone(), k.environ.clone())
        }
        _ => {
            let env = truth.env.iter().map(|(k, v)| format!("{k}={v}"));
            (truth.argv.clone(), env.collect())
        }
    };
    let argv: Vec<String> = got.argv.shown().map(str::to_owned).collect();
    if argv != want_argv {
        wrong.push(format!("argv: {argv:?}, truth is {want_argv:?}"));
    }
    let mut env: Vec<String> = got.env.shown().map(str::to_owned).collect();
    let mut want_env = want_env;
    env.sort();
    want_env.sort();
    if env != want_env {
        wrong.push(format!("env: {env:?}, truth is {want_env:?}"));
    }
}

fn build_ids(case: &Case, process: &Process, wrong: &mut Vec<String>) {
    if !whole(case) || case.truth.of.is_some() {
        return;
    }
    let modules = process.modules.list();
    for (file, id) in &case.truth.build_ids {
        let Some(id) = id else { continue };
        let named = |m: &&postmortem::modules::Module| {
            let path = m.path.as_deref().unwrap_or("");
            path.trim_end_matches(" (deleted)").ends_with(file.as_str())
        };
        let Some(m) = modules.iter().find(named) else {
            continue; // the program may have another name: see exe
        };
        let got = m.build_id.as_ref().map(ToString::to_string);
        // Without the first page of each file the core has no build id.
        if got.as_ref().is_some_and(|g| g != id) {
            wrong.push(format!("build id of {file}: {got:?}, truth is {id}"));
        }
    }
}

/// The named frames appear in this order; others may lie between.
fn frames(case: &Case, stack: &ThreadStack, wrong: &mut Vec<String>) {
    if let End::NoUnwinder(arch) = &stack.end {
        if *arch != process_arch(case) {
            wrong.push(format!("the end names {arch}"));
        }
        return;
    }
    let mut left = stack.frames.iter();
    for want in &case.truth.frames {
        let found = left.any(|f| match want.as_str() {
            "?" => true,
            "<signal>" => f.signal,
            name => f.function.as_deref().is_some_and(|n| is_named(n, name)),
        });
        if !found {
            let mut text = format!("no frame {want} in its place:");
            for f in stack.frames.iter().take(40) {
                let name = f.function.as_deref().unwrap_or("?");
                let _ = write!(text, "\n  {} {name} {}", f.pc, f.trust.name());
            }
            let _ = write!(text, "\n  end: {}", stack.end);
            wrong.push(text);
            return;
        }
    }
}

/// The architecture a case without an unwinder is for.
fn process_arch(case: &Case) -> String {
    match case.name.as_str() {
        "i386" => "i386".to_owned(),
        name => {
            let arch = name.trim_start_matches("synth-");
            arch.trim_end_matches("-be").to_owned()
        }
    }
}

/// A demangled name may have arguments and a hash that the truth leaves out.
fn is_named(name: &str, wanted: &str) -> bool {
    let alike = |name: &str| {
        name == wanted
            || name
                .strip_prefix(wanted)
                .is_some_and(|rest| rest.starts_with(['(', '<', ' ', '[']))
    };
    // Rust's v0 names tell the type: `<shop::Till<u32>>::total`.
    alike(name) || alike(&name.replacen('<', "", 1).replace("<u32>>", "<T>"))
}

/// Whole cores with stacks end at the outermost frame, by sure steps, except
/// the cases that are about not doing so.
fn ends(case: &Case, stacks: &[ThreadStack], wrong: &mut Vec<String>) {
    let uncertain = [
        "stack-smash",
        "stack-protector",
        "i386",
        "segv-deletedexe",
        "exe-deleted",
        "exe-replaced",
    ];
    let exempt = !whole(case)
        || uncertain.contains(&case.name.as_str())
        || !case.truth.coredump_has_stack()
        || case.truth.writer == "synth"
        || process_is_foreign(stacks);
    for s in stacks {
        if !s.end.is_complete() && !exempt {
            wrong.push(format!("thread {} ends: {}", s.tid, s.end));
        }
        let guess = s.frames.iter().find(|f| f.trust == Trust::Scan);
        // musl has no unwind data for its start code, and jumps into it.
        let exempt = exempt || case.name == "segv-musl";
        if let (Some(f), false) = (guess, exempt) {
            wrong.push(format!("thread {}: {} is a guess", s.tid, f.pc));
        }
    }
    if case.name == "stack-smash" {
        let bad = matches!(
            stacks.first().map(|s| &s.end),
            Some(End::BadReturn { .. } | End::WildJump { .. })
        );
        if !bad {
            wrong.push("the smashed stack has an end".to_owned());
        }
    }
}

fn process_is_foreign(stacks: &[ThreadStack]) -> bool {
    stacks.iter().any(|s| matches!(s.end, End::NoUnwinder(_)))
}

fn judged(case: &Case, verdicts: &[Verdict], wrong: &mut Vec<String>) {
    if !whole(case) || case.truth.of.is_some() {
        return;
    }
    // Without stacks only the registers are left to judge by.
    if !case.truth.coredump_has_stack() {
        return;
    }
    let mut got: Vec<&str> = verdicts.iter().map(|v| v.kind).collect();
    let mut want: Vec<&str> =
        case.truth.verdicts.iter().map(String::as_str).collect();
    got.sort_unstable();
    want.sort_unstable();
    if got != want {
        wrong.push(format!("verdicts: {verdicts:?}, truth is {want:?}"));
    }
    if let Some(message) = &case.truth.message
        && !verdicts.iter().any(|v| v.text.contains(message.as_str()))
    {
        wrong.push(format!("{message:?} is not in {verdicts:?}"));
    }
    let cycle: Vec<i32> = verdicts
        .iter()
        .filter(|v| v.kind == "deadlock")
        .flat_map(|v| v.threads.clone())
        .collect();
    if let Some(list) = case.truth.facts.get("cycle") {
        let mut want: Vec<i32> =
            list.split(' ').filter_map(|t| t.parse().ok()).collect();
        let mut got = cycle;
        got.sort_unstable();
        want.sort_unstable();
        if got != want {
            wrong.push(format!("cycle: {got:?}, truth is {want:?}"));
        }
    }
}

trait HasStack {
    fn coredump_has_stack(&self) -> bool;
}

impl HasStack for thoth_corpus::native::Truth {
    /// Filters without bit 0 leave private anonymous memory out.
    fn coredump_has_stack(&self) -> bool {
        match self.case.strip_prefix("filter-0x") {
            Some(bits) => {
                u32::from_str_radix(bits, 16).is_ok_and(|b| b & 1 != 0)
            }
            None => true,
        }
    }
}
