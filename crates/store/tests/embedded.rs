//! The embedded engines against the suite, and what is theirs alone: several
//! processes, kills, versions of the folder.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use thoth_manta::{Condition, Manta, MantaExt, Path, PutOptions};
use thoth_store::{Embedded, LocalFiles, Sqlite, conformance};

/// Set for the processes that a test starts: what they are to do.
const ROLE: &str = "THOTH_STORE_TEST_FOLDER";

fn path(name: &str) -> Path {
    Path::parse(&format!("/me/stor/{name}")).expect("valid path")
}

/// Runs this same test in another process, on a folder.
fn start(test: &str, folder: &std::path::Path) -> Child {
    Command::new(std::env::current_exe().expect("own program"))
        .args(["--exact", test, "--nocapture"])
        .env(ROLE, folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("start a process")
}

fn role() -> Option<std::path::PathBuf> {
    std::env::var_os(ROLE).map(Into::into)
}

#[test]
fn the_embedded_pair_conforms() {
    let mut folders = Vec::new();
    conformance::all(|| {
        let folder = tempfile::tempdir().expect("folder");
        let meta = Sqlite::open(&folder.path().join("store.db"));
        let blobs = LocalFiles::open(&folder.path().join("objects"));
        folders.push(folder);
        (meta.expect("database"), blobs.expect("files"))
    });
}

#[test]
fn everything_is_there_after_reopening() {
    let folder = tempfile::tempdir().expect("folder");
    let large = vec![7u8; 100_000];
    {
        let store = Embedded::open(folder.path(), "me").expect("open");
        let options = PutOptions::default();
        store.put_bytes(&path("s"), b"small", &options).expect("put");
        store.put_bytes(&path("l"), &large, &options).expect("put");
    }
    let store = Embedded::open(folder.path(), "me").expect("open again");
    assert_eq!(store.get(&path("s"), 100).expect("get").1, b"small");
    assert!(store.get(&path("l"), 1 << 20).expect("get").1 == large);
}

#[test]
fn a_newer_folder_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("folder");
    drop(Embedded::open(folder.path(), "me").expect("open"));
    let file = folder.path().join("store.db");
    let sql = rusqlite::Connection::open(&file).expect("database");
    sql.pragma_update(None, "user_version", 99).expect("set");
    drop(sql);
    let error = Embedded::open(folder.path(), "me").expect_err("newer");
    let text = error.to_string();
    assert!(text.contains("version 99"), "{text}");
    assert!(text.contains(&file.display().to_string()), "{text}");
}

#[test]
fn a_foreign_database_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("store.db");
    let sql = rusqlite::Connection::open(&file).expect("database");
    sql.execute_batch("CREATE TABLE t(a)").expect("table");
    drop(sql);
    let error = Embedded::open(folder.path(), "me").expect_err("foreign");
    assert!(error.to_string().contains("another program"), "{error}");
    std::fs::write(&file, b"no database, but longer than a header is, by far")
        .expect("write");
    assert!(Embedded::open(folder.path(), "me").is_err());
}

#[test]
fn processes_share_a_folder() {
    const EACH: u32 = 40;
    let add = |folder: &std::path::Path| {
        let store = Embedded::open(folder, "me").expect("open");
        for _ in 0..EACH {
            loop {
                let now = store.get(&path("n"), 100);
                let (condition, count) = match now {
                    Ok((info, text)) => (
                        Condition::unchanged(info.etag),
                        String::from_utf8(text)
                            .expect("digits")
                            .parse::<u32>()
                            .expect("number"),
                    ),
                    Err(error) => {
                        assert!(error.is_not_found(), "{error}");
                        (Condition::create_only(), 0)
                    }
                };
                let options = PutOptions { condition, ..PutOptions::default() };
                let text = (count + 1).to_string();
                match store.put_bytes(&path("n"), text.as_bytes(), &options) {
                    Ok(_) => break,
                    Err(error) => assert!(error.is_conflict(), "{error}"),
                }
            }
        }
    };
    if let Some(folder) = role() {
        return add(&folder);
    }
    let folder = tempfile::tempdir().expect("folder");
    // They also set the folder up, all at the same time.
    let mut others: Vec<Child> = (0..3)
        .map(|_| start("processes_share_a_folder", folder.path()))
        .collect();
    add(folder.path());
    for other in &mut others {
        assert!(other.wait().expect("wait").success());
    }
    let store = Embedded::open(folder.path(), "me").expect("open");
    let total = (4 * EACH).to_string();
    assert_eq!(store.get(&path("n"), 100).expect("get").1, total.as_bytes());
}

/// A body that stops in the middle for ever.
struct Stuck(u64);

impl Read for Stuck {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.0 == 0 {
            std::thread::sleep(Duration::from_secs(600));
        }
        self.0 -= 1;
        buffer.fill(1);
        Ok(buffer.len())
    }
}

#[test]
fn a_killed_put_leaves_nothing() {
    if let Some(folder) = role() {
        let store = Embedded::open(&folder, "me").expect("open");
        store
            .put_bytes(&path("acknowledged"), b"1", &PutOptions::default())
            .expect("put");
        std::fs::write(folder.join("ready"), b"").expect("tell");
        let mut body = Stuck(20);
        let _ = store.put(&path("half"), &mut body, &PutOptions::default());
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    let mut other = start("a_killed_put_leaves_nothing", folder.path());
    while !folder.path().join("ready").exists() {
        let ended = other.try_wait().expect("wait");
        assert!(ended.is_none(), "the writer ended by itself");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(50));
    other.kill().expect("kill");
    other.wait().expect("wait");
    let store = Embedded::open(folder.path(), "me").expect("open");
    assert!(store.get(&path("acknowledged"), 9).is_ok());
    let error = store.info(&path("half")).expect_err("not there");
    assert!(error.is_not_found(), "{error}");
    store.maintain_after(Duration::ZERO, Duration::ZERO).expect("maintenance");
    let objects = folder.path().join("objects");
    let left: usize = std::fs::read_dir(objects)
        .expect("list")
        .map(|shard| {
            let shard = shard.expect("shard").path();
            std::fs::read_dir(shard).expect("list").count()
        })
        .sum();
    assert_eq!(left, 0, "no file is left");
}
