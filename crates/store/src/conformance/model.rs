//! Random histories, compared with a plain map.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use thoth_manta::{
    Condition, Etag, Index, Info, Manta, MantaExt, Path, PutOptions,
};

use super::{Random, body, path};
use crate::{BlobStore, MetaStore, ObjectStore};

/// Random histories, compared with a plain map after every step.
pub fn model<M: MetaStore, B: BlobStore>(store: &ObjectStore<M, B>, seed: u64) {
    let mut random = Random(seed);
    let mut map: BTreeMap<String, (Vec<u8>, Etag)> = BTreeMap::new();
    let directory = path("m");
    store.mkdir(&directory).unwrap();
    for step in 0..400u64 {
        let name = format!("n{}", random.below(8));
        let target = directory.join(&name).unwrap();
        let known = map.get(&name).cloned();
        match random.below(10) {
            0..=3 => {
                let length =
                    [0, 10, 16_384, 16_385, 60_000][random.below(5) as usize];
                let bytes = body(length, step);
                let info = store
                    .put_bytes(&target, &bytes, &PutOptions::default())
                    .unwrap();
                map.insert(name, (bytes, info.etag));
            }
            4 | 5 => {
                let condition = match (&known, random.below(2)) {
                    (Some((_, etag)), 0) => Condition::unchanged(etag.clone()),
                    _ => Condition::create_only(),
                };
                let expected = condition.holds(known.as_ref().map(|k| &k.1));
                let options = PutOptions { condition, ..PutOptions::default() };
                let bytes = body(20, step);
                match store.put_bytes(&target, &bytes, &options) {
                    Ok(info) => {
                        assert!(expected, "step {step}");
                        map.insert(name, (bytes, info.etag));
                    }
                    Err(error) => {
                        assert!(!expected, "step {step}: {error}");
                    }
                }
            }
            6 => {
                let gone = store.delete(&target, &Condition::none());
                assert_eq!(gone.is_ok(), map.remove(&name).is_some());
            }
            7 => {
                let other = format!("n{}", random.below(8));
                let to = directory.join(&other).unwrap();
                let linked = store.link(&target, &to);
                assert_eq!(linked.is_ok(), known.is_some(), "step {step}");
                if let Some(version) = known {
                    map.insert(other, version);
                }
            }
            8 => {
                store.maintain_after(Duration::ZERO, Duration::ZERO).unwrap();
            }
            _ => compare(store, &directory, &map),
        }
    }
    compare(store, &directory, &map);
}

fn compare(
    store: &dyn Manta,
    directory: &Path,
    map: &BTreeMap<String, (Vec<u8>, Etag)>,
) {
    let mut listed = Vec::new();
    store
        .list_all(directory, &mut |entry| {
            let Info::Object(object) = entry else { panic!("{entry:?}") };
            listed.push((object.path.name().to_owned(), object.etag));
            Ok(())
        })
        .unwrap();
    let expected: Vec<_> = map
        .iter()
        .map(|(name, (_, etag))| (name.clone(), etag.clone()))
        .collect();
    assert_eq!(listed, expected);
    for (name, (bytes, etag)) in map {
        let path = directory.join(name).unwrap();
        let (info, back) = store.get(&path, 1 << 30).unwrap();
        assert_eq!(&info.etag, etag);
        assert!(&back == bytes, "{name}");
    }
}

/// Random histories of several writers at once, each in names of its own in
/// one directory, with a sweep running beside them. At the end everything is
/// as each writer left it, and whoever follows the change log from its
/// beginning comes to the same.
pub fn parallel<M: MetaStore, B: BlobStore>(
    store: &ObjectStore<M, B>,
    seed: u64,
) {
    const WRITERS: u64 = 4;
    let directory = path("p");
    store.mkdir(&directory).unwrap();
    let start = store.last_change().unwrap();
    let stop = AtomicBool::new(false);
    let maps: Vec<Known> = std::thread::scope(|scope| {
        let (directory, stop) = (&directory, &stop);
        scope.spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let long = Duration::from_secs(3600);
                store.maintain_after(long, Duration::ZERO).unwrap();
            }
        });
        let writers: Vec<_> = (0..WRITERS)
            .map(|n| {
                scope.spawn(move || {
                    let seed = seed.wrapping_add(n);
                    write_alone(store, directory, n, seed)
                })
            })
            .collect();
        let maps =
            writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        stop.store(true, Ordering::Relaxed);
        maps
    });
    let map: Known = maps.into_iter().flatten().collect();
    compare(store, &directory, &map);
    let mut followed = BTreeMap::new();
    let mut position = start;
    loop {
        let page = store.changes(position, 100).unwrap();
        if page.changes.is_empty() {
            break;
        }
        for change in page.changes {
            assert!(change.position > position, "positions grow");
            position = change.position;
            let name = change.path.name().to_owned();
            match change.etag {
                Some(etag) => followed.insert(name, etag),
                None => followed.remove(&name),
            };
        }
    }
    let named: BTreeMap<_, _> =
        map.into_iter().map(|(name, known)| (name, known.1)).collect();
    assert_eq!(followed, named, "the change log leads to what is there");
    assert_eq!(MetaStore::verify(&store.meta).unwrap(), [""; 0]);
}

/// What one writer knows of its names.
type Known = BTreeMap<String, (Vec<u8>, Etag)>;

fn write_alone(
    store: &dyn Manta,
    directory: &Path,
    writer: u64,
    seed: u64,
) -> Known {
    let mut random = Random(seed);
    let mut map = Known::new();
    for step in 0..60 {
        let name = |n: u64| format!("w{writer}-{n}");
        let target = name(random.below(4));
        let at = directory.join(&target).unwrap();
        match random.below(6) {
            0..=2 => {
                let lengths = [7, 16_384, 40_000, 1_200_000];
                let length = lengths[random.below(4) as usize];
                let bytes = body(length, seed ^ step);
                let options = PutOptions::default();
                let info = store.put_bytes(&at, &bytes, &options).unwrap();
                map.insert(target, (bytes, info.etag));
            }
            3 => {
                let gone = store.delete(&at, &Condition::none());
                assert_eq!(gone.is_ok(), map.remove(&target).is_some());
            }
            4 => {
                let other = name(random.below(4));
                let to = directory.join(&other).unwrap();
                let linked = store.link(&at, &to).is_ok();
                let known = map.get(&target).cloned();
                assert_eq!(linked, known.is_some());
                map.extend(known.map(|known| (other, known)));
            }
            _ => match map.get(&target) {
                Some((bytes, etag)) => {
                    let (info, back) = store.get(&at, 1 << 30).unwrap();
                    assert_eq!(&info.etag, etag);
                    assert!(&back == bytes, "{at}");
                }
                None => assert!(store.info(&at).unwrap_err().is_not_found()),
            },
        }
    }
    map
}
