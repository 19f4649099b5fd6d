//! Any bytes as a core, without any other file.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    thoth_postmortem::fuzz::core(data);
});
