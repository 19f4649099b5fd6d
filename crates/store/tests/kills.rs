//! Processes killed at any moment, again and again.
//!
//! Each round starts two processes on one folder. Each has writers that put,
//! overwrite, link, delete, change metadata, make and remove directories, and
//! join parts, in names of their own; they say what they are about to do and,
//! once the store has answered, that it was done. Both are killed (`kill -9`)
//! at random moments. Then this process opens the folder as anybody would, and
//! compares it with what it was told: what was answered is there, whole; what
//! was not is there whole or not at all; after a sweep no file is left that
//! nobody names, and the database contradicts itself nowhere.
//!
//! `THOTH_KILL_ROUNDS` says how many rounds (50); a thousand take some minutes:
//!
//! ```sh
//! THOTH_KILL_ROUNDS=1000 cargo test --release -p thoth-store --test kills -- --nocapture
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path as FsPath;
use std::process::{Command, Stdio};
use std::time::Duration;

use thoth_manta::{
    Condition, Info, Manta, MantaExt, Metadata, Path, PutOptions,
};
use thoth_store::{ConcatOptions, Embedded, Part, ScrubOptions};

/// Set for the processes that are killed: the folder, and which they are.
const ROLE: &str = "THOTH_KILL_TEST_ROLE";
/// Processes at once.
const PROCESSES: u64 = 2;
/// Writers in each.
const WRITERS: u64 = 3;
/// Names of each writer.
const NAMES: u64 = 5;

/// A small generator (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// Bytes that both sides can make: some compress, some do not, some are holes.
fn body(seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let lengths = [0, 90, 16_384, 16_385, 90_000, 300_000, 1_400_000];
    let length = lengths[random.below(7) as usize];
    let mut bytes = vec![0u8; length];
    let noise = random.below(2) == 0;
    for (n, page) in bytes.chunks_mut(4096).enumerate() {
        if random.below(4) == 0 {
            continue;
        }
        for (at, byte) in page.iter_mut().enumerate() {
            *byte = if noise {
                (random.below(256)) as u8
            } else {
                (seed as usize + n + at / 97) as u8
            };
        }
    }
    bytes
}

/// What a name has.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Directory,
    /// Bytes made of these seeds, one after another, and the value of the
    /// header.
    Object(Vec<u64>, u64),
}

type Names = BTreeMap<String, What>;

/// A change, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Put(String, u64),
    Delete(String),
    Link(String, String),
    Header(String, u64),
    Mkdir(String),
    /// The second and the third are appended to each other and go.
    Join(String, String, String),
}

impl Step {
    fn tell(&self) -> String {
        match self {
            Step::Put(name, seed) => format!("put {name} {seed}"),
            Step::Delete(name) => format!("delete {name}"),
            Step::Link(from, to) => format!("link {from} {to}"),
            Step::Header(name, value) => format!("header {name} {value}"),
            Step::Mkdir(name) => format!("mkdir {name}"),
            Step::Join(to, a, b) => format!("join {to} {a} {b}"),
        }
    }

    fn parse(text: &str) -> Step {
        let words: Vec<&str> = text.split(' ').collect();
        let word = |n: usize| words[n].to_owned();
        let number = |n: usize| words[n].parse().expect("a number");
        match words[0] {
            "put" => Step::Put(word(1), number(2)),
            "delete" => Step::Delete(word(1)),
            "link" => Step::Link(word(1), word(2)),
            "header" => Step::Header(word(1), number(2)),
            "mkdir" => Step::Mkdir(word(1)),
            "join" => Step::Join(word(1), word(2), word(3)),
            other => panic!("unknown step {other:?}"),
        }
    }

    /// Does it to the map.
    fn apply(&self, names: &mut Names) {
        match self {
            Step::Put(name, seed) => {
                names.insert(name.clone(), What::Object(vec![*seed], 0));
            }
            Step::Delete(name) => {
                names.remove(name);
            }
            Step::Link(from, to) => {
                // A link has headers of its own: none.
                if let Some(What::Object(seeds, _)) = names.get(from).cloned() {
                    names.insert(to.clone(), What::Object(seeds, 0));
                }
            }
            Step::Header(name, value) => {
                if let Some(What::Object(_, header)) = names.get_mut(name) {
                    *header = *value;
                }
            }
            Step::Mkdir(name) => {
                names.insert(name.clone(), What::Directory);
            }
            Step::Join(to, a, b) => {
                let mut all = Vec::new();
                for part in [a, b] {
                    if let Some(What::Object(seeds, _)) = names.remove(part) {
                        all.extend(seeds);
                    }
                }
                names.insert(to.clone(), What::Object(all, 0));
            }
        }
    }

    /// Does it to the store.
    fn act(&self, store: &Embedded) -> thoth_manta::Result<()> {
        let none = Condition::none();
        match self {
            Step::Put(name, seed) => store
                .put_bytes(&path(name), &body(*seed), &PutOptions::default())
                .map(|_| ()),
            Step::Delete(name) => store.delete(&path(name), &none),
            Step::Link(from, to) => {
                store.link(&path(from), &path(to)).map(|_| ())
            }
            Step::Header(name, value) => store
                .set_metadata(&path(name), &metadata(*value), &none)
                .map(|_| ()),
            Step::Mkdir(name) => store.mkdir(&path(name)),
            Step::Join(to, a, b) => {
                let mut parts = Vec::new();
                for name in [a, b] {
                    let path = path(name);
                    let info = store.open(&path)?.info().clone();
                    parts.push(Part { path, etag: info.etag });
                }
                let options = ConcatOptions {
                    remove_parts: true,
                    ..ConcatOptions::default()
                };
                store.concat(&path(to), &parts, &options).map(|_| ())
            }
        }
    }
}

fn path(name: &str) -> Path {
    Path::parse(&format!("/me/stor/{name}")).expect("valid path")
}

fn metadata(value: u64) -> Metadata {
    let mut metadata = Metadata::default();
    if value > 0 {
        metadata.headers.insert("m-value".to_owned(), value.to_string());
    }
    metadata
}

/// Chooses a step that is possible.
fn choose(random: &mut Random, names: &Names, own: &str) -> Step {
    let name = |n: u64| format!("{own}-{n}");
    let objects: Vec<&String> = names
        .iter()
        .filter(|(name, what)| {
            name.starts_with(own) && matches!(what, What::Object(..))
        })
        .map(|(name, _)| name)
        .collect();
    let target = name(random.below(NAMES));
    let is_directory = names.get(&target) == Some(&What::Directory);
    if is_directory {
        return Step::Delete(target);
    }
    let object = |random: &mut Random| {
        let at = random.below(objects.len() as u64) as usize;
        objects[at].clone()
    };
    let seed = random.below(1 << 40);
    match random.below(10) {
        4 | 5 if !objects.is_empty() => Step::Delete(object(random)),
        6 if !objects.is_empty() => Step::Link(object(random), target),
        7 if !objects.is_empty() => Step::Header(object(random), 1 + seed),
        8 if !names.contains_key(&target) => Step::Mkdir(target),
        9 if objects.len() > 1 => {
            let (a, b) = (object(random), object(random));
            if a == b || names.values().any(long) {
                return Step::Put(target, seed);
            }
            Step::Join(target, a, b)
        }
        _ => Step::Put(target, seed),
    }
}

/// Tells whether an object was joined often enough.
fn long(what: &What) -> bool {
    matches!(what, What::Object(seeds, _) if seeds.len() > 6)
}

/// The process that is killed.
fn write_until_killed(role: &str) {
    let words: Vec<&str> = role.splitn(3, ' ').collect();
    let [process, seed, folder] = words[..] else { panic!("{role:?}") };
    let seed: u64 = seed.parse().expect("a number");
    let store = Embedded::open(FsPath::new(folder), "me").expect("open");
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = &store;
            let own = format!("p{process}w{writer}");
            scope.spawn(move || {
                let mut random = Random(seed.wrapping_add(writer));
                let mut names = read_names(store, &own);
                loop {
                    let step = choose(&mut random, &names, &own);
                    say(&format!("begin {own} {}", step.tell()));
                    step.act(store).expect("nothing refuses it");
                    say(&format!("done {own}"));
                    step.apply(&mut names);
                }
            });
        }
        loop {
            // What nobody names any more goes at once; orphans, which may be
            // those of the other process, only when they are old.
            let long = Duration::from_secs(3600);
            store.maintain_after(long, Duration::ZERO).expect("maintenance");
        }
    });
}

/// Says a line at once.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("@{line}\n").as_bytes()).expect("a parent");
    out.flush().expect("a parent");
}

/// Returns the names that are there, as far as choosing needs them.
fn read_names(store: &Embedded, own: &str) -> Names {
    let mut names = Names::new();
    let root = path("x").parent().expect("stor");
    store
        .list_all(&root, &mut |entry| {
            let name = entry.path().name().to_owned();
            if name.starts_with(own) {
                let what = match entry {
                    Info::Directory(_) => What::Directory,
                    // Joined objects count as many, so they stop growing.
                    Info::Object(o) if o.size_bytes > 4_000_000 => {
                        What::Object(vec![0; 7], 0)
                    }
                    Info::Object(_) => What::Object(vec![0], 0),
                };
                names.insert(name, what);
            }
            Ok(())
        })
        .expect("list");
    names
}

/// What a killed process said: the steps it was told were done, in order, and
/// for each writer the one that was never answered.
fn listen(out: impl std::io::Read) -> (Vec<Step>, Vec<Step>) {
    let mut done = Vec::new();
    let mut begun: BTreeMap<String, Step> = BTreeMap::new();
    for line in BufReader::new(out).lines() {
        let line = line.expect("text");
        // What the test's own frame prints is not ours.
        let Some((_, line)) = line.split_once('@') else { continue };
        if let Some(rest) = line.strip_prefix("begin ") {
            let (own, step) = rest.split_once(' ').expect("two parts");
            begun.insert(own.to_owned(), Step::parse(step));
        } else if let Some(own) = line.strip_prefix("done ") {
            done.extend(begun.remove(own));
        }
    }
    (done, begun.into_values().collect())
}

fn has(store: &Embedded, name: &str, what: &What) -> bool {
    let path = path(name);
    match (store.info(&path), what) {
        (Ok(Info::Directory(_)), What::Directory) => true,
        (Ok(Info::Object(info)), What::Object(seeds, header)) => {
            let expected: Vec<u8> =
                seeds.iter().flat_map(|seed| body(*seed)).collect();
            info.metadata == metadata(*header)
                && info.size_bytes == expected.len() as u64
                && store.get(&path, 1 << 30).expect("get").1 == expected
        }
        (Err(error), _) => {
            assert!(error.is_not_found(), "{error}");
            false
        }
        _ => false,
    }
}

/// Tells whether the store has of some names exactly what the map says.
fn agrees(store: &Embedded, names: &Names, touched: &[&str]) -> bool {
    touched.iter().all(|name| match names.get(*name) {
        Some(what) => has(store, name, what),
        None => store.info(&path(name)).is_err_and(|e| e.is_not_found()),
    })
}

/// Compares the folder with what was said, and takes up what is there.
fn compare(store: &Embedded, names: &mut Names, done: &[Step], open: &[Step]) {
    for step in done {
        step.apply(names);
    }
    for step in open {
        // Whole or not at all; only its own writer touches these names.
        let text = step.tell();
        let touched: Vec<&str> =
            text.split(' ').skip(1).filter(|w| w.starts_with('p')).collect();
        let mut after = names.clone();
        step.apply(&mut after);
        if agrees(store, &after, &touched) {
            *names = after;
        } else {
            assert!(agrees(store, names, &touched), "half done: {text}");
        }
    }
    let mut there = BTreeSet::new();
    let root = path("x").parent().expect("stor");
    store
        .list_all(&root, &mut |entry| {
            there.insert(entry.path().name().to_owned());
            Ok(())
        })
        .expect("list");
    let expected: BTreeSet<_> = names.keys().cloned().collect();
    assert_eq!(there, expected, "the names that were answered, and no others");
    for (name, what) in &*names {
        assert!(has(store, name, what), "{name} is not {what:?}");
    }
}

/// After a sweep, a file for each version that needs one, and no other.
fn no_orphans(folder: &FsPath, store: &Embedded) {
    store.maintain_after(Duration::ZERO, Duration::ZERO).expect("sweep");
    let mut files = BTreeSet::new();
    for shard in std::fs::read_dir(folder.join("objects")).expect("objects") {
        let shard = shard.expect("shard").path();
        for file in std::fs::read_dir(shard).expect("shard") {
            let name = file.expect("file").file_name();
            let name = name.to_string_lossy().into_owned();
            let id = name.split('.').next().unwrap_or_default().to_owned();
            files.insert(id);
        }
    }
    let sql =
        rusqlite::Connection::open(folder.join("store.db")).expect("database");
    let named: BTreeSet<String> = sql
        .prepare("SELECT lower(hex(id)) FROM object WHERE body IS NULL")
        .and_then(|mut q| {
            q.query_map([], |row| row.get(0)).and_then(Iterator::collect)
        })
        .expect("versions");
    let plain = |id: &String| id.replace('-', "");
    let files: BTreeSet<String> = files.iter().map(plain).collect();
    assert_eq!(files, named, "files of named versions, and no others");
    let found =
        store.scrub(&ScrubOptions::default(), &mut |_| ()).expect("scrub");
    assert_eq!(found.bad, []);
    assert_eq!(found.database, [""; 0]);
}

#[test]
fn nothing_acknowledged_is_lost_by_kills() {
    if let Ok(role) = std::env::var(ROLE) {
        return write_until_killed(&role);
    }
    let rounds = std::env::var("THOTH_KILL_ROUNDS")
        .map_or(50, |text| text.parse::<u64>().expect("a number of rounds"));
    let folder = tempfile::tempdir().expect("folder");
    drop(Embedded::open(folder.path(), "me").expect("open"));
    let mut random = Random(0x6b69_6c6c);
    let mut names = Names::new();
    let (mut acknowledged, mut cut, mut kept) = (0usize, 0usize, 0usize);
    for round in 0..rounds {
        let begun: Vec<_> =
            (0..PROCESSES)
                .map(|process| {
                    let seed = random.below(1 << 60);
                    let folder = folder.path().display();
                    let mut child = Command::new(
                        std::env::current_exe().expect("own program"),
                    )
                    .args(["--exact", "nothing_acknowledged_is_lost_by_kills"])
                    .arg("--nocapture")
                    .env(ROLE, format!("{process} {seed} {folder}"))
                    .stdout(Stdio::piped())
                    .spawn()
                    .expect("start a process");
                    let out = child.stdout.take().expect("its output");
                    // Some are killed while they still open the folder.
                    let lives = Duration::from_millis(5 + random.below(120));
                    (child, lives, std::thread::spawn(move || listen(out)))
                })
                .collect();
        let killers: Vec<_> = begun
            .into_iter()
            .map(|(mut child, lives, listener)| {
                std::thread::spawn(move || {
                    std::thread::sleep(lives);
                    child.kill().expect("kill");
                    let ended = child.wait().expect("wait");
                    assert!(
                        !ended.success() && ended.code().is_none(),
                        "{ended}"
                    );
                    listener.join().expect("what it said")
                })
            })
            .collect();
        let (mut done, mut open) = (Vec::new(), Vec::new());
        for killer in killers {
            let said = killer.join().expect("killed");
            done.extend(said.0);
            open.extend(said.1);
        }
        let store = Embedded::open(folder.path(), "me").expect("open again");
        acknowledged += done.len();
        cut += open.len();
        let before = names.clone();
        compare(&store, &mut names, &done, &open);
        kept += usize::from(before != names);
        no_orphans(folder.path(), &store);
        if (round + 1) % 50 == 0 {
            eprintln!(
                "{} rounds: {acknowledged} changes acknowledged, {cut} cut \
                 off, {} names there, {kept} rounds changed something",
                round + 1,
                names.len()
            );
        }
    }
    assert!(acknowledged > rounds as usize, "{acknowledged} changes only");
    assert!(cut > 0, "nothing was cut off in the middle");
}
