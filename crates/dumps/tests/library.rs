//! The library over the embedded store: uploads, look-ups, changes, many at
//! once, and kills in between.

use std::io::Read;
use std::path::{Path as FsPath, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use thoth_dumps::{
    Bytes, CoreFacts, DumpId, DumpKind, Dumps, Error, FileSource, HashPrefix,
    Kind, Progress, PropPath, Record, Resolved, Selection, Source, Spec,
    TimeFact, UploadOptions,
};
use thoth_manta::{Manta, MantaExt, Path, PutOptions};
use thoth_store::Embedded;

/// Set for the processes that a test starts: the folder to work on.
const ROLE: &str = "THOTH_DUMPS_TEST_FOLDER";

fn open(folder: &FsPath) -> Dumps {
    let store = Embedded::open(folder, "me").expect("store");
    Dumps::open(Arc::new(store), "me").expect("library")
}

fn library() -> (TempDir, Dumps) {
    let folder = tempfile::tempdir().expect("folder");
    let dumps = open(folder.path());
    (folder, dumps)
}

fn id(n: u8) -> DumpId {
    DumpId([n; 16])
}

fn facts(n: u8) -> CoreFacts {
    let mut facts = CoreFacts::new(DumpKind::Core, id(n));
    facts.cmd = Some(format!("cmd{n}"));
    facts.pid = Some(u32::from(n));
    let seconds = 1_000_000.0 + f64::from(n);
    facts.time = Some(TimeFact { seconds, source: "test".to_owned() });
    facts
}

fn upload(dumps: &Dumps, facts: &CoreFacts, bytes: &[u8]) -> bool {
    let options = UploadOptions::named("core");
    let uploaded = dumps
        .upload(&Bytes(bytes), facts, &options, &mut |_| {})
        .expect("upload");
    !uploaded.already_there
}

fn find(dumps: &Dumps, arguments: &[&str]) -> Vec<u8> {
    let spec = Spec::parse(arguments).expect("specification");
    let found = dumps.find(&spec).expect("find");
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    found.records.iter().map(|record| record.id().0[0]).collect()
}

fn bytes_of(dumps: &Dumps, record: &Record) -> Vec<u8> {
    let reader = dumps.open_dump(record).expect("the dump is there");
    let size = usize::try_from(reader.info().size_bytes).expect("small");
    let mut bytes = vec![0; size];
    let mut done = 0;
    while done < size {
        match reader.read_at(&mut bytes[done..], done as u64).expect("read") {
            0 => break,
            n => done += n,
        }
    }
    bytes.truncate(done);
    bytes
}

/// Every object below the library's root.
fn objects(folder: &FsPath) -> Vec<String> {
    fn walk(store: &Embedded, path: &Path, out: &mut Vec<String>) {
        let mut below = Vec::new();
        store
            .list_all(path, &mut |entry| {
                if entry.is_directory() {
                    below.push(entry.path().clone());
                } else {
                    out.push(entry.path().to_string());
                }
                Ok(())
            })
            .expect("list");
        below.iter().for_each(|path| walk(store, path, out));
    }
    let store = Embedded::open(folder, "me").expect("store");
    let mut out = Vec::new();
    walk(&store, &Path::parse("/me/stor").expect("path"), &mut out);
    out
}

#[test]
fn uploads_once_and_touches_nothing_after() {
    let (folder, dumps) = library();
    let file = folder.path().join("core.7");
    std::fs::write(&file, [3u8; 40_000]).expect("write");
    let mut steps = Vec::new();
    let mut facts = facts(7);
    facts.time = None;
    let uploaded = dumps
        .upload(
            &FileSource(file.clone()),
            &facts,
            &UploadOptions::of_file(&file),
            &mut |progress| steps.push(progress),
        )
        .expect("upload");
    assert!(!uploaded.already_there);
    let done = Progress { done_bytes: 40_000, total_bytes: Some(40_000) };
    assert_eq!(steps.last(), Some(&done));
    let record = dumps.record(&id(7)).expect("store").expect("record");
    assert_eq!(record, uploaded.record);
    let members = record.members();
    let name = format!("/me/stor/thoth/{}", id(7));
    assert_eq!(members["name"], json!(name));
    assert_eq!(members["dump"], json!(format!("{name}/core.7")));
    assert_eq!(members["version"], json!("2"));
    assert_eq!(members["size"], json!(40_000));
    assert_eq!(members["time_source"], json!("file mtime"));
    assert_eq!(bytes_of(&dumps, &record), [3u8; 40_000]);

    dumps.ticket(&id(7), "T-1").expect("ticket");
    dumps.set(&id(7), "p", json!(1)).expect("set");
    let before = dumps.record(&id(7)).expect("store");
    let again = dumps
        .upload(
            &FileSource(folder.path().join("none")),
            &facts,
            &UploadOptions::named("other"),
            &mut |_| panic!("nothing is sent"),
        )
        .expect("upload");
    assert!(again.already_there);
    assert_eq!(dumps.record(&id(7)).expect("store"), before);
    assert_eq!(objects(folder.path()).len(), 2);
}

#[test]
fn a_whole_dump_replaces_a_truncated_one() {
    let (folder, dumps) = library();
    let mut cut = facts(1);
    cut.completeness.truncated = true;
    cut.completeness.expected_bytes = Some(100_000);
    assert!(upload(&dumps, &cut, &[1; 50_000]));
    assert!(!upload(&dumps, &cut, &[1; 50_000]), "as truncated as before");
    dumps.ticket(&id(1), "T-1").expect("ticket");
    dumps.set(&id(1), "who", json!("me")).expect("set");
    dumps
        .update(&id(1), &mut |record| {
            let Value::Object(mut all) = record.to_value() else {
                panic!("an object")
            };
            all.insert("future".to_owned(), json!({"kept": true}));
            let bytes = serde_json::to_vec(&all).expect("JSON");
            *record = Record::parse(&bytes).expect("record");
            Ok(())
        })
        .expect("update");
    assert_eq!(dumps.already_there(&id(1), false).expect("ask"), None);
    assert!(dumps.already_there(&id(1), true).expect("ask").is_some());

    assert!(upload(&dumps, &facts(1), &[1; 100_000]));
    let record = dumps.record(&id(1)).expect("store").expect("record");
    assert!(!record.is_truncated());
    assert!(!record.members().contains_key("expected_bytes"));
    assert_eq!(record.ticket(), Some("T-1"));
    assert_eq!(record.properties().expect("some")["who"], json!("me"));
    assert_eq!(record.members()["future"], json!({"kept": true}));
    assert_eq!(bytes_of(&dumps, &record).len(), 100_000);
    assert_eq!(objects(folder.path()).len(), 2, "the truncated one is gone");
    assert!(!upload(&dumps, &cut, &[1; 50_000]), "never the other way");
}

#[test]
fn of_many_uploads_at_once_one_wins() {
    let (folder, dumps) = library();
    let barrier = Barrier::new(6);
    let won: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|n| {
                let (dumps, barrier) = (&dumps, &barrier);
                scope.spawn(move || {
                    let mut facts = facts(2);
                    // Half of them have a truncated copy.
                    facts.completeness.truncated = n % 2 == 0;
                    let length = if n % 2 == 0 { 90_000 } else { 200_000 };
                    barrier.wait();
                    upload(dumps, &facts, &vec![5; length])
                })
            })
            .collect();
        let done = threads.into_iter().map(|t| t.join().expect("thread"));
        done.map(usize::from).sum()
    });
    assert!((1..=2).contains(&won), "one, and one that replaced it: {won}");
    let record = dumps.record(&id(2)).expect("store").expect("record");
    assert!(!record.is_truncated());
    assert_eq!(bytes_of(&dumps, &record), vec![5; 200_000]);
    assert_eq!(find(&dumps, &[]), [2]);
    assert_eq!(objects(folder.path()).len(), 2, "losers take theirs away");
}

#[test]
fn finds_by_specification_and_follows_changes() {
    let (folder, dumps) = library();
    assert_eq!(find(&dumps, &[]), [0u8; 0]);
    for n in [3, 1, 2] {
        assert!(upload(&dumps, &facts(n), b"x"));
    }
    assert_eq!(find(&dumps, &[]), [1, 2, 3]);
    assert_eq!(find(&dumps, &["cmd=cmd*", "pid!=2"]), [1, 3]);
    assert_eq!(find(&dumps, &["limit=2"]), [2, 3]);
    assert_eq!(find(&dumps, &["sort=-pid", "limit=1"]), [3]);
    assert_eq!(find(&dumps, &["otime=1970-01-12T13:46:42Z"]), [1]);
    assert_eq!(find(&dumps, &["mtime=1970-01-12T13:46:42Z"]), [3]);
    assert_eq!(find(&dumps, &["uploaded=1h"]), [1, 2, 3]);
    assert_eq!(find(&dumps, &["0303"]), [3]);
    assert_eq!(find(&dumps, &["ticket=undefined"]), [1, 2, 3]);
    // Another process changes and adds; this one's index follows.
    let other = open(folder.path());
    other.ticket(&id(1), "T-9").expect("ticket");
    assert!(upload(&other, &facts(4), b"y"));
    assert_eq!(find(&dumps, &["ticket=undefined"]), [2, 3, 4]);
    assert_eq!(find(&dumps, &["ticket=T-*"]), [1]);
    dumps.rebuild_index().expect("rebuild");
    assert_eq!(find(&dumps, &["ticket=T-*"]), [1]);
    assert_eq!(find(&dumps, &[]), [1, 2, 3, 4]);
    // A store without an index gives the same answers.
    let store = Embedded::open(folder.path(), "me").expect("store");
    let plain = Dumps::open_plain(Arc::new(store), "me").expect("library");
    for arguments in [&["ticket=undefined"][..], &["limit=2"], &["0404"]] {
        assert_eq!(find(&plain, arguments), find(&dumps, arguments));
    }
}

#[test]
fn resolves_what_users_type() {
    let (folder, dumps) = library();
    upload(&dumps, &facts(0xab), b"x");
    let mut near = facts(0xab);
    near.id.0[15] = 0;
    upload(&dumps, &near, b"y");
    upload(&dumps, &facts(0xcd), b"z");
    match dumps.resolve_one("cdcd").expect("prefix") {
        Resolved::Stored(record) => assert_eq!(record.id(), id(0xcd)),
        Resolved::File(file) => panic!("{file:?}"),
    }
    let full = id(0xab).to_string().to_uppercase();
    assert!(matches!(dumps.resolve_one(&full), Ok(Resolved::Stored(_))));
    assert!(matches!(
        dumps.resolve_one("pid=205"),
        Ok(Resolved::Stored(record)) if record.id() == id(0xcd)
    ));
    let file = folder.path().join("core=1");
    std::fs::write(&file, b"x").expect("write");
    let name = file.to_str().expect("text");
    assert!(
        matches!(dumps.resolve_one(name), Ok(Resolved::File(f)) if f == file)
    );

    let ambiguous = dumps.resolve_one("abab").expect_err("two");
    assert_eq!(ambiguous.kind(), Kind::User);
    let Error::Ambiguous { candidates, count, .. } = &ambiguous else {
        panic!("{ambiguous}")
    };
    assert_eq!((*count, candidates.len()), (2, 2));
    assert_eq!(candidates[0].cmd.as_deref(), Some("cmd171"));
    assert_eq!(candidates[0].time, Some(1_000_171.0));
    assert!(dumps.resolve_one("pid=171").is_err());
    for missing in ["ffff", "nosuchfile", "/nonexistent/x", "pid=1"] {
        let error = dumps.resolve_one(missing).expect_err(missing);
        assert_eq!(error.kind(), Kind::NotFound, "{missing}: {error}");
        assert!(error.hint().is_some(), "{missing}");
    }
    assert_eq!(dumps.resolve_one("abc").expect_err("short").kind(), Kind::User);
    assert!(matches!(dumps.select(&["cdcd"]), Ok(Selection::One(_))));
    let none: [&str; 0] = [];
    for (arguments, count) in [
        (&none[..], 3),
        (&["pid=171"], 2),
        (&["pid=1"], 0),
        (&["cdcd", "pid=205"], 1),
    ] {
        match dumps.select(arguments).expect("select") {
            Selection::Many(found) => assert_eq!(found.records.len(), count),
            other => panic!("{other:?}"),
        }
    }
    let prefix = HashPrefix::parse("abab").expect("valid");
    assert_eq!(dumps.find_prefix(&prefix).expect("find").len(), 2);
}

#[test]
fn values_of_every_shape_survive() {
    let (_folder, dumps) = library();
    upload(&dumps, &facts(1), b"x");
    let values = [
        json!("it's \"quoted\" `$(x)`"),
        json!("line\nbreak\ttab\r\0nul\u{1}\u{7f}\u{9b}"),
        json!("\u{202e}\u{10ffff}é"),
        json!(""),
        json!("5"),
        json!(5),
        json!(-0.5),
        json!(18_446_744_073_709_551_615u64),
        json!(true),
        json!(null),
        json!([1, "a", {"b": []}]),
        json!({"a": {"b": {"c": "d"}}, "": 1, "\n\"": 2}),
    ];
    for (n, value) in values.iter().enumerate() {
        let name = format!("p{n} \"'\n\u{1}.x");
        dumps.set(&id(1), &name, value.clone()).expect("set");
    }
    let again = dumps.record(&id(1)).expect("store").expect("record");
    let stored: Vec<&Value> =
        again.properties().expect("properties").values().collect();
    assert_eq!(stored, values.iter().collect::<Vec<_>>());
    assert_eq!(find(&dumps, &["p0 \"'\n\u{1}.x=it's \"quoted\" *"]), [1]);
    for n in 0..values.len() {
        dumps.unset(&id(1), &format!("p{n} \"'\n\u{1}.x")).expect("unset");
    }
    let record = dumps.unset(&id(1), "never there").expect("unset");
    assert_eq!(record.properties().expect("properties").len(), 0);
}

#[test]
fn what_belongs_to_the_record_is_refused() {
    let (folder, dumps) = library();
    upload(&dumps, &facts(1), b"x");
    for (name, hint) in [
        ("ticket", Some("thoth ticket")),
        ("pid", Some("another name")),
        ("modules.x", Some("another name")),
        ("", None),
        ("a=b", None),
    ] {
        let error = dumps.set(&id(1), name, json!(1)).expect_err(name);
        assert_eq!(error.kind(), Kind::User);
        match hint {
            Some(hint) => {
                assert!(error.hint().expect("a hint").contains(hint));
            }
            None => assert_eq!(error.hint(), None),
        }
    }
    assert!(dumps.ticket(&id(1), "cmd=x").is_err());
    assert!(dumps.ticket(&id(1), "").is_err());
    let mut options = UploadOptions::named("core");
    options.properties.insert("p".to_owned(), json!("x".repeat(5 << 20)));
    let refused = dumps.upload(&Bytes(b"x"), &facts(8), &options, &mut |_| {});
    assert!(matches!(refused, Err(Error::Refused { .. })));
    assert_eq!(objects(folder.path()).len(), 2, "nothing of it is left");
    let long = "x".repeat(5 << 20);
    assert!(dumps.set(&id(1), "p", json!(long)).is_err());
    let missing = dumps.ticket(&id(9), "T").expect_err("missing");
    assert_eq!(missing.kind(), Kind::NotFound);
    let record = dumps.set(&id(1), "node", json!("host")).expect("set");
    assert_eq!(record.node(), Some("host"));
    assert_eq!(record.properties().map(serde_json::Map::len), Some(0));
    let many = dumps.update(&id(1), &mut |record| {
        let mut value = record.to_value();
        value["properties"] =
            (0..10_000).map(|n| (n.to_string(), json!(n))).collect();
        let bytes = serde_json::to_vec(&value).expect("JSON");
        *record = Record::parse(&bytes).expect("record");
        Ok(())
    });
    many.expect("ten thousand are fine");
    let error = dumps.set(&id(1), "one more", json!(1)).expect_err("full");
    assert!(error.to_string().contains("10000"), "{error}");
}

#[test]
fn reports_count_values() {
    let (_folder, dumps) = library();
    for n in 1..=5 {
        upload(&dumps, &facts(n), b"x");
    }
    for n in [1, 2, 3] {
        let value = if n == 3 { json!("b\"") } else { json!(7) };
        dumps.set(&id(n), "p", value).expect("set");
    }
    let all = Spec::default();
    let p = PropPath::parse("p").expect("path");
    let report = dumps.report(&all, &[p]).expect("report");
    let rows: Vec<_> = report
        .rows
        .iter()
        .map(|row| (row.values[0].clone(), row.count))
        .collect();
    let expected = [(Some(json!("b\"")), 1), (Some(json!(7)), 2), (None, 2)];
    assert_eq!(rows, expected);
    assert_eq!((report.total, report.missing), (5, 2));
    let bare = dumps.report(&all, &[]).expect("report");
    assert_eq!((bare.total, bare.missing), (5, 0));
}

#[test]
fn unreadable_records_are_problems_not_failures() {
    let (folder, dumps) = library();
    upload(&dumps, &facts(1), b"x");
    let store = Embedded::open(folder.path(), "me").expect("store");
    for (n, bytes) in [(2u8, &b"{\"cut"[..]), (3, b"[]"), (4, b"")] {
        let directory = format!("/me/stor/thoth/{}", id(n));
        let directory = Path::parse(&directory).expect("path");
        store.mkdirp(&directory).expect("mkdir");
        let path = directory.join("info.json").expect("path");
        store.put_bytes(&path, bytes, &PutOptions::default()).expect("put");
    }
    let found = dumps.find(&Spec::default()).expect("find");
    assert_eq!(found.records.len(), 1);
    assert_eq!(found.problems.len(), 3);
    assert!(dumps.set(&id(2), "p", json!(1)).is_err());
    let prefix = HashPrefix::parse("0202").expect("valid");
    let error = dumps.find_prefix(&prefix).expect_err("unreadable");
    assert!(error.to_string().contains("info.json"), "{error}");
}

/// Runs this same test in another process, on a folder.
fn start(test: &str, folder: &FsPath) -> Child {
    Command::new(std::env::current_exe().expect("own program"))
        .args(["--exact", test, "--nocapture"])
        .env(ROLE, folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("start a process")
}

fn role() -> Option<PathBuf> {
    std::env::var_os(ROLE).map(Into::into)
}

#[test]
fn no_change_is_lost_among_threads_and_processes() {
    const EACH: usize = 10;
    let work = |folder: &FsPath, process: &str| {
        let dumps = open(folder);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (dumps, process) = (&dumps, &process);
                scope.spawn(move || {
                    for n in 0..EACH {
                        let name = format!("{process}-{thread}-{n}");
                        dumps.set(&id(1), &name, json!(n)).expect("set");
                    }
                });
            }
        });
    };
    if let Some(folder) = role() {
        return work(&folder, "child");
    }
    let (folder, dumps) = library();
    upload(&dumps, &facts(1), b"x");
    let name = "no_change_is_lost_among_threads_and_processes";
    let mut other = start(name, folder.path());
    work(folder.path(), "parent");
    assert!(other.wait().expect("wait").success());
    let record = dumps.record(&id(1)).expect("store").expect("record");
    assert_eq!(record.properties().expect("some").len(), 2 * 8 * EACH);
    assert_eq!(find(&dumps, &["child-7-9=9", "parent-0-0=0"]), [1]);
}

/// Bytes that stop in the middle for ever.
struct Stuck;

impl Source for Stuck {
    fn open(&self) -> std::io::Result<Box<dyn Read + '_>> {
        let start = std::io::repeat(1).take(5_000_000);
        struct Forever;
        impl Read for Forever {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                std::thread::sleep(Duration::from_secs(600));
                Ok(0)
            }
        }
        Ok(Box::new(start.chain(Forever)))
    }

    fn length_bytes(&self) -> Option<u64> {
        Some(10_000_000)
    }
}

#[test]
fn a_killed_upload_lists_nothing() {
    if let Some(folder) = role() {
        let dumps = open(&folder);
        let ready = folder.join("ready");
        let mut progress = |progress: Progress| {
            if progress.done_bytes >= 5_000_000 {
                std::fs::write(&ready, b"").expect("tell");
            }
        };
        let options = UploadOptions::named("core");
        let _ = dumps.upload(&Stuck, &facts(1), &options, &mut progress);
        return;
    }
    let (folder, dumps) = library();
    let mut other = start("a_killed_upload_lists_nothing", folder.path());
    while !folder.path().join("ready").exists() {
        assert!(other.try_wait().expect("wait").is_none(), "ended by itself");
        std::thread::sleep(Duration::from_millis(5));
    }
    other.kill().expect("kill");
    other.wait().expect("wait");
    assert_eq!(find(&dumps, &[]), [0u8; 0]);
    assert_eq!(dumps.record(&id(1)).expect("store"), None);
    assert_eq!(objects(folder.path()), [""; 0]);
    assert!(upload(&dumps, &facts(1), &[1; 30_000]), "and it can be repeated");
    assert_eq!(find(&dumps, &[]), [1]);
}

#[test]
fn bytes_without_a_record_are_in_nobodys_way() {
    let (folder, dumps) = library();
    // As if killed between the two puts.
    let store = Embedded::open(folder.path(), "me").expect("store");
    let directory = format!("/me/stor/thoth/{}", id(1));
    let directory = Path::parse(&directory).expect("path");
    store.mkdirp(&directory).expect("mkdir");
    for name in ["core", "core.1", "notes.txt"] {
        let path = directory.join(name).expect("path");
        store.put_bytes(&path, b"stale", &PutOptions::default()).expect("put");
    }
    assert_eq!(find(&dumps, &[]), [0u8; 0]);
    assert!(upload(&dumps, &facts(1), &[1; 30_000]));
    let record = dumps.record(&id(1)).expect("store").expect("record");
    assert_eq!(bytes_of(&dumps, &record), [1; 30_000]);
    let mut left = objects(folder.path());
    left.retain(|path| !path.ends_with("/info.json"));
    let expected =
        ["core.2", "notes.txt"].map(|name| format!("{directory}/{name}"));
    assert_eq!(left, expected, "stale bytes are gone, other objects stay");
}

#[test]
fn a_source_that_lies_about_its_length_stores_nothing() {
    struct Short;
    impl Source for Short {
        fn open(&self) -> std::io::Result<Box<dyn Read + '_>> {
            Ok(Box::new(&b"abc"[..]))
        }
        fn length_bytes(&self) -> Option<u64> {
            Some(4)
        }
    }
    let (folder, dumps) = library();
    let options = UploadOptions::named("core");
    let error = dumps
        .upload(&Short, &facts(1), &options, &mut |_| {})
        .expect_err("short");
    assert_eq!(error.kind(), Kind::User);
    let missing = FileSource(folder.path().join("none"));
    let error = dumps
        .upload(&missing, &facts(1), &options, &mut |_| {})
        .expect_err("missing");
    assert!(matches!(error, Error::Source { .. }), "{error}");
    assert_eq!(objects(folder.path()), [""; 0]);
}

#[test]
fn version_1_records_are_read_and_raised_by_a_change() {
    let (folder, dumps) = library();
    let store = Embedded::open(folder.path(), "me").expect("store");
    let name = format!("/me/stor/thoth/{}", id(1));
    let directory = Path::parse(&name).expect("path");
    store.mkdirp(&directory).expect("mkdir");
    let old = json!({
        "name": name, "version": "1", "type": "core", "cmd": "node",
        "pid": "42", "time": "1000", "properties": {"a": 1}, "odd": [1],
    });
    let path = directory.join("info.json").expect("path");
    let text = old.to_string();
    store
        .put_bytes(&path, text.as_bytes(), &PutOptions::default())
        .expect("put");
    assert_eq!(find(&dumps, &["cmd=node", "pid=42", "otime=1d"]), [1]);
    dumps.ticket(&id(1), "T").expect("ticket");
    let record = dumps.record(&id(1)).expect("store").expect("record");
    let members = record.members();
    assert_eq!(members["version"], json!("2"));
    assert_eq!(members["pid"], json!(42));
    assert_eq!(members["odd"], json!([1]));
    assert!(store.info(&path).is_ok());
}
