//! `mrm`: objects, and with -r all that is below a directory.
//!
//! A directory can be deleted when it is empty, and others may put objects
//! into it meanwhile. So the tree is walked and its objects deleted while the
//! walk goes on; then the directories go, the deepest first; and if one has
//! got new entries, once more.

use super::connect::Connection;
use super::question::{can_ask, confirmed, must_be_able_to_ask};
use super::tree::{self, Give, Queue};
use super::{Tool, paths, usage};
use crate::error::{Failure, Result};
use crate::session::Session;
use std::sync::Arc;
use thoth_manta::{Code, Condition, Info, ListOptions, Manta, MantaExt, Path};

/// Remove objects, and with -r directories with all that is in them
///
/// A directory with anything in it is removed only after a question, which -f
/// answers in advance. Without a terminal to ask on, -f is needed.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Rm {
    /// Objects; with -r also directories
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,

    /// Ask before each
    #[arg(short = 'I', long)]
    interactive: bool,

    /// Do not ask
    #[arg(short, long, visible_alias = "yes", conflicts_with = "interactive")]
    force: bool,

    /// How much is removed at once
    #[arg(short, long, value_name = "NUM", default_value = "50")]
    parallel: usize,

    /// Remove directories and all that is in them
    #[arg(short, long)]
    recursive: bool,

    #[command(flatten)]
    connection: Connection,
}

const MANUAL: &str = "\
Examples:
  $ mrm ~~/stor/a.txt
  $ mrm -r ~~/stor/tmp
  recursively remove directory `/me/stor/tmp` [y/N]?: y

  $ mrm -r -f ~~/stor/tmp";

/// How often a directory is emptied again that others fill.
const ROUNDS: u32 = 5;

impl Tool for Rm {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn run(self, session: &Session) -> Result<()> {
        if self.interactive {
            must_be_able_to_ask()?;
        }
        let paths = paths::parse_all(session, &self.paths)?;
        let manta = session.manta()?;
        for path in &paths {
            let info = manta.info(path)?;
            if !self.may(session, &**manta, &info)? {
                continue;
            }
            match info {
                Info::Object(_) => manta.delete(path, &Condition::none())?,
                Info::Directory(_) => {
                    let n = remove_tree(manta, path, self.parallel)?;
                    session
                        .out
                        .detail(format_args!("{path}: {n} objects removed"));
                }
            }
        }
        Ok(())
    }
}

impl Rm {
    /// Whether something is to be removed.
    fn may(
        &self,
        session: &Session,
        manta: &dyn Manta,
        info: &Info,
    ) -> Result<bool> {
        let path = info.path();
        let Info::Directory(directory) = info else {
            return match self.interactive {
                true => confirmed(&format!("remove object `{path}`")),
                false => Ok(true),
            };
        };
        if !self.recursive {
            return Err(usage(format!("{path} is not an object"))
                .hint("-r removes directories with all that is in them"));
        }
        if path.is_root() {
            return Err(usage(format!(
                "{path} is a root directory, which cannot be removed"
            ))
            .hint("name what is in it"));
        }
        let empty = directory.entries == 0 && is_empty(manta, path)?;
        if self.force || (empty && !self.interactive) {
            return Ok(true);
        }
        if !can_ask() {
            return Err(usage(format!("{path} is not empty"))
                .hint("-f removes it without a question"));
        }
        let sure = confirmed(&format!("recursively remove directory `{path}`"));
        let sure = sure?;
        if !sure {
            session.out.detail(format_args!("{path} stays"));
        }
        Ok(sure)
    }
}

fn is_empty(manta: &dyn Manta, path: &Path) -> Result<bool> {
    let one = ListOptions { limit: 1, ..ListOptions::default() };
    Ok(manta.list(path, &one)?.entries.is_empty())
}

/// Removes a directory and all that is in it; returns how many objects that
/// were.
pub(super) fn remove_tree(
    manta: &Arc<dyn Manta>,
    root: &Path,
    parallel: usize,
) -> Result<u64> {
    let mut removed = 0;
    for round in 1.. {
        let mut directories = vec![root.clone()];
        removed += remove_objects(manta, root, parallel, &mut directories)?;
        match remove_directories(manta, directories, parallel) {
            Ok(()) => break,
            Err(error)
                if error.code() == Code::DirectoryNotEmpty
                    && round < ROUNDS => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(removed)
}

/// A step of emptying a tree.
enum Step {
    Empty(Path),
    Remove(Path),
}

fn remove_objects(
    manta: &Arc<dyn Manta>,
    root: &Path,
    parallel: usize,
    directories: &mut Vec<Path>,
) -> Result<u64> {
    type Removed = thoth_manta::Result<Option<Path>>;
    let work = |step: Step, queue: &Queue<Step>, give: &Give<'_, Removed>| {
        match step {
            Step::Remove(path) => {
                let done = gone(manta.delete(&path, &Condition::none()));
                give(done.map(|()| None));
            }
            Step::Empty(path) => {
                let listed = manta.list_all(&path, &mut |info| {
                    let path = info.path().clone();
                    if info.is_directory() {
                        give(Ok(Some(path.clone())));
                        queue.add(Step::Empty(path));
                    } else {
                        queue.add(Step::Remove(path));
                    }
                    Ok(())
                });
                if let Err(error) = gone(listed) {
                    give(Err(error));
                }
            }
        }
    };
    let mut removed = 0u64;
    let first = vec![Step::Empty(root.clone())];
    tree::run(parallel, first, &work, &mut |done| {
        match done.map_err(Failure::from)? {
            Some(directory) => directories.push(directory),
            None => removed = removed.saturating_add(1),
        }
        Ok(())
    })?;
    Ok(removed)
}

/// What somebody else removed is removed.
fn gone(done: thoth_manta::Result<()>) -> thoth_manta::Result<()> {
    match done {
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}

/// Removes directories, those below before those above.
fn remove_directories(
    manta: &Arc<dyn Manta>,
    mut directories: Vec<Path>,
    parallel: usize,
) -> thoth_manta::Result<()> {
    let depth = |path: &Path| path.components().count();
    directories.sort_by_key(|path| depth(path));
    while let Some(deepest) = directories.last().map(depth) {
        let first = directories.partition_point(|p| depth(p) < deepest);
        let level = directories.split_off(first);
        let mut failure = None;
        let work =
            |path: Path,
             _: &Queue<Path>,
             give: &Give<'_, thoth_manta::Result<()>>| {
                give(gone(manta.delete(&path, &Condition::none())));
            };
        let ran = tree::run(parallel, level, &work, &mut |done| {
            if let Err(error) = done {
                failure.get_or_insert(error);
            }
            Ok(())
        });
        // What the closure returns is always `Ok`.
        debug_assert!(ran.is_ok());
        if let Some(error) = failure {
            return Err(error);
        }
    }
    Ok(())
}
