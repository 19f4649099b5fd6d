//! Any text where users name dumps and properties.
#![no_main]

use thoth_dumps::{DumpId, HashPrefix, Record, Spec, parse_value};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let words: Vec<&str> = text.split('\n').collect();
    let _ = Spec::parse(&words);
    let _ = DumpId::parse(&text);
    let _ = HashPrefix::parse(&text);
    let _ = parse_value(&text);
    let _ = Record::parse(data);
});
