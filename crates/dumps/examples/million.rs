//! Measures queries over many records: makes them, rebuilds the index, asks,
//! and prints a table with what is to be reached.
//!
//! `cargo run --release -p thoth-dumps --example million [RECORDS [FOLDER [STEP]]]`
//!
//! A folder that is given is kept, and its records are used again. A step is
//! `make`, `rebuild` or `ask`; without one all are taken. The records are made up: 50 commands and 5,000 hosts, few of which have most of the
//! dumps, 20,000 different stacks, two years, tickets on some.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use thoth_dumps::{Dumps, HashPrefix, PropPath, Spec};
use thoth_manta::{Manta, MantaExt, Path, PutOptions};
use thoth_store::Embedded;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const WRITERS: usize = 32;
const DAYS: u64 = 730;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let records: u64 =
        arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let scratch = tempfile::tempdir()?;
    let folder: PathBuf =
        arguments.next().map_or(scratch.path().to_owned(), PathBuf::from);
    let step = arguments.next();
    let does = |name: &str| step.as_ref().is_none_or(|step| step == name);
    let store = Arc::new(Embedded::open(&folder, "me")?);
    let dumps = Dumps::open(store.clone(), "me")?;
    let last = format!("/me/stor/thoth/{}/info.json", name(records - 1));
    if does("make") && store.info(&Path::parse(&last)?).is_err() {
        let start = Instant::now();
        make(&store, records)?;
        let rate = records as f64 / start.elapsed().as_secs_f64();
        println!("{records} records made, {rate:.0}/s\n");
    }
    println!("{:<58} {:>12} {:>12}", "case", "measured", "to reach");
    if does("rebuild") {
        let start = Instant::now();
        let number = dumps.rebuild_index()?;
        let rate = number as f64 / start.elapsed().as_secs_f64();
        row("rebuild of the index", &format!("{rate:.0}/s"), ">= 5000/s");
    }
    if does("ask") {
        queries(&dumps)?;
        counts(&dumps)?;
        prefixes(&dumps, records)?;
        change(&dumps, records)?;
    }
    row("peak memory of this process", &peak(), "< 300 MB");
    let bytes = std::fs::metadata(folder.join("store.db"))?.len();
    row("database", &format!("{} MB", bytes >> 20), "");
    Ok(())
}

fn prefixes(dumps: &Dumps, records: u64) -> Result<(), Failure> {
    let prefixes: Vec<HashPrefix> = (0..200)
        .map(|n| HashPrefix::parse(&name(n * (records / 200).max(1))[..10]))
        .collect::<Result<_, _>>()?;
    let mut next = prefixes.iter().cycle();
    let median = median(200, &mut || {
        let prefix = next.next().ok_or("no prefix")?;
        assert!(!dumps.find_prefix(prefix)?.is_empty());
        Ok(())
    })?;
    row("hash prefix of 10 digits, full record", &text(median), "<= 1 ms");
    Ok(())
}

fn queries(dumps: &Dumps) -> Result<(), Failure> {
    let cases: &[(&str, &[&str], &str)] = &[
        (
            "command, host glob, 7 days, newest 100",
            &["cmd=cmd3", "node=web-1*", "mtime=7d", "limit=100"],
            "<= 20 ms",
        ),
        (
            "the same over two years",
            &["cmd=cmd3", "node=web-1*", "limit=100"],
            "<= 20 ms",
        ),
        (
            "without a ticket, newest 100",
            &["ticket=undefined", "limit=100"],
            "<= 20 ms",
        ),
        (
            "three commands, no host of a kind, newest 100",
            &["cmd=cmd3,cmd4,cmd9", "node!=web-1*", "limit=100"],
            "<= 20 ms",
        ),
        (
            "frame in the stack, 30 days, newest 100",
            &["stack=*`frame17+*", "mtime=30d", "limit=100"],
            "<= 20 ms",
        ),
        (
            "property, expression on the host, newest 100",
            &["site=lab3", "node~^db-.*7$", "limit=100"],
            "<= 20 ms",
        ),
        ("uploaded today, rare command", &["uploaded=1d", "cmd=cmd49"], ""),
        (
            "largest 10 of a rare command",
            &["cmd=cmd49", "sort=-size", "limit=10"],
            "",
        ),
    ];
    for (what, arguments, goal) in cases {
        let spec = Spec::parse(arguments)?;
        let mut found = 0;
        let median = median(15, &mut || {
            found = dumps.find(&spec)?.records.len();
            Ok(())
        })?;
        row(&format!("{what} ({found})"), &text(median), goal);
    }
    Ok(())
}

fn counts(dumps: &Dumps) -> Result<(), Failure> {
    for (what, arguments, member, goal) in [
        ("count by command, all", &[][..], "cmd", "<= 10 ms"),
        ("count by command, 7 days", &["mtime=7d"][..], "cmd", "<= 10 ms"),
        ("count by signal, 100 days", &["mtime=100d"], "signal", "<= 10 ms"),
        ("count by a property, all", &[], "site", "<= 10 ms"),
        ("count by host, all", &[], "node", "<= 10 ms"),
        ("count by host, 7 days", &["mtime=7d"], "node", ""),
    ] {
        let spec = Spec::parse(arguments)?;
        let member = PropPath::parse(member).ok_or("a path")?;
        let mut rows = 0;
        let median = median(15, &mut || {
            let report = dumps.report(&spec, std::slice::from_ref(&member))?;
            rows = report.rows.len();
            Ok(())
        })?;
        row(&format!("{what} ({rows} rows)"), &text(median), goal);
    }
    Ok(())
}

/// A change, and the query that sees it.
fn change(dumps: &Dumps, records: u64) -> Result<(), Failure> {
    let spec = Spec::parse(&["ticket=NEW-1", "limit=10"])?;
    let mut n = 0;
    let median = median(20, &mut || {
        n = (n + 7919) % records;
        let id = thoth_dumps::DumpId::parse(&name(n)).ok_or("a name")?;
        dumps.ticket(&id, "NEW-1")?;
        let found = dumps.find(&spec)?.records.len();
        dumps.unticket(&id)?;
        assert_eq!(found, 1);
        Ok(())
    })?;
    row("ticket set, found by it, and taken away", &text(median), "");
    Ok(())
}

fn row(case: &str, measured: &str, goal: &str) {
    println!("{case:<58} {measured:>12} {goal:>12}");
}

fn text(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

fn median(
    times: usize,
    run: &mut dyn FnMut() -> Result<(), Failure>,
) -> Result<Duration, Failure> {
    let mut all = Vec::new();
    for _ in 0..times {
        let start = Instant::now();
        run()?;
        all.push(start.elapsed());
    }
    all.sort();
    Ok(all.get(times / 2).copied().unwrap_or_default())
}

/// The most memory this process had.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status");
    let status = status.unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kb = line.and_then(|line| line.split_whitespace().nth(1));
    let kb: u64 = kb.and_then(|kb| kb.parse().ok()).unwrap_or_default();
    format!("{} MB", kb >> 10)
}

fn make(store: &Embedded, records: u64) -> Result<(), Failure> {
    let next = AtomicU64::new(0);
    let now = jiff::Timestamp::now().as_second();
    let root = Path::parse("/me/stor/thoth")?;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..WRITERS)
            .map(|_| {
                scope.spawn(|| -> Result<(), Failure> {
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        if n >= records {
                            return Ok(());
                        }
                        let directory = root.join(&name(n))?;
                        store.mkdirp(&directory)?;
                        let record = record(n, now);
                        store.put_bytes(
                            &directory.join("info.json")?,
                            record.to_string().as_bytes(),
                            &PutOptions::default(),
                        )?;
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().map_err(|_| "a writer panicked")??;
        }
        Ok(())
    })
}

/// A number that looks random and is always the same (splitmix64).
fn mix(n: u64) -> u64 {
    let mut mixed = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn name(n: u64) -> String {
    format!("{:016x}{:016x}", mix(n), mix(!n))
}

/// Of `below` numbers the small ones often.
fn often_small(random: u64, below: u64) -> u64 {
    let part = (random % 1_000_000) as f64 / 1_000_000.0;
    (part * part * part * below as f64) as u64
}

fn record(n: u64, now: i64) -> serde_json::Value {
    let random = |k: u64| mix(n.wrapping_mul(31).wrapping_add(k << 40));
    let cmd = often_small(random(1), 50);
    let host = often_small(random(2), 5000);
    let kind = ["web", "db", "build"][(host % 3) as usize];
    let time = now - (random(3) % (DAYS * 86_400)) as i64;
    let bug = often_small(random(4), 400);
    let frames: Vec<String> = (0..14)
        .map(|f| {
            let m = mix(cmd * 1000 + bug * 50 + f);
            format!("lib{}.so`frame{}+{:#x}", m % 20, m % 3000, m % 900)
        })
        .collect();
    let modules: Vec<_> = (0..12)
        .map(|m| {
            json!({
                "path": format!("/usr/lib/x86_64-linux-gnu/lib{m}.so.6"),
                "base": format!("{:#018x}", 0x7f00_0000_0000u64 + m * 0x10_0000),
                "build_id": format!("{:016x}{:016x}", mix(m), mix(m + 100)),
            })
        })
        .collect();
    let id = name(n);
    let signals = [("SIGSEGV", 11), ("SIGABRT", 6), ("SIGBUS", 7)];
    let (signal, signo) = signals[(bug % 3) as usize];
    let mut record = json!({
        "id": id,
        "base_id": format!("{:016x}{:016x}", mix(n ^ 5), mix(n ^ 9)),
        "name": format!("/me/stor/thoth/{id}"),
        "dump": format!("/me/stor/thoth/{id}/core.{}", random(5) % 32_768),
        "type": "core",
        "version": "2",
        "time": time,
        "time_source": "file mtime",
        "uploaded": time + 60,
        "uploader": "harvest",
        "cmd": format!("cmd{cmd}"),
        "psargs": format!("/usr/bin/cmd{cmd} --port {}", random(6) % 1000),
        "argv": [format!("/usr/bin/cmd{cmd}"), "--port", "80"],
        "exe": format!("/usr/bin/cmd{cmd}"),
        "build_id": format!("{:016x}", mix(cmd * 7 + random(7) % 5)),
        "pid": random(5) % 32_768,
        "ppid": 1,
        "uid": 1000 + cmd,
        "gid": 1000,
        "signal": signal,
        "signo": signo,
        "arch": "x86_64",
        "node": format!("{kind}-{host}"),
        "threads": 1 + random(8) % 64,
        "stack": frames,
        "modules": modules,
        "size": 1_000_000 + random(9) % 1_000_000_000,
        "stored_size": 500_000 + random(9) % 100_000_000,
        "truncated": random(10) % 100 == 0,
        "properties": { "site": format!("lab{}", random(11) % 12) },
    });
    if random(12) % 10 < 6 {
        record["ticket"] = json!(format!("BUG-{}", cmd * 400 + bug));
    }
    record
}
