//! Any text as a symbol's name.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    thoth_postmortem::fuzz::demangle(data);
});
