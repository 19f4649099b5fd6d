//! What the index answers is what reading every record answers, for records
//! and specifications of every shape; and what is broken in it is mended.

use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use thoth_dumps::{Dumps, PropPath, Spec};
use thoth_manta::{
    Condition, Document, Etag, Field, Index, IndexBatch, IndexQuery, Manta,
    MantaExt, Path, PutOptions,
};
use thoth_store::Embedded;

/// The name that the library gives its index.
const INDEX: &str = "dumps-2";

/// A small generator (splitmix64), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn one<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }
}

const WORDS: &[&str] = &[
    "node",
    "java",
    "a",
    "a.b",
    "5",
    "5.0",
    "true",
    "null",
    "",
    "é\n\u{1}",
    "a,b",
    "undefined",
    "\"\"",
    "x*y",
    "\\",
    "=",
    "[]",
    "{}",
    "-0",
    "5e0",
    "web-1",
    "web-2",
    "0101",
];
const NAMES: &[&str] = &[
    "cmd",
    "node",
    "ticket",
    "pid",
    "stack",
    "uploaded",
    "purged",
    "time",
    "fmri",
    "a",
    "a.b",
    "a.b.c",
    "n",
    "list",
    "properties",
    "properties.a",
    "properties.cmd",
    "properties.a.b",
    "odd name",
    "custom",
    "custom.x",
    "size",
    "modules",
    "id",
    "properties.n",
    "b",
    "truncated",
    "superseded_by",
];

fn value(random: &mut Random, depth: u32) -> Value {
    match random.below(if depth > 2 { 7 } else { 10 }) {
        0 => Value::Null,
        1 => json!(random.below(2) == 0),
        2 => json!(random.below(8)),
        3 => json!(random.below(8) as f64 / 2.0 - 1.0),
        4 => json!(u64::MAX - random.below(2)),
        5 | 6 => json!(random.one(WORDS)),
        7 => (0..random.below(4)).map(|_| value(random, depth + 1)).collect(),
        8 => Value::Object(object(random, depth + 1)),
        _ => json!("long".repeat(100)),
    }
}

fn object(random: &mut Random, depth: u32) -> Map<String, Value> {
    let names = ["a", "b", "a.b", "n", "fmri", "", "odd name", "cmd", "list"];
    (0..random.below(5))
        .map(|_| (random.one(&names).to_owned(), value(random, depth)))
        .collect()
}

fn record(random: &mut Random, id: u64) -> Value {
    let mut members = Map::new();
    let mut add = |name: &str, value| members.insert(name.to_owned(), value);
    add("version", json!("2"));
    add("id", json!(name(id)));
    for member in ["cmd", "node", "ticket", "pid", "truncated"] {
        match random.below(6) {
            0 => {}
            1 => drop(add(member, value(random, 1))),
            _ => {
                let usual = ["node", "java", "web-1", "web-2", "5"];
                add(member, json!(random.one(&usual)));
            }
        }
    }
    match random.below(8) {
        0 => {}
        1 => drop(add("time", json!(86_400 * random.below(5)))),
        2 => drop(add("time", json!(-5.5))),
        3 => drop(add("time", json!("400000"))),
        _ => drop(add("time", json!(random.below(500_000) as f64 + 0.5))),
    }
    if random.below(3) > 0 {
        add("uploaded", json!(random.below(500_000)));
    }
    if random.below(2) > 0 {
        let frames: Vec<&str> =
            (0..random.below(4)).map(|_| random.one(WORDS)).collect();
        add("stack", json!(frames));
    }
    if random.below(10) == 0 {
        add("purged", json!(random.below(500_000)));
    }
    if random.below(6) == 0 {
        let other = ["custom", "a", "a.b", "fmri", "properties.a"];
        add(random.one(&other), value(random, 1));
    }
    if random.below(10) > 0 {
        add("properties", json!(object(random, 0)));
    }
    Value::Object(members)
}

/// Names with common beginnings.
fn name(id: u64) -> String {
    format!("{:04x}{:028x}", id % 7 * 0x101, id)
}

fn text(random: &mut Random) -> String {
    let plain = random.one(WORDS);
    match random.below(6) {
        0 => format!("{}*", plain.chars().next().unwrap_or('w')),
        1 => "*".to_owned(),
        2 => "undefined".to_owned(),
        3 => "?".to_owned(),
        _ => plain.replace('\\', "\\\\").replace('*', "\\*"),
    }
}

fn argument(random: &mut Random) -> String {
    let name = random.one(NAMES);
    match random.below(14) {
        0..=4 => format!("{name}={}", text(random)),
        5 => format!("{name}!={}", text(random)),
        6 => format!("{name}={},{}", text(random), text(random)),
        7 => format!("{name}!={},{}", text(random), text(random)),
        8 => {
            let sign = random.one(&["<", "<=", ">", ">="]);
            let is_time = ["time", "uploaded", "purged"].contains(&name);
            let bounds = ["5", "0.5", "java", "250000", "1K"];
            let bound = random.one(&bounds);
            let bound = if is_time { "1970-01-03" } else { bound };
            format!("{name}{sign}{bound}")
        }
        9 => {
            let sign = random.one(&["~", "!~"]);
            let expression = random.one(&["a", "^w", "5$", ".", "^$"]);
            format!("{name}{sign}{expression}")
        }
        10 => {
            let side = random.one(&["mtime", "otime", "uploaded"]);
            let moments = ["1970-01-02", "1970-01-04", "300d", "today"];
            format!("{side}={}", random.one(&moments))
        }
        11 => format!("limit={}", random.below(30)),
        12 => format!("sort={}{name}", random.one(&["", "-"])),
        _ => "0101".to_owned(),
    }
}

struct Setting {
    _folder: TempDir,
    store: Arc<Embedded>,
    indexed: Dumps,
    plain: Dumps,
}

fn setting() -> Setting {
    let folder = tempfile::tempdir().expect("folder");
    let store = Arc::new(Embedded::open(folder.path(), "me").expect("store"));
    let indexed = Dumps::open(store.clone(), "me").expect("library");
    let plain = Dumps::open_plain(store.clone(), "me").expect("library");
    Setting { _folder: folder, store, indexed, plain }
}

fn write(store: &Embedded, id: u64, bytes: &[u8]) {
    let directory = Path::parse("/me/stor/thoth").expect("path");
    let directory = directory.join(&name(id)).expect("path");
    store.mkdirp(&directory).expect("directory");
    let path = directory.join("info.json").expect("path");
    store.put_bytes(&path, bytes, &PutOptions::default()).expect("put");
}

fn remove(store: &Embedded, id: u64) {
    let path = format!("/me/stor/thoth/{}/info.json", name(id));
    let path = Path::parse(&path).expect("path");
    let _ = store.delete(&path, &Condition::none());
}

fn compare(setting: &Setting, arguments: &[String]) -> usize {
    let Ok(spec) = Spec::parse(arguments) else { return 0 };
    let answer = |dumps: &Dumps| {
        let found = dumps.find(&spec).expect("find");
        let names: Vec<String> =
            found.records.iter().map(|r| r.id().to_string()).collect();
        names
    };
    let (by_index, by_reading) =
        (answer(&setting.indexed), answer(&setting.plain));
    assert_eq!(by_index, by_reading, "{arguments:?}");
    by_reading.len()
}

fn compare_reports(setting: &Setting, random: &mut Random) {
    let path = PropPath::parse(random.one(NAMES)).expect("path");
    let window = ["mtime=1970-01-02", "otime=1970-01-04", "cmd=node"];
    let arguments: Vec<&str> =
        window.into_iter().filter(|_| random.below(3) == 0).collect();
    let spec = Spec::parse(&arguments).expect("specification");
    let report = |dumps: &Dumps| {
        dumps.report(&spec, std::slice::from_ref(&path)).expect("report")
    };
    let (by_index, by_reading) =
        (report(&setting.indexed), report(&setting.plain));
    assert_eq!(by_index, by_reading, "{arguments:?} {path}");
}

fn assert_good(setting: &Setting) {
    let check = setting.indexed.check_index(false).expect("check");
    let check = check.expect("an index");
    assert!(check.is_good(), "{check:?}");
}

#[test]
fn the_index_answers_what_the_records_say() {
    let setting = setting();
    // A long run sets its own number, to see other histories.
    let seed = std::env::var("THOTH_AGREE_TEST_SEED");
    let seed = seed.map_or(0x7468_6f74, |text| text.parse().expect("number"));
    let mut random = Random(seed);
    let mut matched = 0;
    for _ in 0..8 {
        for _ in 0..25 {
            let id = random.below(80);
            match random.below(12) {
                0 => remove(&setting.store, id),
                1 => write(&setting.store, id, b"{ no record"),
                _ => {
                    let record = record(&mut random, id);
                    write(&setting.store, id, record.to_string().as_bytes());
                }
            }
        }
        for _ in 0..60 {
            let arguments: Vec<String> = (0..1 + random.below(3))
                .map(|_| argument(&mut random))
                .collect();
            matched += compare(&setting, &arguments);
        }
        for _ in 0..10 {
            compare_reports(&setting, &mut random);
        }
        assert_good(&setting);
    }
    assert!(matched > 500, "specifications find something: {matched}");
    // The same answers from an index that is made anew.
    let number = setting.indexed.rebuild_index().expect("rebuild");
    assert!(number > 40, "{number}");
    for _ in 0..60 {
        let arguments = vec![argument(&mut random), argument(&mut random)];
        compare(&setting, &arguments);
    }
    assert_good(&setting);
}

#[test]
fn what_is_wrong_in_the_index_is_mended() {
    let setting = setting();
    let mut random = Random(7);
    for id in 0..40 {
        let record = record(&mut random, id);
        write(&setting.store, id, record.to_string().as_bytes());
    }
    setting.indexed.find(&Spec::default()).expect("follow");
    let position = setting.store.index_position(INDEX).expect("position");
    let wrong = Document {
        id: name(3),
        time: Some(1.0),
        etag: Etag::parse("wrong").expect("etag"),
        fields: vec![Field { name: "cmd".into(), value: None }],
    };
    let stray = Document { id: "f".repeat(32), ..wrong.clone() };
    let odd = Document { id: "no name".into(), ..wrong.clone() };
    let batch = IndexBatch {
        position,
        put: vec![wrong, stray, odd],
        remove: vec![name(5)],
    };
    assert!(setting.store.index_apply(INDEX, position, batch).expect("apply"));
    let before = canon(&setting.store);
    let check = |mend| {
        setting.indexed.check_index(mend).expect("check").expect("an index")
    };
    let found = check(false);
    let names = |ids: &[thoth_dumps::DumpId]| {
        ids.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(found.records, 40);
    assert_eq!(names(&found.missing), [name(5)]);
    assert_eq!(names(&found.different), [name(3)]);
    assert_eq!(found.extra, ["f".repeat(32), "no name".to_owned()]);
    assert!(!found.mended);
    assert!(check(true).mended);
    assert!(check(false).is_good());
    assert_eq!(canon(&setting.store), before, "no record is written");
    compare(&setting, &["cmd=*".to_owned()]);
}

/// Every record's version.
fn canon(store: &Embedded) -> Vec<String> {
    let mut all = Vec::new();
    let root = Path::parse("/me/stor/thoth").expect("path");
    store
        .list_all(&root, &mut |entry| {
            let info = entry.path().join("info.json").expect("path");
            let object = store.info(&info)?;
            all.push(format!("{:?}", object.object().map(|o| &o.etag)));
            Ok(())
        })
        .expect("list");
    all
}

#[test]
fn an_index_that_is_gone_comes_back() {
    let setting = setting();
    for id in 0..10 {
        let record = record(&mut Random(id), id);
        write(&setting.store, id, record.to_string().as_bytes());
    }
    let all = vec!["purged=undefined,*".to_owned()];
    assert_eq!(compare(&setting, &all), 10);
    setting.store.index_clear(INDEX).expect("clear");
    assert_eq!(compare(&setting, &all), 10);
    let mut seen = 0;
    setting
        .store
        .index_query(INDEX, &IndexQuery::default(), &mut |_| {
            seen += 1;
            ControlFlow::Continue(())
        })
        .expect("query");
    assert_eq!(seen, 10, "it is filled again");
}
