//! Listing a directory, a page at a time.

use rusqlite::types::Value;
use rusqlite::{Connection, params};
use thoth_manta::{
    Code, Error, Kinds, ListOptions, Listing, Order, Path, Result, Timestamp,
};

use super::Tried;
use super::entry::{Entry, Ways, columns, count_entries, find};

/// Lists part of a directory.
///
/// By name a page is a range of the table; by time the whole directory is
/// looked at, since an index would cost every put more than it saves here.
pub(super) fn page(
    sql: &Connection,
    ways: &Ways,
    path: &Path,
    options: &ListOptions,
) -> Result<Listing> {
    if !(1..=1024).contains(&options.limit) {
        return Err(Error::new(
            Code::InvalidArgument,
            format!(
                "limit={} is invalid: must be between [1, 1024]",
                options.limit
            ),
        ));
    }
    let marker = marker(options)?;
    let entry = find(sql, ways, path)?.ok_or_else(|| Error::not_found(path))?;
    let dir = entry.child.ok_or_else(|| {
        Error::new(
            Code::ParentNotDirectory,
            format!("{path} is an object, not a directory"),
        )
    })?;
    let text = text(options, marker != Value::Null);
    let mut query = sql.prepare_cached(text).tried("list a directory")?;
    let mut rows = query
        .query(params![dir, options.limit, marker])
        .tried("list a directory")?;
    let mut entries = Vec::with_capacity(options.limit as usize);
    while let Some(row) = rows.next().tried("list a directory")? {
        let name = row.get_ref(Entry::NAME).tried("read an entry")?;
        let name = name.as_bytes().map_err(rusqlite::Error::from);
        let name = name.tried("read a name")?;
        let path = match std::str::from_utf8(name) {
            Ok(name) => path.join(name)?,
            // Never written by this program, and still to be seen.
            Err(_) => path.join(&String::from_utf8_lossy(name))?,
        };
        let entry = Entry::from_row(row).tried("read an entry")?;
        entries.push(entry.info(sql, path)?);
    }
    let total = count_entries(sql, dir)?.unwrap_or_default();
    Ok(Listing { entries, total })
}

/// Returns what the marker is compared as; null for none.
fn marker(options: &ListOptions) -> Result<Value> {
    let Some(text) = options.marker.as_deref().filter(|m| !m.is_empty()) else {
        return Ok(Value::Null);
    };
    match options.order {
        Order::Name | Order::NameReversed => {
            Ok(Value::Blob(text.as_bytes().to_vec()))
        }
        Order::Newest | Order::Oldest => text
            .parse::<Timestamp>()
            .map(|time| Value::Integer(time.as_millisecond()))
            .map_err(|error| {
                Error::new(
                    Code::InvalidParameter,
                    format!("\"{text}\" is invalid for \"marker\""),
                )
                .because(error)
            }),
    }
}

/// Returns the query; its parts are few, so each combination is written out
/// and stays prepared.
fn text(options: &ListOptions, marked: bool) -> &'static str {
    macro_rules! query {
        ($range:literal, $kinds:literal, $order:literal) => {
            concat!(
                "SELECT ",
                columns!(),
                " FROM entry e WHERE e.dir = ?1 ",
                $range,
                $kinds,
                " ORDER BY ",
                $order,
                " LIMIT ?2"
            )
        };
    }
    macro_rules! kinds {
        ($range:literal, $order:literal) => {
            match options.kinds {
                Kinds::All => query!($range, "", $order),
                Kinds::Directories => {
                    query!($range, " AND e.child IS NOT NULL", $order)
                }
                Kinds::Objects => {
                    query!($range, " AND e.child IS NULL", $order)
                }
            }
        };
    }
    // Without a marker the comparison must not be there at all: it would have
    // to hold for every name.
    match (options.order, marked) {
        (Order::Name, true) => kinds!("AND e.name >= ?3", "e.name"),
        (Order::Name, false) => kinds!("AND ?3 IS NULL", "e.name"),
        (Order::NameReversed, true) => {
            kinds!("AND e.name <= ?3", "e.name DESC")
        }
        (Order::NameReversed, false) => kinds!("AND ?3 IS NULL", "e.name DESC"),
        (Order::Newest, true) => {
            kinds!("AND e.mtime <= ?3", "e.mtime DESC, e.name")
        }
        (Order::Newest, false) => {
            kinds!("AND ?3 IS NULL", "e.mtime DESC, e.name")
        }
        (Order::Oldest, true) => kinds!("AND e.mtime >= ?3", "e.mtime, e.name"),
        (Order::Oldest, false) => kinds!("AND ?3 IS NULL", "e.mtime, e.name"),
    }
}
