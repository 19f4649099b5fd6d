//! The native corpus: programs that crash on purpose, and what is true of
//! their cores.
//!
//! Each case has a folder `OUT/NAME/` with the program (`prog`), the core
//! (`core`, or `core.zst` and so on), and `truth.json`. The table of cases is
//! `corpus/native/cases.toml`, the programs are in `corpus/native/src`.
//!
//! A case is made once: `OUT/NAME/recipe` holds a digest of everything that
//! went into it (its row, all its sources, the tools' files, its place), and
//! it is made again when that changes. Several test processes may ask for the
//! same case at once; a file lock per case lets one of them make it. So a test
//! simply asks for the cases it reads; that costs a millisecond when they are
//! there.
//!
//! Cores come from the kernel when it can be told to write plain files (see
//! `pattern.rs`), from gdb's gcore, or from our own [`crate::snapshot`];
//! `Truth::writer` says which.

mod capture;
mod compile;
mod derive;
mod pattern;
mod recipe;
mod tools;
mod truth;
mod witness;

pub use recipe::{Capture, Change, Part, Post, Recipe, cases};
pub use truth::{BlockTruth, KernelThread, KernelTruth, ThreadTruth, Truth};

#[cfg(test)]
pub(crate) use capture::both_cores;

use rustix::fs::{FlockOperation, flock};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Holds one made case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Name of the case.
    pub name: String,
    /// Folder of the case.
    pub dir: PathBuf,
    /// The core, compressed for the `packed-` cases.
    pub core: PathBuf,
    /// What must be true of it.
    pub truth: Truth,
}

/// Says what became of the cases asked for.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Cases that are there now, in the order of the table.
    pub made: Vec<Case>,
    /// Cases that could not be made, with the reason.
    pub skipped: Vec<(String, String)>,
}

impl Report {
    /// Finds a made case by name.
    pub fn find(&self, name: &str) -> Option<&Case> {
        self.made.iter().find(|c| c.name == name)
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for case in &self.made {
            let Truth { writer, size, warning, .. } = &case.truth;
            write!(f, "{:<22} {writer:<9} {size:>12} bytes", case.name)?;
            match warning {
                Some(text) => writeln!(f, "  WARNING {text}")?,
                None => writeln!(f)?,
            }
        }
        for (name, reason) in &self.skipped {
            writeln!(f, "{name:<22} skipped: {reason}")?;
        }
        let (made, skipped) = (self.made.len(), self.skipped.len());
        writeln!(f, "made: {made}, skipped: {skipped}")
    }
}

/// Says why a case could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MakeError {
    #[error("{0} is not installed")]
    MissingTool(String),
    #[error("{command}: {says}")]
    Command { command: String, says: String },
    #[error("{what} {}", path.display())]
    Io {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(transparent)]
    Snapshot(#[from] crate::snapshot::Error),
    #[error("{0}")]
    NoCore(String),
    #[error("no such case")]
    Unknown,
}

pub(crate) fn io<'a>(
    what: &'static str,
    path: &'a Path,
) -> impl FnOnce(std::io::Error) -> MakeError + 'a {
    move |source| MakeError::Io { what, path: path.to_owned(), source }
}

/// Returns the usual place of made cases, `corpus/out` in the workspace.
pub fn out_dir() -> PathBuf {
    workspace().join("corpus/out")
}

fn workspace() -> PathBuf {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = crate_dir.ancestors().nth(2).unwrap_or(crate_dir);
    root.to_owned()
}

/// Returns the folder of the programs' sources.
pub(crate) fn source_dir() -> PathBuf {
    workspace().join("corpus/native/src")
}

/// Makes the named cases below `out`; all but the big ones for no names,
/// all for the name `all`.
///
/// Cases that are there and up to date are not made again.
pub fn build(out: &Path, names: &[&str]) -> Report {
    let out = std::path::absolute(out).unwrap_or_else(|_| out.to_owned());
    let (wanted, unknown) = select(names);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let work = || {
        while let Some(recipe) = wanted.get(next.fetch_add(1, Ordering::SeqCst))
        {
            let result = provide(&out, recipe);
            if let Ok(mut done) = done.lock() {
                done.push((recipe.name.clone(), result));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..wanted.len().min(4) {
            scope.spawn(work);
        }
        work();
    });
    let done = done.into_inner().unwrap_or_default();
    report(&wanted, done, unknown)
}

type Done = Vec<(String, Result<Case, MakeError>)>;

fn report(wanted: &[&Recipe], done: Done, unknown: Vec<String>) -> Report {
    let place = |name: &str| wanted.iter().position(|r| r.name == name);
    let mut done = done;
    done.sort_by_key(|(name, _)| place(name));
    let mut report = Report::default();
    for (name, result) in done {
        match result {
            Ok(case) => report.made.push(case),
            Err(e) => report.skipped.push((name, chain(&e))),
        }
    }
    let unknown =
        unknown.into_iter().map(|n| (n, MakeError::Unknown.to_string()));
    report.skipped.extend(unknown);
    report
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

fn select(names: &[&str]) -> (Vec<&'static Recipe>, Vec<String>) {
    let all = names.contains(&"all");
    let wanted = cases()
        .iter()
        .filter(|r| {
            all || names.contains(&r.name.as_str())
                || (names.is_empty() && !r.big)
        })
        .collect();
    let known =
        |n: &&&str| **n != "all" && cases().iter().all(|r| r.name != **n);
    let unknown = names.iter().filter(known).map(|n| (*n).to_owned());
    (wanted, unknown.collect())
}

/// Returns the case from its folder, or makes it there.
pub(crate) fn provide(out: &Path, recipe: &Recipe) -> Result<Case, MakeError> {
    let dir = out.join(&recipe.name);
    let digest = tools::digest(recipe, &dir)?;
    if let Some(case) = made(recipe, &dir, &digest) {
        return Ok(case);
    }
    let locks = out.join(".locks");
    fs::create_dir_all(&locks).map_err(io("make folder", &locks))?;
    let path = locks.join(&recipe.name);
    let file = fs::File::create(&path).map_err(io("open lock", &path))?;
    flock(&file, FlockOperation::LockExclusive)
        .map_err(|e| io("lock", &path)(e.into()))?;
    if let Some(case) = made(recipe, &dir, &digest) {
        return Ok(case);
    }
    let case = make(out, recipe, &dir)?;
    let stamp = dir.join("recipe");
    fs::write(&stamp, &digest).map_err(io("write", &stamp))?;
    Ok(case)
}

/// Returns the case when its folder holds it as the digest says.
fn made(recipe: &Recipe, dir: &Path, digest: &str) -> Option<Case> {
    let stamp = fs::read_to_string(dir.join("recipe")).ok()?;
    if stamp != digest {
        return None;
    }
    let text = fs::read(dir.join("truth.json")).ok()?;
    let truth = serde_json::from_slice(&text).ok()?;
    let core = dir.join(core_name(recipe));
    core.exists().then_some(())?;
    let (name, dir) = (recipe.name.clone(), dir.to_owned());
    Some(Case { name, dir, core, truth })
}

/// Returns the file name of the case's core.
pub(crate) fn core_name(recipe: &Recipe) -> String {
    match &recipe.change {
        Some(Change::Pack(ext, _) | Change::PackCut(ext, _)) => {
            format!("core.{ext}")
        }
        _ => "core".to_owned(),
    }
}

fn make(out: &Path, recipe: &Recipe, dir: &Path) -> Result<Case, MakeError> {
    if dir.exists() {
        fs::remove_dir_all(dir).map_err(io("remove", dir))?;
    }
    fs::create_dir_all(dir).map_err(io("make folder", dir))?;
    let core = dir.join(core_name(recipe));
    let mut truth = if recipe.of.is_some() {
        derive::make(out, recipe, &core)?
    } else if let Some(name) = &recipe.synth {
        synthetic(name, &core)?
    } else {
        capture::make(recipe, dir)?
    };
    describe(recipe, &core, &mut truth)?;
    let path = dir.join("truth.json");
    let text = serde_json::to_vec_pretty(&truth).unwrap_or_default();
    fs::write(&path, text).map_err(io("write", &path))?;
    let (name, dir) = (recipe.name.clone(), dir.to_owned());
    Ok(Case { name, dir, core, truth })
}

/// Writes a core from nothing.
fn synthetic(name: &str, core: &Path) -> Result<Truth, MakeError> {
    let named = crate::synth::named(name).ok_or(MakeError::Unknown)?;
    fs::write(core, &named.core).map_err(io("write", core))?;
    let mut facts = named.facts;
    let pid = facts.remove("pid").and_then(|p| p.parse().ok());
    let writer = "synth".to_owned();
    Ok(Truth { pid, facts, writer, ..Truth::default() })
}

/// Takes what the recipe and the finished file say.
fn describe(
    recipe: &Recipe,
    core: &Path,
    truth: &mut Truth,
) -> Result<(), MakeError> {
    use std::os::unix::fs::MetadataExt;
    let meta = fs::metadata(core).map_err(io("look at", core))?;
    truth.case.clone_from(&recipe.name);
    truth.frames.clone_from(&recipe.frames);
    truth.note.clone_from(&recipe.note);
    truth.sym = !recipe.nameless;
    truth.size = meta.len();
    truth.disk = meta.blocks() * 512;
    if recipe.of.is_none() {
        truth.signal = recipe.expected_signal().map(str::to_owned);
        truth.verdicts.clone_from(&recipe.verdicts);
        truth.message.clone_from(&recipe.message);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_select_cases_and_wrong_ones_are_told() {
        let (wanted, unknown) = select(&["segv", "no-such"]);
        assert_eq!(wanted.len(), 1);
        assert_eq!(unknown, ["no-such"]);
        assert!(select(&[]).0.iter().all(|r| !r.big));
        assert!(select(&["all"]).0.iter().any(|r| r.big));
    }

    #[test]
    fn a_case_is_made_once() {
        let out = tempfile::tempdir().expect("scratch folder");
        let first = build(out.path(), &["segv"]);
        assert!(first.skipped.is_empty(), "{:?}", first.skipped);
        let second = build(out.path(), &["segv"]);
        let (a, b) = (&first.made[0], &second.made[0]);
        assert_eq!(a.truth.pid, b.truth.pid, "it ran twice");
        assert!(a.truth.pid.is_some());
        assert_eq!(a.truth.facts["fault"], "0xdead0010");
        assert_eq!(a.truth.warning, None);
        let head = fs::read(&a.core).expect("a readable core");
        assert_eq!(&head[..4], b"\x7fELF");
    }
}
