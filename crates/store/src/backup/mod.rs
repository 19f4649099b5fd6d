//! Copying a store while it is in use, and making one of a copy.
//!
//! A backup is a folder with the layout of a store's, so that any program
//! that reads the one reads the other, and a file that says what it is:
//!
//! | file | holds |
//! | --- | --- |
//! | `store.db` | the database, as of one moment, without a log beside it |
//! | `objects/XX/...` | every blob that it names, as in the store |
//! | `backup.json` | the form's version, when it was made, how much, and the BLAKE3 of `store.db` |
//!
//! It is consistent because blobs never change: deletion is held back, the
//! database is copied in one read transaction, then the blobs it names are
//! copied while writers go on. A folder that has an earlier backup is brought
//! up to date: blobs that are there already stay, those no longer named go
//! last. `backup.json` is written when everything else is on disk; without
//! one that agrees with `store.db` a backup is not finished.
//!
//! Every blob copied is read back and compared with its digest, in the
//! backup and again in the restored folder, so nobody finds out late. A blob
//! that is bad in the store is copied as it is and named in the answer.

mod copy;
mod restore;

use std::fs::File;
use std::path::{Path as FsPath, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;
use thoth_manta::{Code, Digest, Error, ObjectId, Result};

pub use restore::{RestoreOptions, Restored, restore};

use crate::blob::{BlobStore, Damage};
use crate::front::Embedded;
use crate::local::{LocalFiles, Settings, failed, fresh_id, make_private};
use crate::meta::{MetaStore, Version};
use crate::scrub::BadVersion;
use crate::sqlite::Snapshot;

/// The version of the form.
const VERSION: u64 = 1;
/// How long deletion is held back, and how often that is said again.
const HOLD: Duration = Duration::from_secs(300);
const HOLD_AGAIN: Duration = Duration::from_secs(60);
/// Blobs that are copied before they are made durable together.
const BATCH: u32 = 500;
/// Names that are told of a bad version.
const NAMES: u32 = 16;

/// What a backup did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackedUp {
    /// Versions in the backup.
    pub versions: u64,
    /// Blobs that were copied.
    pub copied: u64,
    /// What they take on disk.
    pub copied_bytes: u64,
    /// Blobs that were there from an earlier backup.
    pub kept: u64,
    /// Blobs of an earlier backup that are named no longer.
    pub removed: u64,
    /// Versions that are bad in the store, and so in the backup.
    pub bad: Vec<BadVersion>,
}

impl Embedded {
    /// Writes or brings up to date a backup in a folder, while the store is
    /// in use; `progress` is told the versions done so far.
    ///
    /// # Errors
    ///
    /// When the folder is something else than a backup, or something cannot
    /// be read or written. What was copied stays, for another attempt.
    pub fn backup(
        &self,
        to: &FsPath,
        progress: &mut dyn FnMut(u64),
    ) -> Result<BackedUp> {
        make_private(to).map_err(|e| failed("cannot make folder", to, e))?;
        refuse_other(to)?;
        let _lock = lock(to)?;
        let holder = format!("backup-{}", fresh_id()?);
        let mut hold = Hold { store: self, holder, said: None };
        hold.say()?;
        let new = to.join("store.db.new");
        remove_if_there(&new)?;
        Snapshot::write(&self.meta, &new)?;
        let snapshot = Snapshot::open(&new)?;
        // What the old one says would no longer agree.
        remove_if_there(&to.join("backup.json"))?;
        let done = self.copy_blobs(&snapshot, to, &mut hold, progress)?;
        drop(snapshot);
        finish(to, &new, &done)?;
        let removed = prune(to)?;
        Ok(BackedUp { removed, ..done })
    }

    fn copy_blobs(
        &self,
        snapshot: &Snapshot,
        to: &FsPath,
        hold: &mut Hold<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<BackedUp> {
        let objects = to.join("objects");
        let target = LocalFiles::open_with(&objects, Settings::default())?;
        let mut done = BackedUp::default();
        let mut after = 0;
        loop {
            let batch = snapshot.versions(after, BATCH)?;
            let Some(last) = batch.last() else { return Ok(done) };
            after = last.place;
            let mut copier = copy::Copier::new(&target);
            for version in &batch {
                hold.say()?;
                if version.inline.is_some() {
                    continue;
                }
                let bytes = copier.copy(&self.blobs, version.id)?;
                done.copied += u64::from(bytes.is_some());
                done.kept += u64::from(bytes.is_none());
                done.copied_bytes += bytes.unwrap_or_default();
            }
            let fresh = copier.publish()?;
            for version in &batch {
                hold.say()?;
                done.versions += 1;
                progress(done.versions);
                if !fresh.contains(&version.id) && version.inline.is_none() {
                    continue;
                }
                let damage = verify(&target, version)?;
                if !damage.is_empty() {
                    let names = snapshot.names(version.place, NAMES)?;
                    done.bad.push(BadVersion { id: version.id, names, damage });
                }
            }
        }
    }
}

/// Compares a version's bytes in a folder of blobs with its digest.
fn verify(files: &LocalFiles, version: &Version) -> Result<Vec<Damage>> {
    let Some(inline) = &version.inline else {
        let (size, digest) = (version.size_bytes, version.digest);
        return files.verify(version.id, size, digest, &mut |_| ());
    };
    if crate::tree::whole_digest(inline) == version.digest {
        return Ok(Vec::new());
    }
    let what = "the bytes in the database do not agree with their digest";
    Ok(vec![Damage { bytes: None, what: what.to_owned() }])
}

/// Deletion, held back; it ends with the value.
struct Hold<'a> {
    store: &'a Embedded,
    holder: String,
    said: Option<Instant>,
}

impl Hold<'_> {
    fn say(&mut self) -> Result<()> {
        if self.said.is_some_and(|said| said.elapsed() < HOLD_AGAIN) {
            return Ok(());
        }
        self.store.meta.hold(&self.holder, HOLD)?;
        self.said = Some(Instant::now());
        Ok(())
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        // At worst it ends by itself.
        let _ = self.store.meta.hold(&self.holder, Duration::ZERO);
    }
}

/// Puts the database in place and says that the backup is finished.
fn finish(to: &FsPath, new: &FsPath, done: &BackedUp) -> Result<()> {
    let database = to.join("store.db");
    let digest = digest_of(new)?;
    let flush = |path: &FsPath| {
        File::open(path)
            .and_then(|file| file.sync_all())
            .map_err(|e| failed("cannot flush", path, e))
    };
    flush(new)?;
    std::fs::rename(new, &database)
        .map_err(|e| failed("cannot put in place", &database, e))?;
    flush(to)?;
    let said = json!({
        "thoth_backup": VERSION,
        "made": jiff::Timestamp::now().to_string(),
        "program": env!("CARGO_PKG_VERSION"),
        "versions": done.versions,
        "blobs": done.copied + done.kept,
        "bad": done.bad.len(),
        "database_blake3": digest.to_string(),
    });
    let manifest = to.join("backup.json");
    let draft = to.join("backup.json.new");
    std::fs::write(&draft, format!("{said:#}\n"))
        .map_err(|e| failed("cannot write", &draft, e))?;
    flush(&draft)?;
    std::fs::rename(&draft, &manifest)
        .map_err(|e| failed("cannot put in place", &manifest, e))?;
    flush(to)
}

/// Removes blobs that the backup's database does not name.
fn prune(to: &FsPath) -> Result<u64> {
    let snapshot = Snapshot::open(&to.join("store.db"))?;
    let target =
        LocalFiles::open_with(&to.join("objects"), Settings::default())?;
    let mut removed = 0;
    target.ids(Duration::ZERO, &mut |id| {
        if !snapshot.has_blob(id)? {
            removed += u64::from(target.delete(id)?);
        }
        Ok(())
    })?;
    Ok(removed)
}

/// Refuses a folder that has something else in it.
fn refuse_other(to: &FsPath) -> Result<()> {
    let ours = ["store.db", "store.db.new", "objects", "lock"];
    let entries =
        std::fs::read_dir(to).map_err(|e| failed("cannot list", to, e))?;
    for entry in entries {
        let entry = entry.map_err(|e| failed("cannot list", to, e))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !ours.contains(&&*name) && !name.starts_with("backup.json") {
            return Err(Error::new(
                Code::InvalidArgument,
                format!(
                    "{}: neither empty nor a backup: it has {name:?}",
                    to.display()
                ),
            ));
        }
    }
    Ok(())
}

/// Keeps others from writing the same backup.
fn lock(to: &FsPath) -> Result<File> {
    let path = to.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| failed("cannot open", &path, e))?;
    let operation = rustix::fs::FlockOperation::NonBlockingLockExclusive;
    match rustix::fs::flock(&file, operation) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::AGAIN) => Err(Error::new(
            Code::ServiceUnavailable,
            format!("{}: another process is writing to it", to.display()),
        )),
        Err(error) => Err(failed("cannot lock", &path, error.into())),
    }
}

fn remove_if_there(path: &FsPath) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(failed("cannot remove", path, e))
        }
        _ => Ok(()),
    }
}

fn digest_of(path: &FsPath) -> Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    let mut file =
        File::open(path).map_err(|e| failed("cannot open", path, e))?;
    std::io::copy(&mut file, &mut hasher)
        .map_err(|e| failed("cannot read", path, e))?;
    Ok(Digest(*hasher.finalize().as_bytes()))
}

/// What `backup.json` says.
struct Manifest {
    database: String,
}

impl Manifest {
    fn read(from: &FsPath) -> Result<Manifest> {
        let path: PathBuf = from.join("backup.json");
        let unfit = |why: String| {
            let text = format!("{}: {why}", path.display());
            Error::new(Code::InvalidArgument, text)
        };
        let text = std::fs::read(&path)
            .map_err(|e| unfit("no finished backup".to_owned()).because(e))?;
        let said: serde_json::Value = serde_json::from_slice(&text)
            .map_err(|e| unfit("not JSON".to_owned()).because(e))?;
        let version = said["thoth_backup"].as_u64();
        if version != Some(VERSION) {
            return Err(unfit(format!(
                "version {}, expected {VERSION}",
                said["thoth_backup"]
            )));
        }
        let database = said["database_blake3"]
            .as_str()
            .ok_or_else(|| unfit("no database_blake3".to_owned()))?;
        Ok(Manifest { database: database.to_owned() })
    }
}

/// Ids of blobs.
type Ids = std::collections::HashSet<ObjectId>;
