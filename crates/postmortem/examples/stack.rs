//! Prints the stacks of a core: `cargo run --example stack -- CORE`.
#![expect(clippy::print_stdout, reason = "an example prints")]

use postmortem::bytes::{self, OpenOptions};
use postmortem::modules::LocalFiles;
use postmortem::stack::StackOptions;
use std::path::Path;
use thoth_postmortem as postmortem;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: stack CORE")?;
    let options = OpenOptions::new(std::env::temp_dir());
    let file = bytes::open(Path::new(&path), &options)?;
    let core = postmortem::core::Core::parse(file.bytes)?;
    let finder = Box::new(LocalFiles::system());
    let process = postmortem::Process::load(core, finder);
    for problem in process.facts().problems {
        println!("problem: {problem}");
    }
    let lines = std::env::var_os("NO_LINES").is_none();
    let options = StackOptions { lines, ..StackOptions::default() };
    let stacks = process.stacks(&options);
    for v in process.verdicts(&stacks) {
        println!("{}: {} {:?}", v.kind, v.text, v.evidence);
    }
    for stack in stacks {
        println!(
            "thread {}{}",
            stack.tid,
            if stack.crashed { " crashed" } else { "" }
        );
        for f in stack.frames.iter().take(60) {
            let at = match (&f.file, f.line) {
                (Some(file), Some(line)) => format!(" ({file}:{line})"),
                _ => String::new(),
            };
            println!(
                "  {} {}{}{} [{}]{}{}",
                f.pc,
                f.function.as_deref().unwrap_or("?"),
                f.offset.map_or(String::new(), |o| format!("+{o}")),
                at,
                f.trust.name(),
                if f.inline { " inline" } else { "" },
                if f.signal { " <signal>" } else { "" },
            );
        }
        println!("  end: {}", stack.end);
    }
    Ok(())
}
