//! Keeping what is stored: scrub, backup, restore, quotas, the log's end.

use std::path::{Path as FsPath, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use thoth_manta::{
    Code, Condition, Index, IndexBatch, Manta, MantaExt, Md5, Path, PutOptions,
};
use thoth_store::{
    Ages, Embedded, EmbeddedOptions, RestoreOptions, ScrubOptions, Scrubbed,
    restore,
};

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

fn text(length: usize) -> Vec<u8> {
    let line = b"a line of text, again and again\n";
    line.iter().copied().cycle().take(length).collect()
}

/// Names and bodies of each form.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("small", b"hello".to_vec()),
        ("framed", text(3_000_000)),
        ("plain", noise(100_000, 1)),
        ("summed", noise(3_000_000, 2)),
        ("zeros", vec![0; 5_000_000]),
    ]
}

fn filled() -> (tempfile::TempDir, Embedded) {
    let folder = tempfile::tempdir().expect("folder");
    let store = Embedded::open(folder.path(), "me").expect("open");
    for (name, body) in bodies() {
        let options = PutOptions::default();
        store.put_bytes(&path(name), &body, &options).expect("put");
    }
    store.link(&path("framed"), &path("link")).expect("link");
    (folder, store)
}

fn same(store: &Embedded) {
    for (name, body) in bodies() {
        let (_, back) = store.get(&path(name), 1 << 30).expect("get");
        assert!(back == body, "{name}");
    }
    let (_, back) = store.get(&path("link"), 1 << 30).expect("get");
    assert!(back == text(3_000_000));
}

fn scrub(store: &Embedded) -> Scrubbed {
    store.scrub(&ScrubOptions::default(), &mut |_| ()).expect("scrub")
}

fn files(folder: &FsPath) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for shard in std::fs::read_dir(folder.join("objects")).expect("objects") {
        let shard = shard.expect("shard").path();
        for file in std::fs::read_dir(shard).expect("shard") {
            found.push(file.expect("file").path());
        }
    }
    found.sort();
    found
}

fn flip(file: &FsPath, bit: usize) {
    let mut bytes = std::fs::read(file).expect("read");
    bytes[bit / 8] ^= 1 << (bit % 8);
    std::fs::write(file, bytes).expect("write");
}

#[test]
fn a_scrub_names_the_object_of_a_flipped_bit() {
    let (folder, store) = filled();
    let found = scrub(&store);
    assert_eq!(found.versions, 5);
    assert_eq!(found.bad, []);
    assert!(found.database.is_empty(), "{:?}", found.database);
    assert_eq!(found.next, None);
    let total: usize = bodies().iter().map(|body| body.1.len()).sum();
    assert_eq!(found.bytes, total as u64);
    for file in files(folder.path()) {
        let bit = std::fs::metadata(&file).expect("meta").len() as usize * 4;
        flip(&file, bit);
        let found = scrub(&store);
        let [bad] = &found.bad[..] else { panic!("{found:?}") };
        let id = bad.id.to_string();
        assert!(file.to_string_lossy().contains(&id), "{bad:?}");
        let (name, _) = bodies()
            .into_iter()
            .find(|(name, _)| bad.names.contains(&path(name)))
            .expect("a name of ours");
        if name == "framed" {
            assert!(bad.names.contains(&path("link")));
        }
        flip(&file, bit);
    }
    assert_eq!(scrub(&store).bad, []);
}

#[test]
fn a_scrub_reads_the_database_too() {
    let (folder, store) = filled();
    let sql = rusqlite::Connection::open(folder.path().join("store.db"))
        .expect("database");
    sql.execute_batch("UPDATE object SET body = x'68656c6c70' WHERE size = 5")
        .expect("damage");
    let found = scrub(&store);
    assert_eq!(found.bad.len(), 1);
    assert_eq!(found.bad[0].names, [path("small")]);
    // The verdict and the time of the last good one stay with the version.
    let (good, bad): (i64, i64) = sql
        .query_row(
            "SELECT sum(checked IS NOT NULL AND fault IS NULL),
                    sum(fault IS NOT NULL) FROM object",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .expect("query");
    assert_eq!((good, bad), (4, 1));
    sql.execute_batch(
        "UPDATE object SET body = x'68656c6c6f' WHERE size = 5;
         UPDATE dir SET entries = entries + 1 WHERE entries = 6",
    )
    .expect("damage");
    let found = scrub(&store);
    assert_eq!(found.bad, []);
    assert_eq!(found.database.len(), 1, "{:?}", found.database);
    assert!(found.database[0].contains("7 entries counted, 6 there"));
}

#[test]
fn a_scrub_goes_on_where_it_stopped_and_keeps_its_pace() {
    let (_folder, store) = filled();
    let mut options =
        ScrubOptions { max_bytes: Some(1), ..ScrubOptions::default() };
    let mut versions = 0;
    loop {
        let found = store.scrub(&options, &mut |_| ()).expect("scrub");
        versions += found.versions;
        match found.next {
            Some(next) => options.after = next,
            None => break,
        }
    }
    assert_eq!(versions, 5);
    let slow = ScrubOptions {
        bytes_per_second: Some(100_000_000),
        ..ScrubOptions::default()
    };
    let begun = std::time::Instant::now();
    store.scrub(&slow, &mut |_| ()).expect("scrub");
    assert!(begun.elapsed() >= Duration::from_millis(100));
}

#[test]
fn a_missing_blob_is_bad_and_never_absent() {
    let (folder, store) = filled();
    for file in files(folder.path()) {
        std::fs::remove_file(file).expect("remove");
    }
    assert_eq!(scrub(&store).bad.len(), 4);
    let error = store.open(&path("plain")).map(|_| ()).expect_err("missing");
    assert_eq!(error.code(), Code::InternalError, "{error}");
}

#[test]
fn a_backup_restores_to_the_same() {
    let (_folder, store) = filled();
    let place = tempfile::tempdir().expect("folder");
    let backup = place.path().join("backup");
    let done = store.backup(&backup, &mut |_| ()).expect("backup");
    assert_eq!((done.versions, done.copied, done.kept), (5, 4, 0));
    assert_eq!(done.bad, []);
    let to = place.path().join("restored");
    let options = RestoreOptions::default();
    let restored = restore(&backup, &to, &options, &mut |_| ()).expect("ok");
    assert_eq!(restored.versions, 5);
    let again = Embedded::open(&to, "me").expect("open");
    same(&again);
    assert_eq!(scrub(&again).bad, []);
    assert!(scrub(&again).database.is_empty());
    let options = PutOptions::default();
    again.put_bytes(&path("new"), b"1", &options).expect("put");
    // A folder that is in use is not overwritten.
    let options = RestoreOptions::default();
    let error = restore(&backup, &to, &options, &mut |_| ());
    assert!(error.expect_err("full").to_string().contains("not empty"));
}

#[test]
fn a_later_backup_copies_what_is_new_and_drops_what_is_gone() {
    let (_folder, store) = filled();
    let place = tempfile::tempdir().expect("folder");
    let backup = place.path().join("backup");
    store.backup(&backup, &mut |_| ()).expect("backup");
    store.delete(&path("plain"), &Condition::none()).expect("delete");
    let options = PutOptions::default();
    store.put_bytes(&path("new"), &text(200_000), &options).expect("put");
    let done = store.backup(&backup, &mut |_| ()).expect("backup");
    assert_eq!((done.copied, done.kept, done.removed), (1, 3, 1));
    assert_eq!(files(&backup).len(), 5);
    // Nothing is held back any more.
    let none = Duration::ZERO;
    let swept = store.maintain_after(none, none).expect("maintenance");
    assert_eq!(swept.deleted, 1);
}

#[test]
fn a_backup_is_consistent_while_others_write() {
    let (_folder, store) = filled();
    let place = tempfile::tempdir().expect("folder");
    let backup = place.path().join("backup");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for n in 0..3u64 {
            let (store, stop) = (&store, &stop);
            scope.spawn(move || {
                let mut round = 0;
                while !stop.load(Ordering::Relaxed) {
                    round += 1;
                    let name = path(&format!("w{n}-{}", round % 5));
                    let body = noise(50_000, n * 1000 + round);
                    let options = PutOptions::default();
                    store.put_bytes(&name, &body, &options).expect("put");
                    let none = Duration::ZERO;
                    store.maintain_after(ORPHAN, none).expect("maintain");
                }
            });
        }
        for round in 0..5 {
            let done = store.backup(&backup, &mut |_| ()).expect("backup");
            assert_eq!(done.bad, []);
            let to = place.path().join(format!("restored-{round}"));
            let options = RestoreOptions::default();
            let restored = restore(&backup, &to, &options, &mut |_| ());
            assert!(restored.expect("restore").versions >= 5);
        }
        stop.store(true, Ordering::Relaxed);
    });
    let to = place.path().join("restored-4");
    let again = Embedded::open(&to, "me").expect("open");
    same(&again);
    let mut listed = 0;
    again
        .list_all(&path("x").parent().expect("stor"), &mut |entry| {
            again.get(entry.path(), 1 << 30)?;
            listed += 1;
            Ok(())
        })
        .expect("list");
    assert!(listed >= 6);
}

/// Longer than the test runs.
const ORPHAN: Duration = Duration::from_secs(3600);

#[test]
fn bad_backups_are_refused_with_the_reason() {
    let (_folder, store) = filled();
    let place = tempfile::tempdir().expect("folder");
    let backup = place.path().join("backup");
    store.backup(&backup, &mut |_| ()).expect("backup");
    let to = place.path().join("to");
    let refused = |part: &str| {
        let none = RestoreOptions::default();
        let error = restore(&backup, &to, &none, &mut |_| ());
        let text = error.expect_err("refused").to_string();
        assert!(text.contains(part), "{text}");
        assert!(!to.exists());
    };
    for file in files(&backup) {
        flip(&file, 900);
        refused("is bad in the backup");
        flip(&file, 900);
    }
    let file = files(&backup).remove(0);
    let bytes = std::fs::read(&file).expect("read");
    std::fs::remove_file(&file).expect("remove");
    refused("missing");
    // Unless the caller accepts it, and is told which.
    let accept = RestoreOptions { accept_bad: true };
    let done = restore(&backup, &to, &accept, &mut |_| ()).expect("accepted");
    assert_eq!(done.bad.len(), 1);
    std::fs::remove_dir_all(&to).expect("remove");
    std::fs::write(&file, bytes).expect("write");
    flip(&backup.join("store.db"), 80_000);
    refused("digest");
    flip(&backup.join("store.db"), 80_000);
    std::fs::remove_file(backup.join("backup.json")).expect("remove");
    refused("no finished backup");
    // A folder with something else in it is not written to.
    let other = place.path().join("other");
    std::fs::create_dir(&other).expect("folder");
    std::fs::write(other.join("letter"), b"dear").expect("file");
    let error = store.backup(&other, &mut |_| ()).expect_err("other");
    assert!(error.to_string().contains("letter"), "{error}");
}

#[test]
fn quotas_bound_what_an_account_stores() {
    let folder = tempfile::tempdir().expect("folder");
    let store = Embedded::open(folder.path(), "me").expect("open");
    let options = PutOptions { md5: Md5::Skip, ..PutOptions::default() };
    let put = |name: &str, length| {
        store.put_bytes(&path(name), &noise(length, 1), &options)
    };
    put("a", 1_000_000).expect("put");
    let used = store.usage("me").expect("usage");
    assert_eq!((used.objects, used.size_bytes), (1, 1_000_000));
    assert!(used.stored_bytes >= 1_000_000);
    store.set_quota("me", Some(1_500_000)).expect("quota");
    // Before the body is read, as its length is known.
    struct Untouched;
    impl std::io::Read for Untouched {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            panic!("the body was read")
        }
    }
    let long = PutOptions { length_bytes: Some(1_000_000), ..options.clone() };
    let error =
        store.put(&path("b"), &mut Untouched, &long).expect_err("refused");
    assert_eq!(error.code(), Code::NotEnoughSpace);
    assert!(error.to_string().contains("me has stored"), "{error}");
    let disk = PutOptions { length_bytes: Some(1 << 50), ..options.clone() };
    store.set_quota("me", None).expect("quota");
    let error =
        store.put(&path("b"), &mut Untouched, &disk).expect_err("refused");
    assert_eq!(error.code(), Code::NotEnoughSpace, "more than any disk");
    store.set_quota("me", Some(1_500_000)).expect("quota");
    // At the end, as it is not known.
    let bytes = noise(1_000_000, 3);
    let error = store
        .put(&path("b"), &mut bytes.as_slice(), &options)
        .expect_err("refused");
    assert_eq!(error.code(), Code::NotEnoughSpace);
    assert!(store.info(&path("b")).expect_err("none").is_not_found());
    // An overwrite needs the difference only; deleting gives room back.
    put("a", 1_200_000).expect_err("the old and the new at once");
    put("small", 100).expect("put");
    store.delete(&path("a"), &Condition::none()).expect("delete");
    put("b", 1_000_000).expect("put");
    // A link takes nothing; the last name gives back.
    store.link(&path("b"), &path("c")).expect("link");
    let used = store.usage("me").expect("usage");
    assert_eq!(used.objects, 2);
    store.delete(&path("b"), &Condition::none()).expect("delete");
    assert_eq!(store.usage("me").expect("usage"), used);
    store.delete(&path("c"), &Condition::none()).expect("delete");
    assert_eq!(store.usage("me").expect("usage").size_bytes, 100);
    assert!(scrub(&store).database.is_empty());
    let error = store.usage("nobody").expect_err("unknown");
    assert_eq!(error.code(), Code::AccountDoesNotExist);
}

#[test]
fn the_log_is_trimmed_to_what_indexes_have_read() {
    let folder = tempfile::tempdir().expect("folder");
    let ages = Ages::default();
    let options = EmbeddedOptions { ages, ..EmbeddedOptions::default() };
    let store =
        Embedded::open_with(folder.path(), "me", &options).expect("open");
    std::thread::scope(|scope| {
        for n in 0..16 {
            let store = &store;
            scope.spawn(move || {
                for _ in 0..700 {
                    let name = path(&format!("n{n}"));
                    let options = PutOptions::default();
                    store.put_bytes(&name, b"", &options).expect("put");
                }
            });
        }
    });
    let last = store.last_change().expect("log");
    assert_eq!(last, 11_200);
    let batch = IndexBatch { position: 500, ..IndexBatch::default() };
    assert!(store.index_apply("i", 0, batch).expect("apply"));
    store.maintain_after(ORPHAN, ORPHAN).expect("maintenance");
    let page = store.changes(500, 10).expect("log");
    assert!(page.complete, "the index has not read on");
    assert_eq!(page.changes[0].position, 501);
    assert!(!store.changes(499, 10).expect("log").complete);
    assert!(!store.changes(0, 10).expect("log").complete);
    let batch = IndexBatch { position: last, ..IndexBatch::default() };
    assert!(store.index_apply("i", 500, batch).expect("apply"));
    store.maintain_after(ORPHAN, ORPHAN).expect("maintenance");
    let page = store.changes(1_200, 1_000).expect("log");
    assert!(page.complete, "some are kept");
    assert_eq!(page.changes.len(), 1_000);
    assert!(!store.changes(1_199, 10).expect("log").complete);
    assert_eq!(store.last_change().expect("log"), last);
}
