//! `bench dumps`: uploads by the program itself, and questions to a million
//! records.
//!
//! A core of a node process with a heap of a gibibyte is made once and kept
//! below `target/bench`. Uploads go into an empty folder on the same disk, and
//! a plain copy that is flushed stands beside them. The core comes from the
//! page cache, as it does just after a crash.

use super::page;
use super::release;
use super::subjects::plain_cores;
use super::usage::{Usage, measure};
use crate::command::{cargo, find, output, root, target_dir};
use crate::needs::install;
use crate::{Result, check};
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The heap that the node process fills, in MiB.
const HEAP_MIB: u32 = 1024;
/// Times that a small core is uploaded, and a large one.
const ROUNDS: [usize; 2] = [9, 3];
/// No run takes nearly as long.
const LIMIT: Duration = Duration::from_secs(600);
const MIB: f64 = 1024.0 * 1024.0;

/// Runs the bench, prints its section, and writes it when told to.
pub(crate) fn dumps(args: &[&str]) -> Result<()> {
    let (write, records) = match args {
        [] => (false, None),
        ["--write"] => (true, None),
        ["--uploads"] => (false, Some("0")),
        [records] => (false, Some(*records)),
        _ => return Err("bench dumps [--write | --uploads | RECORDS]".into()),
    };
    let thoth = release()?;
    let dir = target_dir()?.join("bench");
    fs::create_dir_all(&dir)?;
    check::corpus(&["many-maps"])?;
    let small = root().join("corpus/out/many-maps/core");
    let large = node_core(&dir.join("node-heap"))?;
    let mut text = String::from(OPENING);
    for (core, rounds) in [(&small, ROUNDS[0]), (&large, ROUNDS[1])] {
        let line = uploads(&thoth, core, &dir.join("store"), rounds)?;
        eprintln!("{line}");
        writeln!(text, "{line}")?;
    }
    text.push_str(&interrupted(&thoth, &large, &dir.join("store"))?);
    if records != Some("0") {
        let mut run = cargo(&["run", "--release", "--package", "thoth-dumps"]);
        run.args(["--example", "million", "--"]).args(records);
        let table = output(&mut run)?;
        write!(text, "{RECORDS}```text\n{}\n```\n", table.trim())?;
    }
    println!("{text}");
    if write { page::put("dumps", &text) } else { Ok(()) }
}

const OPENING: &str = "\
# Dumps: uploads, and a million records

Each upload is a run of `thoth upload` into an empty folder: the dump is
identified, its stacks are read, its bytes are hashed (BLAKE3 and MD5),
compressed, flushed and listed. *Then listed* is a run of `thoth ls` after it.
*Copy* is `dd conv=fsync` of the same file. Medians; sizes without holes.

| core | size | upload | then listed | rate | copy | stored | to reach |
| --- | --- | --- | --- | --- | --- | --- | --- |
";

const RECORDS: &str = "
## A million records

Made-up records of 50 commands, 5,000 hosts and 20,000 stacks over two years;
`cargo run --release -p thoth-dumps --example million` makes them and asks.

";

/// Uploads a core again and again, and returns its line of the table.
fn uploads(
    thoth: &Path,
    core: &Path,
    store: &Path,
    rounds: usize,
) -> Result<String> {
    let size = data_bytes(core)?;
    let (mut uploads, mut lists, mut copies) = (vec![], vec![], vec![]);
    let mut stored = 0;
    for _ in 0..rounds {
        empty(store)?;
        let mut copy = Command::new("dd");
        copy.arg(format!("if={}", core.display()));
        copy.arg(format!("of={}", store.join("copy").display()));
        copy.args(["bs=1M", "conv=fsync,sparse"]);
        copies.push(measure(&mut copy, LIMIT)?.wall_s);
        empty(store)?;
        uploads.push(upload(thoth, core, store)?.wall_s);
        let mut list = program(thoth, store);
        let listed = measure(list.arg("ls"), LIMIT)?;
        if listed.output.iter().filter(|b| **b == b'\n').count() != 2 {
            return Err("the dump is not listed".into());
        }
        lists.push(listed.wall_s);
        stored = object_bytes(store)?;
    }
    let (upload, list, copy) = (median(uploads), median(lists), median(copies));
    let rate = size as f64 / upload;
    let goal = if rounds == ROUNDS[0] {
        "uploaded, read and listed in <= 300 ms"
    } else {
        ">= 300 MB/s, stored at <= 1/5"
    };
    Ok(format!(
        "| {} | {:.1} MiB | {:.0} ms | {:.0} ms | {:.0} MB/s | {:.0} ms | \
         {:.1} MiB, 1/{:.1} | {goal} |",
        core.parent().and_then(Path::file_name).unwrap_or_default().display(),
        size as f64 / MIB,
        upload * 1e3,
        list * 1e3,
        rate / 1e6,
        copy * 1e3,
        stored as f64 / MIB,
        size as f64 / stored.max(1) as f64,
    ))
}

/// Kills an upload in the middle and uploads again.
fn interrupted(thoth: &Path, core: &Path, store: &Path) -> Result<String> {
    empty(store)?;
    let whole = upload(thoth, core, store)?.wall_s;
    let kept = object_bytes(store)?;
    empty(store)?;
    let mut child = program(thoth, store).arg("upload").arg(core).spawn()?;
    std::thread::sleep(Duration::from_secs_f64(whole / 2.0));
    child.kill()?;
    if child.wait()?.success() {
        return Err("the upload was over before it was to be killed".into());
    }
    let left = object_bytes(store)?;
    let again = upload(thoth, core, store)?.wall_s;
    let after = object_bytes(store)?;
    empty(store)?;
    Ok(format!(
        "\nWhen the upload of the second is killed (SIGKILL) half-way, {:.0} MiB \
         are left of it;\nthe upload after it takes {:.0} ms. The store holds \
         {:.0} MiB then, {:.0} MiB where no\nupload was killed. See \
         [uploads that break off](design/0010-uploads-that-break-off.md).\n",
        left as f64 / MIB,
        again * 1e3,
        after as f64 / MIB,
        kept as f64 / MIB,
    ))
}

fn upload(thoth: &Path, core: &Path, store: &Path) -> Result<Usage> {
    let mut upload = program(thoth, store);
    let used = measure(upload.arg("upload").arg(core), LIMIT)?;
    if used.output.len() == 33 {
        return Ok(used);
    }
    Err(format!("{}: was not uploaded", core.display()).into())
}

fn program(thoth: &Path, store: &Path) -> Command {
    let mut command = Command::new(thoth);
    command.env("THOTH_HOME", store);
    command
}

fn empty(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    Ok(fs::create_dir_all(dir)?)
}

fn data_bytes(file: &Path) -> Result<u64> {
    Ok(fs::metadata(file)?.blocks() * 512)
}

/// The bytes of all objects that have files.
fn object_bytes(store: &Path) -> Result<u64> {
    let mut all = 0;
    let objects = store.join("store/objects");
    if !objects.exists() {
        return Ok(0);
    }
    for shard in fs::read_dir(objects)? {
        let shard = shard?.path();
        if shard.is_dir() {
            for file in fs::read_dir(shard)? {
                all += data_bytes(&file?.path())?;
            }
        }
    }
    Ok(all)
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// Makes the core of a node process with a large heap, unless it is there.
fn node_core(dir: &Path) -> Result<PathBuf> {
    let core = dir.join("core");
    if core.exists() {
        return Ok(core);
    }
    plain_cores()?;
    if find("node").is_none() {
        install(&["nodejs"])?;
    }
    empty(dir)?;
    let script = dir.join("node_heap.js");
    fs::write(&script, include_str!("node_heap.js"))?;
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -c unlimited; exec node \"$@\"", "sh"]);
    shell.arg("--max-old-space-size=4096").arg(&script);
    let told =
        measure(shell.arg(HEAP_MIB.to_string()).current_dir(dir), LIMIT)?;
    fs::write(dir.join("truth.json"), &told.output)?;
    if core.exists() {
        return Ok(core);
    }
    Err(format!("node left no core in {}", dir.display()).into())
}
