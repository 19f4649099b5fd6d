//! A dump that comes as a stream.
//!
//! Which dump it is can only be said when its headers, notes and stack have
//! been seen, and a stream is seen once. So it goes straight into the store,
//! hashed and compressed on the way, under a name of its own in
//! `ROOT/incoming/`; there it is read like any stored dump, and then gets its
//! name beside its record by a link, which moves no byte. A stream that breaks
//! off, or turns out to be there already, is deleted; one whose process was
//! killed is swept after a day.

use std::io::Read;

use thoth_manta::{Condition, MantaExt, ObjectInfo, ObjectReader, PutOptions};

use crate::index::child;
use crate::upload::{Counted, Progress, UploadOptions, Uploaded};
use crate::{CoreFacts, Dumps, Error, Result};

/// The directory of streams that are not yet a dump.
pub(crate) const INCOMING: &str = "incoming";

/// The bytes of a stream, in the store and not yet a dump.
#[derive(Debug)]
pub struct Incoming {
    pub(crate) object: ObjectInfo,
}

impl Dumps {
    /// Stores a stream to its end.
    ///
    /// # Errors
    ///
    /// When the stream or the store fails; then nothing is left of it.
    pub fn receive(
        &self,
        body: Box<dyn Read + '_>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Incoming> {
        let directory = child(&self.root, INCOMING)?;
        self.manta
            .mkdirp(&directory)
            .map_err(Error::store(format!("cannot make {directory}")))?;
        let path = child(&directory, &random_name())?;
        let options = PutOptions {
            condition: Condition::create_only(),
            durability: 1,
            as_file: true,
            ..PutOptions::default()
        };
        let mut body = Counted::new(body, None, progress);
        let object = self.manta.put(&path, &mut body, &options).map_err(
            Error::store(format!("cannot store a stream as {path}")),
        )?;
        Ok(Incoming { object })
    }

    /// Opens the bytes of a stream, to find out which dump it is.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn open_incoming(
        &self,
        incoming: &Incoming,
    ) -> Result<Box<dyn ObjectReader>> {
        let path = &incoming.object.path;
        self.manta
            .open(path)
            .map_err(Error::store(format!("cannot open {path}")))
    }

    /// Makes a dump of a stream, as [`Dumps::upload`] does of a file.
    ///
    /// # Errors
    ///
    /// As [`Dumps::upload`].
    pub fn adopt(
        &self,
        incoming: Incoming,
        facts: &CoreFacts,
        options: &UploadOptions,
    ) -> Result<Uploaded> {
        let done = self.adopt_as(&incoming, facts, options);
        self.discard(incoming);
        done
    }

    /// Gives a stream up. A failure leaves bytes that are swept later.
    pub fn discard(&self, incoming: Incoming) {
        let condition = Condition::unchanged(incoming.object.etag);
        let _ = self.manta.delete(&incoming.object.path, &condition);
    }
}

/// Returns a name that nobody else uses.
pub(crate) fn random_name() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}
