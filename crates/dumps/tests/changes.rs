//! What happens to dumps after their upload: history, undo, removal, purge,
//! whole copies in the place of truncated ones, files beside them.

use std::path::PathBuf;
use std::sync::{Arc, Barrier};

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use thoth_dumps::{
    BuildFile, Bytes, CoreFacts, DumpId, DumpKind, Dumps, Error, Kind,
    PurgePolicy, Record, Resolved, Side, Spec, TimeFact, UploadOptions,
    Uploaded,
};
use thoth_manta::{Info, Manta, MantaExt, Path};
use thoth_store::Embedded;

struct Library {
    folder: TempDir,
    store: Arc<Embedded>,
    dumps: Dumps,
}

fn library() -> Library {
    let folder = tempfile::tempdir().expect("folder");
    let store = Arc::new(Embedded::open(folder.path(), "me").expect("store"));
    let dumps = Dumps::open(store.clone(), "me").expect("library");
    Library { folder, store, dumps: dumps.with_author(Some("bmc".into())) }
}

fn id(n: u8) -> DumpId {
    DumpId([n; 16])
}

fn facts(n: u8) -> CoreFacts {
    let mut facts = CoreFacts::new(DumpKind::Core, id(n));
    facts.cmd = Some(format!("cmd{}", n % 3));
    let seconds = 1_000_000.0 + f64::from(n);
    facts.time = Some(TimeFact { seconds, source: "test".to_owned() });
    facts
}

fn upload_as(dumps: &Dumps, facts: &CoreFacts, bytes: &[u8]) -> Uploaded {
    let options = UploadOptions::named("core");
    dumps.upload(&Bytes(bytes), facts, &options, &mut |_| {}).expect("upload")
}

fn upload(dumps: &Dumps, n: u8) -> DumpId {
    upload_as(dumps, &facts(n), &[n; 5000]).id
}

fn names(dumps: &Dumps, arguments: &[&str]) -> Vec<u8> {
    let spec = Spec::parse(arguments).expect("specification");
    let found = dumps.find(&spec).expect("find");
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    found.records.iter().map(|record| record.id().0[0]).collect()
}

fn bytes_of(dumps: &Dumps, record: &Record) -> Vec<u8> {
    let reader = dumps.open_dump(record).expect("open");
    let mut out = vec![0; reader.info().size_bytes as usize];
    let read = reader.read_at(&mut out, 0).expect("read");
    assert_eq!(read, out.len());
    out
}

/// The names of the objects beside a record.
fn beside(library: &Library, id: DumpId) -> Vec<String> {
    let path = Path::parse(&format!("/me/stor/thoth/{id}")).expect("path");
    let mut names = Vec::new();
    let listed = library.store.list_all(&path, &mut |entry| {
        names.push(entry.path().name().to_owned());
        Ok(())
    });
    if let Err(error) = listed {
        assert!(error.is_not_found(), "{error}");
    }
    names
}

fn refused(result: Result<impl std::fmt::Debug, Error>, why: &str) {
    let error = result.expect_err("refused");
    assert_eq!(error.kind(), Kind::User, "{error}");
    assert!(error.to_string().contains(why), "{error}");
}

#[test]
fn every_change_has_its_entry() {
    let library = library();
    let dumps = &library.dumps;
    let one = upload(dumps, 1);
    dumps.set(&one, "a", json!(1)).expect("set");
    dumps.set(&one, "a", json!({"b": [null]})).expect("set");
    dumps.set(&one, "a", json!({"b": [null]})).expect("the same again");
    dumps.ticket(&one, "T-1").expect("ticket");
    dumps.set(&one, "node", json!("web-1")).expect("set");
    dumps.unset(&one, "a").expect("unset");
    dumps.unticket(&one).expect("unticket");
    let history = dumps.history(&one).expect("history");
    let told: Vec<String> = history
        .iter()
        .map(|change| {
            let parts: Vec<String> = change
                .parts
                .iter()
                .map(|part| {
                    let text = |side: &Side| match side {
                        Side::Absent => "-".to_owned(),
                        Side::Value(value) => value.to_string(),
                        Side::Long(object) => object.clone(),
                    };
                    let (old, new) = (text(&part.old), text(&part.new));
                    format!("{} {old} > {new}", part.name)
                })
                .collect();
            format!("{} {}: {}", change.number, change.what, parts.join(", "))
        })
        .collect();
    assert_eq!(
        told,
        [
            "0 upload: ",
            "1 set: a - > 1",
            "2 set: a 1 > {\"b\":[null]}",
            "3 ticket: ticket - > \"T-1\"",
            "4 set: node - > \"web-1\"",
            "5 unset: a {\"b\":[null]} > -",
            "6 unticket: ticket \"T-1\" > -",
        ]
    );
    assert!(history[1..].iter().all(|c| c.who.as_deref() == Some("bmc")));
    assert!(history.iter().all(|change| change.time.is_some()));
}

#[test]
fn long_histories_move_out_of_the_record() {
    let library = library();
    let dumps = &library.dumps;
    let one = upload(dumps, 1);
    for n in 0..200 {
        dumps.set(&one, "n", json!(n)).expect("set");
    }
    let long = json!("x".repeat(100_000));
    for value in [json!(1), long.clone(), json!(2), long.clone(), json!(3)] {
        dumps.set(&one, "long", value).expect("set");
    }
    let record = dumps.record(&one).expect("store").expect("record");
    assert!(record.to_bytes().len() < 60_000, "{}", record.to_bytes().len());
    let history = dumps.history(&one).expect("history");
    let numbers: Vec<u64> = history.iter().map(|c| c.number).collect();
    assert_eq!(numbers, (0..=205).collect::<Vec<u64>>());
    for change in &history[1..=200] {
        let new = Side::Value(json!(change.number - 1));
        assert_eq!(change.parts[0].new, new);
    }
    // The second change of all is undone from an object beside the record.
    dumps.undo(&one, 205).expect("undo");
    let record = dumps.undo(&one, 206).expect("undo the undo");
    assert_eq!(record.properties().expect("some")["long"], json!(3));
    let record = dumps.undo(&one, 207).expect("undo that too");
    assert_eq!(record.properties().expect("some")["long"], long);
}

#[test]
fn a_change_is_taken_back_unless_another_is_in_the_way() {
    let library = library();
    let dumps = &library.dumps;
    let one = upload(dumps, 1);
    dumps.set(&one, "a", json!(1)).expect("set");
    dumps.ticket(&one, "T-1").expect("ticket");
    dumps.ticket(&one, "T-2").expect("ticket");
    refused(dumps.undo(&one, 2), "changed again by change 3");
    refused(dumps.undo(&one, 9), "no such change");
    refused(dumps.undo(&one, 0), "it is the upload");
    let record = dumps.undo(&one, 3).expect("undo");
    assert_eq!(record.ticket(), Some("T-1"));
    let record = dumps.undo(&one, 2).expect("undo");
    assert_eq!(record.ticket(), None);
    let record = dumps.undo(&one, 1).expect("undo");
    assert!(record.properties().expect("some").is_empty());
    let history = dumps.history(&one).expect("history");
    let last = history.last().expect("some");
    assert_eq!((last.what.as_str(), last.undoes), ("undo", Some(1)));
    dumps.remove(&one, "test").expect("remove");
    refused(dumps.undo(&one, last.number + 1), "stays");
}

#[test]
fn nobodys_entry_is_lost() {
    let library = library();
    let one = upload(&library.dumps, 1);
    let (dumps, start) = (&library.dumps, &Barrier::new(4));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                start.wait();
                for n in 0..40 {
                    let name = format!("p{thread}");
                    dumps.set(&one, &name, json!(n)).expect("set");
                }
            });
        }
    });
    let history = dumps.history(&one).expect("history");
    let numbers: Vec<u64> = history.iter().map(|c| c.number).collect();
    assert_eq!(numbers, (0..=160).collect::<Vec<u64>>());
    for thread in 0..4 {
        let name = format!("p{thread}");
        let values: Vec<Side> = history
            .iter()
            .flat_map(|change| &change.parts)
            .filter(|part| part.name == name)
            .map(|part| part.new.clone())
            .collect();
        let all: Vec<Side> = (0..40).map(|n| Side::Value(json!(n))).collect();
        assert_eq!(values, all, "{name}");
    }
}

#[test]
fn a_removed_dump_leaves_what_is_known() {
    let library = library();
    let dumps = &library.dumps;
    let (one, _two) = (upload(dumps, 1), upload(dumps, 2));
    dumps.ticket(&one, "T-1").expect("ticket");
    let removed = dumps.remove(&one, "too large").expect("remove");
    assert!(removed.freed_bytes > 0);
    let record = removed.record;
    assert!(record.is_purged());
    let members = record.members();
    assert_eq!(members["purged_by"], json!("bmc"));
    assert_eq!(members["purged_reason"], json!("too large"));
    assert_eq!(members["purged_bytes"], json!(removed.freed_bytes));
    assert_eq!(beside(&library, one), ["info.json"]);
    assert!(dumps.open_dump(&record).is_err());
    // Left out unless it is asked for.
    assert_eq!(names(dumps, &[]), [2]);
    assert_eq!(names(dumps, &["ticket=T-1"]), [0u8; 0]);
    assert_eq!(names(dumps, &["0101"]), [1]);
    assert_eq!(names(dumps, &["purged!=undefined"]), [1]);
    assert_eq!(names(dumps, &["purged>2020-01-01"]), [1]);
    assert_eq!(names(dumps, &["purged=undefined,*"]), [1, 2]);
    let again = dumps.remove(&one, "again").expect("remove");
    assert_eq!(again.freed_bytes, 0);
    assert_eq!(again.record, record);
}

#[test]
fn a_removed_dump_stays_removed_unless_asked() {
    let library = library();
    let dumps = &library.dumps;
    let one = upload(dumps, 1);
    dumps.ticket(&one, "T-1").expect("ticket");
    dumps.set(&one, "p", json!(5)).expect("set");
    dumps.remove(&one, "test").expect("remove");
    let same = upload_as(dumps, &facts(1), &[1; 5000]);
    assert!(same.already_there && same.record.is_purged());
    let options = UploadOptions { again: true, ..UploadOptions::named("core") };
    let back = dumps
        .upload(&Bytes(&[1; 5000]), &facts(1), &options, &mut |_| {})
        .expect("upload");
    assert!(!back.already_there && !back.replaced_truncated);
    assert!(!back.record.is_purged());
    assert_eq!(back.record.ticket(), Some("T-1"));
    assert_eq!(bytes_of(dumps, &back.record), [1; 5000]);
    assert_eq!(names(dumps, &["p=5"]), [1]);
    let history = dumps.history(&one).expect("history");
    let what: Vec<&str> = history.iter().map(|c| c.what.as_str()).collect();
    assert_eq!(what, ["upload", "ticket", "set", "rm", "replace"]);
}

#[test]
fn a_removal_that_was_killed_is_finished() {
    let library = library();
    let dumps = &library.dumps;
    let one = upload(dumps, 1);
    // What a kill between the two steps leaves: a tombstone and the bytes.
    let path = Path::parse(&format!("/me/stor/thoth/{one}/core"));
    let path = path.expect("path");
    let copy = Path::parse("/me/stor/copy").expect("path");
    library.store.link(&path, &copy).expect("link");
    dumps.remove(&one, "test").expect("remove");
    library.store.link(&copy, &path).expect("link");
    assert_eq!(beside(&library, one), ["core", "info.json"]);
    assert_eq!(dumps.sweep().expect("sweep"), 1);
    assert_eq!(beside(&library, one), ["info.json"]);
    assert_eq!(dumps.sweep().expect("sweep"), 0);
}

#[test]
fn a_forgotten_dump_leaves_nothing() {
    let library = library();
    let dumps = &library.dumps;
    let one = upload(dumps, 1);
    dumps.attach(&one, "log", &Bytes(b"x")).expect("attach");
    for n in 0..100 {
        dumps.set(&one, "n", json!(n)).expect("set");
    }
    assert!(beside(&library, one).len() > 3);
    assert!(dumps.forget(&one).expect("forget") > 0);
    assert_eq!(beside(&library, one), [""; 0]);
    assert!(dumps.record(&one).expect("store").is_none());
    assert_eq!(names(dumps, &["0101"]), [0u8; 0]);
    let error = dumps.forget(&one).expect_err("gone");
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(!upload_as(dumps, &facts(1), b"x").already_there);
}

fn plan(dumps: &Dumps, policy: &PurgePolicy) -> Vec<u8> {
    let plan = dumps.plan_purge(policy).expect("plan");
    plan.remove.iter().map(|dump| dump.id.0[0]).collect()
}

#[test]
fn policies_say_what_goes() {
    let library = library();
    let dumps = &library.dumps;
    for n in 1..=9 {
        upload(dumps, n);
    }
    dumps.ticket(&id(1), "T").expect("ticket");
    dumps.set(&id(2), "pinned", json!(true)).expect("pin");
    dumps.set(&id(3), "pinned", json!(false)).expect("no pin");
    let all = PurgePolicy { older_than: Some(4e9), ..PurgePolicy::default() };
    assert_eq!(plan(dumps, &all), [3, 4, 5, 6, 7, 8, 9]);
    let ticketed = PurgePolicy { keep_ticketed: false, ..all.clone() };
    assert_eq!(plan(dumps, &ticketed)[..2], [1, 3]);
    let pinned = PurgePolicy { keep_pinned: false, ..all.clone() };
    assert_eq!(plan(dumps, &pinned)[..2], [2, 3]);
    let newest = PurgePolicy { keep_newest: 2, ..all.clone() };
    assert_eq!(plan(dumps, &newest), [3]);
    // Just uploaded is young, whenever it crashed.
    let old = PurgePolicy { older_than: Some(1e9), ..PurgePolicy::default() };
    assert_eq!(plan(dumps, &old), [0u8; 0]);
    let only = PurgePolicy {
        spec: Spec::parse(&["cmd=cmd0"]).expect("specification"),
        ..all.clone()
    };
    assert_eq!(plan(dumps, &only), [3, 6, 9]);
    let size = dumps.record(&id(5)).expect("store").expect("record");
    let size = size.stored_bytes().expect("size");
    let budget =
        PurgePolicy { budget_bytes: Some(size * 7), ..PurgePolicy::default() };
    assert_eq!(plan(dumps, &budget), [3, 4]);
    let tight =
        PurgePolicy { budget_bytes: Some(size), ..PurgePolicy::default() };
    let plan = dumps.plan_purge(&tight).expect("plan");
    assert!(plan.over_budget, "ticketed and pinned ones take more");
    assert_eq!(plan.remove.len(), 7);
    assert_eq!((plan.kept.ticketed, plan.kept.pinned), (1, 1));
    assert_eq!(plan.kept_bytes, size * 2);
    assert_eq!(plan.freed_bytes, size * 7);
    assert_eq!(names(dumps, &[]).len(), 9, "a plan changes nothing");
    refused(dumps.plan_purge(&PurgePolicy::default()), "neither an age");
}

#[test]
fn what_was_ticketed_meanwhile_is_kept() {
    let library = library();
    let dumps = &library.dumps;
    for n in 1..=4 {
        upload(dumps, n);
    }
    let all = PurgePolicy { older_than: Some(4e9), ..PurgePolicy::default() };
    let plan = dumps.plan_purge(&all).expect("plan");
    dumps.ticket(&id(2), "T").expect("ticket");
    dumps.set(&id(3), "pinned", json!("yes")).expect("pin");
    dumps.forget(&id(4)).expect("forget");
    let mut removed = Vec::new();
    let done = dumps
        .purge(&plan, &all, "old", &mut |dump| removed.push(dump.id))
        .expect("purge");
    assert_eq!(removed, [id(1)]);
    assert_eq!(done.removed, 1);
    let skipped: Vec<DumpId> = done.skipped.iter().map(|s| s.0).collect();
    assert_eq!(skipped, [id(2), id(3), id(4)]);
    assert_eq!(names(dumps, &[]), [2, 3]);
    let record = dumps.record(&id(1)).expect("store").expect("kept");
    assert_eq!(record.members()["purged_reason"], json!("old"));
    let usage = dumps.usage(&Spec::parse(&["purged=undefined,*"]).expect("s"));
    let usage = usage.expect("usage");
    assert_eq!((usage.purged, usage.total.dumps), (1, 2));
    assert_eq!(usage.purged_bytes, done.freed_bytes);
}

/// A whole dump and its truncated copy, which lacks the random bytes.
fn pair(n: u8, base: u8) -> (CoreFacts, CoreFacts) {
    let mut whole = facts(n);
    whole.base_id = Some(id(base));
    let mut copy = facts(base);
    copy.base_id = Some(id(base));
    copy.completeness.truncated = true;
    (whole, copy)
}

#[test]
fn a_whole_dump_replaces_its_copy_of_another_name() {
    let library = library();
    let dumps = &library.dumps;
    let (whole, copy) = pair(1, 0xb1);
    upload_as(dumps, &copy, b"short");
    dumps.ticket(&copy.id, "T-1").expect("ticket");
    dumps.set(&copy.id, "p", json!([5])).expect("set");
    dumps.attach(&copy.id, "log", &Bytes(b"excerpt")).expect("attach");
    let done = upload_as(dumps, &whole, b"long enough");
    assert!(done.replaced_truncated && !done.already_there);
    assert_eq!(done.id, whole.id);
    let record = done.record;
    assert_eq!(record.ticket(), Some("T-1"));
    assert_eq!(record.properties().expect("some")["p"], json!([5]));
    let log = dumps.open_attachment(&record, "log").expect("open");
    assert_eq!(log.info().size_bytes, 7);
    assert_eq!(bytes_of(dumps, &record), b"long enough");
    // The old name goes on meaning the dump.
    let resolved = dumps.resolve_one(&copy.id.to_string()).expect("found");
    let Resolved::Stored(resolved) = resolved else { panic!("a file") };
    assert_eq!(resolved.id(), whole.id);
    assert_eq!(names(dumps, &[]), [1]);
    assert!(!beside(&library, copy.id).contains(&"core".to_owned()));
    let tombstone = dumps.record(&copy.id).expect("store").expect("kept");
    assert_eq!(tombstone.superseded_by(), Some(whole.id));
    assert_eq!(tombstone.ticket(), Some("T-1"));
    // Neither comes back.
    assert!(upload_as(dumps, &copy, b"short").already_there);
    assert!(upload_as(dumps, &whole, b"long enough").already_there);
    assert_eq!(names(dumps, &[]), [1]);
}

#[test]
fn a_copy_of_the_only_whole_dump_is_there_already() {
    let library = library();
    let dumps = &library.dumps;
    let (first, copy) = pair(1, 0xb1);
    upload_as(dumps, &first, b"whole");
    let done = upload_as(dumps, &copy, b"short");
    assert!(done.already_there);
    assert_eq!(done.id, first.id);
    assert_eq!(beside(&library, copy.id), [""; 0]);
    // With two whole ones it may be a copy of either.
    let (second, _) = pair(2, 0xb1);
    assert!(!upload_as(dumps, &second, b"other").replaced_truncated);
    let done = upload_as(dumps, &copy, b"short");
    assert!(!done.already_there);
    assert_eq!(done.id, copy.id);
}

#[test]
fn whole_and_copy_at_once_end_as_one() {
    for round in 0..12 {
        let library = library();
        let dumps = &library.dumps;
        let (whole, copy) = pair(1, 0xb1);
        let start = &Barrier::new(3);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                upload_as(dumps, &whole, b"long enough")
            });
            scope.spawn(|| {
                start.wait();
                upload_as(dumps, &copy, b"short")
            });
            scope.spawn(|| {
                start.wait();
                for _ in 0..200 {
                    match dumps.ticket(&copy.id, "T-1") {
                        Ok(_) => return,
                        Err(error) => {
                            assert_eq!(error.kind(), Kind::NotFound);
                        }
                    }
                }
            });
        });
        assert_eq!(names(dumps, &[]), [1], "round {round}");
        let copy = dumps.record(&copy.id).expect("store");
        if let Some(copy) = copy {
            assert_eq!(copy.superseded_by(), Some(whole.id));
        }
    }
}

#[test]
fn a_replacement_that_was_killed_is_finished() {
    let library = library();
    let dumps = &library.dumps;
    let (whole, copy) = pair(1, 0xb1);
    upload_as(dumps, &copy, b"short");
    dumps.ticket(&copy.id, "T-1").expect("ticket");
    // The whole one's record is in, and then its process was killed.
    let mut lonely = whole.clone();
    lonely.base_id = None;
    upload_as(dumps, &lonely, b"long enough");
    let path = Path::parse(&format!("/me/stor/thoth/{}/info.json", whole.id));
    let path = path.expect("path");
    let (_, bytes) = library.store.get(&path, 1 << 20).expect("record");
    let mut record: Value = serde_json::from_slice(&bytes).expect("JSON");
    record["base_id"] = json!(copy.id.to_string());
    let bytes = record.to_string();
    library
        .store
        .put_bytes(&path, bytes.as_bytes(), &Default::default())
        .expect("put");
    assert_eq!(names(dumps, &[]), [1, 0xb1]);
    assert!(upload_as(dumps, &whole, b"long enough").already_there);
    assert_eq!(names(dumps, &[]), [1]);
    assert_eq!(names(dumps, &["ticket=T-1"]), [1]);
}

#[test]
fn attachments_have_their_own_names() {
    let library = library();
    let dumps = &library.dumps;
    let one = upload(dumps, 1);
    let record =
        dumps.attach(&one, "dmesg.txt", &Bytes(b"log")).expect("attach");
    let listed = record.attachments();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].name.as_str(), listed[0].size_bytes),
        ("dmesg.txt", 3)
    );
    assert_eq!(listed[0].digest.as_ref().map(String::len), Some(64));
    refused(dumps.attach(&one, "dmesg.txt", &Bytes(b"2")), "one of that name");
    for name in ["info.json", "core", "core.7", "a/b", "", "..", "history.x"] {
        let refused = dumps.attach(&one, name, &Bytes(b"x"));
        assert!(refused.is_err(), "{name}");
    }
    let reader = dumps.open_attachment(&record, "dmesg.txt").expect("open");
    let mut bytes = [0; 3];
    reader.read_at(&mut bytes, 0).expect("read");
    assert_eq!(&bytes, b"log");
    assert!(dumps.open_attachment(&record, "core").is_err());
    assert!(dumps.attach(&id(9), "x", &Bytes(b"x")).is_err());
    assert_eq!(beside(&library, one), ["core", "dmesg.txt", "info.json"]);
    // Of two at once one is told, and nothing is left of it.
    let start = &Barrier::new(4);
    let wins: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|n| {
                scope.spawn(move || {
                    start.wait();
                    let body = [n; 100];
                    dumps.attach(&one, "race", &Bytes(&body)).is_ok()
                })
            })
            .collect();
        let wins = threads.into_iter().map(|t| t.join().expect("no panic"));
        wins.filter(|won| *won).count()
    });
    assert_eq!(wins, 1);
    let record = dumps.record(&one).expect("store").expect("record");
    assert!(dumps.open_attachment(&record, "race").is_ok());
    let race = beside(&library, one);
    let race = race.iter().filter(|name| name.starts_with("race")).count();
    assert_eq!(race, 1);
}

#[test]
fn build_files_are_kept_once() {
    let library = library();
    let dumps = &library.dumps;
    let file = BuildFile::Executable;
    let id = "0123456789ABCDEF0123456789abcdef01234567";
    assert!(dumps.build_file(id, file).expect("look").is_none());
    assert!(dumps.keep_build_file(id, file, &Bytes(b"ELF")).expect("keep"));
    assert!(!dumps.keep_build_file(id, file, &Bytes(b"2")).expect("keep"));
    assert!(dumps.build_file(id, BuildFile::DebugInfo).expect("l").is_none());
    let reader = dumps.build_file(&id.to_lowercase(), file).expect("look");
    let reader = reader.expect("kept");
    assert_eq!(
        reader.info().path.as_str(),
        "/me/stor/thoth/buildid/01/23456789abcdef0123456789abcdef01234567/\
         executable"
    );
    assert_eq!(reader.info().size_bytes, 3);
    for bad in ["", "0", "../../x", "xyz0", "éé"] {
        refused(dumps.build_file(bad, file).map(|f| f.is_some()), "build id");
    }
    let usage = dumps.usage(&Spec::default()).expect("usage");
    assert_eq!((usage.files.dumps, usage.files.size_bytes), (1, 3));
    assert_eq!(usage.total.dumps, 0);
}

#[test]
fn a_stream_becomes_a_dump_without_a_second_pass() {
    let library = library();
    let dumps = &library.dumps;
    let body = vec![7u8; 300_000];
    let mut seen = 0;
    let incoming = dumps
        .receive(Box::new(&body[..]), &mut |p| seen = p.done_bytes)
        .expect("receive");
    assert_eq!(seen, 300_000);
    let reader = dumps.open_incoming(&incoming).expect("open");
    assert_eq!(reader.info().size_bytes, 300_000);
    assert_eq!(names(dumps, &[]), [0u8; 0], "it is no dump yet");
    let options = UploadOptions::named("core");
    let done = dumps.adopt(incoming, &facts(1), &options).expect("adopt");
    assert!(!done.already_there);
    assert!(bytes_of(dumps, &done.record) == body);
    let left = |library: &Library| {
        let path = Path::parse("/me/stor/thoth/incoming").expect("path");
        let info = library.store.info(&path).expect("directory");
        let Info::Directory(directory) = info else { panic!("{info:?}") };
        directory.entries
    };
    assert_eq!(left(&library), 0);
    let again = dumps.receive(Box::new(&body[..]), &mut |_| {});
    let again = dumps.adopt(again.expect("receive"), &facts(1), &options);
    assert!(again.expect("adopt").already_there);
    assert_eq!((left(&library), beside(&library, id(1)).len()), (0, 2));
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("cut"))
        }
    }
    assert!(dumps.receive(Box::new(Broken), &mut |_| {}).is_err());
    assert_eq!(left(&library), 0);
}

#[test]
fn what_no_record_can_hold_is_refused() {
    let library = library();
    let dumps = &library.dumps;
    let one = upload(dumps, 1);
    let many: Map<String, Value> =
        (0..100_000).map(|n| (format!("p{n}"), json!(n))).collect();
    let options =
        UploadOptions { properties: many, ..UploadOptions::named("core") };
    let refusal = dumps.upload(&Bytes(b"x"), &facts(2), &options, &mut |_| {});
    refused(refusal, "at most 10000 properties");
    assert_eq!(beside(&library, id(2)), [""; 0]);
    let deep = "[".repeat(120) + &"]".repeat(120);
    let deep = thoth_dumps::parse_value(&deep);
    assert!(deep.is_array());
    refused(dumps.set(&one, "deep", deep.clone()), "64 deep");
    let options = UploadOptions {
        properties: Map::from_iter([("deep".to_owned(), deep)]),
        ..UploadOptions::named("core")
    };
    let refusal = dumps.upload(&Bytes(b"x"), &facts(2), &options, &mut |_| {});
    refused(refusal, "64 deep");
    refused(dumps.set(&one, &"n".repeat(2000), json!(1)), "1024 bytes");
    refused(dumps.set(&one, "purged", json!(1)), "member of the record");
    refused(dumps.set(&one, "history", json!([])), "member of the record");
    // The last of 10,000 is refused, not the record lost.
    let some: Map<String, Value> =
        (0..10_000).map(|n| (format!("p{n}"), json!(n))).collect();
    let options =
        UploadOptions { properties: some, ..UploadOptions::named("core") };
    dumps
        .upload(&Bytes(b"x"), &facts(3), &options, &mut |_| {})
        .expect("upload");
    refused(dumps.set(&id(3), "more", json!(1)), "at most 10000");
    assert_eq!(names(dumps, &["p9999=9999"]), [3]);
    assert_eq!(names(dumps, &["p9999=9998"]), [0u8; 0]);
}

#[test]
fn unknown_members_outlive_every_change() {
    let library = library();
    let dumps = &library.dumps;
    let one = upload(dumps, 1);
    let path = Path::parse(&format!("/me/stor/thoth/{one}/info.json"));
    let path = path.expect("path");
    let (_, bytes) = library.store.get(&path, 1 << 20).expect("record");
    let mut record: Value = serde_json::from_slice(&bytes).expect("JSON");
    record["later"] = json!({"a": [1, {"b": null}]});
    let bytes = record.to_string();
    library
        .store
        .put_bytes(&path, bytes.as_bytes(), &Default::default())
        .expect("put");
    dumps.set(&one, "p", json!(1)).expect("set");
    dumps.undo(&one, 1).expect("undo");
    dumps.remove(&one, "test").expect("remove");
    let options = UploadOptions { again: true, ..UploadOptions::named("core") };
    let back = dumps
        .upload(&Bytes(b"x"), &facts(1), &options, &mut |_| {})
        .expect("upload");
    let later = &back.record.members()["later"];
    assert_eq!(later, &json!({"a": [1, {"b": null}]}));
    assert_eq!(names(dumps, &["later.a=1"]), [1]);
    let home: PathBuf = library.folder.path().to_owned();
    drop(library);
    assert!(!home.exists());
}
