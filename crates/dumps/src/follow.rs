//! The index of records, which follows their objects.
//!
//! Every look-up first brings the index up to the end of the store's change
//! log: the changed records are read and applied together with the new
//! position, in one step that only succeeds if no other process moved the
//! position meanwhile. So a look-up sees every change acknowledged before it
//! began, and an index can be deleted at any time.
//!
//! Where the store keeps no index, the records themselves are read.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use thoth_manta::{
    Document, Index, IndexBatch, IndexQuery, Info, Manta, MantaExt, Path,
};

use crate::record::{MAX_RECORD_BYTES, Record};
use crate::{DumpId, Error, Result};

/// The index's name in the store.
const INDEX: &str = "dumps";
/// Changes read at once.
const PAGE: u32 = 1000;

/// Brings the index to the end of the change log.
pub(crate) fn catch_up(
    manta: &dyn Manta,
    index: &dyn Index,
    root: &Path,
) -> Result<()> {
    let failed = || Error::store("cannot bring the index of dumps up to date");
    loop {
        let position = index.index_position(INDEX).map_err(failed())?;
        let page = index.changes(position, PAGE).map_err(failed())?;
        if !page.complete {
            rebuild(manta, index, root)?;
            continue;
        }
        if page.changes.is_empty() {
            return Ok(());
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

/// Throws the index away and makes it again from the records.
pub(crate) fn rebuild(
    manta: &dyn Manta,
    index: &dyn Index,
    root: &Path,
) -> Result<()> {
    let failed = || Error::store("cannot rebuild the index of dumps");
    // Changes after this position are read again, which does no harm.
    let mut end = 0;
    loop {
        let page = index.changes(end, PAGE).map_err(failed())?;
        if page.changes.is_empty() {
            break;
        }
        end = page.position;
    }
    index.index_clear(INDEX).map_err(failed())?;
    let mut batch = IndexBatch { position: end, ..IndexBatch::default() };
    let mut ids = Vec::new();
    each_id(manta, root, &mut |id| ids.push(id))?;
    for id in ids {
        batch.put.extend(read_document(manta, root, id)?);
    }
    // When another process began to follow, it does the rest.
    index.index_apply(INDEX, 0, batch).map_err(failed())?;
    Ok(())
}

/// Visits the text of records by the index.
pub(crate) fn query(
    index: &dyn Index,
    query: &IndexQuery,
    visit: &mut dyn FnMut(&str, &str) -> ControlFlow<()>,
) -> Result<()> {
    index
        .index_query(INDEX, query, &mut |document| {
            visit(&document.id, &document.body)
        })
        .map_err(Error::store("cannot query the index of dumps"))
}

/// Visits the text of records by reading all of them.
pub(crate) fn scan(
    manta: &dyn Manta,
    root: &Path,
    visit: &mut dyn FnMut(&str, &str) -> ControlFlow<()>,
) -> Result<()> {
    let mut ids = Vec::new();
    each_id(manta, root, &mut |id| ids.push(id))?;
    for id in ids {
        if let Some(document) = read_document(manta, root, id)?
            && visit(&document.id, &document.body).is_break()
        {
            break;
        }
    }
    Ok(())
}

/// Visits the names of the directories of dumps; one may lack its record.
fn each_id(
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

/// Reads a record as a document; `None` when there is none. One that cannot
/// be understood is a document too, so that queries can say so.
fn read_document(
    manta: &dyn Manta,
    root: &Path,
    id: DumpId,
) -> Result<Option<Document>> {
    let path = record_path(root, &id)?;
    let reader = match manta.get(&path, MAX_RECORD_BYTES as u64) {
        Ok(found) => found,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error)
            if error.code() == thoth_manta::Code::MaxContentLengthExceeded =>
        {
            let info = manta
                .info(&path)
                .map_err(Error::store(format!("cannot read {path}")))?;
            match info {
                Info::Object(object) => (object, b"too long".to_vec()),
                Info::Directory(_) => return Ok(None),
            }
        }
        Err(error)
            if error.code()
                == thoth_manta::Code::OperationNotAllowedOnDirectory =>
        {
            return Ok(None);
        }
        Err(error) => {
            return Err(Error::store(format!("cannot read {path}"))(error));
        }
    };
    let (info, bytes) = reader;
    let time = Record::parse(&bytes).ok().and_then(|record| record.time());
    Ok(Some(Document {
        id: id.to_string(),
        time,
        etag: info.etag,
        body: String::from_utf8_lossy(&bytes).into_owned(),
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
