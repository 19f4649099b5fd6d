//! Parts that become one object.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::time::Duration;

use thoth_manta::{
    Code, Condition, Info, Manta, MantaExt, Md5, Metadata, ObjectInfo, Path,
    PutOptions,
};

use super::{body, fails, get, path};
use crate::{
    Beside, BlobStore, ConcatOptions, MetaStore, ObjectStore, Part, meta,
};

fn upload(name: &str) -> Path {
    Path::parse(&format!("/alice/uploads/0/{name}")).unwrap()
}

/// Puts parts into an upload's directory.
fn put_parts(
    store: &dyn Manta,
    directory: &Path,
    bodies: &[Vec<u8>],
) -> Vec<Part> {
    store.mkdirp(directory).unwrap();
    let put = |(n, body): (usize, &Vec<u8>)| {
        let path = directory.join(&n.to_string()).unwrap();
        let info = store.put_bytes(&path, body, &PutOptions::default());
        Part { path, etag: info.unwrap().etag }
    };
    bodies.iter().enumerate().map(put).collect()
}

fn names(store: &dyn Manta, directory: &Path) -> Vec<String> {
    let mut names = Vec::new();
    store
        .list_all(directory, &mut |entry| {
            names.push(entry.path().name().to_owned());
            Ok(())
        })
        .unwrap();
    names
}

fn removing() -> ConcatOptions {
    ConcatOptions { remove_parts: true, ..ConcatOptions::default() }
}

/// What [`ObjectStore::concat`] and [`ObjectStore::sweep_uploads`] promise.
pub fn parts<M: MetaStore, B: BlobStore>(store: &ObjectStore<M, B>) {
    whole(store);
    refusals(store);
    one_end(store);
    sweep(store);
    let none = Duration::ZERO;
    store.maintain_after(none, none).unwrap();
    assert_eq!(meta::MetaStore::verify(&store.meta).unwrap(), [""; 0]);
}

/// Returns what a plain put of the same bytes says.
fn put_whole(store: &dyn Manta, bytes: &[u8]) -> ObjectInfo {
    let options = PutOptions::default();
    store.put_bytes(&path("reference"), bytes, &options).unwrap()
}

fn whole<M: MetaStore, B: BlobStore>(store: &ObjectStore<M, B>) {
    let lists: [&[usize]; 7] = [
        &[],
        &[0],
        &[10],
        &[100_000],
        &[5_242_880, 5_242_880, 17],
        &[70_001, 0, 1_048_577, 3, 2_000_000],
        &[10, 20, 30],
    ];
    for (round, lengths) in lists.iter().enumerate() {
        let bodies: Vec<_> = lengths
            .iter()
            .enumerate()
            .map(|(n, length)| body(*length, n as u64))
            .collect();
        let all = bodies.concat();
        let reference = put_whole(store, &all);
        let directory = upload(&format!("whole{round}"));
        let parts = put_parts(store, &directory, &bodies);
        let metadata = Metadata {
            content_type: "text/plain".to_owned(),
            headers: BTreeMap::from([("m-k".to_owned(), "v".to_owned())]),
        };
        let options = ConcatOptions {
            put: PutOptions {
                metadata: metadata.clone(),
                durability: 3,
                digest: reference.digest,
                md5: Md5::Promised(reference.md5.unwrap()),
                ..PutOptions::default()
            },
            remove_parts: round % 2 == 0,
            beside: vec![Beside {
                path: directory.join("state").unwrap(),
                body: b"done".to_vec(),
                condition: Condition::create_only(),
                metadata: Metadata::default(),
            }],
        };
        let name = format!("whole-{round}");
        let made = store.concat(&path(&name), &parts, &options).unwrap();
        let Info::Object(info) = store.info(&path(&name)).unwrap() else {
            panic!("an object")
        };
        assert_eq!(info, made);
        assert_eq!(info.size_bytes, all.len() as u64);
        assert_eq!((info.md5, info.digest), (reference.md5, reference.digest));
        assert_eq!((info.metadata, info.durability), (metadata, 3));
        assert!(get(store, &name) == all);
        let state = directory.join("state").unwrap();
        assert_eq!(store.get(&state, 9).unwrap().1, b"done");
        let left = if round % 2 == 0 { 0 } else { lengths.len() };
        assert_eq!(names(store, &directory).len(), 1 + left);
        // What the parts were is not needed for the whole.
        let none = Duration::ZERO;
        store.maintain_after(none, none).unwrap();
        assert!(get(store, &name) == all);
    }
}

fn refusals<M: MetaStore, B: BlobStore>(store: &ObjectStore<M, B>) {
    let directory = upload("refused");
    let bodies = [body(100_000, 1), body(50_000, 2)];
    let parts = put_parts(store, &directory, &bodies);
    let target = path("refused");
    let refused = |parts: &[Part], options: &ConcatOptions, code| {
        let error = store.concat(&target, parts, options).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert_eq!(names(store, &directory), ["0", "1"], "all or nothing");
        assert!(store.info(&target).unwrap_err().is_not_found());
        error.to_string()
    };
    let mut wrong = parts.clone();
    wrong[1].etag = parts[0].etag.clone();
    let text = refused(&wrong, &removing(), Code::PreconditionFailed);
    assert!(text.contains("part 1"), "{text}");
    wrong[1].path = directory.join("2").unwrap();
    let text = refused(&wrong, &removing(), Code::SourceObjectNotFound);
    assert!(text.contains("part 1"), "{text}");
    wrong[1].path = directory.clone();
    refused(&wrong, &removing(), Code::LinkNotObject);
    let with = |put: PutOptions| ConcatOptions { put, ..removing() };
    let promised =
        PutOptions { md5: Md5::Promised([0; 16]), ..Default::default() };
    refused(&parts, &with(promised.clone()), Code::ContentMd5Mismatch);
    refused(&parts[..1], &with(promised), Code::ContentMd5Mismatch);
    let promised = PutOptions {
        digest: Some(thoth_manta::Digest([0; 32])),
        ..Default::default()
    };
    refused(&parts, &with(promised.clone()), Code::ContentMd5Mismatch);
    refused(&parts[..1], &with(promised), Code::ContentMd5Mismatch);
    let promised = PutOptions { length_bytes: Some(1), ..Default::default() };
    refused(&parts, &with(promised), Code::UploadAbandoned);
    let condition = Condition {
        if_match: Some(thoth_manta::Matches::Any),
        ..Condition::none()
    };
    let only_there = PutOptions { condition, ..Default::default() };
    refused(&parts, &with(only_there), Code::PreconditionFailed);
    let beside = Beside {
        path: directory.join("0").unwrap(),
        body: b"done".to_vec(),
        condition: Condition::create_only(),
        metadata: Metadata::default(),
    };
    for count in 0..=2 {
        let options =
            ConcatOptions { beside: vec![beside.clone()], ..removing() };
        refused(&parts[..count], &options, Code::PreconditionFailed);
    }
    let long = Beside { body: vec![0; (1 << 20) + 1], ..beside };
    let options = ConcatOptions { beside: vec![long], ..removing() };
    refused(&parts, &options, Code::MaxContentLengthExceeded);
    fails(
        store.concat(&path("none/x"), &parts, &removing()),
        Code::DirectoryDoesNotExist,
    );
    store.concat(&target, &parts, &removing()).unwrap();
    assert!(get(store, "refused") == bodies.concat());
}

/// Of several who end one upload, one does.
fn one_end<M: MetaStore, B: BlobStore>(store: &ObjectStore<M, B>) {
    const ENDS: usize = 6;
    for (round, length) in [10, 100_000].into_iter().enumerate() {
        let directory = upload(&format!("one{round}"));
        let bodies = [body(length, 1), body(length, 2)];
        let parts = put_parts(store, &directory, &bodies);
        let barrier = Barrier::new(ENDS);
        let won: usize = std::thread::scope(|scope| {
            let ends: Vec<_> = (0..ENDS)
                .map(|n| {
                    let (parts, barrier) = (&parts, &barrier);
                    let directory = &directory;
                    scope.spawn(move || {
                        let options = ConcatOptions {
                            remove_parts: n % 2 == 0,
                            beside: vec![Beside {
                                path: directory.join("state").unwrap(),
                                body: n.to_string().into_bytes(),
                                condition: Condition::create_only(),
                                metadata: Metadata::default(),
                            }],
                            ..ConcatOptions::default()
                        };
                        barrier.wait();
                        let target = path(&format!("one-of-{round}-{n}"));
                        match store.concat(&target, parts, &options) {
                            Ok(_) => 1,
                            Err(error) => {
                                let late = error.is_conflict()
                                    || error.is_not_found()
                                    || error.code()
                                        == Code::SourceObjectNotFound;
                                assert!(late, "{error}");
                                0
                            }
                        }
                    })
                })
                .collect();
            ends.into_iter().map(|end| end.join().unwrap()).sum()
        });
        assert_eq!(won, 1, "one of them ends the upload");
        let state = directory.join("state").unwrap();
        let winner = store.get(&state, 9).unwrap().1;
        let winner = String::from_utf8(winner).unwrap();
        for n in 0..ENDS {
            let target = path(&format!("one-of-{round}-{n}"));
            let there = store.info(&target).is_ok();
            assert_eq!(there, n.to_string() == winner);
        }
    }
}

fn sweep<M: MetaStore, B: BlobStore>(store: &ObjectStore<M, B>) {
    let all = |age| store.sweep_uploads("alice", age).unwrap();
    let none = Duration::ZERO;
    all(none);
    store.maintain_after(none, none).unwrap();
    for n in 0..3 {
        let directory = upload(&format!("left{n}"));
        put_parts(store, &directory, &[body(100_000, n), body(10, n)]);
    }
    assert_eq!(all(Duration::from_secs(3600)), 0, "none is so old");
    std::thread::sleep(Duration::from_millis(5));
    assert_eq!(all(Duration::ZERO), 3);
    assert_eq!(all(Duration::ZERO), 0);
    fails(store.info(&upload("left0")), Code::ResourceNotFound);
    let above = upload("left0").parent().unwrap();
    assert!(store.info(&above).unwrap().is_directory(), "it may be in use");
    assert_eq!(store.maintain_after(none, none).unwrap().deleted, 3);
}
