//! The two streams: data on stdout, everything else on stderr.
//!
//! Text and JSON come from one value: a command returns an [`Answer`], which
//! serialises and renders. Rendering happens through [`Text`], which escapes
//! every character it is given; colours and line ends are its own. So no
//! command can leak a control byte of a dump by forgetting something.

use crate::error::{Line, Result};
use crate::escape::{JsonFormat, JsonLine, escape_into};
use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};
use std::cell::RefCell;
use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Write};

/// What a command found, as JSON and as text.
pub(crate) trait Answer: Serialize {
    /// Writes it for people.
    fn render(&self, text: &mut Text<'_>) -> io::Result<()>;
}

/// How a piece of text looks on a terminal with colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// As it is.
    Plain,
    /// A heading.
    Bold,
    /// What went wrong.
    Bad,
    /// What needs care: a guess, a hole.
    Doubt,
    /// What matters most in a line.
    Key,
    /// What is there for completeness.
    Faint,
}

impl Look {
    fn codes(self) -> (&'static str, &'static str) {
        match self {
            Self::Plain => ("", ""),
            Self::Bold => ("\x1b[1m", "\x1b[0m"),
            Self::Bad => ("\x1b[1;31m", "\x1b[0m"),
            Self::Doubt => ("\x1b[33m", "\x1b[0m"),
            Self::Key => ("\x1b[36m", "\x1b[0m"),
            Self::Faint => ("\x1b[2m", "\x1b[0m"),
        }
    }
}

/// When to use colours.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorChoice {
    fn decide(self, is_terminal: bool) -> bool {
        let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => is_terminal && !set("NO_COLOR") && !dumb,
        }
    }
}

/// A sink of lines that escapes what it is given.
pub(crate) struct Text<'a> {
    out: &'a mut dyn Write,
    color: bool,
}

impl<'a> Text<'a> {
    pub(crate) fn new(out: &'a mut dyn Write, color: bool) -> Self {
        Self { out, color }
    }

    /// Writes a part of a line.
    pub(crate) fn part(
        &mut self,
        look: Look,
        args: fmt::Arguments<'_>,
    ) -> io::Result<()> {
        let (on, off) = if self.color { look.codes() } else { ("", "") };
        self.out.write_all(on.as_bytes())?;
        let mut adapter = Adapter { out: self.out, error: None };
        // An error of a `Display` is not possible with our types; one of the
        // stream is kept beside it.
        let _ = fmt::write(&mut adapter, args);
        if let Some(error) = adapter.error {
            return Err(error);
        }
        self.out.write_all(off.as_bytes())
    }

    /// Ends a line.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, args: fmt::Arguments<'_>) -> io::Result<()> {
        self.part(Look::Plain, args)?;
        self.end()
    }
}

/// Escapes what formatting produces, on its way to a stream.
struct Adapter<'a> {
    out: &'a mut dyn Write,
    error: Option<io::Error>,
}

/// Gives text to a stream, keeping its error.
struct Raw<'a, 'b>(&'a mut Adapter<'b>);

impl fmt::Write for Raw<'_, '_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.0.out.write_all(s.as_bytes()).map_err(|e| {
            self.0.error = Some(e);
            fmt::Error
        })
    }
}

impl fmt::Write for Adapter<'_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        escape_into(&mut Raw(self), s)
    }
}

/// Writes one line of text, everything escaped.
macro_rules! line {
    ($text:expr) => { $text.end() };
    ($text:expr, $($arg:tt)*) => { $text.line(format_args!($($arg)*)) };
}
/// Writes a part of a line in a look, everything escaped.
macro_rules! part {
    ($text:expr, $look:expr, $($arg:tt)*) => {
        $text.part($look, format_args!($($arg)*))
    };
}
pub(crate) use {line, part};

/// How much to say on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Failures only.
    Quiet,
    /// Notes and warnings.
    Usual,
    /// Also how an answer came about.
    Verbose,
}

/// Both streams, and how to use them.
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) verbosity: Verbosity,
    /// What messages begin with.
    program: &'static str,
    color: bool,
    color_err: bool,
    out: RefCell<BufWriter<io::Stdout>>,
}

impl Output {
    pub(crate) fn new(
        json: bool,
        verbosity: Verbosity,
        color: ColorChoice,
    ) -> Self {
        Self {
            json,
            verbosity,
            program: "thoth",
            color: color.decide(io::stdout().is_terminal()),
            color_err: color.decide(io::stderr().is_terminal()),
            out: RefCell::new(BufWriter::with_capacity(64 << 10, io::stdout())),
        }
    }

    /// Names the program that messages come from.
    pub(crate) fn named(mut self, program: &'static str) -> Self {
        self.program = program;
        self
    }

    /// Whether this is `thoth` itself, not one of the tools.
    pub(crate) fn is_thoth(&self) -> bool {
        self.program == "thoth"
    }

    /// Writes a value as JSON on a line of its own.
    pub(crate) fn json_line(&self, value: &impl Serialize) -> Result<()> {
        let mut out = self.out.borrow_mut();
        let mut ser =
            serde_json::Serializer::with_formatter(&mut *out, JsonLine);
        value.serialize(&mut ser)?;
        out.write_all(b"\n")?;
        Ok(())
    }

    /// Writes a line of text, which need not be seen at once.
    pub(crate) fn line(&self, args: fmt::Arguments<'_>) -> Result<()> {
        let mut out = self.out.borrow_mut();
        Text::new(&mut *out, self.color).line(args)?;
        Ok(())
    }

    /// Lets everything written be seen.
    pub(crate) fn flush(&self) -> Result<()> {
        self.out.borrow_mut().flush()?;
        Ok(())
    }

    /// Gives one answer.
    pub(crate) fn answer(&self, answer: &impl Answer) -> Result<()> {
        if self.json {
            return self.json(answer);
        }
        self.text(|text| answer.render(text))
    }

    /// Writes a value as JSON.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<()> {
        let mut out = self.out.borrow_mut();
        let format = JsonFormat::new();
        let mut ser = serde_json::Serializer::with_formatter(&mut *out, format);
        value.serialize(&mut ser)?;
        out.write_all(b"\n")?;
        out.flush()?;
        Ok(())
    }

    /// Writes values one by one as a JSON array.
    pub(crate) fn json_array<T: Serialize>(
        &self,
        items: impl Iterator<Item = T>,
    ) -> Result<()> {
        let mut out = self.out.borrow_mut();
        let format = JsonFormat::new();
        let mut ser = serde_json::Serializer::with_formatter(&mut *out, format);
        let mut seq = ser.serialize_seq(None)?;
        for item in items {
            seq.serialize_element(&item)?;
        }
        seq.end()?;
        out.write_all(b"\n")?;
        out.flush()?;
        Ok(())
    }

    /// Writes text.
    pub(crate) fn text(
        &self,
        write: impl FnOnce(&mut Text<'_>) -> io::Result<()>,
    ) -> Result<()> {
        let mut out = self.out.borrow_mut();
        write(&mut Text::new(&mut *out, self.color))?;
        out.flush()?;
        Ok(())
    }

    /// Writes bytes that we made ourselves, such as a script.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Result<()> {
        let mut out = self.out.borrow_mut();
        out.write_all(bytes)?;
        out.flush()?;
        Ok(())
    }

    /// Says on stderr what the user may want to know.
    pub(crate) fn note(&self, args: fmt::Arguments<'_>) {
        if self.verbosity >= Verbosity::Usual {
            self.say(Look::Plain, "", args);
        }
    }

    /// Says on stderr what makes an answer doubtful.
    pub(crate) fn warning(&self, args: fmt::Arguments<'_>) {
        if self.verbosity >= Verbosity::Usual {
            self.say(Look::Doubt, "warning: ", args);
        }
    }

    /// Says on stderr what to do about a note or warning.
    pub(crate) fn hint(&self, args: fmt::Arguments<'_>) {
        if self.verbosity >= Verbosity::Usual {
            self.say_bare(Look::Key, "hint: ", args);
        }
    }

    /// Says on stderr how an answer came about, when asked to.
    pub(crate) fn detail(&self, args: fmt::Arguments<'_>) {
        if self.verbosity >= Verbosity::Verbose {
            self.say(Look::Faint, "", args);
        }
    }

    /// Says on stderr what failed, however quiet it should be, while the
    /// command goes on.
    pub(crate) fn complaint(&self, args: fmt::Arguments<'_>) {
        self.say(Look::Bad, "", args);
    }

    /// Says on stderr why a command failed, however quiet it should be.
    pub(crate) fn failure(&self, lines: &[(Line, String)]) {
        for (line, text) in lines {
            let look = match line {
                Line::Message => Look::Bad,
                Line::Hint => Look::Key,
                Line::Because => Look::Faint,
                Line::Detail => Look::Plain,
            };
            match line {
                Line::Message => self.say(look, "", format_args!("{text}")),
                _ => self.say_bare(look, line.head(), format_args!("{text}")),
            }
        }
    }

    /// Says a line that begins with the program's name.
    fn say(&self, look: Look, head: &str, args: fmt::Arguments<'_>) {
        let head = format!("{}: {head}", self.program);
        self.say_bare(look, &head, args);
    }

    fn say_bare(&self, look: Look, head: &str, args: fmt::Arguments<'_>) {
        let mut line = Vec::new();
        let mut text = Text::new(&mut line, self.color_err);
        // Into memory: cannot fail.
        let _ = part!(text, look, "{head}");
        let _ = text.line(args);
        // Nobody is left to tell when stderr is gone.
        let _ = io::stderr().write_all(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_escaped_and_what_we_add_is_not() {
        let mut out = Vec::new();
        let mut text = Text::new(&mut out, true);
        part!(text, Look::Bad, "{}", "a\x1b[0m\n").unwrap();
        line!(text, " {}", '\u{202e}').unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\x1b[1;31ma\\x1b[0m\\n\x1b[0m \\u{202e}\n"
        );
    }

    #[test]
    fn padding_counts_what_is_shown_for_plain_text() {
        let mut out = Vec::new();
        let mut text = Text::new(&mut out, false);
        line!(text, "{:<4}|", "ab").unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "ab  |\n");
    }
}
