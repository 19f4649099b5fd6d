//! `mput`: an object from a file or from standard input.

use super::bar::{Watched, Wish, bar};
use super::connect::Connection;
use super::headers::Headers;
use super::mkdir::mkdirp;
use super::stored::type_of_name;
use super::{Tool, paths, usage};
use crate::config::variable;
use crate::error::{Failure, Result, io_error};
use crate::session::Session;
use md5::Digest as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path as FsPath, PathBuf};
use thoth_manta::{
    Code, DirectoryOptions, Manta, Md5, Metadata, Path, PutOptions,
};

/// Store an object
///
/// From a file with -f, else from standard input. Into a directory, it gets
/// the name of the file. The content type follows from the name where no
/// header says it. What was there before is replaced when the new bytes are
/// all there.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Put {
    /// The object; with -f also a directory
    #[arg(value_name = "PATH")]
    path: String,

    /// Copies to keep
    #[arg(short, long, value_name = "COPIES", default_value = "2")]
    copies: u8,

    /// Local file to store
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Header to keep, or condition; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    header: Vec<String>,

    /// Read the file twice: store only what has the MD5 found first
    #[arg(short, long, requires = "file")]
    md5: bool,

    /// Make the directories above it
    #[arg(short, long)]
    parents: bool,

    /// Draw no progress bar
    #[arg(short, long)]
    quiet: bool,

    /// Draw one even if standard error is no terminal
    #[arg(long)]
    progress: bool,

    /// Role tags to put on it
    #[arg(long, value_name = "TAG,TAG...")]
    role_tag: Vec<String>,

    /// Print what was stored as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    connection: Connection,
}

const MANUAL: &str = "\
Examples:
  $ mput -f ./foo.txt ~~/stor/foo.txt
  $ mput -p -f ./core.1234 ~~/stor/dumps/2026
  $ tail -n 100 syslog | mput -H 'content-type: text/plain' ~~/stor/tail
  $ mput -H 'if-none-match: *' -f ./foo.txt ~~/stor/only-if-new

Environment:
  MANTA_DEFAULT_CONTENT_TYPE  the type of names that tell none";

/// How often a file is tried again after trouble that may pass.
const TRIES: u32 = 3;

impl Tool for Put {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn json(&self) -> bool {
        self.json
    }

    fn run(self, session: &Session) -> Result<()> {
        let headers = Headers::parse(&self.header, &self.role_tag)?;
        for name in &headers.dropped {
            session.out.detail(format_args!("header {name} is not kept"));
        }
        let path = paths::parse(session, &self.path)?;
        let manta = session.manta()?;
        let path = self.target(&**manta, path)?;
        let mut options = self.options(&path, headers);
        let stored = match &self.file {
            Some(file) => {
                self.file(session, &**manta, &path, file, &mut options)
            }
            None => {
                let mut input = io::stdin().lock();
                let body = Body { from: &mut input, length: None };
                self.once(session, &**manta, &path, body, &options)
            }
        };
        let stored = stored.map_err(|error| told(error, &path))?;
        if session.out.json {
            let info = thoth_manta::Info::Object(stored);
            session.out.json_line(&super::stored::listed(&info))?;
        }
        Ok(())
    }
}

/// What is to be read, and how much.
struct Body<'a> {
    from: &'a mut dyn Read,
    length: Option<u64>,
}

impl Put {
    /// Returns where the object goes: in a directory, under the file's name.
    fn target(&self, manta: &dyn Manta, path: Path) -> Result<Path> {
        match manta.info(&path) {
            Ok(info) if info.is_directory() => {
                let Some(file) = &self.file else {
                    return Err(usage("cannot infer name without -f"));
                };
                let name = file.file_name().unwrap_or_default();
                let name = name.to_str().ok_or_else(|| {
                    usage(format!("{} is not UTF-8", file.display()))
                })?;
                Ok(path.join(name).map_err(thoth_manta::Error::from)?)
            }
            Ok(_) => Ok(path),
            Err(error) if error.code().status() == 404 => Ok(path),
            Err(error) => Err(error.into()),
        }
    }

    fn options(&self, path: &Path, headers: Headers) -> PutOptions {
        let content_type = headers.content_type.unwrap_or_else(|| {
            let guess = type_of_name(path.name());
            let default = variable("MANTA_DEFAULT_CONTENT_TYPE");
            match default.and_then(|d| d.into_string().ok()) {
                Some(default) if guess == "application/octet-stream" => default,
                _ => guess,
            }
        });
        PutOptions {
            condition: headers.condition,
            metadata: Metadata { content_type, headers: headers.kept },
            length_bytes: headers.length,
            durability: headers.copies.unwrap_or(self.copies),
            md5: headers.md5.map_or(Md5::Compute, Md5::Promised),
            max_bytes: headers.max_bytes,
            ..PutOptions::default()
        }
    }

    fn file(
        &self,
        session: &Session,
        manta: &dyn Manta,
        path: &Path,
        name: &FsPath,
        options: &mut PutOptions,
    ) -> Result<thoth_manta::ObjectInfo, Trouble> {
        let open = || File::open(name).map_err(io_error("open", name));
        let meta = open()?.metadata().map_err(io_error("look at", name))?;
        if !meta.is_file() {
            let text = format!("{} is not a file", name.display());
            return Err(usage(text).into());
        }
        options.length_bytes = Some(meta.len());
        if self.md5 {
            options.md5 = Md5::Promised(md5_of(&mut open()?, name)?);
        }
        let mut tries = 1;
        loop {
            let mut file = open()?;
            let length = Some(meta.len());
            let body = Body { from: &mut file, length };
            match self.once(session, manta, path, body, options) {
                Err(Trouble::Store(error))
                    if tries < TRIES && may_pass(&error) =>
                {
                    let after = 1u64 << (tries - 1);
                    session.out.note(format_args!(
                        "{error}; trying again in {after} s"
                    ));
                    std::thread::sleep(std::time::Duration::from_secs(after));
                    tries += 1;
                }
                other => return other,
            }
        }
    }

    /// Stores a body; with -p makes what is missing above it and goes on, if
    /// nothing of the body is gone by then.
    fn once(
        &self,
        session: &Session,
        manta: &dyn Manta,
        path: &Path,
        body: Body<'_>,
        options: &PutOptions,
    ) -> Result<thoth_manta::ObjectInfo, Trouble> {
        let wish = Wish { forced: self.progress, quiet: self.quiet };
        let bar = bar(session, wish, path.as_str(), body.length);
        let mut body = Watched { body: body.from, bar: &bar, read: 0 };
        let mut stored = manta.put(path, &mut body, options);
        if let (Err(error), true) = (&stored, self.parents)
            && error.code() == Code::DirectoryDoesNotExist
            && let Some(parent) = path.parent()
        {
            mkdirp(manta, &parent, &DirectoryOptions::default())
                .map_err(Trouble::Store)?;
            if body.read == 0 {
                stored = manta.put(path, &mut body, options);
            } else {
                // A short body is read before it is refused; a file can be
                // read again.
                let Some(file) = &self.file else {
                    return Err(Trouble::Other(usage(format!(
                        "{parent} is there now, but the input is gone: \
                         do it again"
                    ))));
                };
                let mut file =
                    File::open(file).map_err(io_error("open", file))?;
                stored = manta.put(path, &mut file, options);
            }
        }
        match &stored {
            Ok(_) => bar.finish_and_clear(),
            Err(_) => bar.abandon(),
        }
        stored.map_err(Trouble::Store)
    }
}

/// Why nothing was stored.
enum Trouble {
    Store(thoth_manta::Error),
    Other(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

/// Whether trying again can help.
fn may_pass(error: &thoth_manta::Error) -> bool {
    matches!(error.code(), Code::ServiceUnavailable | Code::InternalError)
}

fn told(trouble: Trouble, path: &Path) -> Failure {
    match trouble {
        Trouble::Other(failure) => failure,
        Trouble::Store(error) => match error.code() {
            Code::OperationNotAllowedOnRootDirectory
            | Code::OperationNotAllowedOnDirectory => {
                usage("Cannot write to a directory; specify full object path")
            }
            Code::PreconditionFailed => {
                usage("Cannot write because HTTP precondition not met.")
            }
            Code::DirectoryDoesNotExist => Failure::from(error)
                .hint(format!("mput -p makes the directories above {path}")),
            _ => error.into(),
        },
    }
}

/// Computes the MD5 of a file.
pub(super) fn md5_of(file: &mut dyn Read, name: &FsPath) -> Result<[u8; 16]> {
    let mut md5 = md5::Md5::new();
    let mut piece = vec![0; 1 << 18];
    loop {
        let n = file.read(&mut piece).map_err(io_error("read", name))?;
        if n == 0 {
            return Ok(md5.finalize().into());
        }
        md5.update(piece.get(..n).unwrap_or_default());
    }
}
