//! `thoth upload`: a dump is moved once, and read on the way.

use crate::dump::{Content, DumpOnDisk};
use crate::error::{Error, Failure, Result};
use crate::facts;
use crate::kernel;
use crate::options::ReadArgs;
use crate::output::Verbosity;
use crate::session::Session;
use crate::tables::size_text;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value};
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thoth_dumps::{
    CoreFacts, DumpId, FileSource, Progress, Source, TimeFact, UploadOptions,
    Uploaded, parse_value,
};
use thoth_postmortem::Process;
use thoth_postmortem::bytes::ReadAt;

/// Upload dumps into the store
///
/// Each is identified, read (process, signal, arguments, modules, the stack of
/// the thread that crashed), stored and listed; its hash is printed, one a
/// line, in the order given. What is there already is left alone, except that
/// a whole dump takes the place of a truncated one. Compressed dumps (.gz,
/// .zst, .lz4, .xz) are expanded on the way.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Upload {
    /// Local dumps
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Give each this ticket
    #[arg(long, value_name = "TICKET")]
    ticket: Option<String>,

    /// Give each this property; may be repeated
    #[arg(long = "prop", value_name = "PROPERTY=VALUE")]
    properties: Vec<String>,

    #[command(flatten)]
    read: ReadArgs,
}

const MANUAL: &str = "\
Examples:
  $ thoth upload core.nullcall
  a41ef26d5f2a5c6b47a519c3e116e914

  $ thoth upload core.nullcall
  thoth: core.nullcall is there already
  a41ef26d5f2a5c6b47a519c3e116e914

  $ thoth upload --ticket WEB-17 --prop site=lab3 /var/crash/core.*";

impl Upload {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let properties = properties(&self.properties)?;
        // Mistakes first: nothing is uploaded when a file is not there.
        for file in &self.files {
            if let Err(e) = std::fs::metadata(file) {
                return Err(crate::error::io_error("open", file)(e));
            }
        }
        for file in &self.files {
            let mut options = UploadOptions::of_file(file);
            options.ticket.clone_from(&self.ticket);
            options.properties.clone_from(&properties);
            options.uploader = uploader();
            let id = self.one(session, file, options)?;
            if session.out.json {
                let answer = serde_json::json!({
                    "id": id.to_string(),
                    "file": file.display().to_string(),
                });
                session.out.json(&answer)?;
            } else {
                session.out.raw(format!("{id}\n").as_bytes())?;
            }
        }
        session.maintain();
        Ok(())
    }

    fn one(
        &self,
        session: &Session,
        file: &Path,
        mut options: UploadOptions,
    ) -> Result<DumpId> {
        let dump = DumpOnDisk::open(file, &self.read)?;
        let name = file.display();
        for line in dump.damage() {
            session.out.warning(format_args!("{name}: {line}"));
        }
        let identity = dump.identity();
        let truncated = match &dump.content {
            Content::Core(core) => !core.completeness().complete,
            Content::Kernel(_) => dump.file.expand_problem.is_some(),
        };
        let dumps = session.dumps()?;
        if dumps.already_there(&identity.id, truncated)?.is_some() {
            self.tell_there(session, file);
            return Ok(identity.id);
        }
        let DumpOnDisk { file: opened, content } = dump;
        let mut facts = match content {
            Content::Core(core) => {
                let finder = Box::new(self.read.finder()?);
                facts::of_process(&Process::load(*core, finder), identity)
            }
            Content::Kernel(parts) => kernel::facts(&parts),
        };
        facts.completeness.truncated = truncated;
        collected(file, &mut facts, &mut options);
        let plain = opened.compression.is_none();
        if !plain {
            options.file_name = expanded_name(&options.file_name);
        }
        let source: Box<dyn Source> = if plain {
            Box::new(FileSource(file.to_owned()))
        } else {
            Box::new(Expanded(Arc::clone(&opened.bytes)))
        };
        let bar = bar(session, &options.file_name, source.length_bytes());
        let mut progress = |p: Progress| bar.set_position(p.done_bytes);
        session.out.detail(format_args!("uploading {name} to {}", facts.id));
        let done = dumps.upload(&*source, &facts, &options, &mut progress);
        bar.finish_and_clear();
        let Uploaded { id, already_there, replaced_truncated, .. } = done?;
        if already_there {
            self.tell_there(session, file);
        }
        if replaced_truncated {
            session.out.note(format_args!(
                "{name} has taken the place of a truncated copy"
            ));
        }
        Ok(id)
    }

    fn tell_there(&self, session: &Session, file: &Path) {
        let name = file.display();
        session.out.note(format_args!("{name} is there already"));
        if self.ticket.is_some() || !self.properties.is_empty() {
            session.out.warning(format_args!(
                "{name}: --ticket and --prop are for new dumps; thoth ticket \
                 and thoth set change one that is there"
            ));
        }
    }
}

/// Takes what a collector wrote beside the file: systemd-coredump keeps the
/// time and the host as extended attributes.
fn collected(file: &Path, facts: &mut CoreFacts, options: &mut UploadOptions) {
    let attribute = |name: &str| -> Option<String> {
        let mut value = vec![0; 256];
        let n = rustix::fs::getxattr(file, name, &mut value[..]).ok()?;
        value.truncate(n);
        String::from_utf8(value).ok().filter(|v| !v.is_empty())
    };
    let time = "user.coredump.timestamp";
    let micros = attribute(time).and_then(|t| t.trim().parse::<f64>().ok());
    if let Some(micros) = micros {
        let seconds = micros / 1e6;
        options.time = Some(TimeFact { seconds, source: time.to_owned() });
    }
    if facts.node.is_none() {
        facts.node = attribute("user.coredump.hostname");
    }
}

/// The content of a compressed dump, expanded.
struct Expanded(Arc<dyn ReadAt>);

impl Source for Expanded {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(Reader { bytes: &*self.0, at: 0 }))
    }

    fn length_bytes(&self) -> Option<u64> {
        Some(self.0.len())
    }
}

struct Reader<'a> {
    bytes: &'a dyn ReadAt,
    at: u64,
}

impl Read for Reader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.bytes.read_at(self.at, buf)?;
        self.at = self.at.saturating_add(n as u64);
        Ok(n)
    }
}

/// Returns a file's name without the ending of its compression.
fn expanded_name(name: &str) -> String {
    let endings = [".gz", ".zst", ".zstd", ".lz4", ".xz"];
    let found = endings.iter().find_map(|e| name.strip_suffix(e));
    found.filter(|n| !n.is_empty()).unwrap_or(name).to_owned()
}

fn properties(arguments: &[String]) -> Result<Map<String, Value>> {
    let mut out = Map::new();
    for argument in arguments {
        let Some((name, value)) = argument.split_once('=') else {
            let text = format!("--prop {argument}: expected PROPERTY=VALUE");
            return Err(Failure::from(Error::Usage(text))
                .hint(format!("--prop {argument}=VALUE")));
        };
        out.insert(name.to_owned(), parse_value(value));
    }
    Ok(out)
}

/// Who uploads: the user, at this machine.
fn uploader() -> Option<String> {
    let set = |name| std::env::var(name).ok().filter(|v| !v.is_empty());
    ["MANTA_USER", "LOGNAME", "USER"].into_iter().find_map(set)
}

/// A progress bar, on a terminal and for what takes long enough to see.
fn bar(session: &Session, name: &str, length: Option<u64>) -> ProgressBar {
    const SMALL: u64 = 32 << 20;
    let shown = io::stderr().is_terminal()
        && session.out.verbosity > Verbosity::Quiet
        && length.is_none_or(|n| n >= SMALL);
    let bar = ProgressBar::with_draw_target(
        length,
        if shown {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        },
    );
    let template = "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    let size = length.map_or(String::new(), |n| format!(" {}", size_text(n)));
    bar.set_message(crate::escape::escaped(&format!("{name}{size}")));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_the_ending_of_their_compression() {
        assert_eq!(expanded_name("core.1.zst"), "core.1");
        assert_eq!(expanded_name(".gz"), ".gz");
        assert_eq!(expanded_name("core.1"), "core.1");
    }

    #[test]
    fn an_expanded_dump_reads_in_order() {
        let bytes: Vec<u8> = (0..=255).collect();
        let source = Expanded(Arc::new(bytes.clone()));
        let mut got = Vec::new();
        source.open().unwrap().read_to_end(&mut got).unwrap();
        assert_eq!(got, bytes);
    }
}
