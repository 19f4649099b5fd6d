//! Random kills: a process that uploads and changes dumps is killed at any
//! point, again and again, on one folder. Whatever it was told is done must be
//! there, whatever is listed must be whole, and after the sweep every file
//! has a name.

use std::io::Write;
use std::path::Path as FsPath;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use thoth_dumps::{
    Bytes, CoreFacts, DumpId, DumpKind, Dumps, Spec, UploadOptions,
};
use thoth_store::Embedded;

/// Set for the process that is killed: the folder to work on.
const ROLE: &str = "THOTH_KILLS_TEST_FOLDER";
/// Set for it too: the number of the round.
const ROUND: &str = "THOTH_KILLS_TEST_ROUND";
/// How often the process is killed; a long run sets the variable.
const ROUNDS: &str = "THOTH_KILLS_TEST_ROUNDS";

fn open(folder: &FsPath) -> (Arc<Embedded>, Dumps) {
    let store = Arc::new(Embedded::open(folder, "me").expect("store"));
    let dumps = Dumps::open(store.clone(), "me").expect("library");
    (store, dumps)
}

fn id(round: u32, n: u32) -> DumpId {
    let number = u128::from(round) << 64 | u128::from(n);
    DumpId(number.to_be_bytes())
}

fn body(n: u32) -> Vec<u8> {
    vec![n as u8 | 1; 1000 + n as usize % 7 * 50_000]
}

/// Uploads and changes dumps until it is killed, writing down what is done.
fn work(folder: &FsPath, round: u32) {
    let (_store, dumps) = open(folder);
    let log = folder.join("log");
    let mut log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(log)
        .expect("log");
    // One write a line: a kill never leaves half of one.
    let mut done = |what: &str, id: &DumpId, n: u32| {
        let line = format!("{what} {id} {n}\n");
        log.write_all(line.as_bytes()).expect("log");
    };
    for n in 0..100_000 {
        let id = id(round, n);
        let facts = CoreFacts::new(DumpKind::Core, id);
        let options = UploadOptions::named("core");
        dumps
            .upload(&Bytes(&body(n)), &facts, &options, &mut |_| {})
            .expect("upload");
        done("up", &id, n);
        dumps.set(&id, "n", json!(n)).expect("set");
        done("set", &id, n);
        dumps.ticket(&id, "T").expect("ticket");
        done("ticket", &id, n);
    }
}

/// Checks what was written down against what is there.
fn check(folder: &FsPath) -> usize {
    let (store, dumps) = open(folder);
    store.maintain_after(Duration::ZERO, Duration::ZERO).expect("sweep");
    let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    for line in log.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [what, id, n] = words[..] else { panic!("{line}") };
        let id = DumpId::parse(id).expect("id");
        let n: u32 = n.parse().expect("number");
        let record = dumps.record(&id).expect("store").expect(line);
        match what {
            "up" => {}
            "set" => {
                let properties = record.properties().expect("properties");
                assert_eq!(properties["n"], json!(n), "{line}");
            }
            _ => assert_eq!(record.ticket(), Some("T"), "{line}"),
        }
    }
    let found = dumps.find(&Spec::default()).expect("find");
    assert!(found.problems.is_empty());
    for record in &found.records {
        let n = u32::from_be_bytes(record.id().0[12..].try_into().expect("4"));
        let file = dumps.local_file(record).expect("look").expect("file");
        assert!(std::fs::read(file).expect("read") == body(n), "whole");
    }
    found.records.len()
}

#[test]
fn kills_lose_nothing_acknowledged() {
    if let Some(folder) = std::env::var_os(ROLE) {
        let round = std::env::var(ROUND).expect("round");
        return work(FsPath::new(&folder), round.parse().expect("number"));
    }
    let rounds: u32 = std::env::var(ROUNDS)
        .map_or(12, |text| text.parse().expect("a number of rounds"));
    let folder = tempfile::tempdir().expect("folder");
    let mut listed = 0;
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().expect("self"))
            .args(["--exact", "kills_lose_nothing_acknowledged"])
            .env(ROLE, folder.path())
            .env(ROUND, round.to_string())
            .stdout(Stdio::null())
            .spawn()
            .expect("start");
        // Some rounds end while the folder is opened, most in the middle.
        let wait = u64::from(round * 7919 % 160 + 3);
        std::thread::sleep(Duration::from_millis(wait));
        // On a busy machine the last round waits until something is done.
        let log = folder.path().join("log");
        loop {
            let ended = child.try_wait().expect("wait");
            assert!(ended.is_none(), "ended by itself: {ended:?}");
            if round + 1 < rounds || log.metadata().is_ok_and(|l| l.len() > 0) {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().expect("kill");
        child.wait().expect("wait");
        let now = check(folder.path());
        assert!(now >= listed, "dumps do not vanish");
        listed = now;
    }
    assert!(listed > 0, "something was uploaded");
    // Every file left belongs to a listed dump.
    let objects = folder.path().join("objects");
    let mut files = 0;
    for shard in std::fs::read_dir(objects).expect("objects") {
        let shard = shard.expect("shard").path();
        files += std::fs::read_dir(shard).expect("shard").count();
    }
    let named = listed_objects(folder.path());
    assert_eq!(files, named, "files, and objects that have one");
}

/// Counts objects that have a file of their own.
fn listed_objects(folder: &FsPath) -> usize {
    use thoth_manta::{Info, Manta, MantaExt, Path};
    let store = Embedded::open(folder, "me").expect("store");
    let root = Path::parse("/me/stor/thoth").expect("path");
    let mut directories = Vec::new();
    store
        .list_all(&root, &mut |entry| {
            directories.push(entry.path().clone());
            Ok(())
        })
        .expect("list");
    let mut count = 0;
    for directory in directories {
        store
            .list_all(&directory, &mut |entry| {
                if let Info::Object(object) = entry {
                    let reader = store.open(&object.path).expect("open");
                    count += usize::from(reader.local_file().is_some());
                }
                Ok(())
            })
            .expect("list");
    }
    count
}
