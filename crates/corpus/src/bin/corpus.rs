//! Makes corpus cases and prints one line for each.
//!
//! usage: `corpus OUT [NAME...]`: no name makes all but the big ones, `all`
//! makes those too.
#![expect(clippy::print_stdout, reason = "the lines are what it is for")]

use std::path::PathBuf;
use std::process::ExitCode;
use thoth_corpus::native;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let out = args.next().map_or_else(native::out_dir, PathBuf::from);
    let names: Vec<String> = args.collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let report = native::build(&out, &names);
    print!("{report}");
    if report.skipped.is_empty() { ExitCode::SUCCESS } else { 1.into() }
}
