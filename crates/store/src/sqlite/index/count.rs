//! Counting by value, and checking what is derived.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use thoth_manta::{Result, ValueCounts};

use super::{ALL, Generation, Tried, UNKNOWN, day_of, decode};

/// Faults that a check reports at most.
const FAULTS: usize = 100;

/// Documents in a window that are read for each value of a name rather than
/// counting each value by itself: one costs some 2 us, the other 15.
const READ_PER_VALUE: u64 = 4;

/// A value of a name, and how many documents have it.
struct Counted {
    key: i64,
    /// `None`: a mark.
    text: Option<String>,
    documents: u64,
}

/// Counts documents by the values of a name.
pub(in super::super) fn values(
    sql: &Connection,
    generation: Generation,
    name: &str,
    after: Option<f64>,
    before: Option<f64>,
) -> Result<ValueCounts> {
    let n = generation.number;
    let documents = count(sql, n, ALL, after, before)?;
    let mut all = values_of(sql, n, name)?;
    if after.is_some() || before.is_some() {
        let reading = (all.len() as u64).saturating_mul(READ_PER_VALUE);
        if documents < reading {
            read_window(sql, n, &mut all, after, before)?;
        } else {
            for value in &mut all {
                value.documents = count(sql, n, value.key, after, before)?;
            }
        }
    }
    all.retain(|value| value.documents > 0);
    let values = all.into_iter().map(|value| (value.text, value.documents));
    Ok(ValueCounts { values: values.collect(), documents })
}

/// Returns the values of a name that some document has.
fn values_of(sql: &Connection, n: i64, name: &str) -> Result<Vec<Counted>> {
    let mut statement = sql
        .prepare_cached(&format!(
            "SELECT key, mark, text, n FROM val_{n} WHERE field = ?1 AND n > 0"
        ))
        .tried("count by value")?;
    let rows = statement.query_map([name], |row| {
        let mark: bool = row.get(1)?;
        Ok(Counted {
            key: row.get(0)?,
            text: if mark { None } else { Some(row.get(2)?) },
            documents: row.get(3)?,
        })
    });
    rows.and_then(Iterator::collect).tried("count by value")
}

/// Counts values by reading the documents of a window.
fn read_window(
    sql: &Connection,
    n: i64,
    all: &mut [Counted],
    after: Option<f64>,
    before: Option<f64>,
) -> Result<()> {
    let mut numbers: HashMap<i64, u64> =
        all.iter().map(|value| (value.key, 0)).collect();
    let mut statement = sql
        .prepare_cached(&format!(
            "SELECT vals FROM doc_{n} INDEXED BY doc_{n}_time
             WHERE time > ?1 AND time < ?2"
        ))
        .tried("count by value")?;
    // Unknown times lie in no window.
    let after = after.unwrap_or(UNKNOWN);
    let before = before.unwrap_or(f64::INFINITY);
    let mut rows = statement.query([after, before]).tried("count by value")?;
    while let Some(row) = rows.next().tried("count by value")? {
        let vals = row
            .get_ref(0)
            .and_then(|value| Ok(value.as_blob()?))
            .tried("read a document")?;
        for key in decode(vals) {
            if let Some(number) = numbers.get_mut(&i64::from(key)) {
                *number += 1;
            }
        }
    }
    for value in all {
        value.documents = numbers.get(&value.key).copied().unwrap_or_default();
    }
    Ok(())
}

/// Counts the documents that have a value, by whole days from the counters
/// and at both ends from the list.
pub(super) fn count(
    sql: &Connection,
    n: i64,
    val: i64,
    after: Option<f64>,
    before: Option<f64>,
) -> Result<u64> {
    let days = |from: i64, to: i64| -> Result<u64> {
        sql.prepare_cached(&format!(
            "SELECT coalesce(sum(n), 0) FROM day_{n}
             WHERE val = ?1 AND day >= ?2 AND day <= ?3"
        ))
        .and_then(|mut q| q.query_row(params![val, from, to], |row| row.get(0)))
        .tried("count days")
    };
    if after.is_none() && before.is_none() {
        return days(i64::MIN, i64::MAX);
    }
    // Unknown times lie in no window.
    let after = after.unwrap_or(UNKNOWN);
    let before = before.unwrap_or(f64::INFINITY);
    if after >= before {
        return Ok(0);
    }
    let (first, last) = (day_of(after), day_of(before));
    if first == last {
        return between(sql, n, val, after, before);
    }
    let start = |day: i64| day as f64 * 86_400.0;
    let mut total = days(first.saturating_add(1), last.saturating_sub(1))?;
    // Times of the first day after the bound, and of the last day before it:
    // a time on the boundary belongs to the later day.
    if after > UNKNOWN {
        let end = start(first.saturating_add(1));
        total += between(sql, n, val, after, end)?;
    }
    if before.is_finite() {
        total += from_to(sql, n, val, start(last), before)?;
    } else {
        total += days(last, last)?;
    }
    Ok(total)
}

/// Counts a list's documents between two times, both exclusive.
fn between(
    sql: &Connection,
    n: i64,
    val: i64,
    after: f64,
    before: f64,
) -> Result<u64> {
    ranged(sql, n, val, ">", after, before)
}

/// Counts a list's documents from a time, inclusive, to another, exclusive.
fn from_to(
    sql: &Connection,
    n: i64,
    val: i64,
    from: f64,
    before: f64,
) -> Result<u64> {
    ranged(sql, n, val, ">=", from, before)
}

fn ranged(
    sql: &Connection,
    n: i64,
    val: i64,
    sign: &str,
    low: f64,
    before: f64,
) -> Result<u64> {
    let text = if val == ALL {
        format!(
            "SELECT count(*) FROM doc_{n}
             WHERE time {sign} ?2 AND time < ?3 AND ?1 = ?1"
        )
    } else {
        format!(
            "SELECT count(*) FROM post_{n}
             WHERE val = ?1 AND time {sign} ?2 AND time < ?3"
        )
    };
    sql.prepare_cached(&text)
        .and_then(|mut q| {
            q.query_row(params![val, low, before], |row| row.get(0))
        })
        .tried("count a value's list")
}

/// Compares lists and counters with the documents.
pub(in super::super) fn verify(
    sql: &Connection,
    generation: Generation,
) -> Result<Vec<String>> {
    let n = generation.number;
    let mut faults = Vec::new();
    let mut expected: HashMap<i64, u64> = HashMap::new();
    let mut documents = sql
        .prepare(&format!("SELECT key, id, time, vals FROM doc_{n}"))
        .tried("check an index")?;
    let mut rows = documents.query([]).tried("check an index")?;
    while let Some(row) = rows.next().tried("check an index")? {
        let read = || -> rusqlite::Result<(i64, String, f64, Vec<u8>)> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        };
        let (key, id, time, vals) = read().tried("check an index")?;
        for val in decode(&vals).map(i64::from) {
            *expected.entry(val).or_default() += 1;
            if faults.len() < FAULTS && !listed(sql, n, val, time, key)? {
                faults.push(format!("document {id}: not listed for {val}"));
            }
        }
    }
    compare_counts(sql, n, &expected, &mut faults)?;
    compare_days(sql, n, &mut faults)?;
    Ok(faults)
}

fn listed(
    sql: &Connection,
    n: i64,
    val: i64,
    time: f64,
    document: i64,
) -> Result<bool> {
    sql.prepare_cached(&format!(
        "SELECT EXISTS (SELECT 1 FROM post_{n}
         WHERE val = ?1 AND time = ?2 AND doc = ?3)"
    ))
    .and_then(|mut q| q.query_row(params![val, time, document], |r| r.get(0)))
    .tried("check a value's list")
}

/// Every document is listed (checked before), so equal numbers mean equal
/// lists.
fn compare_counts(
    sql: &Connection,
    n: i64,
    expected: &HashMap<i64, u64>,
    faults: &mut Vec<String>,
) -> Result<()> {
    let text = format!(
        "SELECT v.key, v.field, v.n,
                (SELECT count(*) FROM post_{n} p WHERE p.val = v.key),
                (SELECT coalesce(sum(d.n), 0) FROM day_{n} d
                 WHERE d.val = v.key)
         FROM val_{n} v"
    );
    let mut statement = sql.prepare(&text).tried("check counts")?;
    let mut rows = statement.query([]).tried("check counts")?;
    while let Some(row) = rows.next().tried("check counts")? {
        let read = || -> rusqlite::Result<(i64, String, i64, i64, i64)> {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        };
        let (key, field, counted, listed, days) =
            read().tried("check counts")?;
        let right = expected.get(&key).copied().unwrap_or_default();
        let right = i64::try_from(right).unwrap_or(i64::MAX);
        if (counted, listed, days) != (right, right, right)
            && faults.len() < FAULTS
        {
            faults.push(format!(
                "value {key} of {field}: {right} documents have it, {listed} \
                 listed, {counted} counted, {days} by day"
            ));
        }
    }
    Ok(())
}

/// Compares the counters by day with the documents' times.
fn compare_days(
    sql: &Connection,
    n: i64,
    faults: &mut Vec<String>,
) -> Result<()> {
    // Both sides come in the order of (value, day).
    let mut lists = sql
        .prepare(&format!("SELECT val, time FROM post_{n} ORDER BY val, time"))
        .tried("check days")?;
    let mut lists = lists.query([]).tried("check days")?;
    let mut find = sql
        .prepare(&format!("SELECT n FROM day_{n} WHERE val = ?1 AND day = ?2"))
        .tried("check days")?;
    let mut current: Option<(i64, i64)> = None;
    let mut number = 0u64;
    loop {
        let next = match lists.next().tried("check days")? {
            None => None,
            Some(row) => {
                let val: i64 = row.get(0).tried("check days")?;
                let time: f64 = row.get(1).tried("check days")?;
                Some((val, day_of(time)))
            }
        };
        if next != current {
            if let Some((val, day)) = current {
                let counted = find
                    .query_row([val, day], |row| row.get::<_, u64>(0))
                    .unwrap_or_default();
                if counted != number && faults.len() < FAULTS {
                    faults.push(format!(
                        "value {val}, day {day}: {number} documents, \
                         {counted} counted"
                    ));
                }
            }
            (current, number) = (next, 0);
        }
        if next.is_none() {
            return Ok(());
        }
        number += 1;
    }
}
