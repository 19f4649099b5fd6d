//! Tables, numbers and times as people read them.

use crate::escape::escaped;
use crate::output::{Look, Text, part};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::io;

/// A table: columns as wide as their longest value.
pub(crate) struct Table {
    heading: Vec<String>,
    /// Which columns are aligned right.
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings; one that begins with `>` is aligned right.
    pub(crate) fn new(heading: &[&str]) -> Self {
        let right = heading.iter().map(|h| h.starts_with('>')).collect();
        let heading =
            heading.iter().map(|h| h.trim_start_matches('>').into()).collect();
        Self { heading, right, rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        // Escaped first, so that widths are those of what is shown.
        self.rows.push(cells.iter().map(|c| escaped(c)).collect());
    }

    /// Writes the table.
    pub(crate) fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        let mut widths: Vec<usize> = self.heading.iter().map(width).collect();
        for row in &self.rows {
            for (w, cell) in widths.iter_mut().zip(row) {
                *w = (*w).max(width(cell));
            }
        }
        self.write(text, Look::Bold, &self.heading, &widths)?;
        for row in &self.rows {
            self.write(text, Look::Plain, row, &widths)?;
        }
        Ok(())
    }

    fn write(
        &self,
        text: &mut Text<'_>,
        look: Look,
        row: &[String],
        widths: &[usize],
    ) -> io::Result<()> {
        let last = row.len().saturating_sub(1);
        for (i, (cell, w)) in row.iter().zip(widths).enumerate() {
            let gap = if i == 0 { "" } else { "  " };
            let pad = " ".repeat(w.saturating_sub(width(cell)));
            match (self.right.get(i), i == last) {
                (Some(true), _) => part!(text, look, "{gap}{pad}{cell}")?,
                (_, true) => part!(text, look, "{gap}{cell}")?,
                _ => part!(text, look, "{gap}{cell}{pad}")?,
            }
        }
        text.end()
    }
}

/// Columns that a text takes, one for each character: exact for most scripts,
/// and a ragged table for the rest.
#[expect(clippy::ptr_arg, reason = "for use with map over strings")]
pub(crate) fn width(text: &String) -> usize {
    text.chars().count()
}

/// Returns a time in UTC as `YYYY-MM-DDTHH:MM:SS`, or `-`.
pub(crate) fn time_text(seconds: Option<f64>) -> String {
    time_in(seconds, &TimeZone::UTC)
}

/// Returns a time in a zone, without its mark, or `-`.
pub(crate) fn time_in(seconds: Option<f64>, zone: &TimeZone) -> String {
    let shown = seconds.and_then(|s| {
        // Whole seconds; what no calendar has becomes a dash.
        let whole = if s.is_finite() { s.floor() as i64 } else { return None };
        let time = Timestamp::from_second(whole).ok()?;
        let time = time.to_zoned(zone.clone());
        Some(time.strftime("%Y-%m-%dT%H:%M:%S").to_string())
    });
    shown.unwrap_or_else(|| "-".to_owned())
}

/// Returns a number of bytes as `512`, `12.3K`, `4.0G`.
pub(crate) fn size_text(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["K", "M", "G", "T", "P", "E"];
    if bytes < 1024 {
        return bytes.to_string();
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1}{}", UNITS.get(unit).unwrap_or(&""))
}

/// Returns a count with its word: `1 thread`, `5 threads`.
pub(crate) fn count(n: usize, word: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {word}{s}")
}

/// Returns sorted numbers as ranges: `3, 5-9`.
pub(crate) fn ranges(numbers: &[i32]) -> String {
    let mut runs: Vec<(i32, i32)> = Vec::new();
    for n in numbers {
        match runs.last_mut() {
            Some((_, end)) if end.checked_add(1) == Some(*n) => *end = *n,
            _ => runs.push((*n, *n)),
        }
    }
    let shown: Vec<String> = runs
        .iter()
        .map(|(a, b)| match b - a {
            0 => a.to_string(),
            1 => format!("{a}, {b}"),
            _ => format!("{a}-{b}"),
        })
        .collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_well() {
        assert_eq!(time_text(Some(1_373_566_303.9)), "2013-07-11T18:11:43");
        assert_eq!(time_text(Some(f64::NAN)), "-");
        assert_eq!(time_text(Some(1e300)), "-");
        assert_eq!(size_text(1023), "1023");
        assert_eq!(size_text(1536), "1.5K");
        assert_eq!(size_text(u64::MAX), "16.0E");
        assert_eq!(size_text((1 << 20) - 1), "1.0M");
        assert_eq!(ranges(&[1, 3, 4, 7, 8, 9]), "1, 3, 4, 7-9");
        assert_eq!(count(1, "thread"), "1 thread");
    }

    #[test]
    fn tables_line_up_whatever_is_in_them() {
        let mut table = Table::new(&["NAME", ">SIZE", "FILE"]);
        table.row(vec!["a\x1b".into(), "12".into(), "x".into()]);
        table.row(vec!["b".into(), "12345".into(), String::new()]);
        let mut out = Vec::new();
        table.render(&mut Text::new(&mut out, false)).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "NAME    SIZE  FILE\na\\x1b     12  x\nb      12345  \n"
        );
    }
}
