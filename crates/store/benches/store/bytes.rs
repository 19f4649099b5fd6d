//! Bytes: long bodies in, small pieces out.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path as FsPath;
use std::time::Instant;

use md5::{Digest, Md5};
use thoth_manta::{Condition, Manta, Path, PutOptions};
use thoth_store::{Ages, Embedded, EmbeddedOptions};

use crate::table::Row;
use crate::{LONG_ROUNDS, ROUNDS, Random, compare, per_second};

/// Length of a long body.
const LONG: u64 = 1 << 30;
const MIB: f64 = 1e6;

fn path(text: &str) -> Path {
    Path::parse(&format!("/me/stor/{text}")).expect("valid path")
}

/// Bytes that nothing makes smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut random = Random(1);
    let mut bytes = vec![0; length];
    for word in bytes.as_chunks_mut::<8>().0 {
        *word = random.next().to_le_bytes();
    }
    bytes
}

/// Bytes like those of a core: this program's own code and data, tables of
/// pointers, text, and pages of zeros.
fn memory(length: usize) -> Vec<u8> {
    let own = std::env::current_exe().expect("own program");
    let own = std::fs::read(own).expect("read it");
    let mut random = Random(2);
    let mut bytes = Vec::with_capacity(length + (1 << 20));
    while bytes.len() < length {
        match random.below(4) {
            0 => bytes.resize(bytes.len() + 48 * 4096, 0),
            1 => {
                let base = 0x7f00_0000_0000 + random.below(1 << 30);
                for n in 0..20_000 {
                    let word = match n % 3 {
                        0 => base + random.below(4096) * 16,
                        1 => random.below(256),
                        _ => 0,
                    };
                    bytes.extend_from_slice(&word.to_le_bytes());
                }
            }
            _ => {
                let at = random.below((own.len() - 200_000) as u64) as usize;
                bytes.extend_from_slice(&own[at..at + 200_000]);
            }
        }
    }
    bytes.truncate(length);
    bytes
}

/// A long body made of a shorter one, over and over.
struct Repeated<'a> {
    bytes: &'a [u8],
    at: u64,
    length: u64,
}

impl Read for Repeated<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let start = (self.at % self.bytes.len() as u64) as usize;
        let rest = &self.bytes[start..];
        let left = usize::try_from(self.length - self.at).expect("fits");
        let now = rest.len().min(left).min(buffer.len());
        buffer[..now].copy_from_slice(&rest[..now]);
        self.at += now as u64;
        Ok(now)
    }
}

fn open(folder: &FsPath) -> Embedded {
    let ages = Ages { grace: std::time::Duration::ZERO, ..Ages::default() };
    let options = EmbeddedOptions { ages, ..EmbeddedOptions::default() };
    Embedded::open_with(folder, "me", &options).expect("store")
}

/// Puts a body of 1 GiB durably; returns MB a second and what it took.
fn put(store: &Embedded, bytes: &[u8], name: &Path) -> (f64, f64) {
    let mut body = Repeated { bytes, at: 0, length: LONG };
    let options =
        PutOptions { length_bytes: Some(LONG), ..PutOptions::default() };
    let begun = Instant::now();
    let info = store.put(name, &mut body, &options).expect("put");
    assert!(info.md5.is_some());
    let speed = LONG as f64 / MIB / begun.elapsed().as_secs_f64();
    let stored = info.stored_bytes.expect("known") as f64;
    (speed, LONG as f64 / stored)
}

fn remove(store: &Embedded, name: &Path) {
    store.delete(name, &Condition::none()).expect("delete");
    let none = std::time::Duration::ZERO;
    store.maintain_after(none, none).expect("maintenance");
}

/// Writes a body of 1 GiB with bare calls, durably.
fn bare_write(folder: &FsPath, bytes: &[u8]) -> f64 {
    let path = folder.join("bare");
    let file = File::create(&path).expect("create");
    let mut body = Repeated { bytes, at: 0, length: LONG };
    let mut buffer = vec![0; 1 << 20];
    let begun = Instant::now();
    let mut at = 0;
    loop {
        let read = body.read(&mut buffer).expect("read");
        if read == 0 {
            break;
        }
        file.write_all_at(&buffer[..read], at).expect("write");
        at += read as u64;
    }
    file.sync_data().expect("flush");
    let speed = LONG as f64 / MIB / begun.elapsed().as_secs_f64();
    drop(file);
    std::fs::remove_file(path).expect("remove");
    speed
}

/// The MD5 of a body of 1 GiB and nothing else.
fn md5_alone(bytes: &[u8]) -> f64 {
    let begun = Instant::now();
    let mut md5 = Md5::new();
    let mut left = LONG as usize;
    while left > 0 {
        let now = left.min(bytes.len());
        md5.update(&bytes[..now]);
        left -= now;
    }
    std::hint::black_box(md5.finalize());
    LONG as f64 / MIB / begun.elapsed().as_secs_f64()
}

/// Puts of 1 GiB.
pub(crate) fn large(folder: &FsPath) -> Vec<Row> {
    let folder = folder.join("large");
    let store = open(&folder);
    let mut rows = Vec::new();
    let bodies = [
        ("that nothing makes smaller", noise(64 << 20)),
        ("like a core's", memory(64 << 20)),
        ("of zeros", vec![0; 64 << 20]),
    ];
    for (kind, bytes) in bodies {
        let name = path("long");
        let mut ratio = 0.0;
        let figures = compare(
            LONG_ROUNDS,
            vec![
                (
                    "store",
                    Box::new(|| {
                        let (speed, times) = put(&store, &bytes, &name);
                        ratio = times;
                        remove(&store, &name);
                        speed
                    }),
                ),
                ("bare write", Box::new(|| bare_write(&folder, &bytes))),
                ("MD5 alone", Box::new(|| md5_alone(&bytes))),
            ],
        );
        let smaller = if ratio > 1e3 {
            String::new()
        } else {
            format!(", stored {ratio:.1} times smaller")
        };
        rows.push(Row {
            what: format!("put of 1 GiB {kind}, with MD5{smaller}"),
            unit: "MB/s",
            goal: Some(400.0),
            store: figures[0].1,
            peers: figures[1..].to_vec(),
        });
    }
    rows
}

/// Drops a file's pages from memory.
fn forget_pages(path: &FsPath) {
    let file = File::open(path).expect("open");
    file.sync_all().expect("flush");
    let advice = rustix::fs::Advice::DontNeed;
    rustix::fs::fadvise(&file, 0, None, advice).expect("advice");
}

fn files_below(folder: &FsPath) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("list") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Random reads of 4 KiB from a stored core of 1 GiB, nothing in memory.
pub(crate) fn random(folder: &FsPath) -> Vec<Row> {
    let folder = folder.join("random");
    let store = open(&folder);
    let bytes = memory(64 << 20);
    put(&store, &bytes, &path("core"));
    let plain = folder.join("plain");
    let file = File::create(&plain).expect("create");
    for n in 0..LONG / (64 << 20) {
        file.write_all_at(&bytes, n * (64 << 20)).expect("write");
    }
    file.sync_all().expect("flush");
    let pick = |thread: usize, n: u64| {
        let mut random = Random(n * 7919 + thread as u64);
        random.below(LONG / 4096) * 4096
    };
    let forget = || {
        for file in files_below(&folder.join("objects")) {
            forget_pages(&file);
        }
        forget_pages(&plain);
    };
    let mut rows = Vec::new();
    for threads in [1, 2, 8] {
        let figures = compare(
            ROUNDS,
            vec![
                (
                    "store",
                    Box::new(|| {
                        forget();
                        let reader = store.open(&path("core")).expect("open");
                        per_second(threads, |thread, n| {
                            let mut buffer = [0; 4096];
                            let at = pick(thread, n);
                            let read = reader.read_at(&mut buffer, at);
                            assert_eq!(read.expect("read"), 4096);
                        })
                    }),
                ),
                (
                    "plain file, bare calls",
                    Box::new(|| {
                        forget();
                        let file = File::open(&plain).expect("open");
                        let random = rustix::fs::Advice::Random;
                        rustix::fs::fadvise(&file, 0, None, random)
                            .expect("advice");
                        per_second(threads, |thread, n| {
                            let mut buffer = [0; 4096];
                            file.read_exact_at(&mut buffer, pick(thread, n))
                                .expect("read");
                        })
                    }),
                ),
            ],
        );
        rows.push(Row {
            what: format!(
                "cold reads of 4 KiB from a compressed core, {threads} at a time"
            ),
            unit: "/s",
            goal: (threads == 1).then_some(5_000.0),
            store: figures[0].1,
            peers: figures[1..].to_vec(),
        });
    }
    rows
}
