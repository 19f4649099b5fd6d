//! Any bytes as a file that users name: plain, or compressed in four ways.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;
use tempfile::TempDir;
use thoth_postmortem::bytes::{self, OpenOptions};
use thoth_postmortem::fuzz;
use thoth_postmortem::modules::LocalFiles;

static SCRATCH: LazyLock<TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a scratch folder"));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let dir: &Path = SCRATCH.path();
    let path = dir.join("core");
    std::fs::write(&path, data).expect("room for it");
    let mut options = OpenOptions::new(dir);
    options.expand_limit = 64 << 20;
    if let Ok(file) = bytes::open(&path, &options) {
        fuzz::with_files(file.bytes, Box::new(LocalFiles::none()));
    }
});
