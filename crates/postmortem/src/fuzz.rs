//! Entry points for fuzzers and mutation tests; not part of the interface.
//!
//! Each asks everything there is to ask about hostile bytes and throws the
//! answers away: what counts is that it returns, in bounded time and memory.

use crate::Process;
use crate::bytes::ReadAt;
use crate::core::Core;
use crate::modules::{FileFinder, LocalFiles};
use crate::stack::StackOptions;
use std::sync::Arc;

/// Frames walked of each stack: mutated stacks may be endless loops' equals.
const FRAMES: usize = 4096;

/// Reads a core without any other file. Returns whether it was taken for one.
pub fn core(data: &[u8]) -> bool {
    let bytes: Arc<dyn ReadAt> = Arc::new(data.to_vec());
    with_files(bytes, Box::new(LocalFiles::none()))
}

/// Reads a core with the files that `finder` names.
pub fn with_files(bytes: Arc<dyn ReadAt>, finder: Box<dyn FileFinder>) -> bool {
    let Ok(core) = Core::parse(bytes) else { return false };
    let process = Process::load(core, finder);
    let options = StackOptions { limit: FRAMES, ..StackOptions::default() };
    let stacks = process.stacks(&options);
    std::hint::black_box((
        process.verdicts(&stacks),
        process.facts(),
        process.arguments().is_ok(),
        process.fault(),
        process.maps(),
        process.auxv(),
        process.module_facts(),
        process.thread_facts(),
        process.debug_problems(),
        process.core.at_random(),
    ));
    true
}

/// Demangles any text.
pub fn demangle(data: &[u8]) {
    std::hint::black_box(crate::demangle(&crate::addr::text(data)));
}
