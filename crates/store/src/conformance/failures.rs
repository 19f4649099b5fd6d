//! What the store promises while its engines fail.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use thoth_manta::{
    Code, Condition, DirectoryOptions, Info, LinkOptions, Manta, MantaExt,
    Metadata, Path, PutOptions, Result,
};

use super::faults::{Faults, FaultyBlobs, FaultyMeta, Kind};
use super::{Random, body, path};
use crate::front::inline;
use crate::{
    Beside, BlobStore, ConcatOptions, Expected, MetaStore, NameChange,
    NameVersion, ObjectStore, Part, PutObject,
};

type Store<M, B> = ObjectStore<FaultyMeta<M>, FaultyBlobs<B>>;

/// What is in a directory: bytes of objects, none for a directory, and what is
/// attached to the name.
type Seen = BTreeMap<String, (Option<Vec<u8>>, Metadata)>;

/// Something done to a directory that [`prepare`] has made.
struct Operation<M, B> {
    name: &'static str,
    act: fn(&Store<M, B>, &Path) -> Result<()>,
}

const KINDS: [Kind; 4] = [Kind::Before, Kind::After, Kind::Lost, Kind::NoRoom];
const NONE: Duration = Duration::ZERO;

/// Runs every operation with each of its calls failing in turn, and then
/// random ones with random faults.
pub fn failures<M: MetaStore, B: BlobStore>(meta: M, blobs: B, seed: u64) {
    let faults = Faults::default();
    let meta = FaultyMeta::new(meta, &faults);
    let blobs = FaultyBlobs::new(blobs, &faults);
    let store = ObjectStore::new(meta, blobs, "alice").unwrap();
    let mut number = 0;
    for operation in operations() {
        number += 1;
        let expected = expected(&store, &operation, number);
        for kind in KINDS {
            for skipped in 0.. {
                number += 1;
                let what = format!("{}, {kind:?} {skipped}", operation.name);
                let directory = path(&format!("f{number}"));
                prepare(&store, &directory);
                let before = look(&store, &directory);
                faults.plan(skipped, kind);
                let done = (operation.act)(&store, &directory);
                let came = faults.end();
                judge(&store, &directory, &done, [&before, &expected], &what);
                again(&store, &operation, &directory, &expected, &what);
                clean(&store, &directory);
                if !came {
                    assert!(done.is_ok(), "{what}: no fault, and {done:?}");
                    break;
                }
            }
        }
    }
    random(&store, &faults, seed);
    nothing_is_left_over(&store);
}

/// Returns what an operation leaves when nothing fails.
fn expected<M: MetaStore, B: BlobStore>(
    store: &Store<M, B>,
    operation: &Operation<M, B>,
    number: u32,
) -> Seen {
    let directory = path(&format!("f{number}"));
    prepare(store, &directory);
    (operation.act)(store, &directory).unwrap();
    let seen = look(store, &directory);
    clean(store, &directory);
    seen
}

fn is_certain(code: Code) -> bool {
    !matches!(code, Code::InternalError | Code::ServiceUnavailable)
}

/// Compares what is there with what the operation said.
fn judge<M: MetaStore, B: BlobStore>(
    store: &Store<M, B>,
    directory: &Path,
    done: &Result<()>,
    [before, after]: [&Seen; 2],
    what: &str,
) -> Seen {
    let now = look(store, directory);
    match done {
        Ok(()) => assert!(now == *after, "{what}: done, and is not there"),
        Err(error) if is_certain(error.code()) => {
            assert!(now == *before, "{what}: refused, and changed something");
        }
        Err(_) => {
            assert!(now == *before || now == *after, "{what}: half done");
        }
    }
    now
}

/// Whoever is not sure does it again.
fn again<M: MetaStore, B: BlobStore>(
    store: &Store<M, B>,
    operation: &Operation<M, B>,
    directory: &Path,
    expected: &Seen,
    what: &str,
) {
    if let Err(error) = (operation.act)(store, directory) {
        // It had been done.
        let there = error.is_conflict()
            || error.is_not_found()
            || error.code() == Code::SourceObjectNotFound;
        assert!(there, "{what}: again: {error}");
    }
    assert!(look(store, directory) == *expected, "{what}: again");
}

/// Makes a directory with something of everything in it; nearly all of it in
/// one transaction, for there are hundreds of them.
fn prepare<M: MetaStore, B: BlobStore>(store: &Store<M, B>, directory: &Path) {
    let shared = path("shared");
    if store.info(&shared).is_err() {
        let bytes = body(100_000, 2);
        store.put_bytes(&shared, &bytes, &PutOptions::default()).unwrap();
    }
    let Info::Object(large) = store.info(&shared).unwrap() else {
        panic!("an object")
    };
    store.mkdir(directory).unwrap();
    let at = |name: &str| directory.join(name).unwrap();
    store.mkdir(&at("empty")).unwrap();
    let mut changes = Vec::new();
    for (name, length) in [("small", 100), ("part0", 12_000), ("part1", 9_000)]
    {
        let bytes = body(length, length as u64);
        let object = inline(bytes, Expected::default(), true).unwrap();
        changes.push(NameChange::Put(PutObject {
            path: at(name),
            object,
            condition: Condition::none(),
            metadata: Metadata::default(),
            durability: 2,
        }));
    }
    for name in ["large", "linked"] {
        changes.push(NameChange::Name(NameVersion {
            source: shared.clone(),
            etag: large.etag.clone(),
            path: at(name),
            condition: Condition::none(),
            metadata: Metadata::default(),
            durability: 2,
        }));
    }
    store.meta.change_names(changes).unwrap();
    put(store, directory, "other", 60_000).unwrap();
}

fn look(store: &dyn Manta, directory: &Path) -> Seen {
    let mut seen = Seen::new();
    store
        .list_all(directory, &mut |entry| {
            let name = entry.path().name().to_owned();
            let what = match entry {
                Info::Object(object) => {
                    let bytes = store.get(&object.path, 1 << 30)?.1;
                    (Some(bytes), object.metadata)
                }
                Info::Directory(directory) => {
                    let headers = directory.headers;
                    (None, Metadata { headers, ..Metadata::default() })
                }
            };
            seen.insert(name, what);
            Ok(())
        })
        .unwrap();
    seen
}

/// Removes a directory with all that is in it, for good.
fn clean<M: MetaStore, B: BlobStore>(store: &Store<M, B>, directory: &Path) {
    let none = Condition::none;
    let names = look(store, directory).into_keys();
    let paths = names.map(|name| directory.join(&name).unwrap());
    let changes = paths
        .chain([directory.clone()])
        .map(|path| NameChange::Delete { path, condition: none() });
    store.meta.change_names(changes.collect()).unwrap();
    nothing_is_left_over(store);
}

/// After a sweep the blobs are those of the named versions, and the engine
/// finds nothing wrong with itself.
fn nothing_is_left_over<M: MetaStore, B: BlobStore>(store: &Store<M, B>) {
    store.maintain_after(NONE, NONE).unwrap();
    let mut blobs = BTreeSet::new();
    store
        .blobs
        .ids(NONE, &mut |id| {
            blobs.insert(id);
            Ok(())
        })
        .unwrap();
    let versions = store.meta.versions(0, 10_000).unwrap();
    let named: BTreeSet<_> = versions
        .iter()
        .filter(|version| version.inline.is_none())
        .map(|version| version.id)
        .collect();
    assert_eq!(blobs, named, "no blob without a name, no name without one");
    assert_eq!(MetaStore::verify(&store.meta).unwrap(), [""; 0]);
}

fn put(
    store: &dyn Manta,
    directory: &Path,
    name: &str,
    length: usize,
) -> Result<()> {
    let bytes = body(length, 77);
    let path = directory.join(name)?;
    store.put_bytes(&path, &bytes, &PutOptions::default()).map(|_| ())
}

fn concat<M: MetaStore, B: BlobStore>(
    store: &Store<M, B>,
    directory: &Path,
    names: &[&str],
) -> Result<()> {
    let mut parts = Vec::new();
    for name in names {
        let path = directory.join(name)?;
        let Info::Object(info) = store.info(&path)? else {
            panic!("{path} is an object")
        };
        parts.push(Part { path, etag: info.etag });
    }
    let options = ConcatOptions {
        remove_parts: true,
        beside: vec![Beside {
            path: directory.join("state")?,
            body: b"done".to_vec(),
            condition: Condition::create_only(),
            metadata: Metadata::default(),
        }],
        ..ConcatOptions::default()
    };
    store.concat(&directory.join("whole")?, &parts, &options).map(|_| ())
}

fn operations<M: MetaStore, B: BlobStore>() -> Vec<Operation<M, B>> {
    vec![
        Operation { name: "put small", act: |s, d| put(s, d, "new", 100) },
        Operation { name: "put large", act: |s, d| put(s, d, "new", 90_000) },
        Operation {
            name: "put long, in several writes",
            act: |s, d| put(s, d, "new", 2_500_000),
        },
        Operation {
            name: "overwrite large by small",
            act: |s, d| put(s, d, "other", 10),
        },
        Operation {
            name: "overwrite large by large",
            act: |s, d| put(s, d, "other", 80_000),
        },
        Operation {
            name: "create",
            act: |s, d| {
                let options = PutOptions {
                    condition: Condition::create_only(),
                    ..PutOptions::default()
                };
                let bytes = body(80_000, 6);
                s.put_bytes(&d.join("new")?, &bytes, &options).map(|_| ())
            },
        },
        Operation {
            name: "delete small",
            act: |s, d| s.delete(&d.join("small")?, &Condition::none()),
        },
        Operation {
            name: "delete large",
            act: |s, d| s.delete(&d.join("other")?, &Condition::none()),
        },
        Operation {
            name: "delete one of two names",
            act: |s, d| s.delete(&d.join("large")?, &Condition::none()),
        },
        Operation {
            name: "delete a directory",
            act: |s, d| s.delete(&d.join("empty")?, &Condition::none()),
        },
        Operation {
            name: "link",
            act: |s, d| s.link(&d.join("other")?, &d.join("new")?).map(|_| ()),
        },
        Operation {
            name: "link in place of another",
            act: |s, d| {
                let options = LinkOptions::default();
                let (from, to) = (d.join("small")?, d.join("other")?);
                s.link_with(&from, &to, &options).map(|_| ())
            },
        },
        Operation {
            name: "metadata",
            act: |s, d| {
                let metadata = Metadata {
                    content_type: "text/plain".to_owned(),
                    headers: BTreeMap::from([("m-a".into(), "b".into())]),
                };
                let none = Condition::none();
                s.set_metadata(&d.join("large")?, &metadata, &none).map(|_| ())
            },
        },
        Operation { name: "mkdir", act: |s, d| s.mkdir(&d.join("new")?) },
        Operation {
            name: "a directory's headers",
            act: |s, d| {
                let headers = BTreeMap::from([("m-a".into(), "b".into())]);
                let options = DirectoryOptions {
                    headers: Some(headers),
                    ..DirectoryOptions::default()
                };
                s.mkdir_with(&d.join("empty")?, &options)
            },
        },
        Operation {
            name: "a directory in place of an object",
            act: |s, d| {
                let options = DirectoryOptions {
                    replace_object: true,
                    ..DirectoryOptions::default()
                };
                s.mkdir_with(&d.join("other")?, &options)
            },
        },
        Operation {
            name: "two parts become one",
            act: |s, d| concat(s, d, &["part0", "part1"]),
        },
        Operation {
            name: "one part becomes the whole",
            act: |s, d| concat(s, d, &["part0"]),
        },
        Operation {
            name: "reading",
            act: |s, d| {
                let (_, bytes) = s.get(&d.join("linked")?, 1 << 20)?;
                assert!(bytes == body(100_000, 2), "what was put, or an error");
                Ok(())
            },
        },
        Operation {
            name: "sweep and delete",
            act: |s, d| {
                // Something to sweep, if it comes to that.
                let other = d.join("swept")?;
                let options =
                    PutOptions { as_file: true, ..Default::default() };
                let put = s.put_bytes(&other, b"1", &options);
                let gone = s.delete(&other, &Condition::none());
                s.maintain_after(NONE, NONE)?;
                put.and(gone).or_else(|error| match s.info(&other) {
                    Err(none) if none.is_not_found() => Ok(()),
                    _ => {
                        s.delete(&other, &Condition::none())?;
                        Err(error)
                    }
                })
            },
        },
    ]
}

/// A random history in which a third of the steps meet a fault.
fn random<M: MetaStore, B: BlobStore>(
    store: &Store<M, B>,
    faults: &Faults,
    seed: u64,
) {
    let mut random = Random(seed);
    let directory = path("random");
    store.mkdir(&directory).unwrap();
    let mut now = Seen::new();
    let none = Condition::none();
    for step in 0..250u64 {
        let name = format!("n{}", random.below(5));
        let other = format!("n{}", random.below(5));
        let at = directory.join(&name).unwrap();
        let choice = random.below(6);
        let length = [50, 30_000, 1_300_000][random.below(3) as usize];
        let bytes = body(length, step);
        let kind = KINDS[random.below(4) as usize];
        if random.below(3) == 0 {
            faults.plan(random.below(5) as u32, kind);
        }
        let mut after = now.clone();
        let done = match choice {
            0..=2 => {
                let value = (Some(bytes.clone()), Metadata::default());
                after.insert(name, value);
                store.put_bytes(&at, &bytes, &PutOptions::default()).map(|_| ())
            }
            3 => {
                let there = after.remove(&name).is_some();
                if there { store.delete(&at, &none) } else { Ok(()) }
            }
            4 => match now.get(&name).cloned() {
                Some(value) => {
                    after.insert(other.clone(), value);
                    let to = directory.join(&other).unwrap();
                    store.link(&at, &to).map(|_| ())
                }
                None => Ok(()),
            },
            _ => store.maintain_after(NONE, NONE).map(|_| ()),
        };
        faults.end();
        let what = format!("step {step} of seed {seed:#x}");
        now = judge(store, &directory, &done, [&now, &after], &what);
    }
}
