//! Comparing the index with the records.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use thoth_manta::{
    Document, Index, IndexBatch, IndexQuery, Manta, Path, Wanted,
};

use super::{INDEX, catch_up, each_id, read_document};
use crate::{DumpId, Error, Result};

/// How often mending begins again because others changed something.
const ATTEMPTS: u32 = 20;
/// Documents mended at once.
const CHUNK: usize = 1000;

/// What a check of the index found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexCheck {
    /// Records there are.
    pub records: u64,
    /// Dumps whose records the index lacks.
    pub missing: Vec<DumpId>,
    /// Dumps of which the index says something else than the record.
    pub different: Vec<DumpId>,
    /// Names in the index without a record.
    pub extra: Vec<String>,
    /// What the engine derives from the documents and does not agree.
    pub faults: Vec<String>,
    /// Whether all that was found is mended.
    pub mended: bool,
}

impl IndexCheck {
    /// Tells whether nothing was wrong.
    pub fn is_good(&self) -> bool {
        self.missing.is_empty()
            && self.different.is_empty()
            && self.extra.is_empty()
            && self.faults.is_empty()
    }
}

/// Compares the index with the records, and mends it if asked.
pub(crate) fn check(
    manta: &dyn Manta,
    index: &dyn Index,
    root: &Path,
    mend: bool,
) -> Result<IndexCheck> {
    let failed = || Error::store("cannot check the index of dumps");
    catch_up(manta, index, root)?;
    let mut found = compare(manta, index, root)?;
    // What changed during the comparison only looks wrong.
    confirm(manta, index, root, &mut found)?;
    found.faults = index.index_verify(INDEX).map_err(failed())?;
    if !mend || found.is_good() {
        return Ok(found);
    }
    if found.faults.is_empty() {
        mend_documents(manta, index, root, &found)?;
    } else {
        super::rebuild(manta, index, root)?;
    }
    found.mended = true;
    Ok(found)
}

/// Compares all documents with all records; both come in the order of names.
fn compare(
    manta: &dyn Manta,
    index: &dyn Index,
    root: &Path,
) -> Result<IndexCheck> {
    let mut found = IndexCheck::default();
    let mut ids = Vec::new();
    each_id(manta, root, &mut |id| ids.push(id))?;
    let mut ids = ids.into_iter().peekable();
    let mut failure = None;
    let query = IndexQuery { wanted: Wanted::Everything, ..Default::default() };
    let mut step = |document: Document| -> Result<()> {
        let name = DumpId::parse(&document.id);
        while let Some(id) =
            ids.next_if(|id| id.to_string().as_str() < document.id.as_str())
        {
            if read_document(manta, root, id)?.is_some() {
                found.records += 1;
                found.missing.push(id);
            }
        }
        let here = ids.next_if(|id| Some(*id) == name);
        let record = match here {
            Some(id) => read_document(manta, root, id)?,
            None => None,
        };
        match record {
            None => found.extra.push(document.id),
            Some(record) => {
                found.records += 1;
                if !same(record, document) {
                    found.different.extend(here);
                }
            }
        }
        Ok(())
    };
    let visited = index.index_query(INDEX, &query, &mut |document| match step(
        document,
    ) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failure = Some(error);
            ControlFlow::Break(())
        }
    });
    visited.map_err(Error::store("cannot check the index of dumps"))?;
    if let Some(error) = failure {
        return Err(error);
    }
    for id in ids {
        if read_document(manta, root, id)?.is_some() {
            found.records += 1;
            found.missing.push(id);
        }
    }
    Ok(found)
}

/// Tells whether the index has a record as it is.
fn same(mut record: Document, mut document: Document) -> bool {
    for fields in [&mut record.fields, &mut document.fields] {
        fields.sort();
        fields.dedup();
    }
    record == document
}

/// Looks again at what seems wrong, the index being at the end of the log.
fn confirm(
    manta: &dyn Manta,
    index: &dyn Index,
    root: &Path,
    found: &mut IndexCheck,
) -> Result<()> {
    catch_up(manta, index, root)?;
    let wrong = |id: DumpId| -> Result<bool> {
        let record = read_document(manta, root, id)?;
        let document = document_of(index, &id.to_string())?;
        Ok(match (record, document) {
            (Some(record), Some(document)) => !same(record, document),
            (record, document) => record.is_some() != document.is_some(),
        })
    };
    for list in [&mut found.missing, &mut found.different] {
        let mut kept = Vec::new();
        for id in list.drain(..) {
            if wrong(id)? {
                kept.push(id);
            }
        }
        *list = kept;
    }
    let mut kept = Vec::new();
    for name in found.extra.drain(..) {
        match DumpId::parse(&name) {
            Some(id) if !wrong(id)? => {}
            _ => kept.push(name),
        }
    }
    found.extra = kept;
    Ok(())
}

fn document_of(index: &dyn Index, id: &str) -> Result<Option<Document>> {
    let query = IndexQuery {
        id_prefix: Some(id.to_owned()),
        wanted: Wanted::Everything,
        ..IndexQuery::default()
    };
    let mut found = None;
    index
        .index_query(INDEX, &query, &mut |document| {
            if document.id == id {
                found = Some(document);
            }
            ControlFlow::Continue(())
        })
        .map_err(Error::store("cannot check the index of dumps"))?;
    Ok(found)
}

/// Writes what is wrong again from the records.
fn mend_documents(
    manta: &dyn Manta,
    index: &dyn Index,
    root: &Path,
    found: &IndexCheck,
) -> Result<()> {
    let names = found.missing.iter().chain(&found.different);
    let names: Vec<String> = names
        .map(ToString::to_string)
        .chain(found.extra.iter().cloned())
        .collect();
    for chunk in names.chunks(CHUNK) {
        mend_chunk(manta, index, root, chunk)?;
    }
    Ok(())
}

fn mend_chunk(
    manta: &dyn Manta,
    index: &dyn Index,
    root: &Path,
    names: &[String],
) -> Result<()> {
    for _ in 0..ATTEMPTS {
        let position = catch_up(manta, index, root)?;
        let mut now: BTreeMap<String, Option<Document>> = BTreeMap::new();
        for name in names {
            let read = match DumpId::parse(name) {
                Some(id) => read_document(manta, root, id)?,
                None => None,
            };
            now.insert(name.clone(), read);
        }
        let mut batch = IndexBatch { position, ..IndexBatch::default() };
        for (name, document) in now {
            match document {
                Some(document) => batch.put.push(document),
                None => batch.remove.push(name),
            }
        }
        let applied = index
            .index_apply(INDEX, position, batch)
            .map_err(Error::store("cannot mend the index of dumps"))?;
        if applied {
            return Ok(());
        }
    }
    Err(Error::Busy {
        path: format!("{root}: the index of dumps"),
        attempts: ATTEMPTS,
    })
}
