//! Backup, scrub and quota beside a server that goes on serving; a disk that
//! is full.

use crate::client::Ask;
use crate::process::Serving;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};

fn store(data: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thoth"));
    command.arg("store").args(words).arg("--data").arg(data).env_clear();
    command.output().expect("runs")
}

#[track_caller]
fn said(ran: &Output) -> String {
    let err = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{err}");
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

#[test]
fn backup_and_scrub_work_while_serving() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("data");
    let serving = Serving::start(&data, &[]);
    let body: Vec<u8> =
        (0..300_000u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
    let mut client = serving.client();
    for n in 0..20 {
        let path = format!("/alice/stor/{n}");
        let ask = Ask::new("PUT", &path).body(&body[n * 10..]);
        assert_eq!(client.ask(ask).status, 204);
    }
    let stop = AtomicBool::new(false);
    let backup = folder.path().join("backup");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = serving.client();
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                let path = format!("/alice/stor/busy{}", n % 7);
                let ask = Ask::new("PUT", &path).body(&body[n % 1000..]);
                assert_eq!(client.ask(ask).status, 204);
                n += 1;
            }
        });
        let to = backup.display().to_string();
        let words = said(&store(&data, &["backup", &to]));
        assert!(words.contains("copied"), "{words}");
        let words = said(&store(&data, &["scrub"]));
        assert!(words.contains("all as written"), "{words}");
        let words = said(&store(&data, &["backup", &to]));
        assert!(words.contains("there already"), "{words}");
        stop.store(true, Ordering::Relaxed);
    });
    let restored = folder.path().join("restored");
    let from = backup.display().to_string();
    said(&store(&restored, &["restore", &from]));
    let again = Serving::start(&restored, &[]);
    for n in 0..20 {
        let path = format!("/alice/stor/{n}");
        let answer = again.client().ask(Ask::new("GET", &path));
        assert!(answer.body == body[n * 10..], "{n}");
    }
}

#[test]
fn a_quota_counts_at_once() {
    let folder = tempfile::tempdir().expect("folder");
    let serving = Serving::start(folder.path(), &[]);
    let mut client = serving.client();
    let put = || Ask::new("PUT", "/alice/stor/x").body(b"hello");
    assert_eq!(client.ask(put()).status, 204);
    said(&store(folder.path(), &["quota", "alice", "4"]));
    client.ask(put()).fails(507, "NotEnoughSpace");
    said(&store(folder.path(), &["quota", "alice", "none"]));
    assert_eq!(serving.client().ask(put()).status, 204);
    let shown = said(&store(folder.path(), &["quota", "alice", "--json"]));
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["size"], 5);
    let none = store(&folder.path().join("none"), &["scrub"]);
    assert_eq!(none.status.code(), Some(1));
}

/// A file system of its own, unmounted when it is dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new(mebibytes: u32) -> Disk {
        let folder = tempfile::tempdir().expect("folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "none"])
            .arg(folder.path())
            .status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "this test mounts a small file system, which needs root"
        );
        Disk(folder)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_said_and_the_service_goes_on() {
    let disk = Disk::new(24);
    let mut serving = Serving::start(disk.0.path(), &["--log", "off"]);
    let mut client = serving.client();
    let body: Vec<u8> =
        (0..3_000_000u32).map(|n| (n.wrapping_mul(n) >> 11) as u8).collect();
    let mut stored = Vec::new();
    for n in 0..40 {
        let path = format!("/alice/stor/{n}");
        let ask =
            Ask::new("PUT", &path).with("expect", "100-continue").body(&body);
        let answer = client.ask(ask);
        if answer.status == 204 {
            stored.push(path);
            continue;
        }
        answer.fails(507, "NotEnoughSpace");
        client = serving.client();
    }
    assert!((1..40).contains(&stored.len()), "{}", stored.len());
    // A body whose length nobody knew: full in the middle.
    let ask = Ask::new("PUT", "/alice/stor/chunked")
        .with("transfer-encoding", "chunked");
    let mut other = serving.client();
    other.send(&ask.bytes());
    for _ in 0..12 {
        other.send(format!("{:x}\r\n", body.len()).as_bytes());
        other.send(&body);
        other.send(b"\r\n");
    }
    other.answer(false).fails(507, "NotEnoughSpace");
    let mut client = serving.client();
    let none = client.ask(Ask::new("HEAD", "/alice/stor/chunked"));
    assert_eq!(none.status, 404, "nothing half-written");
    for path in &stored {
        let answer = client.ask(Ask::new("GET", path));
        assert!(answer.body == body, "{path}");
    }
    // Deleting makes room, some seconds later.
    for path in &stored {
        assert_eq!(client.ask(Ask::new("DELETE", path)).status, 204);
    }
    let begun = std::time::Instant::now();
    loop {
        let ask = Ask::new("PUT", "/alice/stor/again").body(&body);
        let mut client = serving.client();
        if client.ask(ask).status == 204 {
            break;
        }
        assert!(begun.elapsed().as_secs() < 60, "room comes back");
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    serving.signal(rustix::process::Signal::TERM);
    assert_eq!(serving.wait().0, Some(0));
}
