//! Folders of earlier layouts, and folders that are not fit.
//!
//! `fixtures/vN/store.sql` is the database of a folder that the program of
//! layout version N made, as text; its blobs are made again here.

use std::path::{Path as FsPath, PathBuf};

use thoth_manta::{Condition, Index, Manta, MantaExt, Path, PutOptions};
use thoth_store::{Embedded, SCHEMA_VERSION, ScrubOptions};

fn path(name: &str) -> Path {
    Path::parse(&format!("/me/stor/{name}")).expect("valid path")
}

/// Bytes that anybody can make again; every third page is zeros.
fn body(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = vec![0u8; length];
    for (n, page) in bytes.chunks_mut(4096).enumerate() {
        if n % 3 == 0 {
            continue;
        }
        for byte in page {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
    }
    bytes
}

fn text() -> Vec<u8> {
    "a line of text, again and again\n".repeat(2000).into_bytes()
}

fn version_1() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("folder");
    let database = folder.path().join("store.db");
    let sql = rusqlite::Connection::open(&database).expect("database");
    let dump = include_str!("fixtures/v1/store.sql");
    // Its tables are in the order of their names.
    sql.pragma_update(None, "foreign_keys", "OFF").expect("off");
    sql.execute_batch(dump).expect("the dump of the database");
    drop(sql);
    for (id, bytes) in [
        ("56e4ca59-23be-48b3-9f14-5406b31c7a1b", body(100_000, 1)),
        ("94d0cf28-b23d-43b2-b140-4dcec3fbacce", body(50_000, 2)),
        ("ae9f63eb-a462-4827-a3d4-ba29af18bd52", text()),
    ] {
        let shard = folder.path().join("objects").join(&id[..2]);
        std::fs::create_dir_all(&shard).expect("shard");
        std::fs::write(shard.join(id), bytes).expect("blob");
    }
    (folder, database)
}

fn version_of(database: &FsPath) -> i64 {
    let sql = rusqlite::Connection::open(database).expect("database");
    sql.pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("version")
}

#[test]
fn a_version_1_folder_comes_up_with_all_it_holds() {
    let (folder, database) = version_1();
    assert_eq!(version_of(&database), 1);
    let store = Embedded::open(folder.path(), "me").expect("open");
    assert_eq!(version_of(&database), SCHEMA_VERSION);
    assert_eq!(store.get(&path("small"), 99).expect("get").1, b"hello\n");
    let (info, bytes) = store.get(&path("d/empty"), 99).expect("get");
    assert!(bytes.is_empty());
    assert_eq!(info.metadata.content_type, "text/plain");
    assert_eq!(info.metadata.headers["m-k"], "v");
    let large = body(100_000, 1);
    for name in ["d/e/large", "link"] {
        let (info, bytes) = store.get(&path(name), 1 << 20).expect("get");
        assert!(bytes == large);
        let id = "56e4ca59-23be-48b3-9f14-5406b31c7a1b";
        assert_eq!(info.etag.as_str(), id, "versions are as they were");
        assert_eq!(info.metadata.content_type, "application/octet-stream");
    }
    assert!(store.get(&path("d/e/text"), 1 << 20).expect("get").1 == text());
    assert!(store.info(&path("gone")).expect_err("gone").is_not_found());
    assert_eq!(store.last_change().expect("log"), 7);
    let page = store.changes(0, 100).expect("log");
    assert!(page.complete);
    assert_eq!(page.changes.len(), 7);
    let usage = store.usage("me").expect("usage");
    assert_eq!((usage.objects, usage.size_bytes), (4, 164_006));
    let found =
        store.scrub(&ScrubOptions::default(), &mut |_| ()).expect("scrub");
    assert_eq!(found.bad, []);
    assert_eq!(found.database, [""; 0]);
    assert_eq!(found.versions, 4);
    // And it goes on as any other.
    store.delete(&path("d/e/large"), &Condition::none()).expect("delete");
    let options = PutOptions::default();
    store.put_bytes(&path("d/new"), &text(), &options).expect("put");
    let none = std::time::Duration::ZERO;
    let done = store.maintain_after(none, none).expect("maintenance");
    assert_eq!(done.orphans, 0);
    let id = "94d0cf28-b23d-43b2-b140-4dcec3fbacce";
    let gone = folder.path().join("objects/94").join(id);
    assert!(!gone.exists(), "what was deleted under version 1");
    drop(store);
    let store = Embedded::open(folder.path(), "me").expect("open again");
    assert!(store.get(&path("link"), 1 << 20).expect("get").1 == large);
}
