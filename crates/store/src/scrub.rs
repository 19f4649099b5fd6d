//! Reading everything that is stored, to find what has gone bad.
//!
//! Disks lose bits without saying so. The scrub walks over all versions in the
//! order in which they were made, reads each to its end, and compares it with
//! its digests; then it checks the database itself. For a bad version it says
//! which names it has and which of its bytes are gone, and notes both the
//! verdict and the time of the last good one with the version.
//!
//! A bad blob stays where it is: most of it can still be read, and of a
//! dump that is much. A reader gets an error for the bad part alone.
//!
//! A scrub may be cut short, by bytes or by whoever watches it, and go on
//! where it stopped. It can be held to a number of bytes a second, since it
//! is never in a hurry.

use std::time::{Duration, Instant};

use thoth_manta::{ObjectId, Path, Result};

use crate::blob::{BlobStore, Damage};
use crate::front::ObjectStore;
use crate::local::md5_of;
use crate::meta::{Checked, MetaStore, Version};
use crate::tree::whole_digest;

/// Versions that are looked up at once; their small bodies come along.
const BATCH: u32 = 64;
/// Names that are told of a bad version.
const NAMES: u32 = 16;

/// What to scrub.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScrubOptions {
    /// Where an earlier scrub stopped ([`Scrubbed::next`]); 0 begins.
    pub after: u64,
    /// Stop after the version that makes it so many bytes.
    pub max_bytes: Option<u64>,
    /// Read no faster than this.
    pub bytes_per_second: Option<u64>,
}

/// A version that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadVersion {
    /// The version.
    pub id: ObjectId,
    /// Some of its names.
    pub names: Vec<Path>,
    /// What is wrong with it.
    pub damage: Vec<Damage>,
}

/// What a scrub found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// Versions read.
    pub versions: u64,
    /// Their logical bytes.
    pub bytes: u64,
    /// Those that are bad.
    pub bad: Vec<BadVersion>,
    /// What is wrong with the database; looked for when the walk ends.
    pub database: Vec<String>,
    /// Where to go on; `None` when everything has been read.
    pub next: Option<u64>,
}

impl<M: MetaStore, B: BlobStore> ObjectStore<M, B> {
    /// Reads what is stored and finds what has gone bad; `progress` is told
    /// the logical bytes read so far.
    ///
    /// # Errors
    ///
    /// When an engine fails; what is bad is no error.
    pub fn scrub(
        &self,
        options: &ScrubOptions,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Scrubbed> {
        let mut found = Scrubbed::default();
        let mut pace = Pace::new(options.bytes_per_second);
        let mut after = options.after;
        loop {
            let batch = self.meta.versions(after, BATCH)?;
            if batch.is_empty() {
                found.database = self.meta.verify()?;
                return Ok(found);
            }
            let mut checked = Vec::with_capacity(batch.len());
            for version in &batch {
                after = version.place;
                let before = found.bytes;
                let damage = self.verify_version(version, &mut |bytes| {
                    found.bytes += bytes;
                    pace.keep(found.bytes);
                    progress(found.bytes);
                })?;
                found.bytes = before + version.size_bytes;
                found.versions += 1;
                // Deleted meanwhile is not bad.
                let bad = !damage.is_empty() && self.is_there(version)?;
                let fault = bad.then(|| in_words(&damage));
                checked.push(Checked { place: after, id: version.id, fault });
                if bad {
                    let names = self.meta.names(after, NAMES)?;
                    let id = version.id;
                    found.bad.push(BadVersion { id, names, damage });
                }
                if options.max_bytes.is_some_and(|max| found.bytes >= max) {
                    self.meta.note_checked(&checked)?;
                    found.next = Some(after);
                    return Ok(found);
                }
            }
            self.meta.note_checked(&checked)?;
        }
    }

    fn verify_version(
        &self,
        version: &Version,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Vec<Damage>> {
        let Some(inline) = &version.inline else {
            let (size, digest) = (version.size_bytes, version.digest);
            return self.blobs.verify(version.id, size, digest, progress);
        };
        let as_written = inline.len() as u64 == version.size_bytes
            && whole_digest(inline) == version.digest
            && version.md5.is_none_or(|md5| md5_of(inline) == md5);
        progress(inline.len() as u64);
        Ok(if as_written {
            Vec::new()
        } else {
            let what = "the bytes in the database do not agree with their \
                        digest";
            vec![Damage { bytes: None, what: what.to_owned() }]
        })
    }

    /// Tells whether a version is still named.
    fn is_there(&self, version: &Version) -> Result<bool> {
        let place = version.place.saturating_sub(1);
        let now = self.meta.versions(place, 1)?;
        Ok(now.first().is_some_and(|now| now.id == version.id))
    }
}

fn in_words(damage: &[Damage]) -> String {
    let all: Vec<String> = damage.iter().map(Damage::to_string).collect();
    all.join("; ")
}

/// Keeps to a number of bytes a second.
struct Pace {
    bytes_per_second: Option<u64>,
    begun: Instant,
}

impl Pace {
    fn new(bytes_per_second: Option<u64>) -> Pace {
        let bytes_per_second = bytes_per_second.filter(|rate| *rate > 0);
        Pace { bytes_per_second, begun: Instant::now() }
    }

    fn keep(&mut self, bytes: u64) {
        let Some(rate) = self.bytes_per_second else { return };
        let due = Duration::from_secs_f64(bytes as f64 / rate as f64);
        if let Some(early) = due.checked_sub(self.begun.elapsed()) {
            std::thread::sleep(early);
        }
    }
}
