//! Uploads in trouble: two at once, killed in the middle, a disk that fills.

use crate::support::{Home, PLAIN, Ran, synthetic};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// A core followed by what nothing makes smaller, of so many MiB.
fn large(home: &Home, name: &str, mebibytes: usize) {
    let mut bytes = synthetic(&PLAIN);
    let mut state = 88_172_645_463_325_252u64;
    for _ in 0..(mebibytes << 20) / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    home.file(name, &bytes);
}

/// Bytes of all files that objects have.
fn stored(home: &Home) -> u64 {
    let folder = home.data().join("store/objects");
    let Ok(shards) = std::fs::read_dir(folder) else { return 0 };
    shards
        .flatten()
        .filter_map(|shard| std::fs::read_dir(shard.path()).ok())
        .flat_map(|files| files.flatten())
        .filter_map(|file| Some(file.metadata().ok()?.len()))
        .sum()
}

#[test]
fn the_same_file_uploaded_by_several_at_once_is_one_dump() {
    let home = Home::new();
    large(&home, "core.1", 8);
    let id = home.ok(&["object", "core.1"]);
    let children: Vec<_> = (0..6)
        .map(|_| {
            let mut command = home.command(&["upload", "core.1"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().expect("the program runs")
        })
        .collect();
    for child in children {
        let done = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{said}");
        assert_eq!(String::from_utf8_lossy(&done.stdout), id);
    }
    let listed = home.json(&["ls"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    home.ok(&["get", id.trim(), "-o", "back"]);
    let read = |name| std::fs::read(home.work().join(name)).expect("there");
    assert!(read("core.1") == read("back"), "the same bytes");
}

#[test]
fn an_upload_that_is_killed_leaves_nothing_and_can_be_done_again() {
    let home = Home::new();
    home.file(
        "core.0",
        &synthetic(&crate::support::Names { command: "small", ..PLAIN }),
    );
    large(&home, "core.1", 96);
    let start = Instant::now();
    let other = Home::new();
    let file = home.work().join("core.1");
    let file = file.to_str().expect("plain");
    other.ok(&["upload", file]);
    let whole = start.elapsed();
    let once = stored(&other);
    for part in [0.3, 0.6, 0.8] {
        let mut command = home.command(&["upload", "core.0", "core.1"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program runs");
        std::thread::sleep(whole.mul_f64(part));
        child.kill().expect("it runs or has ended");
        child.wait().expect("it ends");
        // Listed whole or not at all.
        for record in home.json(&["ls"]).as_array().expect("records") {
            let id = record["id"].as_str().expect("an id");
            let size = record["size"].as_u64().expect("a size");
            let got = home.command(&["cat", id]).output().expect("runs");
            assert_eq!(got.stdout.len() as u64, size);
        }
    }
    let again = home.run(&["upload", "core.0", "core.1"]);
    assert_eq!(again.status, 0, "{again:?}");
    assert!(again.err.contains("core.0 is there already"), "{again:?}");
    assert_eq!(home.json(&["ls"]).as_array().map(Vec::len), Some(2));
    assert!(stored(&home) <= once + 65_536, "nothing is there twice");
    assert_eq!(home.run(&["index", "check"]).status, 0);
}

/// A small file system, unmounted when it is dropped.
struct Disk(std::path::PathBuf);

impl Disk {
    fn new(at: &Path, mebibytes: u32) -> Disk {
        std::fs::create_dir_all(at).expect("fresh");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "none"])
            .arg(at)
            .status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "this test mounts a small file system, which needs root"
        );
        Disk(at.to_owned())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_disk_that_fills_is_said_and_the_library_goes_on() {
    let home = Home::new();
    let _disk = Disk::new(&home.data(), 24);
    large(&home, "core.1", 40);
    home.file(
        "core.0",
        &synthetic(&crate::support::Names { command: "small", ..PLAIN }),
    );
    home.ok(&["upload", "core.0"]);
    let full: Ran = home.run(&["upload", "core.1"]);
    assert_eq!(full.status, 1, "{full:?}");
    let told = full.err.to_lowercase();
    assert!(told.contains("space"), "{full:?}");
    assert_eq!(full.out, "");
    assert_eq!(home.json(&["ls"]).as_array().map(Vec::len), Some(1));
    // As a stream nobody knew how long it is.
    let mut command = home.command(&["upload", "-"]);
    let input = std::fs::File::open(home.work().join("core.1"));
    command.stdin(input.expect("there"));
    let full = crate::support::ran(command);
    assert_eq!(full.status, 1, "{full:?}");
    let listed = home.json(&["ls"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    home.ok(&["ticket", "cmd=small", "T-1"]);
    home.ok(&["rm", "cmd=small", "--yes"]);
    assert!(stored(&home) < 1 << 20, "what broke off takes no room");
    home.ok(&["upload", "core.0", "--again"]);
    home.ok(&["index", "check"]);
}
