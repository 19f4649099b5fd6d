//! The made cores are good by readers that are not ours: gdb and eu-stack.
//!
//! A missing reader fails these tests: a core that nobody has read is no
//! evidence.

use std::path::Path;
use std::process::Command;
use thoth_corpus::native::{self, Case};

/// Cases whose frames gdb does not find, and why.
const BEYOND_GDB: [(&str, &str); 8] = [
    ("segv-deletedexe", "the plugin is gone; kept-plugin.so has another path"),
    ("segv-noeh-nofp", "no unwind data at all: it guesses"),
    ("segv-noeh-fp", "its prologue analysis skips a frame"),
    ("jit", "it does not follow frame pointers behind code without a name"),
    ("exe-deleted", "the program's names are gone"),
    ("exe-replaced", "another program lies there"),
    ("filter-0x0", "no stack in the core"),
    ("filter-0x10", "no stack in the core"),
];

fn tool(command: &mut Command) -> String {
    let output = command.output().expect("the tool is installed");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn gdb(case: &Case, commands: &[&str]) -> String {
    let kept = case.dir.join("kept-prog");
    let exe: &Path = case.truth.exe.as_ref();
    let mut gdb = Command::new("gdb");
    gdb.args(["-nx", "-batch", "-ex", "set width 0"]);
    gdb.args(["-ex", "set print frame-arguments none"]);
    let debug = case.dir.join("debug");
    if debug.exists() {
        gdb.arg("-iex");
        gdb.arg(format!("set debug-file-directory {}", debug.display()));
    }
    for command in commands {
        gdb.args(["-ex", command]);
    }
    gdb.arg(if kept.exists() { &kept } else { exe }).arg(&case.core);
    tool(&mut gdb)
}

/// Returns the function names of gdb's frames.
fn functions(backtrace: &str) -> Vec<String> {
    let frames = backtrace.lines().filter(|l| l.starts_with('#'));
    frames
        .map(|line| {
            if line.contains("<signal handler called>") {
                return "<signal>".to_owned();
            }
            let rest = line.split_once(' ').map_or("", |(_, r)| r).trim();
            let rest = match rest.split_once(" in ") {
                Some((address, name)) if address.starts_with("0x") => name,
                _ => rest,
            };
            rest.split(" (").next().unwrap_or_default().to_owned()
        })
        .collect()
}

/// Whether `expected` appears in this order; generic arguments and leading
/// underscores of aliases are not compared.
fn in_order(expected: &[String], found: &[String]) -> bool {
    let mut found = found.iter();
    expected.iter().all(|name| {
        name == "?" && found.next().is_some()
            || name != "?" && found.any(|f| same(name, f))
    })
}

fn same(expected: &str, found: &str) -> bool {
    let alias = |n: &str| n.trim_start_matches("__GI_").to_owned();
    let found = alias(found);
    let plain = expected.split('<').next().unwrap_or(expected);
    found == expected
        || found.trim_start_matches("__libc_") == expected
        || expected.contains("::") && found.starts_with(plain)
}

#[test]
fn gdb_finds_the_frames_of_every_case() {
    let report = native::build(&native::out_dir(), &[]);
    let mut wrong = Vec::new();
    let mut read = 0;
    for case in &report.made {
        let excused = BEYOND_GDB.iter().any(|(n, _)| *n == case.name);
        let t = &case.truth;
        if excused || t.of.is_some() || t.frames.is_empty() {
            continue;
        }
        read += 1;
        let found = functions(&gdb(case, &["bt 40"]));
        if !in_order(&t.frames, &found) {
            wrong.push(format!("{}: {:?} not in {found:?}", t.case, t.frames));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(read > 50, "only {read} cores were read");
}

/// Makes one case, or says why it could not be made.
fn case(name: &str) -> Case {
    let report = native::build(&native::out_dir(), &[name]);
    let found = report.find(name).cloned();
    found.unwrap_or_else(|| panic!("{:?}", report.skipped))
}

fn eu_stack(case: &Case) -> String {
    let mut command = Command::new("eu-stack");
    command.arg("--core").arg(&case.core);
    command.arg("-e").arg(&case.truth.exe);
    tool(&mut command)
}

#[test]
fn eu_stack_reads_all_threads_of_snapshots() {
    for (name, threads, frames) in [
        ("snap-segv", 1, vec!["leaf", "middle", "outer", "main"]),
        ("snap-sigframe", 1, vec!["on_segv", "bad", "work", "main"]),
        ("snap-threads200", 201, vec!["descend", "worker"]),
        ("snap-zombie-leader", 1, vec!["late", "w"]),
        ("snap-deadlock", 3, vec!["lock_second", "take_ab", "t1"]),
    ] {
        let text = eu_stack(&case(name));
        let tids = text.lines().filter(|l| l.starts_with("TID ")).count();
        assert_eq!(tids, threads, "{name}");
        let mut lines = text.lines();
        for frame in frames {
            let found = lines.any(|l| l.ends_with(&format!(" {frame}")));
            assert!(found, "{name}: no {frame} in\n{text}");
        }
    }
}

#[test]
fn gdb_reads_the_facts_of_a_snapshot() {
    let case = case("snap-segv");
    let text = gdb(
        &case,
        &[
            "p $_siginfo.si_signo",
            "p/x (long)$_siginfo._sifields._sigfault.si_addr",
            "info auxv",
            "info proc mappings",
            "info proc cmdline",
        ],
    );
    for part in [
        "$1 = 11",
        "$2 = 0xdead0010",
        "AT_SYSINFO_EHDR",
        case.truth.exe.as_str(),
        "prog alpha beta gamma",
    ] {
        assert!(text.contains(part), "no {part} in\n{text}");
    }
}

#[test]
fn gdb_sees_the_registers_that_the_kernel_told() {
    for name in ["segv", "snap-segv", "threads200"] {
        let case = case(name);
        let kernel = case.truth.kernel.as_ref().expect("it was traced");
        let first = kernel.crashed.expect("a thread crashed");
        let thread = kernel.threads.iter().find(|t| t.tid == first);
        let regs = &thread.expect("it is listed").regs;
        let text = gdb(&case, &["p/x $rip", "p/x $rsp", "p/x $r12"]);
        for (n, reg) in ["rip", "rsp", "r12"].iter().enumerate() {
            let line = format!("${} = {}", n + 1, regs[*reg]);
            assert!(text.contains(&line), "{name}: no {line} in\n{text}");
        }
    }
}

#[test]
fn readelf_finds_nothing_wrong_with_a_snapshot() {
    let core = case("snap-threads200").core;
    let mut command = Command::new("readelf");
    command.arg("-hlW").arg(&core);
    let output = command.output().expect("readelf is installed");
    let (text, complaints) = (output.stdout, output.stderr);
    assert_eq!(String::from_utf8_lossy(&complaints), "");
    assert!(String::from_utf8_lossy(&text).contains("CORE (Core file)"));
}

#[test]
fn elfutils_decodes_the_notes_of_other_machines() {
    for (name, pc) in [
        ("synth-aarch64", "pc: 0x0000000000401010"),
        ("synth-i386", "eip:     0x00401010"),
        ("synth-riscv64", "pc: 0x0000000000401010"),
        ("synth-ppc64-be", "nip: 0x0000000000401010"),
        ("synth-arm", "pc:    0x00401010"),
        ("synth-swiss", "rip:      0x0000000000401010"),
        ("i386", "eip:     0x"),
    ] {
        let case = case(name);
        let mut command = Command::new("eu-readelf");
        let text = tool(command.arg("-n").arg(&case.core));
        let pid = case.truth.pid.expect("it is known");
        let address = &case.truth.facts.get("fault");
        let address = address.map_or("0xdead0010", String::as_str);
        for part in [
            pc,
            &format!("pid: {pid}, ppid: "),
            &format!("fault address: {address}"),
            "PRPSINFO",
            "AUXV",
        ] {
            assert!(text.contains(part), "{name}: no {part:?} in\n{text}");
        }
    }
}
