//! Folders in bad places: full, read-only, somebody else's.
//!
//! A full or read-only disk is a small file system of its own. Who may not
//! mount one runs these tests again inside a namespace where that is allowed
//! (`unshare`); where that is not to be had either, they fail and say so.

use std::path::{Path as FsPath, PathBuf};
use std::process::Command;
use std::time::Duration;

use thoth_manta::{Code, Condition, Manta, MantaExt, Path, PutOptions};
use thoth_store::{Ages, Embedded, EmbeddedOptions, Settings};

fn path(name: &str) -> Path {
    Path::parse(&format!("/me/stor/{name}")).expect("valid path")
}

fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// A file system that is unmounted at the end.
struct Mounted {
    at: PathBuf,
    _folder: tempfile::TempDir,
}

impl Mounted {
    /// Mounts a small one.
    fn tmpfs(mebibytes: u32) -> Mounted {
        let folder = tempfile::tempdir().expect("folder");
        let at = folder.path().join("mounted");
        std::fs::create_dir(&at).expect("folder");
        let size = format!("size={mebibytes}m,mode=0700");
        let args = ["-t", "tmpfs", "-o", &size, "none"];
        assert!(mount(&args, &at), "cannot mount a small file system");
        Mounted { at, _folder: folder }
    }
}

/// Runs a test where it may mount: here as root, else in a namespace of its
/// own.
fn where_mounting_is_allowed(test: &str, run: fn()) {
    const AGAIN: &str = "THOTH_STORE_TEST_UNSHARED";
    let root = rustix::process::geteuid().is_root();
    if root || std::env::var_os(AGAIN).is_some() {
        return run();
    }
    let done = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "--"])
        .arg(std::env::current_exe().expect("own program"))
        .args(["--exact", test, "--nocapture"])
        .env(AGAIN, "1")
        .output()
        .expect("unshare, of util-linux");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "in a namespace of its own: {said}");
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let done = Command::new("umount").arg(&self.at).status();
        assert!(done.is_ok_and(|s| s.success()), "cannot unmount");
    }
}

fn mount(args: &[&str], at: &FsPath) -> bool {
    let mut mount = Command::new("mount");
    mount.args(args).arg(at).stderr(std::process::Stdio::null());
    mount.status().is_ok_and(|status| status.success())
}

fn options(headroom: u64) -> EmbeddedOptions {
    EmbeddedOptions {
        files: Settings {
            headroom_bytes: Some(headroom),
            ..Settings::default()
        },
        ages: Ages {
            grace: Duration::from_secs(600),
            urgent_grace: Duration::ZERO,
            orphan: Duration::ZERO,
        },
        ..EmbeddedOptions::default()
    }
}

fn free(folder: &FsPath) -> u64 {
    let stat = rustix::fs::statvfs(folder).expect("statvfs");
    stat.f_bavail * stat.f_frsize
}

/// Fills a file system to the last byte.
fn fill(folder: &FsPath) -> PathBuf {
    use std::io::Write;
    let path = folder.join("ballast");
    let mut file = std::fs::File::create(&path).expect("create");
    for length in [1 << 20, 4096, 1] {
        while file.write_all(&vec![7; length]).is_ok() {}
    }
    path
}

#[test]
fn a_disk_that_fills_up_in_the_middle_leaves_nothing() {
    where_mounting_is_allowed(
        "a_disk_that_fills_up_in_the_middle_leaves_nothing",
        fills_up_in_the_middle,
    );
}

fn fills_up_in_the_middle() {
    let disk = Mounted::tmpfs(24);
    let folder = disk.at.join("store");
    let store =
        Embedded::open_with(&folder, "me", &options(1 << 20)).expect("open");
    let plain = PutOptions::default();
    let body = noise(4 << 20, 1);
    store.put_bytes(&path("first"), &body, &plain).expect("put");
    let before = free(&disk.at);
    // Its length is not known, so it is found out on the way.
    let long = noise(40 << 20, 2);
    for _ in 0..3 {
        let error = store
            .put(&path("long"), &mut long.as_slice(), &plain)
            .expect_err("no room");
        assert_eq!(error.code(), Code::NotEnoughSpace, "{error}");
        assert!(free(&disk.at) + (1 << 20) >= before, "what it took is back");
    }
    // Known, it is refused at once, and what compresses still goes in.
    let error = store.put_bytes(&path("long"), &long, &plain);
    assert_eq!(error.expect_err("no room").code(), Code::NotEnoughSpace);
    let zeros = PutOptions { room_bytes: Some(0), ..plain.clone() };
    store.put_bytes(&path("zeros"), &vec![0; 40 << 20], &zeros).expect("put");
    assert!(store.get(&path("first"), 1 << 30).expect("get").1 == body);
    assert!(store.info(&path("long")).expect_err("none").is_not_found());
    store.maintain_after(Duration::ZERO, Duration::ZERO).expect("maintain");
    let found = store.scrub(&Default::default(), &mut |_| ()).expect("scrub");
    assert_eq!((found.versions, found.bad), (2, vec![]));
}

#[test]
fn a_full_disk_lets_everybody_read_and_delete() {
    where_mounting_is_allowed(
        "a_full_disk_lets_everybody_read_and_delete",
        full,
    );
}

fn full() {
    let disk = Mounted::tmpfs(24);
    let folder = disk.at.join("store");
    let open = || Embedded::open_with(&folder, "me", &options(1 << 20));
    let store = open().expect("open");
    let plain = PutOptions::default();
    for n in 0..4 {
        let body = noise(2 << 20, n);
        store.put_bytes(&path(&format!("n{n}")), &body, &plain).expect("put");
        let small = path(&format!("s{n}"));
        store.put_bytes(&small, b"small", &plain).expect("put");
    }
    let ballast = fill(&disk.at);
    assert_eq!(free(&disk.at), 0);
    for body in [noise(100, 9), noise(100_000, 9)] {
        let error = store.put_bytes(&path("new"), &body, &plain);
        assert_eq!(error.expect_err("full").code(), Code::NotEnoughSpace);
    }
    assert_eq!(store.get(&path("s1"), 99).expect("get").1, b"small");
    let none = Condition::none();
    store.delete(&path("n0"), &none).expect("delete on a full disk");
    assert!(free(&disk.at) > 0, "the bytes are gone at once");
    // The same for a process that comes when it is full.
    drop(store);
    fill(&disk.at.join("store"));
    let ballast_2 = folder.join("ballast");
    let store = open().expect("open on a full disk");
    assert!(store.get(&path("n1"), 1 << 30).is_ok());
    store.delete(&path("n1"), &none).expect("delete on a full disk");
    for file in [ballast, ballast_2] {
        std::fs::remove_file(file).expect("make room");
    }
    store.put_bytes(&path("new"), &noise(100_000, 9), &plain).expect("put");
    store.maintain_after(Duration::ZERO, Duration::ZERO).expect("maintain");
    let found = store.scrub(&Default::default(), &mut |_| ()).expect("scrub");
    assert_eq!((found.versions, found.bad), (7, vec![]));
    assert!(found.database.is_empty(), "{:?}", found.database);
    drop(store);
    drop(open().expect("open"));
    assert!(folder.join("reserve").exists(), "room is set aside again");
}

#[test]
fn a_read_only_file_system_is_said_by_name() {
    where_mounting_is_allowed(
        "a_read_only_file_system_is_said_by_name",
        read_only,
    );
}

fn read_only() {
    let disk = Mounted::tmpfs(24);
    let folder = disk.at.join("store");
    drop(Embedded::open(&folder, "me").expect("open"));
    assert!(mount(&["-o", "remount,ro", "none"], &disk.at), "remount");
    for folder in [folder, disk.at.join("new")] {
        let error = Embedded::open(&folder, "me").expect_err("read-only");
        let text = error.to_string();
        assert!(text.contains("read-only"), "{text}");
        assert!(text.contains(&folder.display().to_string()), "{text}");
    }
}

#[test]
fn somebody_elses_folder_is_said_by_name() {
    let said = |folder: &FsPath, owner: u32| {
        let error = Embedded::open(folder, "me").expect_err("not ours");
        let text = error.to_string();
        assert!(text.contains(&format!("user {owner}")), "{text}");
        assert!(text.contains(&folder.display().to_string()), "{text}");
    };
    if !rustix::process::geteuid().is_root() {
        // There is one of root's.
        return said(FsPath::new("/usr"), 0);
    }
    let folder = tempfile::tempdir().expect("folder");
    std::os::unix::fs::chown(folder.path(), Some(12_345), None)
        .expect("root may give folders away");
    said(folder.path(), 12_345);
    let mut accepted = EmbeddedOptions::default();
    accepted.folder.any_owner = true;
    Embedded::open_with(folder.path(), "me", &accepted).expect("accepted");
}

#[test]
fn a_file_in_the_place_of_the_folder_is_said_by_name() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("file");
    std::fs::write(&file, b"").expect("file");
    for place in [file.clone(), file.join("below")] {
        let error = Embedded::open(&place, "me").expect_err("a file");
        let text = error.to_string();
        assert!(text.contains(&place.display().to_string()), "{text}");
    }
}
