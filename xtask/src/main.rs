//! The project's own tasks, run as `cargo xtask TASK`.
//!
//! One program in place of a folder of shell scripts: it runs cargo and the
//! tools around it in the right order, and fails loudly when one of them is
//! missing. It links none of our crates, so that it compiles in seconds and
//! works while they do not.
#![expect(clippy::print_stdout, reason = "a task tells what it does")]
#![expect(clippy::print_stderr, reason = "a task tells what went wrong")]

mod bench;
mod check;
mod clients;
mod command;
mod docs;
mod needs;

use std::process::ExitCode;

/// What went wrong, in words for the person at the terminal.
type Problem = Box<dyn std::error::Error>;
type Result<T> = std::result::Result<T, Problem>;

const USAGE: &str = "\
usage: cargo xtask TASK

  test [--quick]     install or name what tests need, make the corpus, run all
                     tests; --quick leaves the seven big cores out
  ci                 formatting, clippy, generated documentation, then test
  docs [--check]     write docs/reference, docs/man and docs/completions from
                     the program's own help; --check only compares
  corpus [NAME...]   make the named cores below corpus/out; without a name all
                     but the big ones, for `all` those too
  bench stacks [--write] [SUBJECT...]
                     gdb, eu-stack and thoth on the same cores in one run;
                     --write puts the table into docs/benchmarks.md
  bench store [--write | CASE...]
                     the store beside bare system calls and SQLite alone;
                     --write as above
  bench serve [--write | ENTRIES]
                     the server beside nginx: installs nginx and wrk; lists a
                     directory of a million entries (or so many)
  bench dumps [--write | --uploads | RECORDS]
                     uploads of a small core and of a node process with a heap
                     of a gibibyte, and questions to a million records (or so
                     many); --uploads leaves those out";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["test"] => check::test(check::Scope::Everything),
        ["test", "--quick"] => check::test(check::Scope::Quick),
        ["ci"] => check::ci(),
        ["docs"] => docs::write(),
        ["docs", "--check"] => docs::check(),
        ["corpus", names @ ..] => check::corpus(names),
        ["bench", "stacks", rest @ ..] => bench::stacks(rest),
        ["bench", "store", rest @ ..] => bench::store(rest),
        ["bench", "serve", rest @ ..] => bench::serve::serve(rest),
        ["bench", "dumps", rest @ ..] => bench::dumps::dumps(rest),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}
