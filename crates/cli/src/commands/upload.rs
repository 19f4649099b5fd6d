//! `thoth upload`: a dump is moved once, and read on the way.

use crate::dump::{Content, DumpOnDisk};
use crate::error::{Error, Failure, Result, io_error};
use crate::facts;
use crate::kept_files;
use crate::kernel;
use crate::options::{ReadArgs, scratch_dir};
use crate::output::Verbosity;
use crate::session::Session;
use crate::tables::size_text;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value};
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thoth_dumps::{
    BuildFile, CoreFacts, DumpId, FileSource, Identity, Progress, Record,
    Source, TimeFact, UploadOptions, Uploaded, parse_value,
};
use thoth_postmortem::Process;
use thoth_postmortem::bytes::{Compression, ReadAt};
use thoth_postmortem::modules::build_id_of_file;

/// Upload dumps into the store
///
/// Each is identified, read (process, signal, arguments, modules, the stack of
/// the thread that crashed), stored and listed; its hash is printed, one a
/// line, in the order given. What is there already is left alone, except that
/// a whole dump takes the place of a truncated one. Compressed dumps (.gz,
/// .zst, .lz4, .xz) are expanded on the way. A program given with --exe is
/// kept as well, once for all dumps of its build. After an interruption the
/// same command goes on with what is not there yet.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Upload {
    /// Local dumps; - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Give each this ticket
    #[arg(long, value_name = "TICKET")]
    ticket: Option<String>,

    /// Give each this property; may be repeated
    #[arg(long = "prop", value_name = "PROPERTY=VALUE")]
    properties: Vec<String>,

    /// Keep this file beside the dump; may be repeated
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,

    /// Bring a dump back that was removed
    #[arg(long)]
    again: bool,

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

  $ thoth upload --ticket WEB-17 --prop site=lab3 /var/crash/core.*
  $ thoth upload --exe ./server --attach dmesg.txt core.4711
  $ ssh web-1 cat /var/crash/core.4711.zst | thoth upload -";

impl Upload {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let properties = properties(&self.properties)?;
        self.check(session)?;
        for file in &self.files {
            let mut options = match is_stdin(file) {
                true => UploadOptions::named("dump"),
                false => UploadOptions::of_file(file),
            };
            options.ticket.clone_from(&self.ticket);
            options.properties.clone_from(&properties);
            options.uploader = session.author()?;
            options.again = self.again;
            let id = match is_stdin(file) {
                true => self.stream(session, options)?,
                false => self.one(session, file, options)?,
            };
            self.attach(session, &id)?;
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

    /// Mistakes first: nothing is uploaded when a file is not there.
    fn check(&self, session: &Session) -> Result<()> {
        let files = self.files.iter().filter(|file| !is_stdin(file));
        for file in files.chain(&self.attach) {
            if let Err(e) = std::fs::metadata(file) {
                return Err(io_error("open", file)(e));
            }
        }
        if self.files.iter().filter(|file| is_stdin(file)).count() > 1 {
            let text = "standard input can be read once".to_owned();
            return Err(Error::Usage(text).into());
        }
        if self.files.len() > 1 && !self.attach.is_empty() {
            let text = "--attach goes with one dump".to_owned();
            return Err(Failure::from(Error::Usage(text))
                .hint("upload the dumps one by one"));
        }
        self.read.finder()?;
        for exe in &self.read.exe {
            let Some(id) = build_id_of_file(exe) else {
                session.out.warning(format_args!(
                    "{} has no build id and is not kept",
                    exe.display()
                ));
                continue;
            };
            let source = FileSource(exe.clone());
            let kept = session.dumps()?.keep_build_file(
                &id.to_string(),
                BuildFile::Executable,
                &source,
            )?;
            let word = if kept { "kept" } else { "there already" };
            let name = exe.display();
            session.out.detail(format_args!("{name} is {word} as {id}"));
        }
        Ok(())
    }

    fn attach(&self, session: &Session, id: &DumpId) -> Result<()> {
        let dumps = session.dumps()?;
        for file in &self.attach {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let there = dumps.record(id)?.is_some_and(|record| {
                record.attachments().iter().any(|a| a.name == name)
            });
            if there {
                session.out.note(format_args!("{name} is beside it already"));
                continue;
            }
            dumps.attach(id, &name, &FileSource(file.clone()))?;
        }
        Ok(())
    }

    fn one(
        &self,
        session: &Session,
        file: &Path,
        mut options: UploadOptions,
    ) -> Result<DumpId> {
        let dump = DumpOnDisk::open(file, &self.read)?;
        let name = file.display().to_string();
        let (identity, truncated) = self.judge(session, &name, &dump);
        if let Some(id) = self.there(session, &name, identity, truncated)? {
            return Ok(id);
        }
        let DumpOnDisk { file: opened, content } = dump;
        let mut facts = self.facts(session, content, identity)?;
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
        let dumps = session.dumps()?;
        let done = dumps.upload(&*source, &facts, &options, &mut progress);
        bar.finish_and_clear();
        Ok(self.tell_done(session, &name, &done?))
    }

    /// Uploads standard input: into the store at once, and read there.
    fn stream(
        &self,
        session: &Session,
        options: UploadOptions,
    ) -> Result<DumpId> {
        let name = "standard input".to_owned();
        let mut head = [0; 6];
        let mut input = io::stdin().lock();
        let n = fill(&mut input, &mut head)?;
        let head = head.get(..n).unwrap_or_default();
        if Compression::recognise(head).is_some() {
            // To expand it, its end must be known.
            let mut spool = tempfile::NamedTempFile::new_in(scratch_dir())
                .map_err(io_error("write to", &scratch_dir()))?;
            spool.write_all(head)?;
            io::copy(&mut input, &mut spool)?;
            return self.one(session, spool.path(), options);
        }
        let dumps = session.dumps()?;
        let bar = bar(session, &name, None);
        let body = Box::new(io::Cursor::new(head.to_vec()).chain(input));
        let mut progress = |p: Progress| bar.set_position(p.done_bytes);
        let incoming = dumps.receive(body, &mut progress);
        bar.finish_and_clear();
        let incoming = incoming?;
        let facts = dumps
            .open_incoming(&incoming)
            .map_err(Failure::from)
            .and_then(|reader| {
                let dump =
                    DumpOnDisk::stored(name.clone(), reader, &self.read)?;
                let (identity, truncated) = self.judge(session, &name, &dump);
                if let Some(id) =
                    self.there(session, &name, identity, truncated)?
                {
                    return Ok(Err(id));
                }
                let mut facts = self.facts(session, dump.content, identity)?;
                facts.completeness.truncated = truncated;
                Ok(Ok(facts))
            });
        match facts {
            Ok(Ok(facts)) => {
                let done = dumps.adopt(incoming, &facts, &options)?;
                Ok(self.tell_done(session, &name, &done))
            }
            Ok(Err(id)) => {
                dumps.discard(incoming);
                Ok(id)
            }
            Err(failure) => {
                dumps.discard(incoming);
                Err(failure)
            }
        }
    }

    /// Says what is wrong with a dump, which it is, and whether it is cut.
    fn judge(
        &self,
        session: &Session,
        name: &str,
        dump: &DumpOnDisk,
    ) -> (Identity, bool) {
        for line in dump.damage() {
            session.out.warning(format_args!("{name}: {line}"));
        }
        let truncated = match &dump.content {
            Content::Core(core) => !core.completeness().complete,
            Content::Kernel(_) => dump.file.expand_problem.is_some(),
        };
        (dump.identity(), truncated)
    }

    /// Returns the dump that is there already, unless it is to come back.
    fn there(
        &self,
        session: &Session,
        name: &str,
        identity: Identity,
        truncated: bool,
    ) -> Result<Option<DumpId>> {
        let dumps = session.dumps()?;
        let Some(record) = dumps.already_there(&identity.id, truncated)? else {
            return Ok(None);
        };
        if record.is_purged() && self.again {
            return Ok(None);
        }
        self.tell_there(session, name, &record);
        Ok(Some(record.id()))
    }

    fn facts(
        &self,
        session: &Session,
        content: Content,
        identity: Identity,
    ) -> Result<CoreFacts> {
        Ok(match content {
            Content::Core(core) => {
                let finder = kept_files::finder(session, &self.read)?;
                facts::of_process(&Process::load(*core, finder), identity)
            }
            Content::Kernel(parts) => kernel::facts(&parts),
        })
    }

    fn tell_done(
        &self,
        session: &Session,
        name: &str,
        done: &Uploaded,
    ) -> DumpId {
        if done.already_there {
            self.tell_there(session, name, &done.record);
        }
        if done.replaced_truncated {
            session.out.note(format_args!(
                "{name} has taken the place of a truncated copy"
            ));
        }
        done.id
    }

    fn tell_there(&self, session: &Session, name: &str, record: &Record) {
        if record.is_purged() {
            let short = record.id().short();
            session.out.note(format_args!(
                "{name} was removed, and stays so (thoth history {short})"
            ));
            session.out.hint(format_args!("--again brings it back"));
            return;
        }
        session.out.note(format_args!("{name} is there already"));
        if self.ticket.is_some() || !self.properties.is_empty() {
            session.out.warning(format_args!(
                "{name}: --ticket and --prop are for new dumps; thoth ticket \
                 and thoth set change one that is there"
            ));
        }
    }
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Fills a buffer as far as the input reaches.
fn fill(input: &mut dyn Read, buffer: &mut [u8]) -> Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|r| !r.is_empty()) {
        let read = input
            .read(rest)
            .map_err(io_error("read", Path::new("standard input")))?;
        if read == 0 {
            break;
        }
        done += read;
    }
    Ok(done)
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
