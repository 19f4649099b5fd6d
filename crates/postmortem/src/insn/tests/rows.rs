//! Unwind table rows, as readelf prints them.

use std::path::Path;
use std::process::Command;

use crate::insn::{CALLEE_SAVED, NAMES};

/// One function's table.
pub(crate) struct Table {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) rows: Vec<Row>,
}

/// One row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) loc: u64,
    /// Register index and offset; `None` for an expression.
    pub(crate) cfa: Option<(usize, i64)>,
    /// For each register saved in memory, its offset from the CFA.
    pub(crate) saved: [Option<i64>; 16],
    /// Some register has a rule this reader does not know.
    pub(crate) odd: bool,
}

impl Table {
    pub(crate) fn row_at(&self, pc: u64) -> Option<&Row> {
        self.rows.iter().rev().find(|row| row.loc <= pc)
    }

    /// A part that is entered by a jump with a frame already made.
    pub(crate) fn is_cold(&self) -> bool {
        self.rows.first().is_none_or(|row| row.cfa != Some((7, 8)))
    }
}

/// Reads all tables of a file with readelf (package binutils).
pub(crate) fn read(path: &Path) -> Vec<Table> {
    let out = Command::new("readelf")
        .args(["--debug-dump=frames-interp,no-follow-links", "-W"])
        .arg(path)
        .output()
        .expect("readelf must be installed (package binutils)");
    // The exit status also tells of missing debug links.
    assert!(!out.stdout.is_empty(), "readelf failed on {}", path.display());
    parse(&String::from_utf8_lossy(&out.stdout))
}

fn parse(text: &str) -> Vec<Table> {
    let mut tables = Vec::new();
    let mut current: Option<Table> = None;
    let mut columns: Vec<String> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let Some(range) = words.iter().find_map(|w| w.strip_prefix("pc=")) {
            tables.extend(current.take());
            let (start, end) = range.split_once("..").unwrap();
            current =
                Some(Table { start: hex(start), end: hex(end), rows: vec![] });
        } else if words.get(3) == Some(&"CIE") {
            tables.extend(current.take());
        } else if words.first() == Some(&"LOC") {
            columns = words[2..].iter().map(|w| (*w).to_owned()).collect();
        } else if let Some(table) = &mut current
            && words.len() >= 2
            && u64::from_str_radix(words[0], 16).is_ok()
        {
            table.rows.push(row(&words, &columns));
        }
    }
    tables.extend(current);
    // Rows of an empty table come from the CIE.
    tables.retain(|table| !table.rows.is_empty());
    tables
}

fn row(words: &[&str], columns: &[String]) -> Row {
    let mut row = Row {
        loc: hex(words[0]),
        cfa: words[1].split_once('+').and_then(|(reg, off)| {
            Some((
                NAMES.iter().position(|name| *name == reg)?,
                off.parse().ok()?,
            ))
        }),
        saved: [None; 16],
        odd: false,
    };
    for (name, rule) in columns.iter().zip(&words[2..]) {
        let Some(index) = NAMES.iter().position(|n| n == name) else {
            continue;
        };
        match rule.strip_prefix('c').map(str::parse) {
            Some(Ok(off)) => row.saved[index] = Some(off),
            _ if matches!(*rule, "u" | "s") => {}
            _ => row.odd |= CALLEE_SAVED.contains(&index),
        }
    }
    row
}

fn hex(text: &str) -> u64 {
    u64::from_str_radix(text, 16).unwrap()
}
