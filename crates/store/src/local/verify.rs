//! Reading a whole blob and comparing it with what is known of it.

use std::fs::File;
use std::io;

use thoth_manta::{Digest, ObjectId, Result};

use super::{FRAMES, LocalFiles, SUM, failed, read_at, sum};
use crate::blob::{BlobReader, Damage};
use crate::frames::{Entry, FRAME, FramedReader, Table};
use crate::tree::{self, SEGMENT};

/// Damaged places of one blob that are told at most.
const TOLD: usize = 100;

/// What is known of a blob, and what has been found.
struct Check<'a> {
    size: u64,
    digest: Digest,
    progress: &'a mut dyn FnMut(u64),
    damage: Vec<Damage>,
    list: Vec<[u8; 32]>,
    /// The digest of the only segment.
    only: Option<Digest>,
    /// Whether a segment was found damaged, so that the whole must be.
    parts: bool,
}

pub(super) fn verify(
    files: &LocalFiles,
    id: ObjectId,
    size: u64,
    digest: Digest,
    progress: &mut dyn FnMut(u64),
) -> Result<Vec<Damage>> {
    let mut check = Check {
        size,
        digest,
        progress,
        damage: Vec::new(),
        list: Vec::new(),
        only: None,
        parts: false,
    };
    let framed = files.file(id, FRAMES);
    match File::open(&framed) {
        Ok(file) => check.framed(FramedReader::open(file, &framed, id)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            check.plain(files, id)?;
        }
        Err(error) => return Err(failed("cannot open", &framed, error)),
    }
    Ok(check.damage)
}

impl Check<'_> {
    fn tell(&mut self, bytes: Option<std::ops::Range<u64>>, what: String) {
        if self.damage.len() < TOLD {
            self.damage.push(Damage { bytes, what });
        }
    }

    /// Reads a framed file's segments and compares each.
    fn framed(&mut self, opened: Result<FramedReader>) {
        let reader = match opened {
            Ok(reader) => reader,
            Err(error) => return self.tell(None, describe(&error)),
        };
        let header = *reader.header();
        if header.length != self.size || header.digest != self.digest {
            let what = format!(
                "the file says {} bytes with digest {}, the name says {} with \
                 {}",
                header.length, header.digest, self.size, self.digest
            );
            return self.tell(None, what);
        }
        let mut expected = reader.table().digests.iter();
        for number in 0..tree::segments(self.size) {
            let stored = has_data(reader.table(), number);
            let expected = stored.then(|| expected.next()).flatten().copied();
            let read = |buffer: &mut [u8], at| {
                reader.read_at(buffer, at).map_err(|e| describe(&e))
            };
            self.segment(number, expected, read);
        }
        self.whole();
    }

    fn plain(&mut self, files: &LocalFiles, id: ObjectId) -> Result<()> {
        let path = files.file(id, "");
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let what = format!("{} is missing", path.display());
                self.tell(None, what);
                return Ok(());
            }
            Err(error) => return Err(failed("cannot open", &path, error)),
        };
        let length = file
            .metadata()
            .map_err(|e| failed("cannot look at", &path, e))?
            .len();
        if length != self.size {
            let what = format!(
                "{}: {length} bytes long, expected {}",
                path.display(),
                self.size
            );
            self.tell(None, what);
        }
        let expected = self.sum(files, id);
        for number in 0..tree::segments(self.size) {
            let expected =
                usize::try_from(number).ok().and_then(|n| expected.get(n));
            let read = |buffer: &mut [u8], at| {
                read_at(&file, buffer, at)
                    .map_err(|e| format!("cannot read: {e}"))
            };
            self.segment(number, expected.copied(), read);
        }
        self.whole();
        Ok(())
    }

    /// Reads the list of digests, if the blob should have one.
    fn sum(&mut self, files: &LocalFiles, id: ObjectId) -> Vec<[u8; 32]> {
        if !tree::has_list(self.size) {
            return Vec::new();
        }
        let path = files.file(id, SUM);
        let parsed = std::fs::read(&path)
            .map_err(|error| error.to_string())
            .and_then(|bytes| sum::parse(&bytes, id, self.size, self.digest));
        match parsed {
            Ok(list) => list,
            // Blobs of the first layout have no list; the digest of the
            // whole still tells everything but the place.
            Err(_) if !path.exists() => Vec::new(),
            Err(what) => {
                self.tell(None, format!("{}: {what}", path.display()));
                Vec::new()
            }
        }
    }

    fn segment(
        &mut self,
        number: u64,
        expected: Option<[u8; 32]>,
        read: impl Fn(&mut [u8], u64) -> Result<usize, String>,
    ) {
        let start = number * SEGMENT as u64;
        let length = (self.size - start).min(SEGMENT as u64);
        let bytes = start..start + length;
        let mut buffer = vec![0; length as usize];
        let found = match read(&mut buffer, start) {
            Ok(read) if read == buffer.len() => {
                tree::segment_digest(number, &buffer)
            }
            Ok(read) => {
                self.tell(Some(bytes), format!("ends after {read} bytes"));
                self.parts = true;
                expected.unwrap_or_default()
            }
            Err(what) => {
                self.tell(Some(bytes), what);
                self.parts = true;
                expected.unwrap_or_default()
            }
        };
        if let Some(expected) = expected.filter(|e| *e != found) {
            let what = "they do not agree with their digest".to_owned();
            self.tell(Some(start..start + length), what);
            self.parts = true;
            self.list.push(expected);
        } else {
            self.list.push(found);
        }
        if tree::segments(self.size) == 1 {
            self.only = Some(tree::whole_digest(&buffer));
        }
        (self.progress)(length);
    }

    /// Compares the whole, when its parts seem well.
    fn whole(&mut self) {
        let found = match (self.only, self.list.len()) {
            (Some(only), _) => only,
            (None, 0) => tree::whole_digest(b""),
            (None, _) => tree::merged_digest(&self.list),
        };
        if found != self.digest && !self.parts {
            let what = format!(
                "the digest of all bytes is {found}, expected {}",
                self.digest
            );
            self.tell(None, what);
        }
    }
}

/// Tells whether a segment has frames that are stored.
fn has_data(table: &Table, segment: u64) -> bool {
    if !tree::has_list(table.length) {
        return false;
    }
    let per_segment = (SEGMENT / FRAME) as u64;
    let first = segment * per_segment;
    (first..first + per_segment).any(|frame| {
        table.slot(frame).is_some_and(|slot| {
            matches!(slot.entry, Entry::Stored { .. }) && slot.frame == frame
        })
    })
}

/// Returns an error with its causes, on one line.
pub(crate) fn describe(error: &thoth_manta::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
