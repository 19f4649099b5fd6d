//! Random kills: a process that uploads, changes, removes and replaces dumps
//! and rebuilds the index is killed at any point, again and again, on one
//! folder. Whatever it was told is done must be there, whatever is listed must
//! be whole, the index must say what the records say, and after the sweep
//! every file has a name and every name a record that knows it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path as FsPath;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use thoth_dumps::{
    Bytes, CoreFacts, DumpId, DumpKind, Dumps, PurgePolicy, Record, Spec,
    UploadOptions,
};
use thoth_manta::{Info, MantaExt, Path};
use thoth_store::Embedded;

/// Set for the process that is killed: the folder to work on.
const ROLE: &str = "THOTH_KILLS_TEST_FOLDER";
/// Set for it too: the number of the round.
const ROUND: &str = "THOTH_KILLS_TEST_ROUND";
/// How often the process is killed; a long run sets the variable to 1000.
const ROUNDS: &str = "THOTH_KILLS_TEST_ROUNDS";

fn open(folder: &FsPath) -> (Arc<Embedded>, Dumps) {
    let store = Arc::new(Embedded::open(folder, "me").expect("store"));
    let dumps = Dumps::open(store.clone(), "me").expect("library");
    (store, dumps)
}

/// The name of a dump: what happens to it, the round, and which of the round.
fn id(kind: u8, round: u32, n: u32) -> DumpId {
    let mut bytes = [0; 16];
    bytes[0] = kind;
    bytes[4..8].copy_from_slice(&round.to_be_bytes());
    bytes[8..12].copy_from_slice(&n.to_be_bytes());
    DumpId(bytes)
}

fn number_of(id: DumpId) -> u32 {
    u32::from_be_bytes(id.0[8..12].try_into().expect("4"))
}

fn body(n: u32) -> Vec<u8> {
    vec![n as u8 | 1; 1000 + n as usize % 7 * 50_000]
}

/// Works on dumps until it is killed, writing down what is done.
struct Worker {
    dumps: Dumps,
    log: std::fs::File,
    round: u32,
}

impl Worker {
    /// One write a line: a kill never leaves half of one.
    fn done(&mut self, what: &str, id: DumpId) {
        let line = format!("{what} {id}\n");
        self.log.write_all(line.as_bytes()).expect("log");
    }

    fn upload(&mut self, facts: &CoreFacts, bytes: &[u8]) {
        let options = UploadOptions::named("core");
        self.dumps
            .upload(&Bytes(bytes), facts, &options, &mut |_| {})
            .expect("upload");
        self.done("up", facts.id);
    }

    fn change(&mut self, n: u32) {
        let one = id(0, self.round, n);
        self.upload(&CoreFacts::new(DumpKind::Core, one), &body(n));
        self.dumps.set(&one, "n", json!(n)).expect("set");
        self.done("set", one);
        self.dumps.ticket(&one, "T").expect("ticket");
        self.done("ticket", one);
        self.dumps.attach(&one, "log", &Bytes(&body(n))).expect("attach");
        self.done("attach", one);
        self.dumps.undo(&one, 2).expect("undo");
        self.done("undo", one);
    }

    fn remove(&mut self, n: u32) {
        let one = id(1, self.round, n);
        let mut facts = CoreFacts::new(DumpKind::Core, one);
        facts.cmd = Some("old".to_owned());
        self.upload(&facts, &body(n));
        if n.is_multiple_of(2) {
            self.dumps.remove(&one, "test").expect("remove");
        } else {
            let policy = PurgePolicy {
                spec: Spec::parse(&["cmd=old"]).expect("specification"),
                older_than: Some(4e9),
                ..PurgePolicy::default()
            };
            let plan = self.dumps.plan_purge(&policy).expect("plan");
            self.dumps
                .purge(&plan, &policy, "test", &mut |_| {})
                .expect("purge");
        }
        self.done("rm", one);
    }

    fn replace(&mut self, n: u32) {
        let (copy, whole) = (id(2, self.round, n), id(3, self.round, n));
        let mut facts = CoreFacts::new(DumpKind::Core, copy);
        facts.base_id = Some(copy);
        facts.completeness.truncated = true;
        self.upload(&facts, b"cut");
        self.dumps.ticket(&copy, "T").expect("ticket");
        self.done("copy", copy);
        let mut facts = CoreFacts::new(DumpKind::Core, whole);
        facts.base_id = Some(copy);
        self.upload(&facts, &body(n));
        self.done("whole", whole);
    }

    fn stream(&mut self, n: u32) {
        let one = id(4, self.round, n);
        let bytes = body(n);
        let incoming = self
            .dumps
            .receive(Box::new(&bytes[..]), &mut |_| {})
            .expect("receive");
        let facts = CoreFacts::new(DumpKind::Core, one);
        let options = UploadOptions::named("core");
        self.dumps.adopt(incoming, &facts, &options).expect("adopt");
        self.done("up", one);
    }
}

fn work(folder: &FsPath, round: u32) {
    let (_store, dumps) = open(folder);
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .expect("log");
    let mut worker = Worker { dumps, log, round };
    for n in 0..100_000 {
        match (n + round) % 5 {
            0 => worker.change(n),
            1 => worker.remove(n),
            2 => worker.replace(n),
            3 => worker.stream(n),
            _ => {
                worker.dumps.rebuild_index().expect("rebuild");
            }
        }
    }
}

/// Checks what was written down against what is there.
fn check(folder: &FsPath) -> usize {
    let (store, dumps) = open(folder);
    // Nobody is at work: whatever is not named by now never will be.
    dumps.sweep_all(Duration::ZERO).expect("sweep");
    store.maintain_after(Duration::ZERO, Duration::ZERO).expect("maintain");
    let check = dumps.check_index(false).expect("check").expect("an index");
    assert!(check.is_good(), "{check:?}");
    let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    let mut last: BTreeMap<DumpId, &str> = BTreeMap::new();
    for line in log.lines() {
        let (what, id) = line.split_once(' ').expect(line);
        last.insert(DumpId::parse(id).expect("id"), what);
    }
    for (id, what) in &last {
        let record = dumps.record(id).expect("store").expect("listed");
        check_done(&record, what);
    }
    let everything = Spec::parse(&["purged=undefined,*"]).expect("spec");
    let found = dumps.find(&everything).expect("find");
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    for record in &found.records {
        check_whole(&store, &dumps, record);
    }
    found.records.len()
}

fn check_done(record: &Record, what: &str) {
    let n = number_of(record.id());
    let is_set = |record: &Record| {
        record.properties().is_some_and(|p| p.get("n") == Some(&json!(n)))
    };
    let attached = || record.attachments().len() == 1;
    let told = match what {
        "up" => true,
        "set" => is_set(record),
        "ticket" => is_set(record) && record.ticket() == Some("T"),
        // Taking the ticket back may be done and not yet written down.
        "attach" => is_set(record) && attached(),
        "undo" => is_set(record) && attached() && record.ticket().is_none(),
        "rm" => record.is_purged(),
        "copy" => record.ticket() == Some("T"),
        "whole" => record.ticket() == Some("T") && !record.is_purged(),
        other => panic!("{other}"),
    };
    assert!(told, "after {what}: {}", record.to_value());
}

/// Checks that a listed dump is whole, and that nothing else lies beside it.
fn check_whole(store: &Embedded, dumps: &Dumps, record: &Record) {
    let id = record.id();
    let history = dumps.history(&id).expect("history");
    let numbers: Vec<u64> = history.iter().map(|c| c.number).collect();
    assert_eq!(numbers, (0..history.len() as u64).collect::<Vec<_>>());
    let mut named = vec!["info.json".to_owned()];
    if !record.is_purged() {
        let path = record.dump_path().expect("a path");
        named.extend(path.rsplit('/').next().map(str::to_owned));
        let reader = dumps.open_dump(record).expect("open");
        let mut bytes = vec![0; reader.info().size_bytes as usize];
        let read = reader.read_at(&mut bytes, 0).expect("read");
        let expected = match record.is_truncated() {
            true => b"cut".to_vec(),
            false => body(number_of(id)),
        };
        assert!(read == expected.len() && bytes == expected, "{id}");
    }
    for attachment in record.attachments() {
        let reader = dumps.open_attachment(record, &attachment.name);
        let size = reader.expect("attached").info().size_bytes;
        assert_eq!(size, attachment.size_bytes);
    }
    let directory = Path::parse(&format!("/me/stor/thoth/{id}")).expect("path");
    store
        .list_all(&directory, &mut |entry| {
            let name = entry.path().name().to_owned();
            let attached = record
                .attachments()
                .iter()
                .any(|attachment| name.starts_with(&attachment.name));
            assert!(named.contains(&name) || attached, "{id}: {name}");
            Ok(())
        })
        .expect("list");
}

#[test]
fn kills_lose_nothing_acknowledged() {
    if let Some(folder) = std::env::var_os(ROLE) {
        let round = std::env::var(ROUND).expect("round");
        return work(FsPath::new(&folder), round.parse().expect("number"));
    }
    let rounds: u32 = std::env::var(ROUNDS)
        .map_or(50, |text| text.parse().expect("a number of rounds"));
    let mut folder = tempfile::tempdir().expect("folder");
    let mut listed = 0;
    for round in 0..rounds {
        // Checking takes longer the more there is.
        if round > 0 && round.is_multiple_of(100) {
            folder = tempfile::tempdir().expect("folder");
            listed = 0;
        }
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
    // Every file left belongs to an object that has a name.
    let mut files = 0;
    for shard in
        std::fs::read_dir(folder.path().join("objects")).expect("objects")
    {
        let shard = shard.expect("shard").path();
        if shard.is_dir() {
            files += std::fs::read_dir(shard).expect("shard").count();
        }
    }
    let named = objects_with_files(folder.path());
    assert_eq!(files, named, "files, and objects that have one");
}

/// Counts versions of objects that have a file of their own.
fn objects_with_files(folder: &FsPath) -> usize {
    let store = Embedded::open(folder, "me").expect("store");
    let mut directories = vec![Path::parse("/me/stor/thoth").expect("path")];
    let mut etags = std::collections::BTreeSet::new();
    while let Some(directory) = directories.pop() {
        store
            .list_all(&directory, &mut |entry| {
                match entry {
                    Info::Directory(below) => directories.push(below.path),
                    Info::Object(object) => {
                        // Few bytes live beside the name.
                        let name = object.path.name();
                        let is_dump = name.starts_with("core");
                        if is_dump || object.size_bytes > 16 * 1024 {
                            etags.insert(object.etag.to_string());
                        }
                    }
                }
                Ok(())
            })
            .expect("list");
    }
    etags.len()
}
