//! Text of a dump made harmless.
//!
//! A program chooses its own name, arguments and paths, and a dump may come
//! from an attacker. Printed as it is, such text can move the cursor, change
//! the window's title, or (by bidirectional marks) show a line in another
//! order than it has. So everything that reaches a terminal *or a pipe* goes
//! through here, names of dumps and the user's own arguments included, since
//! these are often pasted from elsewhere.
//!
//! | characters | in text | in JSON |
//! | --- | --- | --- |
//! | newline, carriage return, tab | `\n` `\r` `\t` | the same |
//! | other C0, DEL | `\x1b` | `\u001b` |
//! | C1, bidirectional controls, line and paragraph separators | `\u{9b}` | `\u009b` |
//!
//! A backslash stays as it is: names with one are common, and what is wanted is
//! harmless output, not a reversible code. JSON is exact.

use serde_json::ser::{CharEscape, Formatter, PrettyFormatter};
use std::fmt;
use std::io;

/// Whether a character can do more to a terminal than appear on it.
pub(crate) fn is_control(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f'
        | '\x7f'..='\u{9f}'
        | '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Writes text into `out`, controls escaped.
pub(crate) fn escape_into(out: &mut dyn fmt::Write, text: &str) -> fmt::Result {
    let mut plain = 0;
    for (i, c) in text.char_indices().filter(|(_, c)| is_control(*c)) {
        out.write_str(text.get(plain..i).unwrap_or_default())?;
        match c {
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\0'..='\x7f' => write!(out, "\\x{:02x}", u32::from(c))?,
            _ => write!(out, "\\u{{{:x}}}", u32::from(c))?,
        }
        plain = i + c.len_utf8();
    }
    out.write_str(text.get(plain..).unwrap_or_default())
}

/// Returns text with controls escaped.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Writing to a string cannot fail.
    let _ = escape_into(&mut out, text);
    out
}

/// Returns text with controls escaped, but lines kept: for what we composed
/// ourselves of several lines.
pub(crate) fn escaped_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(escaped).collect();
    lines.join("\n")
}

/// JSON indented by four, as records have it, with every control escaped.
pub(crate) struct JsonFormat(PrettyFormatter<'static>);

impl JsonFormat {
    pub(crate) fn new() -> Self {
        Self(PrettyFormatter::with_indent(b"    "))
    }
}

/// JSON on one line, with every control escaped.
pub(crate) struct JsonLine;

impl Formatter for JsonLine {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        escaped_fragment(writer, fragment)
    }
}

/// Writes part of a JSON string, controls escaped.
fn escaped_fragment<W: ?Sized + io::Write>(
    writer: &mut W,
    fragment: &str,
) -> io::Result<()> {
    let mut plain = 0;
    let controls = fragment.char_indices().filter(|(_, c)| is_control(*c));
    for (i, c) in controls {
        let before = fragment.get(plain..i).unwrap_or_default();
        writer.write_all(before.as_bytes())?;
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(writer, "\\u{unit:04x}")?;
        }
        plain = i + c.len_utf8();
    }
    let rest = fragment.get(plain..).unwrap_or_default();
    writer.write_all(rest.as_bytes())
}

impl Formatter for JsonFormat {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        escaped_fragment(writer, fragment)
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        self.0.write_char_escape(writer, escape)
    }

    fn begin_array<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
    ) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
    ) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
    ) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
    ) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
    ) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
    ) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
    ) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;

    const HOSTILE: &str = "a\x1b]0;x\x07\u{9b}31m\u{202e}b\n\r\t\x7f\\\u{85}";

    #[test]
    fn text_keeps_no_control() {
        let shown = escaped(HOSTILE);
        assert!(!shown.chars().any(is_control));
        assert_eq!(
            shown,
            "a\\x1b]0;x\\x07\\u{9b}31m\\u{202e}b\\n\\r\\t\\x7f\\\\u{85}"
        );
        assert_eq!(escaped("plain é 漢"), "plain é 漢");
        assert_eq!(escaped_lines("a\nb\x07"), "a\nb\\x07");
    }

    #[test]
    fn json_keeps_no_control_and_reads_back_the_same() {
        let mut out = Vec::new();
        let value = serde_json::json!({ HOSTILE: [HOSTILE, "\u{e0041}"] });
        let mut ser =
            serde_json::Serializer::with_formatter(&mut out, JsonFormat::new());
        value.serialize(&mut ser).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.chars().any(|c| is_control(c) && c != '\n'), "{text}");
        let back: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back, value);
    }
}
