use super::*;
use crate::blob::{Expected, Stored};
use crate::tree::SEGMENT;

fn settings() -> Settings {
    Settings { headroom_bytes: Some(0), ..Settings::default() }
}

fn store() -> (tempfile::TempDir, LocalFiles) {
    store_with(settings())
}

fn store_with(settings: Settings) -> (tempfile::TempDir, LocalFiles) {
    let folder = tempfile::tempdir().expect("folder");
    let files = LocalFiles::open_with(folder.path(), settings).expect("open");
    (folder, files)
}

fn put_with(files: &LocalFiles, bytes: &[u8], wanted: Wanted) -> Stored {
    let mut writer = files.begin(wanted).expect("begin");
    for piece in bytes.chunks(10_007) {
        writer.write(piece).expect("write");
    }
    writer.commit(Expected::default()).expect("commit")
}

/// Puts as a body is read: space is asked for before its end is known.
fn put_by_space(files: &LocalFiles, mut bytes: &[u8]) -> Stored {
    let wanted = Wanted { md5: true, ..Wanted::default() };
    let mut writer = files.begin(wanted).expect("begin");
    loop {
        let space = writer.space().expect("space");
        let now = space.len().min(bytes.len()).min(300_000);
        space[..now].copy_from_slice(&bytes[..now]);
        bytes = &bytes[now..];
        writer.filled(now).expect("filled");
        if now == 0 {
            return writer.commit(Expected::default()).expect("commit");
        }
    }
}

fn put(files: &LocalFiles, bytes: &[u8]) -> Stored {
    put_with(files, bytes, Wanted { md5: true, ..Wanted::default() })
}

fn get(files: &LocalFiles, stored: Stored) -> Vec<u8> {
    let reader = files.open(stored.id).expect("open");
    let size = usize::try_from(stored.size_bytes).expect("small");
    let mut all = vec![1; size];
    assert_eq!(reader.read_at(&mut all, 0).expect("read"), size);
    all
}

fn check(files: &LocalFiles, stored: Stored) -> Vec<Damage> {
    files
        .verify(stored.id, stored.size_bytes, stored.digest, &mut |_| ())
        .expect("verify")
}

/// Bytes that no compression makes smaller.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn text(length: usize) -> Vec<u8> {
    b"a line of text, again and again\n"
        .iter()
        .copied()
        .cycle()
        .take(length)
        .collect()
}

fn ids(files: &LocalFiles, age: Duration) -> Vec<ObjectId> {
    let mut seen = Vec::new();
    files
        .ids(age, &mut |id| {
            seen.push(id);
            Ok(())
        })
        .expect("ids");
    seen
}

fn all_files(folder: &FsPath) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for shard in std::fs::read_dir(folder).expect("list") {
        let shard = shard.expect("shard").path();
        for file in std::fs::read_dir(shard).expect("list") {
            found.push(file.expect("file").path());
        }
    }
    found
}

#[test]
fn the_form_follows_the_bytes() {
    let (_folder, files) = store();
    let endings = |stored: Stored| -> Vec<_> {
        files.files(stored.id).into_iter().map(|(_, end)| end).collect()
    };
    assert_eq!(endings(put(&files, &text(100_000))), [FRAMES]);
    assert_eq!(endings(put(&files, &text(3 * SEGMENT))), [FRAMES]);
    assert_eq!(endings(put(&files, &noise(100_000, 1))), [""]);
    assert_eq!(endings(put(&files, &noise(SEGMENT, 1))), [""]);
    assert_eq!(endings(put(&files, &noise(SEGMENT + 1, 1))), ["", SUM]);
    assert_eq!(endings(put(&files, b"")), [""]);
    assert_eq!(endings(put(&files, &vec![0; 3 * SEGMENT])), [FRAMES]);
    // Zeros first: what comes after them decides.
    let mut late = vec![0; 5 * SEGMENT];
    late.extend(noise(2 * SEGMENT, 3));
    assert_eq!(endings(put(&files, &late)), ["", SUM]);
    late.truncate(5 * SEGMENT);
    late.extend(text(2 * SEGMENT));
    assert_eq!(endings(put(&files, &late)), [FRAMES]);
    let plain = Wanted { plain: true, ..Wanted::default() };
    assert_eq!(endings(put_with(&files, &text(3 * SEGMENT), plain)), ["", SUM]);
}

#[test]
fn bodies_of_all_lengths_come_back() {
    for unnamed in [true, false] {
        let (folder, files) = store_with(Settings { unnamed, ..settings() });
        for length in [
            0,
            1,
            70_000,
            SEGMENT - 1,
            SEGMENT,
            SEGMENT + 1,
            2 * SEGMENT,
            30 * SEGMENT + 17,
        ] {
            for mut body in [text(length), noise(length, 5), vec![0; length]] {
                if let Some(byte) = body.get_mut(length / 2) {
                    *byte = 7;
                }
                let other = put(&files, &body);
                let stored = put_by_space(&files, &body);
                assert_eq!(Stored { id: other.id, ..stored }, other);
                assert!(files.delete(other.id).expect("delete"));
                assert_eq!(stored.size_bytes, length as u64);
                assert_eq!(stored.digest, crate::tree::whole_digest(&body));
                assert_eq!(stored.md5, Some(md5_of(&body)));
                assert!(get(&files, stored) == body, "{length}");
                assert_eq!(check(&files, stored), []);
                let file = files.local_file(stored.id).expect("ok");
                if let Some(file) = file {
                    assert!(std::fs::read(file).expect("read") == body);
                }
                assert!(files.delete(stored.id).expect("delete"));
                assert!(!files.delete(stored.id).expect("delete"));
            }
        }
        assert!(all_files(folder.path()).is_empty());
    }
}

#[test]
fn zeros_become_holes() {
    let (_folder, files) = store();
    let plain = Wanted { plain: true, ..Wanted::default() };
    let mut bytes = vec![0u8; 3_000_000];
    bytes[1_500_000] = 7;
    *bytes.last_mut().expect("last") = 9;
    let stored = put_with(&files, &bytes, plain);
    assert!(stored.stored_bytes < 100_000, "{stored:?}");
    assert!(get(&files, stored) == bytes);
    assert!(put(&files, &bytes).stored_bytes <= 8192, "{stored:?}");
}

#[test]
fn dropped_or_refused_writers_leave_nothing() {
    for unnamed in [true, false] {
        let (folder, files) = store_with(Settings { unnamed, ..settings() });
        let wanted = Wanted { md5: true, ..Wanted::default() };
        for body in [text(300), text(20 * SEGMENT), noise(20 * SEGMENT, 1)] {
            let begin = || {
                let mut writer = files.begin(wanted).expect("begin");
                writer.write(&body).expect("write");
                writer
            };
            drop(begin());
            let none = Expected::default();
            let length = Some(body.len() as u64 + 1);
            for (expected, code) in [
                (
                    Expected { length_bytes: length, ..none },
                    Code::UploadAbandoned,
                ),
                (
                    Expected { digest: Some(Digest([1; 32])), ..none },
                    Code::ContentMd5Mismatch,
                ),
                (
                    Expected { md5: Some([1; 16]), ..none },
                    Code::ContentMd5Mismatch,
                ),
            ] {
                let error = begin().commit(expected).expect_err("refused");
                assert_eq!(error.code(), code);
            }
            let md5 = Some(md5_of(&body));
            let stored =
                begin().commit(Expected { md5, ..none }).expect("promised");
            files.delete(stored.id).expect("delete");
        }
        assert!(all_files(folder.path()).is_empty());
    }
}

#[test]
fn sweep_removes_unpublished_leftovers() {
    let (folder, files) = store();
    let stored = put(&files, &noise(2 * SEGMENT, 1));
    let shard = folder.path().join(format!("{:02x}", stored.id.0[0]));
    let orphan_sum = shard.join(format!("{}{SUM}", ObjectId([1; 16])));
    for name in [format!("{UNPUBLISHED}{}", stored.id), ".new-x.sum".into()] {
        std::fs::write(shard.join(name), b"half").expect("leftover");
    }
    std::fs::write(&orphan_sum, b"alone").expect("leftover");
    assert_eq!(ids(&files, Duration::from_secs(3600)), []);
    assert_eq!(all_files(folder.path()).len(), 5);
    assert_eq!(ids(&files, Duration::ZERO), [stored.id]);
    assert_eq!(all_files(folder.path()).len(), 2);
    assert_eq!(check(&files, stored), []);
}

#[test]
fn files_are_private() {
    let (folder, files) = store();
    put(&files, &noise(2 * SEGMENT, 1));
    put(&files, &text(2 * SEGMENT));
    let all = all_files(folder.path());
    assert_eq!(all.len(), 3);
    for path in all {
        let mode = std::fs::metadata(path).expect("meta").mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn every_flipped_bit_is_found_and_placed() {
    let (_folder, files) = store();
    let mut sparse = vec![0; 6 * SEGMENT];
    sparse[..SEGMENT].copy_from_slice(&text(SEGMENT));
    sparse[4 * SEGMENT..5 * SEGMENT].copy_from_slice(&noise(SEGMENT, 2));
    for body in [
        text(100_000),
        noise(100_000, 1),
        text(3 * SEGMENT + 5),
        noise(3 * SEGMENT + 5, 1),
        sparse,
    ] {
        let stored = put(&files, &body);
        assert_eq!(check(&files, stored), []);
        for (path, _) in files.files(stored.id) {
            let good = std::fs::read(&path).expect("read");
            let bits = (0..64)
                .chain((0..good.len() * 8).step_by(good.len() * 8 / 40 + 1));
            for bit in bits.chain([good.len() * 8 - 1]) {
                let mut bad = good.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                std::fs::write(&path, &bad).expect("damage");
                let damage = check(&files, stored);
                assert!(!damage.is_empty(), "{} bit {bit}", path.display());
                let here = damage[0].to_string();
                if damage[0].bytes.is_none() {
                    let name = path.display().to_string();
                    let whole = here.contains("digest of all bytes");
                    assert!(here.contains(&name) || whole, "{here}");
                }
            }
            for bad in [&good[..good.len() - 1], b""] {
                std::fs::write(&path, bad).expect("damage");
                assert!(!check(&files, stored).is_empty());
            }
            std::fs::write(&path, &good).expect("mend");
        }
        assert_eq!(check(&files, stored), []);
    }
}

#[test]
fn damage_is_placed_within_its_mebibyte() {
    let (_folder, files) = store();
    let body = noise(5 * SEGMENT, 9);
    let stored = put(&files, &body);
    let (path, _) = files.files(stored.id).remove(0);
    let mut bad = body.clone();
    bad[3 * SEGMENT + 100] ^= 1;
    std::fs::write(&path, &bad).expect("damage");
    let damage = check(&files, stored);
    let place = 3 * SEGMENT as u64..4 * SEGMENT as u64;
    assert_eq!(damage.len(), 1, "{damage:?}");
    assert_eq!(damage[0].bytes, Some(place));
    std::fs::remove_file(&path).expect("remove");
    let damage = check(&files, stored);
    assert!(damage[0].what.contains("missing"), "{damage:?}");
}

#[test]
fn no_room_is_told_before_the_body() {
    let (_folder, files) = store();
    let wanted = Wanted { room_bytes: Some(u64::MAX), ..Wanted::default() };
    let Err(error) = files.begin(wanted) else { panic!("begun") };
    assert_eq!(error.code(), Code::NotEnoughSpace);
    let (_folder, files) = store_with(Settings {
        headroom_bytes: Some(u64::MAX),
        ..Settings::default()
    });
    let Err(error) = files.begin(Wanted::default()) else { panic!("begun") };
    assert_eq!(error.code(), Code::NotEnoughSpace);
    assert_eq!(files.room_bytes().expect("room"), Some(0));
}
