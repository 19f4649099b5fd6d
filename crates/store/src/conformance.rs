//! What every pair of engines must pass.
//!
//! Each function takes fresh engines and panics at the first thing that is not
//! as the traits say. A new engine calls [`all`] from a test of its own; the
//! list below is the specification in executable form:
//!
//! - [`blobs`]: nothing before commit, everything after, promises kept,
//!   readers outlive a delete;
//! - [`names`]: directories, errors by code, listing order and paging;
//! - [`conditions`]: one winner among many writers of one path;
//! - [`garbage`]: a version goes when its last name goes, and never comes
//!   back;
//! - [`parts`]: several objects become one, all or nothing, and what nobody
//!   ends is swept;
//! - [`indexes`]: the change log's order, compare-and-swap of positions;
//! - [`accounts`]: changes of accounts, all or nothing, none lost;
//! - [`model`]: long random histories against a plain map;
//! - [`parallel`]: the same by several writers at once, with a sweep beside
//!   them, and a change log that leads to the same end;
//! - [`failures`]: every operation of the store, with each call that it makes
//!   of an engine failing in turn, before its effect and after it.
//!
//! The last one puts the engines into [`FaultyMeta`] and [`FaultyBlobs`], which
//! fail when they are told to. What the store promises whatever fails:
//!
//! 1. An operation that returns well has been done, whole.
//! 2. One that fails with a code that is certain (any but `InternalError` and
//!    `ServiceUnavailable`) has changed nothing.
//! 3. After the other two codes it has been done whole or not at all, and
//!    doing it again leads to the same end.
//! 4. What is left of a failed operation is gone after a sweep; what is named
//!    is never swept, and has the bytes that were put.
//!
//! An engine's own steps (a short write, a flush that fails, a name that cannot
//! be given) are inside it, where this suite cannot reach: an engine tests them
//! by itself, and owes the suite only that each shows as an error of the call.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a panic is how the suite reports"
)]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Barrier;
use std::time::Duration;

use thoth_manta::{
    Code, Condition, Document, Etag, Index, IndexBatch, IndexQuery,
    ListOptions, Manta, MantaExt, Metadata, Order, Path, PutOptions,
};

use crate::{Accounts, BlobStore, Expected, MetaStore, ObjectStore, Wanted};

mod accounts;
mod failures;
mod faults;
mod index;
mod model;
mod parts;
pub use accounts::accounts;
pub use failures::failures;
pub use faults::{Faults, FaultyBlobs, FaultyMeta, Kind};
pub use index::values as index_values;
pub use model::{model, parallel};
pub use parts::parts;

/// Runs the whole suite; `fresh` returns engines that hold nothing.
pub fn all<M: MetaStore + Accounts, B: BlobStore>(
    mut fresh: impl FnMut() -> (M, B),
) {
    blobs(&fresh().1);
    let mut store = || {
        let (meta, bytes) = fresh();
        ObjectStore::new(meta, bytes, "alice").unwrap()
    };
    names(&store());
    conditions(&store());
    garbage(&store());
    parts(&store());
    indexes(&store());
    index_values(&store(), 0x7661_6c75);
    accounts(&store());
    model(&store(), 0x7468_6f74);
    parallel(&store(), 0x7061_7261);
    let (meta, bytes) = fresh();
    failures(meta, bytes, 0x6661_696c);
}

fn path(text: &str) -> Path {
    Path::parse(&format!("/alice/stor/{text}")).unwrap()
}

fn put(store: &dyn Manta, name: &str, body: &[u8]) -> Etag {
    store.put_bytes(&path(name), body, &PutOptions::default()).unwrap().etag
}

fn get(store: &dyn Manta, name: &str) -> Vec<u8> {
    store.get(&path(name), 1 << 30).unwrap().1
}

#[track_caller]
fn fails<T>(result: thoth_manta::Result<T>, code: Code) {
    match result {
        Ok(_) => panic!("succeeded, expected {code}"),
        Err(error) => assert_eq!(error.code(), code, "{error}"),
    }
}

/// A body that is long, compressible in places, and has holes.
fn body(length: usize, seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let mut bytes = vec![0; length];
    for page in bytes.chunks_mut(4096) {
        if random.below(3) > 0 {
            page.fill_with(|| random.below(256) as u8);
        }
    }
    bytes
}

/// The blob engine's promises.
pub fn blobs<B: BlobStore>(store: &B) {
    for length in [0, 1, 4095, 4096, 4097, 300_000, 2_000_003] {
        let bytes = body(length, 7);
        let mut writer = store.begin(Wanted::default()).unwrap();
        for piece in bytes.chunks(70_001) {
            writer.write(piece).unwrap();
        }
        let digest = thoth_manta::Digest(*blake3::hash(&bytes).as_bytes());
        let stored = writer
            .commit(Expected {
                length_bytes: Some(length as u64),
                digest: Some(digest),
                md5: None,
            })
            .unwrap();
        assert_eq!(stored.size_bytes, length as u64);
        assert_eq!(stored.digest, digest);
        let reader = store.open(stored.id).unwrap();
        let mut back = vec![9; length + 10];
        assert_eq!(reader.read_at(&mut back, 0).unwrap(), length);
        assert!(back[..length] == bytes);
        let at = length / 2;
        assert_eq!(reader.read_at(&mut back, at as u64).unwrap(), length - at);
        assert!(back[..length - at] == bytes[at..]);
        assert_eq!(reader.read_at(&mut back, length as u64 + 5).unwrap(), 0);
        if let Some(file) = store.local_file(stored.id).unwrap() {
            assert!(std::fs::read(file).unwrap() == bytes);
        }
        assert!(!store.locate(stored.id).unwrap().is_empty());
        assert!(store.delete(stored.id).unwrap());
        assert!(!store.delete(stored.id).unwrap());
        assert_eq!(reader.read_at(&mut back, 0).unwrap(), length);
        assert!(back[..length] == bytes);
        assert!(store.open(stored.id).is_err());
    }
    let wrong = thoth_manta::Digest([0; 32]);
    for expected in [
        Expected { length_bytes: Some(2), ..Expected::default() },
        Expected { digest: Some(wrong), ..Expected::default() },
    ] {
        let mut writer = store.begin(Wanted::default()).unwrap();
        writer.write(b"abc").unwrap();
        assert!(writer.commit(expected).is_err());
    }
    drop(store.begin(Wanted::default()).unwrap());
    let mut left = 0;
    store
        .ids(Duration::ZERO, &mut |_| {
            left += 1;
            Ok(())
        })
        .unwrap();
    assert_eq!(left, 0, "nothing is left behind");
}

/// Directories, errors by code, listing, links, metadata.
pub fn names<M: MetaStore, B: BlobStore>(store: &ObjectStore<M, B>) {
    let none = Condition::none();
    fails(
        store.put_bytes(&path("no/x"), b"", &PutOptions::default()),
        Code::DirectoryDoesNotExist,
    );
    let root = Path::parse("/alice/stor").unwrap();
    let account = Path::parse("/alice").unwrap();
    let foreign = Path::parse("/bob/stor/x").unwrap();
    fails(
        store.put_bytes(&foreign, b"", &PutOptions::default()),
        Code::AccountDoesNotExist,
    );
    for root in [&root, &account] {
        fails(
            store.delete(root, &none),
            Code::OperationNotAllowedOnRootDirectory,
        );
        fails(
            store.put_bytes(root, b"", &PutOptions::default()),
            Code::OperationNotAllowedOnRootDirectory,
        );
        assert!(store.info(root).unwrap().is_directory());
    }
    store.mkdir(&root).unwrap();
    store.mkdirp(&path("a/b/c")).unwrap();
    store.mkdirp(&path("a/b/c")).unwrap();
    fails(store.delete(&path("a/b"), &none), Code::DirectoryNotEmpty);
    put(store, "a/x", b"1");
    fails(store.mkdir(&path("a/x")), Code::ParentNotDirectory);
    fails(
        store.put_bytes(&path("a/x/y"), b"", &PutOptions::default()),
        Code::ParentNotDirectory,
    );
    fails(
        store.put_bytes(&path("a/b"), b"", &PutOptions::default()),
        Code::OperationNotAllowedOnDirectory,
    );
    fails(store.open(&path("a/b")), Code::OperationNotAllowedOnDirectory);
    for missing in ["a/none", "none/none", "a/x/y"] {
        fails(store.info(&path(missing)), Code::ResourceNotFound);
        fails(store.open(&path(missing)), Code::ResourceNotFound);
        fails(store.delete(&path(missing), &none), Code::ResourceNotFound);
    }
    fails(
        store.list(&root, &ListOptions { limit: 0, ..Default::default() }),
        Code::InvalidArgument,
    );
    replace_and_link(store);
    paging(store);
}

fn replace_and_link(store: &dyn Manta) {
    let large = body(500_000, 3);
    let first = put(store, "o", &large);
    let reader = store.open(&path("o")).unwrap();
    let linked = store.link(&path("o"), &path("l")).unwrap();
    assert_eq!(linked.etag, first);
    let second = put(store, "o", b"small");
    assert_ne!(first, second);
    let mut back = vec![0; large.len()];
    assert_eq!(reader.read_at(&mut back, 0).unwrap(), large.len());
    assert!(back == large, "a reader keeps its version");
    assert!(get(store, "l") == large, "a link keeps its version");
    assert_eq!(get(store, "o"), b"small");
    fails(store.link(&path("none"), &path("m")), Code::SourceObjectNotFound);
    fails(store.link(&path("a"), &path("m")), Code::LinkNotObject);

    let metadata = Metadata {
        content_type: "text/plain".to_owned(),
        headers: BTreeMap::from([("m-k".to_owned(), "\"v\n".to_owned())]),
    };
    let info = store
        .set_metadata(&path("o"), &metadata, &Condition::unchanged(second))
        .unwrap();
    assert_eq!(info.metadata, metadata);
    fails(
        store.set_metadata(
            &path("o"),
            &metadata,
            &Condition::unchanged(first.clone()),
        ),
        Code::PreconditionFailed,
    );
    fails(
        store.delete(&path("o"), &Condition::unchanged(first)),
        Code::PreconditionFailed,
    );
    let file = PutOptions { as_file: true, ..PutOptions::default() };
    store.put_bytes(&path("f"), b"tiny", &file).unwrap();
    let reader = store.open(&path("f")).unwrap();
    if let Some(file) = reader.local_file() {
        assert_eq!(std::fs::read(file).unwrap(), b"tiny");
    }
    short_bodies_store_nothing(store);
}

fn short_bodies_store_nothing(store: &dyn Manta) {
    for (length, promised) in [(10, 11), (10, 9), (100_000, 99_999)] {
        let bytes = body(length, 5);
        let options = PutOptions {
            length_bytes: Some(promised),
            ..PutOptions::default()
        };
        let mut rest = bytes.as_slice();
        fails(
            store.put(&path("short"), &mut rest, &options),
            Code::UploadAbandoned,
        );
    }
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("gone"))
        }
    }
    fails(
        store.put(&path("short"), &mut Broken, &PutOptions::default()),
        Code::UploadAbandoned,
    );
    fails(store.info(&path("short")), Code::ResourceNotFound);
}

fn paging(store: &dyn Manta) {
    store.mkdir(&path("many")).unwrap();
    // The order is that of bytes, whatever a locale would say.
    let names = ["B", "a", "a ", "a.b", "ab", "b", "Ä", "é", "\u{10ffff}"];
    for name in names {
        put(store, &format!("many/{name}"), name.as_bytes());
    }
    let mut sorted: Vec<&str> = names.to_vec();
    sorted.sort_by_key(|name| name.as_bytes().to_vec());
    let mut all = Vec::new();
    store
        .list_all(&path("many"), &mut |entry| {
            all.push(entry.path().name().to_owned());
            Ok(())
        })
        .unwrap();
    assert_eq!(all, sorted);
    let page = |marker: &str, limit, order| {
        let options = ListOptions {
            marker: Some(marker.to_owned()),
            limit,
            order,
            ..ListOptions::default()
        };
        let listing = store.list(&path("many"), &options).unwrap();
        assert_eq!(listing.total, names.len() as u64);
        listing
            .entries
            .iter()
            .map(|entry| entry.path().name().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(page("a", 2, Order::Name), ["a", "a "]);
    assert_eq!(page("aa", 2, Order::Name), ["ab", "b"]);
    assert_eq!(page("", 1, Order::Name), ["B"]);
    assert_eq!(page("a.b", 2, Order::NameReversed), ["a.b", "a "]);
    assert_eq!(page("\u{10ffff}\u{10ffff}", 9, Order::Name), [""; 0]);
    store.mkdir(&path("thousands")).unwrap();
    for n in 0..1030 {
        put(store, &format!("thousands/{n:04}"), b"");
    }
    let mut seen = 0;
    store
        .list_all(&path("thousands"), &mut |entry| {
            assert_eq!(entry.path().name(), format!("{seen:04}"));
            seen += 1;
            Ok(())
        })
        .unwrap();
    assert_eq!(seen, 1030);
}

/// One winner among many writers.
pub fn conditions<M: MetaStore, B: BlobStore>(store: &ObjectStore<M, B>) {
    const WRITERS: usize = 8;
    for (round, length) in [10, 100_000].into_iter().enumerate() {
        let target = path(&format!("one-{round}"));
        let barrier = Barrier::new(WRITERS);
        let won: usize = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|n| {
                    let (target, barrier) = (&target, &barrier);
                    scope.spawn(move || {
                        let options = PutOptions {
                            condition: Condition::create_only(),
                            ..PutOptions::default()
                        };
                        let bytes = body(length, n as u64);
                        barrier.wait();
                        match store.put_bytes(target, &bytes, &options) {
                            Ok(_) => 1,
                            Err(error) => {
                                assert!(error.is_conflict(), "{error}");
                                0
                            }
                        }
                    })
                })
                .collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).sum()
        });
        assert_eq!(won, 1, "exactly one writer creates");
    }
    counter(store, WRITERS);
    // What the losers sent is collected, and nothing else is.
    store.maintain_after(Duration::ZERO, Duration::ZERO).unwrap();
    assert_eq!(get(store, "one-1").len(), 100_000);
}

/// Many writers add to one object by compare-and-swap.
fn counter(store: &dyn Manta, writers: usize) {
    const EACH: usize = 20;
    let target = &path("counter");
    store.put_bytes(target, b"0", &PutOptions::default()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..writers {
            scope.spawn(move || {
                let mut done = 0;
                while done < EACH {
                    let (info, bytes) = store.get(target, 100).unwrap();
                    let text = String::from_utf8(bytes).unwrap();
                    let next = text.parse::<usize>().unwrap() + 1;
                    let options = PutOptions {
                        condition: Condition::unchanged(info.etag),
                        ..PutOptions::default()
                    };
                    let text = next.to_string();
                    match store.put_bytes(target, text.as_bytes(), &options) {
                        Ok(_) => done += 1,
                        Err(error) => assert!(error.is_conflict(), "{error}"),
                    }
                }
            });
        }
    });
    let total = (writers * EACH).to_string();
    assert_eq!(store.get(target, 100).unwrap().1, total.as_bytes());
}

/// A version goes when its last name goes, and never comes back.
pub fn garbage<M: MetaStore, B: BlobStore>(store: &ObjectStore<M, B>) {
    let none = Condition::none();
    let now = || store.maintain_after(Duration::ZERO, Duration::ZERO).unwrap();
    let large = body(200_000, 1);
    put(store, "one", &large);
    store.link(&path("one"), &path("two")).unwrap();
    store.delete(&path("one"), &none).unwrap();
    assert_eq!(now().deleted, 0, "a name is left");
    assert!(get(store, "two") == large);
    store.delete(&path("two"), &none).unwrap();
    assert_eq!(now().deleted, 1);
    put(store, "one", &large);
    put(store, "one", b"small");
    assert_eq!(now().deleted, 1, "an overwritten version goes too");
    put(store, "one", &large);
    assert_eq!(
        store
            .maintain_after(Duration::from_secs(3600), Duration::ZERO)
            .unwrap(),
        crate::Maintained::default(),
        "a named version stays"
    );
    assert!(get(store, "one") == large);
}

/// The change log and document indexes.
pub fn indexes<M: MetaStore, B: BlobStore>(store: &ObjectStore<M, B>) {
    let start = store.changes(0, 1000).unwrap().position;
    let a = put(store, "a", b"1");
    let b = put(store, "b", b"2");
    store.delete(&path("a"), &Condition::none()).unwrap();
    store.mkdir(&path("d")).unwrap();
    let page = store.changes(start, 1000).unwrap();
    let log: Vec<_> = page
        .changes
        .iter()
        .map(|change| (change.path.name(), change.etag.clone()))
        .collect();
    assert_eq!(log, [("a", Some(a.clone())), ("b", Some(b)), ("a", None)]);
    let first = store.changes(start, 1).unwrap();
    assert_eq!(first.changes.len(), 1);
    assert_eq!(store.changes(first.position, 9).unwrap().changes.len(), 2);
    assert!(store.changes(page.position, 9).unwrap().changes.is_empty());

    let document = |id: &str, time| Document {
        id: id.to_owned(),
        time,
        etag: a.clone(),
        fields: Vec::new(),
    };
    let batch = |position, put, remove: &[&str]| IndexBatch {
        position,
        put,
        remove: remove.iter().map(|id| (*id).to_owned()).collect(),
    };
    let three = vec![
        document("aa1", Some(3.0)),
        document("aa2", None),
        document("ab%", Some(1.5)),
    ];
    assert!(store.index_apply("i", 0, batch(5, three, &[])).unwrap());
    let late = vec![document("zz", None)];
    assert!(!store.index_apply("i", 0, batch(9, late, &[])).unwrap());
    assert_eq!(store.index_position("i").unwrap(), 5);
    assert_eq!(store.index_position("other").unwrap(), 0);
    let ids = |query: IndexQuery| {
        let mut ids = Vec::new();
        store
            .index_query("i", &query, &mut |document| {
                ids.push(document.id);
                ControlFlow::Continue(())
            })
            .unwrap();
        ids
    };
    let all = IndexQuery::default;
    assert_eq!(ids(all()), ["aa1", "aa2", "ab%"]);
    let prefix =
        |p: &str| ids(IndexQuery { id_prefix: Some(p.to_owned()), ..all() });
    assert_eq!(prefix("aa"), ["aa1", "aa2"]);
    assert_eq!(prefix("ab%"), ["ab%"]);
    assert_eq!(prefix("a%"), [""; 0]);
    assert_eq!(
        ids(IndexQuery { newest_first: true, ..all() }),
        ["aa1", "ab%", "aa2"]
    );
    assert_eq!(ids(IndexQuery { after: Some(1.5), ..all() }), ["aa1"]);
    assert_eq!(ids(IndexQuery { before: Some(3.0), ..all() }), ["ab%"]);
    let newer = vec![document("aa1", Some(9.0))];
    assert!(
        store.index_apply("i", 5, batch(6, newer, &["aa2", "no"])).unwrap()
    );
    assert_eq!(ids(all()), ["aa1", "ab%"]);
    store.index_clear("i").unwrap();
    assert_eq!(store.index_position("i").unwrap(), 0);
    assert_eq!(ids(all()), [""; 0]);
}

/// A small generator (splitmix64), so that a history can be repeated.
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
