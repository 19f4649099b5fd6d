//! The index of records, which follows their objects.
//!
//! Every look-up first brings the index up to the end of the store's change
//! log: the changed records are read and applied together with the new
//! position, in one step that only succeeds if no other process moved the
//! position meanwhile. So a look-up sees every change acknowledged before it
//! began, and an index can be deleted at any time.
//!
//! The index says which records could match; the records themselves are then
//! read and judged. It holds values to find them by ([`fields`]), not the
//! records. It is only ever written here, from records, and nothing here
//! writes a record.
//!
//! A rebuild has the store make a second index beside the first, which goes on
//! answering, and put it in its place in one step. Should two processes rebuild at once,
//! the slower one stops; should one be killed, the next one starts afresh.
//!
//! Where the store keeps no index, the records themselves are read.

mod check;
pub(crate) mod fields;
pub(crate) mod plan;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use thoth_manta::{
    Code, Document, Index, IndexBatch, Info, Manta, MantaExt, Path,
};

pub use check::IndexCheck;
pub(crate) use check::check;

use crate::record::{MAX_RECORD_BYTES, Record, RecordError};
use crate::{DumpId, Error, Result};

/// The index's name in the store; the number is that of what [`fields`] says.
pub(crate) const INDEX: &str = "dumps-2";
/// What it was called before, when it said less.
const FORMER: &[&str] = &["dumps-1"];
/// Changes read at once.
const PAGE: u32 = 1000;
/// Fewer changes are always followed.
const FAR: u64 = 20_000;
/// Records that a rebuild reads at once.
const CHUNK: usize = 1000;
/// Records that are read at once where there is no index.
const AT_ONCE: usize = 32;
/// Threads that read records for a rebuild.
const READERS: usize = 2;

/// Brings the index to the end of the change log.
pub(crate) fn catch_up(
    manta: &dyn Manta,
    index: &dyn Index,
    root: &Path,
) -> Result<u64> {
    let failed = || Error::store("cannot bring the index of dumps up to date");
    let mut may_rebuild = true;
    loop {
        let position = index.index_position(INDEX).map_err(failed())?;
        let page = index.changes(position, PAGE).map_err(failed())?;
        if !page.complete {
            rebuild(manta, index, root)?;
            continue;
        }
        if page.changes.is_empty() {
            return Ok(position);
        }
        if may_rebuild && page.changes.len() >= PAGE as usize {
            may_rebuild = false;
            let behind =
                index.last_change().map_err(failed())?.saturating_sub(position);
            if is_far(behind, documents(index)?) {
                match rebuild(manta, index, root) {
                    // Somebody else makes it; following loses nothing.
                    Err(Error::Busy { .. }) => {}
                    other => drop(other?),
                }
                continue;
            }
        }
        let changed: BTreeSet<DumpId> = page
            .changes
            .iter()
            .filter_map(|change| record_of(root, &change.path))
            .collect();
        let mut batch =
            IndexBatch { position: page.position, ..IndexBatch::default() };
        for id in changed {
            match read_document(manta, root, id)? {
                Some(document) => batch.put.push(document),
                None => batch.remove.push(id.to_string()),
            }
        }
        // When another process was faster, go on from where it came to.
        index.index_apply(INDEX, position, batch).map_err(failed())?;
    }
}

/// Tells whether an index is so far behind that making it again is quicker: a
/// change that is followed costs some eight times what a record costs then.
fn is_far(behind: u64, documents: u64) -> bool {
    behind >= FAR && behind > documents / 4
}

/// Returns how many documents the index has.
fn documents(index: &dyn Index) -> Result<u64> {
    // Nothing is under the empty name, but all documents are counted.
    let counts = index.index_values(INDEX, "", None, None);
    let failed = Error::store("cannot bring the index of dumps up to date");
    Ok(counts.map_err(failed)?.documents)
}

/// Makes the index again from the records, and returns how many there are.
pub(crate) fn rebuild(
    manta: &dyn Manta,
    index: &dyn Index,
    root: &Path,
) -> Result<u64> {
    let failed = || Error::store("cannot rebuild the index of dumps");
    // Changes after this position are followed later, which does no harm to
    // records that were read after them.
    let end = index.last_change().map_err(failed())?;
    let mut ids = Vec::new();
    each_id(manta, root, &mut |id| ids.push(id))?;
    let mut number = 0u64;
    let mut failure = None;
    let built = read_all(manta, root, &ids, &mut |read| {
        index.index_build(INDEX, end, &mut || match read() {
            None => Ok(None),
            Some(Ok(documents)) => {
                number = number.saturating_add(documents.len() as u64);
                Ok(Some(documents))
            }
            Some(Err(error)) => {
                failure = Some(error);
                let what = "a record could not be read";
                Err(thoth_manta::Error::new(Code::InternalError, what))
            }
        })
    });
    for former in FORMER {
        if index.index_position(former).map_err(failed())? > 0 {
            index.index_clear(former).map_err(failed())?;
        }
    }
    match (failure, built) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(failed()(error)),
        (None, Ok(true)) => Ok(number),
        (None, Ok(false)) => Err(Error::Busy {
            path: format!("{root}: the index of dumps"),
            attempts: 1,
        }),
    }
}

/// Hands over documents that were read; `None` at the end.
type Next<'a> = dyn FnMut() -> Option<Result<Vec<Document>>> + 'a;

/// Reads documents by several threads, and has somebody use what hands them
/// over in chunks.
fn read_all<T>(
    manta: &dyn Manta,
    root: &Path,
    ids: &[DumpId],
    using: &mut dyn FnMut(&mut Next<'_>) -> T,
) -> T {
    let chunks: Vec<&[DumpId]> = ids.chunks(CHUNK).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel(1);
        for _ in 0..READERS.min(chunks.len()) {
            let (send, next, chunks) = (send.clone(), &next, &chunks);
            scope.spawn(move || {
                while let Some(chunk) =
                    chunks.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let read: Result<Vec<Document>> = chunk
                        .iter()
                        .filter_map(|id| {
                            read_document(manta, root, *id).transpose()
                        })
                        .collect();
                    let failed = read.is_err();
                    // Nobody receives any more when building has stopped.
                    if send.send(read).is_err() || failed {
                        return;
                    }
                }
            });
        }
        drop(send);
        let used = using(&mut || receive.recv().ok());
        // Readers that wait to send would otherwise wait for ever.
        drop(receive);
        used
    })
}

/// Visits records by reading all of them.
pub(crate) fn scan(
    manta: &dyn Manta,
    root: &Path,
    visit: &mut dyn FnMut(DumpId, Stored) -> ControlFlow<()>,
) -> Result<()> {
    let mut ids = Vec::new();
    each_id(manta, root, &mut |id| ids.push(id))?;
    for some in ids.chunks(AT_ONCE) {
        for (id, stored) in some.iter().zip(read_some(manta, root, some)) {
            if let Some(stored) = stored?
                && visit(*id, stored).is_break()
            {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Reads records side by side: a store that keeps no index is far away.
fn read_some(
    manta: &dyn Manta,
    root: &Path,
    ids: &[DumpId],
) -> Vec<Result<Option<Stored>>> {
    std::thread::scope(|scope| {
        let readers: Vec<_> = ids
            .iter()
            .map(|id| scope.spawn(|| read_stored(manta, root, *id)))
            .collect();
        let join = |reader: std::thread::ScopedJoinHandle<'_, _>| {
            reader
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        readers.into_iter().map(join).collect()
    })
}

/// Visits the names of the directories of dumps; one may lack its record.
pub(crate) fn each_id(
    manta: &dyn Manta,
    root: &Path,
    visit: &mut dyn FnMut(DumpId),
) -> Result<()> {
    let listed = manta.list_all(root, &mut |entry| {
        if let (Info::Directory(_), Some(id)) =
            (&entry, DumpId::parse(entry.path().name()))
        {
            visit(id);
        }
        Ok(())
    });
    match listed {
        Err(error) if error.is_not_found() => Ok(()),
        other => other.map_err(Error::store(format!("cannot list {root}"))),
    }
}

/// The stored bytes of a record, understood or not.
pub(crate) struct Stored {
    pub(crate) etag: thoth_manta::Etag,
    pub(crate) record: std::result::Result<Record, RecordError>,
}

/// Reads a record; `None` when there is none.
pub(crate) fn read_stored(
    manta: &dyn Manta,
    root: &Path,
    id: DumpId,
) -> Result<Option<Stored>> {
    let path = record_path(root, &id)?;
    match manta.get(&path, MAX_RECORD_BYTES as u64) {
        Ok((info, bytes)) => {
            Ok(Some(Stored { etag: info.etag, record: Record::parse(&bytes) }))
        }
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) if error.code() == Code::MaxContentLengthExceeded => {
            let info = manta
                .info(&path)
                .map_err(Error::store(format!("cannot read {path}")))?;
            Ok(info.object().map(|object| Stored {
                etag: object.etag.clone(),
                record: Err(RecordError::TooLong(object.size_bytes)),
            }))
        }
        Err(error) if error.code() == Code::OperationNotAllowedOnDirectory => {
            Ok(None)
        }
        Err(error) => Err(Error::store(format!("cannot read {path}"))(error)),
    }
}

/// Reads a record as a document of the index. One that cannot be understood
/// is a document too, so that queries can say so.
fn read_document(
    manta: &dyn Manta,
    root: &Path,
    id: DumpId,
) -> Result<Option<Document>> {
    let stored = read_stored(manta, root, id)?;
    Ok(stored.map(|stored| {
        let (time, fields) = match &stored.record {
            Ok(record) => (record.time(), fields::fields_of(record)),
            Err(_) => (None, fields::unreadable()),
        };
        Document { id: id.to_string(), time, etag: stored.etag, fields }
    }))
}

/// Returns the path of a dump's record.
pub(crate) fn record_path(root: &Path, id: &DumpId) -> Result<Path> {
    child(&child(root, &id.to_string())?, "info.json")
}

/// Returns the path of a name in a directory.
pub(crate) fn child(directory: &Path, name: &str) -> Result<Path> {
    directory.join(name).map_err(|error| {
        Error::store(format!("cannot name {name:?} in {directory}"))(
            error.into(),
        )
    })
}

/// Tells which dump's record a path is.
fn record_of(root: &Path, path: &Path) -> Option<DumpId> {
    let rest = path.as_str().strip_prefix(root.as_str())?;
    let id = rest.strip_prefix('/')?.strip_suffix("/info.json")?;
    DumpId::parse(id).filter(|parsed| parsed.to_string() == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_is_much_more_than_there_is() {
        assert!(!is_far(19_999, 0));
        assert!(is_far(20_000, 0));
        assert!(is_far(250_001, 1_000_000));
        assert!(!is_far(250_000, 1_000_000));
    }
}
