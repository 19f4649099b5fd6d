//! The layout on disk, read by a program that knows only its page.
//!
//! `read_store.py` follows `docs/reference/layout.md` and shares no code with
//! us; it needs python3 and zstd, and the test fails where they are missing.

use std::path::Path as FsPath;
use std::process::Command;

use thoth_manta::{Manta, MantaExt, Metadata, Path, PutOptions};
use thoth_store::Embedded;

const MIB: usize = 1 << 20;

fn path(name: &str) -> Path {
    Path::parse(&format!("/me/stor/{name}")).expect("valid path")
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 7u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn text(length: usize) -> Vec<u8> {
    let line = b"a line of text, again and again\n";
    line.iter().copied().cycle().take(length).collect()
}

/// An object of frames of all kinds: text, zeros, and bytes as they are; its
/// second mebibyte is all zeros.
fn mixed() -> Vec<u8> {
    let mut bytes = text(300_000);
    bytes.resize(400_000, 0);
    bytes.extend(noise(200_000));
    bytes.resize(2 * MIB, 0);
    bytes.extend(text(70_001));
    bytes
}

fn read(folder: &FsPath, name: &str) -> (serde_json::Value, Vec<u8>) {
    let script =
        FsPath::new(env!("CARGO_MANIFEST_DIR")).join("tests/read_store.py");
    let out = folder.join("out");
    let done = Command::new("python3")
        .arg(script)
        .arg(folder)
        .arg(path(name).as_str())
        .arg(&out)
        .output()
        .expect("python3, which this test needs");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{name}: {said}");
    let known = serde_json::from_slice(&done.stdout).expect("JSON");
    (known, std::fs::read(out).expect("its bytes"))
}

#[test]
fn another_program_reads_by_the_page_alone() {
    let folder = tempfile::tempdir().expect("folder");
    let mut plain = noise(MIB + 5000);
    plain[20_000..60_000].fill(0);
    let all: [(&str, Vec<u8>, &str, &[u64]); 6] = [
        ("small", b"hello\n".to_vec(), "inline", &[]),
        ("empty", Vec::new(), "inline", &[]),
        ("framed", text(200_001), "frames", &[1]),
        ("mixed", mixed(), "frames", &[1, 2, 3]),
        ("plain", noise(50_000), "plain", &[]),
        ("summed", plain, "plain", &[]),
    ];
    let store = Embedded::open(folder.path(), "me").expect("open");
    store.mkdir(&path("d")).expect("directory");
    let mut metadata = Metadata {
        content_type: "text/plain".to_owned(),
        ..Metadata::default()
    };
    metadata.headers.insert("m-k".to_owned(), "\"ä\n".to_owned());
    let options = PutOptions { metadata, ..PutOptions::default() };
    let mut etags = Vec::new();
    for (name, bytes, ..) in &all {
        let name = path(&format!("d/{name}"));
        etags.push(store.put_bytes(&name, bytes, &options).expect("put").etag);
    }
    store.link(&path("d/framed"), &path("link ü")).expect("link");
    // Once beside the open store, whose log is not yet in the database.
    let check = || {
        for ((name, bytes, form, kinds), etag) in all.iter().zip(&etags) {
            let (known, back) = read(folder.path(), &format!("d/{name}"));
            assert!(back == *bytes, "{name}");
            assert_eq!(known["etag"], etag.as_str());
            assert_eq!(known["form"], *form, "{name}");
            assert_eq!(known["kinds"], serde_json::json!(kinds), "{name}");
            assert_eq!(known["type"], "text/plain");
            assert_eq!(known["headers"]["m-k"], "\"ä\n");
        }
        let (known, back) = read(folder.path(), "link ü");
        assert!(back == text(200_001));
        assert_eq!(known["names"], 2);
    };
    check();
    drop(store);
    let (known, _) = read(folder.path(), "link ü");
    assert_eq!(known["headers"], serde_json::json!({}));
}
