//! The queue of versions to delete.
//!
//! An id enters it in the transaction that takes its last name, or by the
//! sweep, when a blob was found that no name has. Naming an id checks this
//! table, so a sleeping writer whose blob was swept fails instead of naming
//! nothing. For the same reason a row stays for a week after its blob is gone.

use std::time::Duration;

use rusqlite::params;
use thoth_manta::{ObjectId, Result};

use super::{Sqlite, Tried, now_ms};

/// How long a row outlives its blob.
const REMEMBERED_MS: i64 = 7 * 24 * 3600 * 1000;

impl Sqlite {
    pub(super) fn condemn_ids(&self, ids: &[ObjectId]) -> Result<u64> {
        let ids = ids.to_vec();
        self.write(move |sql| {
            let mut insert = sql
                .prepare_cached(
                    "INSERT OR IGNORE INTO garbage(id, since)
                     SELECT ?1, ?2 WHERE NOT EXISTS
                         (SELECT 1 FROM object WHERE id = ?1)",
                )
                .tried("condemn versions")?;
            let mut count = 0;
            for id in &ids {
                count += insert
                    .execute(params![id.0, now_ms()])
                    .tried("condemn a version")?;
            }
            Ok(count as u64)
        })
    }

    pub(super) fn condemned_ids(
        &self,
        age: Duration,
        limit: u32,
    ) -> Result<Vec<ObjectId>> {
        let age_ms = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let until = now_ms().saturating_sub(age_ms);
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT id FROM garbage WHERE gone IS NULL AND since <= ?1
                 ORDER BY since LIMIT ?2",
            )
            .and_then(|mut query| {
                query
                    .query_map(params![until, limit], |row| {
                        row.get(0).map(ObjectId)
                    })
                    .and_then(Iterator::collect)
            })
            .tried("read the delete queue")
        })
    }

    pub(super) fn forget_ids(&self, ids: &[ObjectId]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids = ids.to_vec();
        self.write(move |sql| {
            let now = now_ms();
            let mut mark = sql
                .prepare_cached("UPDATE garbage SET gone = ?2 WHERE id = ?1")
                .tried("shorten the delete queue")?;
            for id in &ids {
                mark.execute(params![id.0, now])
                    .tried("shorten the delete queue")?;
            }
            sql.prepare_cached("DELETE FROM garbage WHERE gone < ?1")
                .and_then(|mut q| q.execute([now - REMEMBERED_MS]))
                .tried("forget what was deleted long ago")?;
            Ok(())
        })
    }
}
