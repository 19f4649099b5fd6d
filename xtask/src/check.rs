//! `test`, `ci` and `corpus`: everything that must hold before sending.
//!
//! The order is from cheap to dear, and the tests come last so that the
//! runner's own count closes the output. Clippy and tests use the same
//! profile and the same feature set (`--workspace`), so that dependencies are
//! checked once and built once. The corpus is made before the tests run: a
//! case takes up to half a minute to make, and a test that pays for it looks
//! slow or hung.

use crate::Result;
use crate::command::{cargo, find, run, succeeds, target_dir};
use crate::{clients, docs, needs};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// How much of the corpus is tested.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Scope {
    /// All cases, with those of gigabytes.
    Everything,
    /// All but the big ones.
    Quick,
}

/// Runs what a change must pass.
pub(crate) fn ci() -> Result<()> {
    components()?;
    needs::provide()?;
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    run(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    build()?;
    docs::check()?;
    test(Scope::Everything)
}

/// Runs every test of the project.
pub(crate) fn test(scope: Scope) -> Result<()> {
    needs::provide()?;
    clients::provide()?;
    build()?;
    make_corpus(if scope == Scope::Everything { &["all"] } else { &[] })?;
    if scope == Scope::Quick {
        eprintln!("the big cores are left out: cargo xtask test takes them in");
    }
    let nextest = succeeds(&mut cargo(&["nextest", "--version"]));
    if !nextest {
        return cargo_test(scope);
    }
    run(&mut cargo(&["test", "--quiet", "--workspace", "--doc"]))?;
    let args = ["nextest", "run", "--workspace", "--no-fail-fast"];
    run(with_scope(&mut cargo(&args), scope))
}

/// Makes cases of the corpus.
pub(crate) fn corpus(names: &[&str]) -> Result<()> {
    needs::provide()?;
    let args = ["build", "--quiet", "--package", "thoth-corpus"];
    run(&mut cargo(&args))?;
    make_corpus(names)
}

fn make_corpus(names: &[&str]) -> Result<()> {
    let maker = target_dir()?.join("debug/corpus");
    let out = crate::command::root().join("corpus/out");
    run(Command::new(maker).arg(out).args(names))
        .map_err(|e| format!("{e}: a case that cannot be made is a failure"))?;
    Ok(())
}

/// Builds the tests with the programs that they run.
pub(crate) fn build() -> Result<()> {
    run(&mut cargo(&["test", "--workspace", "--no-run"]))
}

fn with_scope(command: &mut Command, scope: Scope) -> &mut Command {
    match scope {
        Scope::Everything => command.env("THOTH_TEST_BIG", "1"),
        Scope::Quick => command.env_remove("THOTH_TEST_BIG"),
    }
}

/// Makes sure of rustfmt and clippy, which a minimal toolchain lacks.
fn components() -> Result<()> {
    let has = |tool: &str| succeeds(&mut cargo(&[tool, "--version"]));
    let missing: Vec<&str> = [("fmt", "rustfmt"), ("clippy", "clippy")]
        .iter()
        .filter(|(tool, _)| !has(tool))
        .map(|(_, component)| *component)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if find("rustup").is_none() {
        return Err(format!("not installed: {}", missing.join(" ")).into());
    }
    run(Command::new("rustup").args(["component", "add"]).args(&missing))
}

/// Runs the tests where nextest is not installed, and adds the counts up:
/// `cargo test` closes with those of the last program only.
fn cargo_test(scope: Scope) -> Result<()> {
    let mut command = cargo(&["test", "--workspace", "--no-fail-fast"]);
    eprintln!("$ cargo test --workspace --no-fail-fast");
    let mut child = with_scope(&mut command, scope)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cargo test: {e}"))?;
    let mut total = Counts::default();
    if let Some(pipe) = child.stdout.take() {
        for line in BufReader::new(pipe).lines() {
            let line = line.map_err(|e| format!("cargo test: {e}"))?;
            println!("{line}");
            total.add(&line);
        }
    }
    let status = child.wait().map_err(|e| format!("cargo test: {e}"))?;
    println!("{total}");
    if !status.success() {
        return Err(format!("cargo test: {status}").into());
    }
    Ok(())
}

/// Sums of the runner's closing lines.
#[derive(Debug, Default, Eq, PartialEq)]
struct Counts {
    programs: usize,
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl Counts {
    /// Takes a line `test result: ok. 5 passed; 0 failed; 0 ignored; ...`.
    fn add(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("test result: ") else { return };
        self.programs += 1;
        let words: Vec<&str> = rest.split([' ', ';', '.']).collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<usize>() else { continue };
            match pair[1] {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { programs, passed, failed, ignored } = self;
        write!(
            f,
            "total of {programs} test programs: \
             {passed} passed; {failed} failed; {ignored} ignored"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up() {
        let mut total = Counts::default();
        for line in [
            "running 5 tests",
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; \
             0 filtered out; finished in 1.20s",
            "test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured",
        ] {
            total.add(line);
        }
        let want = Counts { programs: 2, passed: 7, failed: 3, ignored: 1 };
        assert_eq!(total, want);
        assert!(total.to_string().contains("7 passed; 3 failed; 1 ignored"));
    }
}
