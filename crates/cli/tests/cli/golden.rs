//! Commands crossed with dumps, as text.
//!
//! A difference here is not wrong by itself, it is to be looked at:
//! `cargo insta review`, or `INSTA_UPDATE=always` to accept.

use crate::support::{Home, PLAIN, core, synthetic};
use thoth_corpus::synth::{AARCH64, Core, Thread};

const COMMANDS: &[&str] = &[
    "stack", "fault", "threads", "args", "env", "auxv", "maps", "modules",
    "notes", "object",
];

/// Runs the commands on a file, and puts their outputs one below the other.
fn transcript(home: &Home, file: &str, commands: &[&str]) -> String {
    let mut all = String::new();
    for command in commands {
        let ran = home.run(&[command, file]);
        all.push_str(&format!("$ thoth {command} {file}\n{}", ran.out));
        for line in ran.err.lines() {
            all.push_str(&format!("! {line}\n"));
        }
        if ran.status != 0 {
            all.push_str(&format!("status {}\n", ran.status));
        }
        all.push('\n');
    }
    all
}

#[test]
fn a_dump_from_nothing() {
    let home = Home::new();
    home.file("core.1", &synthetic(&PLAIN));
    insta::assert_snapshot!(transcript(&home, "core.1", COMMANDS));
}

#[test]
fn a_dump_cut_in_its_stack() {
    let home = Home::new();
    let whole = synthetic(&PLAIN);
    home.file("core.1", &whole[..whole.len() - 6000]);
    insta::assert_snapshot!(transcript(&home, "core.1", COMMANDS));
}

#[test]
fn a_dump_cut_in_its_notes() {
    let home = Home::new();
    let whole = synthetic(&PLAIN);
    home.file("core.1", &whole[..700]);
    insta::assert_snapshot!(transcript(&home, "core.1", COMMANDS));
}

#[test]
fn a_dump_of_another_machine() {
    let home = Home::new();
    let mut regs = [0u64; 34];
    (regs[8], regs[31], regs[32]) = (98, 0x7fff_0000_0100, 0x40_1000);
    let core = Core::new(AARCH64)
        .thread(&Thread { tid: 7, signal: 6, regs: &regs })
        .process(7, [1000, 1000], ["sensor", "/opt/sensor -d"])
        .siginfo(6, -6, 0x0000_03e8_0000_0007)
        .files(&[(0x40_0000, 0x40_2000, 0, "/opt/sensor")])
        .absent(0x40_0000, 5, 0x2000)
        .load(0x7fff_0000_0000, 6, &[0; 4096]);
    home.file("core.1", &core.build());
    let commands = ["stack", "fault", "threads", "args", "maps", "object"];
    insta::assert_snapshot!(transcript(&home, "core.1", &commands));
}

#[test]
fn the_registers() {
    let home = Home::new();
    home.file("core.1", &synthetic(&PLAIN));
    let out = home.ok(&["threads", "core.1", "--registers"]);
    insta::assert_snapshot!(out);
}

/// Stacks of real programs; what depends on the machine is taken out.
#[test]
fn stacks_of_programs() {
    let home = Home::new();
    for name in [
        "segv",
        "call-null",
        "deadlock",
        "stack-overflow",
        "inlined",
        "sigframe",
        "gcore-threads",
    ] {
        let path = core(name);
        let text = home.ok(&["stack", &path]);
        let tids: Vec<String> = {
            let json = home.json(&["stack", &path]);
            let threads = json["threads"].as_array().expect("threads").iter();
            threads.map(|t| t["tid"].to_string()).collect()
        };
        insta::assert_snapshot!(name, steady(&text, tids));
    }
}

/// Takes addresses, offsets, thread ids and the C library's inside out.
fn steady(text: &str, mut tids: Vec<String>) -> String {
    let mut out = String::new();
    let mut in_libc = false;
    for line in text.lines() {
        let libc = line.starts_with('#')
            && (line.contains("  libc.so.6") || line.contains("  [vdso]"));
        if libc && !in_libc {
            out.push_str("#  (the C library)\n");
        }
        if !libc {
            out.push_str(&numbers_out(line));
            out.push('\n');
        }
        in_libc = libc;
    }
    // The longest first, so that none is a part of another; after the
    // addresses, which may hold the same digits.
    tids.sort_by_key(|t| (std::cmp::Reverse(t.len()), t.clone()));
    for (i, tid) in tids.iter().enumerate() {
        out = out.replace(tid, &format!("T{}", i + 1));
    }
    out
}

/// Replaces numbers of frames, hex numbers, and counts of turns.
fn numbers_out(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("0x") {
        let (before, number) = rest.split_at(at);
        let digits = number[2..]
            .find(|c: char| !c.is_ascii_hexdigit())
            .map_or(number.len(), |n| n + 2);
        out.push_str(before);
        let wide = digits == 18;
        out.push_str(if wide { "0xNNNNNNNNNNNNNNNN" } else { "0xN" });
        rest = &number[digits..];
    }
    out.push_str(rest);
    // Which ids are neighbours is chance.
    if out.starts_with("    tids ") {
        return "    tids ...".to_owned();
    }
    if let Some(frame) = out.strip_prefix('#') {
        let after = frame.trim_start_matches(|c: char| c.is_ascii_digit());
        return format!("#  {}", after.trim_start());
    }
    // How deep a stack overflows depends on the environment's size.
    if out.contains("repeated") || out.contains("used up its stack") {
        return digits_out(&out);
    }
    if out.contains("bytes below the stack") {
        return "  (the words about the guard)".to_owned();
    }
    out
}

/// Replaces every decimal number by `N`.
fn digits_out(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' if out.ends_with('N') => {}
            '0'..='9' => out.push('N'),
            _ => out.push(c),
        }
    }
    out
}
