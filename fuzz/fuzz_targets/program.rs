//! Any bytes as the program of a good core: ELF, symbols, unwind data, DWARF.
//!
//! The core is `corpus/out/segv/core`; its program beside it is the best seed.
//! A file is used only when its build id is the core's, so inputs that lose it
//! end early.
#![no_main]

use std::sync::{Arc, LazyLock};
use tempfile::NamedTempFile;
use thoth_postmortem::fuzz;
use thoth_postmortem::modules::LocalFiles;

static CORE: LazyLock<Arc<Vec<u8>>> = LazyLock::new(|| {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus/out/segv/core");
    let bytes = std::fs::read(path);
    Arc::new(bytes.expect("`cargo xtask corpus segv` makes the core"))
});

static FILE: LazyLock<NamedTempFile> =
    LazyLock::new(|| NamedTempFile::new().expect("a scratch file"));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    std::fs::write(FILE.path(), data).expect("room for it");
    let mut files = LocalFiles::none();
    files.files.push(FILE.path().to_owned());
    let core = Arc::clone(&CORE);
    fuzz::with_files(core, Box::new(files));
});
