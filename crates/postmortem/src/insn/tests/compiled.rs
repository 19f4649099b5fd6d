//! Code as compilers make it, without unwind data, against the unwind data of
//! the same code.

use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object, ObjectSection};

use super::truth::{Known, Score, measure};

/// Compiles the sample twice: without unwind tables and with them. The code
/// must come out the same.
fn build(dir: &Path, flags: &[&str]) -> (PathBuf, PathBuf) {
    let source = dir.join("sample.c");
    std::fs::write(&source, include_str!("sample.c")).unwrap();
    let plain = dir.join("plain.so");
    let tables = dir.join("tables.so");
    compile(&source, &plain, flags, "-fno-asynchronous-unwind-tables");
    compile(&source, &tables, flags, "-fasynchronous-unwind-tables");
    assert_eq!(text(&plain), text(&tables), "unwind tables changed the code");
    (plain, tables)
}

fn compile(source: &Path, out: &Path, flags: &[&str], tables: &str) {
    let done = Command::new("gcc")
        .args(["-shared", "-fPIC", "-nostdlib", "-w", "-Wl,--build-id=none"])
        // Keep the tables behind the code so that both files agree.
        .args(["-Wl,-z,noseparate-code", "-fno-unwind-tables", tables])
        .args(["-fvisibility=hidden", "-Wl,-z,now", "-Wl,-Ttext=0x4000"])
        .args(flags)
        .arg(source)
        .arg("-o")
        .arg(out)
        .output()
        .expect("gcc must be installed (package gcc)");
    assert!(
        done.status.success(),
        "gcc: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}

fn text(path: &Path) -> (u64, Vec<u8>) {
    let data = std::fs::read(path).unwrap();
    let file = object::File::parse(&*data).unwrap();
    let text = file.section_by_name(".text").unwrap();
    // Addresses of data differ between the files: compare the shape only.
    (text.address(), vec![0; text.data().unwrap().len()])
}

/// Measures all kinds of places; prints the scores.
fn scores(flags: &[&str]) -> Vec<((Known, bool), Score)> {
    let dir = tempfile::tempdir().unwrap();
    let (plain, tables) = build(dir.path(), flags);
    let mut out = Vec::new();
    for known in [Known::Range, Known::Start, Known::Nothing] {
        for innermost in [true, false] {
            let score = measure(&plain, &tables, known, innermost, 1);
            println!("{flags:?} {known:?} innermost {innermost}");
            println!("  {}", score.line());
            for example in score.examples.iter().take(20) {
                println!("    {example}");
            }
            out.push(((known, innermost), score));
        }
    }
    out
}

/// Nothing wrong where the function is known; nearly nothing where it is not.
fn check(flags: &[&str]) {
    for ((known, innermost), score) in scores(flags) {
        let what = format!("{flags:?} {known:?} {innermost}");
        let all = score.right + score.wrong + score.none;
        assert!(all > if innermost { 500 } else { 40 }, "{what}: {all} places");
        assert_eq!(score.wrong, 0, "{what}: {:?}", score.examples);
        assert_eq!(score.regs_wrong, 0, "{what}: {:?}", score.examples);
        let least = match (known, innermost) {
            (Known::Nothing, false) => 0.90,
            (Known::Nothing, true) => 0.97,
            _ => 0.995,
        };
        let share = score.right as f64 / all as f64;
        assert!(share >= least, "{what}: {share} {:?}", score.examples);
    }
}

#[test]
fn optimised_without_frame_pointers() {
    check(&["-O2", "-fomit-frame-pointer"]);
}

#[test]
fn small_code() {
    check(&["-Os", "-fomit-frame-pointer"]);
}

#[test]
fn unoptimised_with_frame_pointers() {
    check(&["-O0", "-fno-omit-frame-pointer"]);
}

#[test]
fn hardened() {
    check(&[
        "-O2",
        "-fomit-frame-pointer",
        "-fstack-clash-protection",
        "-fcf-protection",
        "-fstack-protector-strong",
    ]);
}
