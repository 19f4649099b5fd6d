//! `thoth get` and `thoth cat`: the bytes of a dump, or of a file beside it.

use super::info::stored;
use crate::error::{Error, Failure, Result, io_error};
use crate::output::{Text, line};
use crate::session::Session;
use crate::tables::size_text;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use thoth_dumps::Record;
use thoth_manta::ObjectReader;

/// Download a dump, or a file beside it
///
/// Written to the current folder under its own name, or where -o says; holes
/// become holes again. The file is there when it is whole, and not before.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Get {
    /// A hash (4 digits or more), or a specification that one dump fits
    #[arg(value_name = "DUMP")]
    dump: String,

    /// A file beside the dump (`thoth upload --attach`)
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Write to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Replace a file that is there
    #[arg(short, long)]
    force: bool,
}

const MANUAL: &str = "\
Examples:
  $ thoth get a41e
  core.nullcall

  $ thoth get a41e -o /tmp/core && gdb ./nullcall /tmp/core
  $ thoth get a41e dmesg.txt";

/// Write a dump, or a file beside it, to standard output
#[derive(Debug, clap::Args)]
#[command(after_long_help = CAT_MANUAL)]
pub(crate) struct Cat {
    /// A hash (4 digits or more), or a specification that one dump fits
    #[arg(value_name = "DUMP")]
    dump: String,

    /// A file beside the dump
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

const CAT_MANUAL: &str = "\
Examples:
  $ thoth cat a41e | zstd > core.zst
  $ thoth cat a41e dmesg.txt

On a terminal a file beside the dump is shown with its control characters
escaped; a dump is not shown there.";

/// Bytes read at once.
const PIECE: usize = 1 << 20;
/// A page: what becomes a hole when it is all zeros.
const PAGE: usize = 4096;

/// Opens what is meant, and says what its file is called.
fn open(
    session: &Session,
    dump: &str,
    name: Option<&str>,
) -> Result<(Box<dyn ObjectReader>, String)> {
    let argument = dump.to_owned();
    let records = stored(session, std::slice::from_ref(&argument))?;
    let [record] = &records[..] else {
        let text = format!("{dump} means {} dumps", records.len());
        return Err(Failure::from(Error::Usage(text))
            .hint("thoth ls shows their hashes"));
    };
    let dumps = session.dumps()?;
    if let Some(name) = name {
        let found = dumps.open_attachment(record, name);
        let reader = found.map_err(|e| with_names(e.into(), record))?;
        return Ok((reader, name.to_owned()));
    }
    if record.is_purged() {
        let text = format!("the bytes of {} were removed", record.id().short());
        return Err(Failure::new(
            crate::error::Kind::NotFound,
            Error::Usage(text),
        )
        .hint(format!("thoth history {} says why", record.id().short())));
    }
    let path = record.dump_path().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default().to_owned();
    Ok((dumps.open_dump(record)?, file))
}

fn with_names(failure: Failure, record: &Record) -> Failure {
    let names: Vec<String> =
        record.attachments().into_iter().map(|a| a.name).collect();
    match names.is_empty() {
        true => failure.hint("there are no files beside this dump"),
        false => failure.hint(format!("there are: {}", names.join(", "))),
    }
}

/// Calls for each piece of an object, in order.
fn pieces(
    reader: &dyn ObjectReader,
    mut take: impl FnMut(u64, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut piece = vec![0; PIECE];
    let mut at = 0u64;
    let size = reader.info().size_bytes;
    while at < size {
        let read = reader.read_at(&mut piece, at).map_err(|e| {
            Failure::new(crate::error::Kind::User, e)
                .detail(format!("at byte {at} of {size}"))
        })?;
        if read == 0 {
            let text = format!("the object ends at byte {at} of {size}");
            return Err(Error::Environment(text).into());
        }
        take(at, piece.get(..read).unwrap_or_default())?;
        at = at.saturating_add(read as u64);
    }
    Ok(())
}

/// Writes an object into a file, pages of zeros as holes.
fn write_sparse(reader: &dyn ObjectReader, file: &File) -> Result<()> {
    pieces(reader, |at, piece| {
        let mut start = 0usize;
        for page in piece.chunks(PAGE) {
            if page.iter().any(|b| *b != 0) {
                file.write_all_at(page, at.saturating_add(start as u64))?;
            }
            start += page.len();
        }
        Ok(())
    })?;
    file.set_len(reader.info().size_bytes)?;
    file.sync_all()?;
    Ok(())
}

impl Get {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let (reader, name) = open(session, &self.dump, self.name.as_deref())?;
        let target = self.output.clone().unwrap_or_else(|| {
            // A name from the store is a name, not a path.
            let base = Path::new(&name).file_name();
            PathBuf::from(base.unwrap_or_else(|| "dump".as_ref()))
        });
        if target.exists() && !self.force {
            let text = format!("{} is there already", target.display());
            return Err(Failure::from(Error::Usage(text))
                .hint("--force replaces it, -o FILE names another"));
        }
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let scratch = tempfile::NamedTempFile::new_in(folder)
            .map_err(io_error("write to", folder))?;
        write_sparse(&*reader, scratch.as_file())?;
        scratch
            .persist(&target)
            .map_err(|e| io_error("write", &target)(e.error))?;
        let shown = target.display().to_string();
        session.out.detail(format_args!(
            "{shown}: {}",
            size_text(reader.info().size_bytes)
        ));
        if session.out.json {
            let size = reader.info().size_bytes;
            let answer = serde_json::json!({ "file": shown, "size": size });
            return session.out.json(&answer);
        }
        session.out.text(|text: &mut Text<'_>| line!(text, "{shown}"))
    }
}

impl Cat {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let (reader, _) = open(session, &self.dump, self.name.as_deref())?;
        let mut out = io::stdout().lock();
        if out.is_terminal() {
            if self.name.is_none() {
                let text = "a dump is not for a terminal".to_owned();
                return Err(Failure::from(Error::Usage(text))
                    .hint("thoth get writes it to a file"));
            }
            drop(out);
            return show(session, &*reader);
        }
        pieces(&*reader, |_, piece| Ok(out.write_all(piece)?))?;
        out.flush()?;
        Ok(())
    }
}

/// Shows a text on a terminal, line by line, escaped.
fn show(session: &Session, reader: &dyn ObjectReader) -> Result<()> {
    let mut rest = Vec::new();
    pieces(reader, |_, piece| {
        rest.extend_from_slice(piece);
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches('\n');
            session.out.text(|text: &mut Text<'_>| line!(text, "{line}"))?;
        }
        Ok(())
    })?;
    if rest.is_empty() {
        return Ok(());
    }
    let line = String::from_utf8_lossy(&rest);
    session.out.text(|text: &mut Text<'_>| line!(text, "{line}"))
}
