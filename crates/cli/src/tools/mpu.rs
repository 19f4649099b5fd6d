//! `mmpu`: multipart uploads, step by step.
//!
//! A store in this process needs no parts, so this tool works with a server
//! only.

use super::bar::{Watched, Wish, bar};
use super::connect::Connection;
use super::headers::Headers;
use super::tree::{Met, Walk, walk};
use super::{Tool, paths, usage};
use crate::error::{Failure, Result, io_error};
use crate::session::Session;
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use thoth_client::{Blocking, Upload};
use thoth_manta::{Condition, Path};

/// Send an object in parts
///
/// An upload is begun with create, which prints its id; its parts are sent
/// with upload, in any order and as often as need be; commit makes the object
/// of them, and abort ends it without one.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = MANUAL,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Mpu {
    #[command(subcommand)]
    step: Step,
}

const MANUAL: &str = "\
Example:
  $ id=$(mmpu create ~~/stor/big)
  $ a=$(mmpu upload -f big.0 $id 0)
  $ b=$(mmpu upload -f big.1 $id 1)
  $ mmpu commit $id $a $b

All parts but the last have 5 MiB or more. mput and thoth upload send long
files in parts by themselves.";

/// What is to be done.
#[derive(Debug, clap::Subcommand)]
enum Step {
    /// Begin an upload; prints its id
    Create {
        /// The object that it is to become
        #[arg(value_name = "PATH")]
        path: String,
        /// Copies to keep
        #[arg(short, long, value_name = "COPIES", default_value = "2")]
        copies: u8,
        /// The size that the object must have
        #[arg(short, long, value_name = "SIZE")]
        size: Option<u64>,
        /// Header to keep; may be repeated
        #[arg(short = 'H', long, value_name = "NAME: VALUE")]
        header: Vec<String>,
        /// The MD5 that the object must have, in base64
        #[arg(short, long, value_name = "MD5")]
        md5: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Send a part, from a file or from standard input; prints its etag
    Upload {
        /// The upload
        #[arg(value_name = "ID")]
        id: String,
        /// The part, from 0
        #[arg(value_name = "NUMBER")]
        number: String,
        /// Local file to send
        #[arg(short, long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// Draw no progress bar
        #[arg(short, long)]
        quiet: bool,
        /// Draw one even if standard error is no terminal
        #[arg(long)]
        progress: bool,
        #[command(flatten)]
        connection: Connection,
    },
    /// Make the object of parts, given by their etags from part 0 on
    Commit {
        /// The upload
        #[arg(value_name = "ID")]
        id: String,
        /// Etags of the parts
        #[arg(value_name = "ETAG")]
        etags: Vec<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// End an upload without an object
    Abort {
        /// The upload
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Print what the server knows about an upload, as JSON
    Get {
        /// The upload
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// List uploads
    List {
        /// And their parts
        #[arg(short = 'p', long = "includeParts")]
        include_parts: bool,
        #[command(flatten)]
        connection: Connection,
    },
    /// List the parts of an upload
    Parts {
        /// The upload
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        connection: Connection,
    },
}

impl Tool for Mpu {
    fn connection(&self) -> &Connection {
        match &self.step {
            Step::Create { connection, .. }
            | Step::Upload { connection, .. }
            | Step::Commit { connection, .. }
            | Step::Abort { connection, .. }
            | Step::Get { connection, .. }
            | Step::List { connection, .. }
            | Step::Parts { connection, .. } => connection,
        }
    }

    fn run(self, session: &Session) -> Result<()> {
        let Some(client) = session.backend()?.client() else {
            return Err(usage(
                "FeatureNotSupportedError: multipart upload is not supported \
                 by the store of this machine",
            )
            .hint(
                "mput stores objects of any size; MANTA_URL names a server",
            ));
        };
        let find = |id: &str| -> Result<Upload> {
            Ok(client.wait(client.client().find_upload(id))?)
        };
        match self.step {
            Step::Create { path, copies, size, header, md5, .. } => {
                let path = paths::parse(session, &path)?;
                let mut headers = create_headers(&header)?;
                headers.insert("durability-level".into(), json!(copies));
                if let Some(size) = size {
                    headers.insert("content-length".into(), json!(size));
                }
                if let Some(md5) = md5 {
                    headers.insert("content-md5".into(), json!(md5));
                }
                let begun = client.client().create_upload(&path, headers);
                let upload = client.wait(begun)?;
                session.out.line(format_args!("{}", upload.id))
            }
            Step::Upload { id, number, file, quiet, progress, .. } => {
                let number = part_number(&number)?;
                let upload = find(&id)?;
                let wish = Wish { forced: progress, quiet };
                let part = Part { upload, number, file, wish };
                let etag = part.send(session, client)?;
                session.out.line(format_args!("{etag}"))
            }
            Step::Commit { id, etags, .. } => {
                let upload = find(&id)?;
                let none = Condition::none();
                let commit =
                    client.client().commit_upload(&upload, &etags, &none);
                Ok(client.wait(commit)?)
            }
            Step::Abort { id, .. } => {
                let upload = find(&id)?;
                Ok(client.wait(client.client().abort_upload(&upload))?)
            }
            Step::Get { id, .. } => {
                let upload = find(&id)?;
                let state = client.client().upload_state(&upload);
                let state = client.wait(state)?;
                let text = serde_json::to_string_pretty(&state)?;
                let mut lines = text.lines();
                lines.try_for_each(|l| session.out.line(format_args!("{l}")))
            }
            Step::List { include_parts, .. } => {
                let account = session.signing_account()?;
                let root = Path::parse(&format!("/{account}/uploads"));
                let root = root.map_err(thoth_manta::Error::from)?;
                let deepest = if include_parts { 3 } else { 2 };
                list(session, &root, 1, deepest)
            }
            Step::Parts { id, .. } => {
                let upload = find(&id)?;
                list(session, &upload.directory, 0, u32::MAX)
            }
        }
    }
}

/// Headers of the object, as they were given: the server keeps them so.
fn create_headers(lines: &[String]) -> Result<Map<String, Value>> {
    // What is malformed is told as the other tools tell it.
    Headers::parse(lines, &[])?;
    let mut headers = Map::new();
    for (name, value) in lines.iter().filter_map(|l| l.split_once(':')) {
        headers.insert(name.trim().to_owned(), json!(value.trim()));
    }
    Ok(headers)
}

fn part_number(text: &str) -> Result<u32> {
    let wrong = || usage("Part number must be in the range: [0, 9999]");
    let plain = text.bytes().all(|b| b.is_ascii_digit());
    if !plain || (text.len() > 1 && text.starts_with('0')) {
        return Err(wrong());
    }
    text.parse().ok().filter(|n| *n <= 9999).ok_or_else(wrong)
}

/// A part, and where its bytes are.
struct Part {
    upload: Upload,
    number: u32,
    file: Option<PathBuf>,
    wish: Wish,
}

impl Part {
    fn send(
        &self,
        session: &Session,
        client: &Blocking,
    ) -> Result<thoth_manta::Etag> {
        let (mut from, length): (Box<dyn Read>, _) = match &self.file {
            None => (Box::new(io::stdin().lock()), None),
            Some(name) => {
                let file = File::open(name).map_err(io_error("open", name))?;
                let meta = file.metadata();
                let meta = meta.map_err(io_error("look at", name))?;
                if !meta.is_file() {
                    let text = format!("{} is not a file", name.display());
                    return Err(usage(text));
                }
                (Box::new(file), Some(meta.len()))
            }
        };
        let name = format!("{} part {}", self.upload.id, self.number);
        let bar = bar(session, self.wish, &name, length);
        let mut body = Watched { body: &mut *from, bar: &bar, read: 0 };
        let etag =
            client.put_part(&self.upload, self.number, &mut body, length);
        bar.finish_and_clear();
        etag.map_err(Failure::from)
    }
}

/// Lists what is below a directory, from one depth to another.
fn list(
    session: &Session,
    root: &Path,
    least: u32,
    max_depth: u32,
) -> Result<()> {
    let manta = session.manta()?;
    let how = Walk { max_depth, ..Walk::default() };
    walk(manta, root, how, &mut |met| match met {
        Met::Failed(_, error) if error.is_not_found() => Ok(()),
        Met::Failed(_, error) => Err(error.into()),
        Met::Entry(info, depth) if depth >= least => {
            session.out.line(format_args!("{}", info.path()))
        }
        Met::Entry(..) => Ok(()),
    })
}
