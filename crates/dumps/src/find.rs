//! Answering a specification.
//!
//! The index names candidates, the newest first where that is what is asked;
//! each is read and judged, so an answer never shows what a record no longer
//! says. With a limit the visit ends early: only so many records are read as
//! can be in the answer.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use jiff::Timestamp;
use thoth_manta::{Index, IndexQuery};

use crate::index::plan::plan;
use crate::index::{self, INDEX, Stored, read_stored};
use crate::spec::{Spec, Term};
use crate::{DumpId, Dumps, Error, HashPrefix, Problem, Record, Result};

/// Records kept beyond the limit before the worst are dropped.
const SLACK: usize = 1000;

/// The answer to a specification.
#[derive(Debug, Default)]
pub struct Found {
    /// The matching records, in order.
    pub records: Vec<Record>,
    /// Records that could not be understood and so were not judged.
    pub problems: Vec<Problem>,
}

/// Called with each candidate and its time in the index.
type Candidates<'a> =
    dyn FnMut(DumpId, Option<f64>, Stored) -> ControlFlow<()> + 'a;

impl Dumps {
    /// Returns the dumps that a specification names, in its order.
    ///
    /// # Errors
    ///
    /// When the store fails. No match is no error.
    pub fn find(&self, spec: &Spec) -> Result<Found> {
        self.find_at(spec, Timestamp::now())
    }

    pub(crate) fn find_at(&self, spec: &Spec, now: Timestamp) -> Result<Found> {
        let judges = spec.judges(now);
        let mut found = Found::default();
        let newest = spec.limit.filter(|_| {
            spec.sort.is_empty() && self.index.is_some() && !has_names(spec)
        });
        // The time of the last one that is enough.
        let mut end = None;
        self.candidates(spec, now, &mut |id, time, stored| {
            if let (Some(end), Some(time)) = (end, time)
                && time < end
            {
                return ControlFlow::Break(());
            }
            match stored.record {
                Err(error) => {
                    let id = id.to_string();
                    found.problems.push(Problem { id, error });
                }
                Ok(record) if judges.hold(&record) => {
                    found.records.push(record);
                    if newest.is_some_and(|n| found.records.len() == n) {
                        // Others of the same moment may come before it.
                        end = Some(time.unwrap_or(f64::NEG_INFINITY));
                    }
                    if newest.is_none()
                        && let Some(limit) = spec.limit
                        && found.records.len()
                            >= limit.saturating_mul(2) + SLACK
                    {
                        spec.arrange(&mut found.records);
                    }
                }
                Ok(_) => {}
            }
            ControlFlow::Continue(())
        })?;
        spec.arrange(&mut found.records);
        Ok(found)
    }

    /// Visits the dumps that a specification names, one at a time and in no
    /// order; `sort=` and `limit=` do not count. Returns the records that
    /// could not be understood.
    ///
    /// # Errors
    ///
    /// When the store fails, and what `visit` returns.
    pub fn visit(
        &self,
        spec: &Spec,
        visit: &mut dyn FnMut(Record) -> Result<()>,
    ) -> Result<Vec<Problem>> {
        let now = Timestamp::now();
        let judges = spec.judges(now);
        let mut problems = Vec::new();
        let mut failure = None;
        self.candidates(spec, now, &mut |id, _, stored| {
            let done = match stored.record {
                Err(error) => {
                    problems.push(Problem { id: id.to_string(), error });
                    Ok(())
                }
                Ok(record) if judges.hold(&record) => visit(record),
                Ok(_) => Ok(()),
            };
            match done {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        failure.map_or(Ok(problems), Err)
    }

    /// Visits the records that could match.
    fn candidates(
        &self,
        spec: &Spec,
        now: Timestamp,
        visit: &mut Candidates<'_>,
    ) -> Result<()> {
        let names = spec.terms.iter().find_map(|term| match term {
            Term::Names(names) => Some(names),
            _ => None,
        });
        if let Some(names) = names {
            return self.named(names, visit);
        }
        match &self.index {
            None => index::scan(&*self.manta, &self.root, &mut |id, stored| {
                let time = stored.record.as_ref().ok().and_then(Record::time);
                visit(id, time, stored)
            }),
            Some(index) => {
                index::catch_up(&*self.manta, &**index, &self.root)?;
                self.indexed(&**index, &plan(spec, now), visit)
            }
        }
    }

    /// Visits the records that the index names.
    fn indexed(
        &self,
        index: &dyn Index,
        query: &IndexQuery,
        visit: &mut Candidates<'_>,
    ) -> Result<()> {
        let mut failure = None;
        let visited = index.index_query(INDEX, query, &mut |document| {
            let Some(id) = DumpId::parse(&document.id) else {
                return ControlFlow::Continue(());
            };
            match read_stored(&*self.manta, &self.root, id) {
                Ok(Some(stored)) => visit(id, document.time, stored),
                // Deleted since.
                Ok(None) => ControlFlow::Continue(()),
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        visited.map_err(Error::store("cannot query the index of dumps"))?;
        failure.map_or(Ok(()), Err)
    }

    /// Visits the records with these names.
    fn named(
        &self,
        names: &[HashPrefix],
        visit: &mut Candidates<'_>,
    ) -> Result<()> {
        let mut seen = BTreeSet::new();
        for name in names {
            for id in self.ids_with_prefix(name)? {
                if !seen.insert(id) {
                    continue;
                }
                let stored = read_stored(&*self.manta, &self.root, id)?;
                let Some(stored) = stored else { continue };
                if visit(id, None, stored).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Returns the names that begin so of dumps in the library, in order.
    pub(crate) fn ids_with_prefix(
        &self,
        prefix: &HashPrefix,
    ) -> Result<Vec<DumpId>> {
        if let Some(id) = DumpId::parse(prefix.as_str()) {
            return Ok(vec![id]);
        }
        let mut ids = Vec::new();
        match &self.index {
            None => index::each_id(&*self.manta, &self.root, &mut |id| {
                if prefix.matches(&id.to_string()) {
                    ids.push(id);
                }
            })?,
            Some(index) => {
                index::catch_up(&*self.manta, &**index, &self.root)?;
                let query = IndexQuery {
                    id_prefix: Some(prefix.as_str().to_owned()),
                    ..IndexQuery::default()
                };
                index
                    .index_query(INDEX, &query, &mut |document| {
                        ids.extend(DumpId::parse(&document.id));
                        ControlFlow::Continue(())
                    })
                    .map_err(Error::store("cannot query the index of dumps"))?;
            }
        }
        Ok(ids)
    }
}

fn has_names(spec: &Spec) -> bool {
    spec.terms.iter().any(|term| matches!(term, Term::Names(_)))
}
