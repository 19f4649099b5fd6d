//! Making a store's folder of a backup.

use std::path::{Path as FsPath, PathBuf};

use thoth_manta::{Code, Error, Result};

use super::copy::{Copier, copy_durably};
use super::{BATCH, Manifest, NAMES, digest_of, verify};
use crate::local::{
    LocalFiles, Settings, failed, flush_directory, make_private,
};
use crate::scrub::BadVersion;
use crate::sqlite::Snapshot;

/// How to restore.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RestoreOptions {
    /// Whether to go on when versions are bad or missing in the backup; they
    /// are bad in the store then.
    pub accept_bad: bool,
}

/// What a restore did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Versions in the store.
    pub versions: u64,
    /// Those that are bad or missing.
    pub bad: Vec<BadVersion>,
}

/// Makes a store's folder of a backup, checking everything; the folder must
/// not be there yet, or be empty. `progress` is told the versions done so
/// far.
///
/// # Errors
///
/// When the backup is not finished or is damaged, or the folder has something
/// in it, or cannot be written. Then no folder is left.
pub fn restore(
    from: &FsPath,
    to: &FsPath,
    options: &RestoreOptions,
    progress: &mut dyn FnMut(u64),
) -> Result<Restored> {
    refuse_full(to)?;
    let manifest = Manifest::read(from)?;
    let source = from.join("store.db");
    let digest = digest_of(&source)?.to_string();
    if digest != manifest.database {
        return Err(unfit(
            &source,
            format!(
                "its digest is {digest}, backup.json says {}",
                manifest.database
            ),
        ));
    }
    let draft = draft_of(to)?;
    // What an earlier attempt left.
    if draft.exists() {
        std::fs::remove_dir_all(&draft)
            .map_err(|e| failed("cannot remove", &draft, e))?;
    }
    let made = fill(from, &draft, options, progress);
    if made.is_err() {
        let _ = std::fs::remove_dir_all(&draft);
        return made;
    }
    if to.exists() {
        std::fs::remove_dir(to).map_err(|e| failed("cannot replace", to, e))?;
    }
    std::fs::rename(&draft, to)
        .map_err(|e| failed("cannot put in place", to, e))?;
    if let Some(above) = parent(to) {
        flush_directory(above).map_err(|e| failed("cannot flush", above, e))?;
    }
    made
}

fn fill(
    from: &FsPath,
    draft: &FsPath,
    options: &RestoreOptions,
    progress: &mut dyn FnMut(u64),
) -> Result<Restored> {
    make_private(draft).map_err(|e| failed("cannot make folder", draft, e))?;
    let database = draft.join("store.db");
    copy_durably(&from.join("store.db"), &database)?;
    let snapshot = Snapshot::open(&database)?;
    let faults = snapshot.verify()?;
    if !faults.is_empty() {
        return Err(unfit(&from.join("store.db"), faults.join("; ")));
    }
    let settings = Settings::default();
    let source = LocalFiles::open_existing(&from.join("objects"), settings)?;
    let target = LocalFiles::open_with(&draft.join("objects"), settings)?;
    let mut done = Restored::default();
    let mut after = 0;
    loop {
        let batch = snapshot.versions(after, BATCH)?;
        let Some(last) = batch.last() else { break };
        after = last.place;
        let mut copier = Copier::new(&target);
        for version in batch.iter().filter(|v| v.inline.is_none()) {
            copier.copy(&source, version.id)?;
        }
        copier.publish()?;
        for version in &batch {
            let damage = verify(&target, version)?;
            if !damage.is_empty() {
                let names = snapshot.names(version.place, NAMES)?;
                let bad = BadVersion { id: version.id, names, damage };
                if !options.accept_bad {
                    return Err(refuse_bad(from, &bad));
                }
                done.bad.push(bad);
            }
            done.versions += 1;
            progress(done.versions);
        }
    }
    drop(snapshot);
    Snapshot::make_usable(&database)?;
    flush_directory(draft).map_err(|e| failed("cannot flush", draft, e))?;
    Ok(done)
}

fn refuse_bad(from: &FsPath, bad: &BadVersion) -> Error {
    let names: Vec<&str> = bad.names.iter().map(|name| name.as_str()).collect();
    let what: Vec<String> =
        bad.damage.iter().map(ToString::to_string).collect();
    unfit(
        from,
        format!(
            "version {} ({}) is bad in the backup: {}",
            bad.id,
            names.join(", "),
            what.join("; ")
        ),
    )
}

fn unfit(path: &FsPath, why: String) -> Error {
    Error::new(Code::InvalidArgument, format!("{}: {why}", path.display()))
}

/// Refuses a folder that has something in it.
fn refuse_full(to: &FsPath) -> Result<()> {
    match std::fs::read_dir(to) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("cannot list", to, error)),
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(unfit(
                to,
                "the folder is not empty, expected none or an empty one"
                    .to_owned(),
            )),
        },
    }
}

fn parent(path: &FsPath) -> Option<&FsPath> {
    path.parent().map(|above| {
        if above.as_os_str().is_empty() { FsPath::new(".") } else { above }
    })
}

/// Returns the folder beside the wanted one that is filled first.
fn draft_of(to: &FsPath) -> Result<PathBuf> {
    let name = to
        .file_name()
        .ok_or_else(|| unfit(to, "expected the name of a folder".to_owned()))?;
    let mut name = name.to_owned();
    name.push(".restoring");
    Ok(to.with_file_name(name))
}
