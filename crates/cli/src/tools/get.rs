//! `mget`: objects to standard output or into a file.

use super::bar::{Wish, bar};
use super::connect::Connection;
use super::headers::{Headers, range_of};
use super::stored::listed;
use super::{Tool, paths, usage};
use crate::error::{Failure, Result, io_error};
use crate::session::Session;
use indicatif::ProgressBar;
use md5::Digest as _;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path as FsPath, PathBuf};
use thoth_manta::{
    Code, Condition, Error, Info, Manta, MantaExt, ObjectReader, Path,
};

/// Write objects to standard output, or into a file
///
/// Several are written one after another. A file given with -o or -O is there
/// when it is whole, and not before. A directory is written as its listing,
/// a line of JSON for each entry.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Get {
    /// Objects
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,

    /// Range or condition, such as 'range: bytes=0-99'; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    header: Vec<String>,

    /// Write into this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Write into a file named as the object
    #[arg(short = 'O', long, conflicts_with = "output")]
    remote_name: bool,

    /// Go on with what an earlier run with -o or -O left behind
    #[arg(long)]
    resume: bool,

    /// Draw no progress bar
    #[arg(short, long)]
    quiet: bool,

    /// Draw one even if standard error is no terminal
    #[arg(long)]
    progress: bool,

    #[command(flatten)]
    connection: Connection,
}

const MANUAL: &str = "\
Examples:
  $ mget ~~/stor/readme.txt
  $ mget -O ~~/stor/dumps/core.1234
  $ mget --resume -o core ~~/stor/dumps/core.1234
  $ mget -H 'range: bytes=0-63' ~~/stor/dumps/core.1234 | xxd
  $ mfind -t o -n 'log$' ~~/stor/logs | xargs mget -q | grep panic

With --resume, what has come is kept in FILE.ETAG.part until the file is
whole; a part of another version is never continued.";

/// Bytes read at once.
const PIECE: usize = 1 << 20;

impl Tool for Get {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn run(self, session: &Session) -> Result<()> {
        let headers = Headers::parse(&self.header, &[])?;
        let paths = paths::parse_all(session, &self.paths)?;
        let output = self.output_file(&paths)?;
        let manta = session.manta()?;
        let get = Run { session, tool: &self, headers: &headers };
        match output {
            None => {
                let stdout = io::stdout();
                let shown = stdout.is_terminal();
                let mut sink = Sink::new(stdout.lock(), "standard output");
                for path in &paths {
                    get.one(&**manta, path, shown, &mut sink)?;
                }
                sink.finish()
            }
            Some(file) if is_special(&file) => {
                let to = File::options().write(true).open(&file);
                let to = to.map_err(io_error("open", &file))?;
                let name = file.display().to_string();
                let mut sink = Sink::new(to, &name);
                for path in &paths {
                    get.one(&**manta, path, false, &mut sink)?;
                }
                sink.finish()
            }
            Some(file) if self.resume => match &paths[..] {
                [path] => get.resumed(&**manta, path, &file),
                _ => Err(usage("--resume only works with one object")),
            },
            Some(file) => get.whole(&**manta, &paths, &file),
        }
    }
}

impl Get {
    fn output_file(&self, paths: &[Path]) -> Result<Option<PathBuf>> {
        if !self.remote_name {
            if self.resume && self.output.is_none() {
                return Err(usage("--resume needs -o or -O"));
            }
            return Ok(self.output.clone());
        }
        match paths {
            [path] => Ok(Some(PathBuf::from(path.name()))),
            _ => {
                Err(usage("--remote-name only works with a single object path"))
            }
        }
    }
}

/// Whether a file is there that is none to replace: a device, a pipe.
fn is_special(file: &FsPath) -> bool {
    std::fs::metadata(file).is_ok_and(|m| !m.is_file() && !m.is_dir())
}

/// Where bytes go.
struct Sink<W> {
    to: W,
    name: String,
}

impl<W: Write> Sink<W> {
    fn new(to: W, name: &str) -> Self {
        Self { to, name: name.to_owned() }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let done = self.to.write_all(bytes);
        done.map_err(|e| self.failed(e))
    }

    fn finish(mut self) -> Result<()> {
        let done = self.to.flush();
        done.map_err(|e| self.failed(e))
    }

    fn failed(&self, error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => error.into(),
            _ => io_error("write to", FsPath::new(&self.name))(error),
        }
    }
}

/// One run, and what it goes by.
struct Run<'a> {
    session: &'a Session,
    tool: &'a Get,
    headers: &'a Headers,
}

/// An object that was opened, and the part of it that is wanted.
struct Part {
    reader: Box<dyn ObjectReader>,
    at: u64,
    end: u64,
}

impl Run<'_> {
    fn one<W: Write>(
        &self,
        manta: &dyn Manta,
        path: &Path,
        on_terminal: bool,
        sink: &mut Sink<W>,
    ) -> Result<()> {
        let reader = match manta.open(path) {
            Ok(reader) => reader,
            Err(error) => {
                return match manta.info(path) {
                    Ok(Info::Directory(_)) => directory(manta, path, sink),
                    _ => Err(error.into()),
                };
            }
        };
        let part = self.part(reader)?;
        let bar = self.bar(&part, on_terminal);
        let whole = part.at == 0;
        copy(&part, &bar, sink, whole)?;
        bar.finish_and_clear();
        Ok(())
    }

    fn bar(&self, part: &Part, on_terminal: bool) -> ProgressBar {
        let quiet = self.tool.quiet || on_terminal;
        let wish = Wish { forced: self.tool.progress, quiet };
        let name = part.reader.info().path.as_str().to_owned();
        let bar = bar(self.session, wish, &name, Some(part.end));
        bar.set_position(part.at);
        bar
    }

    /// Judges conditions and finds the range.
    fn part(&self, reader: Box<dyn ObjectReader>) -> Result<Part> {
        let info = reader.info();
        let condition = &self.headers.condition;
        if *condition != Condition::none()
            && !condition.holds_at(Some((&info.etag, info.mtime)))
        {
            let text = format!("{}: the condition does not hold", info.path);
            return Err(Error::new(Code::PreconditionFailed, text).into());
        }
        let size = info.size_bytes;
        let Some(range) = &self.headers.range else {
            return Ok(Part { reader, at: 0, end: size });
        };
        let Some((at, length)) = range_of(range, size) else {
            let text = format!("{}: {range} of {size} bytes", info.path);
            let code = Code::RequestedRangeNotSatisfiable;
            return Err(Error::new(code, text).into());
        };
        Ok(Part { reader, at, end: at.saturating_add(length) })
    }

    /// Writes a file under another name, and gives it its own when it is
    /// whole.
    fn whole(
        &self,
        manta: &dyn Manta,
        paths: &[Path],
        file: &FsPath,
    ) -> Result<()> {
        let folder = match file.parent() {
            Some(parent) if parent != FsPath::new("") => parent,
            _ => FsPath::new("."),
        };
        let scratch = tempfile::Builder::new()
            .prefix(".mget-")
            .permissions(plain_permissions())
            .tempfile_in(folder)
            .map_err(io_error("write in", folder))?;
        let name = file.display().to_string();
        let mut sink = Sink::new(scratch.as_file(), &name);
        for path in paths {
            self.one(manta, path, false, &mut sink)?;
        }
        sink.finish()?;
        scratch.persist(file).map_err(|e| io_error("write", file)(e.error))?;
        Ok(())
    }

    /// Goes on where an earlier run stopped.
    fn resumed(
        &self,
        manta: &dyn Manta,
        path: &Path,
        file: &FsPath,
    ) -> Result<()> {
        let mut part = self.part(manta.open(path)?)?;
        if part.at > 0 || part.end < part.reader.info().size_bytes {
            return Err(usage("--resume does not go with a range"));
        }
        let etag = part.reader.info().etag.as_str().to_owned();
        let mut kept = file.as_os_str().to_owned();
        kept.push(format!(".{etag}.part"));
        let kept = PathBuf::from(kept);
        let to = File::options()
            .append(true)
            .create(true)
            .open(&kept)
            .map_err(io_error("open", &kept))?;
        let there = to.metadata().map_err(io_error("look at", &kept))?.len();
        part.at = there.min(part.end);
        if part.at > 0 {
            self.session.out.note(format_args!(
                "going on at byte {} of {}",
                part.at, part.end
            ));
        }
        let bar = self.bar(&part, false);
        let name = kept.display().to_string();
        let mut sink = Sink::new(&to, &name);
        copy(&part, &bar, &mut sink, part.at == 0)?;
        sink.finish()?;
        bar.finish_and_clear();
        if there > 0 {
            check_file(&part, &kept)?;
        }
        std::fs::rename(&kept, file).map_err(io_error("rename to", file))
    }
}

/// Checks a file of which an earlier run wrote a part.
fn check_file(part: &Part, file: &FsPath) -> Result<()> {
    let Some(expected) = part.reader.info().md5 else { return Ok(()) };
    let mut bytes = File::open(file).map_err(io_error("open", file))?;
    let found = super::put::md5_of(&mut bytes, file)?;
    if found == expected {
        return Ok(());
    }
    // The next run begins anew.
    let _ = std::fs::remove_file(file);
    Err(mismatch(&part.reader.info().path))
}

fn mismatch(path: &Path) -> Failure {
    usage(format!(
        "ChecksumError: {path}: the bytes that came are not the ones stored"
    ))
}

/// What a file has that no umask was told of.
fn plain_permissions() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    // The umask takes away what the user wants away.
    std::fs::Permissions::from_mode(0o666)
}

/// Copies a part of an object, and checks it where it is all of it.
fn copy<W: Write>(
    part: &Part,
    bar: &ProgressBar,
    sink: &mut Sink<W>,
    from_start: bool,
) -> Result<()> {
    let info = part.reader.info();
    let whole = from_start && part.end == info.size_bytes;
    let expected = info.md5.filter(|_| whole);
    let mut md5 = md5::Md5::new();
    let mut piece = vec![0; PIECE];
    let mut at = part.at;
    while at < part.end {
        let left = usize::try_from(part.end.saturating_sub(at));
        let wanted = left.unwrap_or(PIECE).min(PIECE);
        let buffer = piece.get_mut(..wanted).unwrap_or_default();
        let read = part.reader.read_at(buffer, at)?;
        let Some(bytes) = buffer.get(..read).filter(|b| !b.is_empty()) else {
            return Err(usage(format!(
                "DownloadError: {}: ends at byte {at}, expected {}",
                info.path, part.end
            )));
        };
        if expected.is_some() {
            md5.update(bytes);
        }
        sink.write(bytes)?;
        at = at.saturating_add(read as u64);
        bar.set_position(at);
    }
    let found: [u8; 16] = md5.finalize().into();
    if expected.is_some_and(|expected| expected != found) {
        return Err(mismatch(&info.path));
    }
    Ok(())
}

/// Writes a directory's listing.
fn directory<W: Write>(
    manta: &dyn Manta,
    path: &Path,
    sink: &mut Sink<W>,
) -> Result<()> {
    let mut failure = None;
    manta.list_all(path, &mut |info| {
        let line = serde_json::to_string(&listed(&info));
        let written = line
            .map_err(Failure::from)
            .and_then(|line| sink.write(format!("{line}\n").as_bytes()));
        if let Err(failed) = written {
            failure.get_or_insert(failed);
        }
        Ok(())
    })?;
    failure.map_or(Ok(()), Err)
}
