//! From what the user typed to an opened dump.
//!
//! One argument without `=` is a name: the beginning of a hash, else a local
//! file. A local file is read where it lies; only a name that could be a hash
//! is looked up in the store, so commands on local files work with no store
//! and with a broken one. Arguments with `=` or another operator are a
//! specification, which several dumps may fit. A path with a `/` before its
//! first operator is a path.

use crate::error::{Error, Failure, Kind, Result, io_error};
use crate::facts;
use crate::kept_files;
use crate::kernel;
use crate::options::ReadArgs;
use crate::output::{Answer, Look, part};
use crate::session::Session;
use crate::suggest;
use crate::tables::{size_text, time_text};
use clap::Args;
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thoth_dumps::{
    CrashParts, DumpId, HashPrefix, Identity, Record, Selection, is_term,
};
use thoth_manta::ObjectReader;
use thoth_postmortem::Process;
use thoth_postmortem::bytes::{self, DumpFile, ReadAt};
use thoth_postmortem::core::{Core, CoreError};

/// The dump or dumps that a reading command is about.
#[derive(Debug, Clone, Args)]
pub(crate) struct DumpArgs {
    /// A hash (4 digits or more), a local file, or PROPERTY=VALUE...
    #[arg(required = true, value_name = "DUMP")]
    pub(crate) dump: Vec<OsString>,

    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// A dump that is meant, not yet opened.
#[derive(Debug)]
pub(crate) enum Target {
    /// A file of this machine.
    File(PathBuf),
    /// A dump of the store.
    Stored(Box<Record>),
}

impl Target {
    /// Returns what to call it in messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Stored(record) => record.id().short(),
        }
    }
}

/// The dumps that are meant.
#[derive(Debug)]
pub(crate) struct Targets {
    pub(crate) list: Vec<Target>,
    /// Whether more than one could have been meant: answers are an array.
    pub(crate) many: bool,
}

/// Whether arguments are a specification, not names.
pub(crate) fn is_specification(arguments: &[String]) -> bool {
    arguments.iter().any(|a| is_term(a))
}

/// Whether an argument can only be a path.
fn is_path(argument: &str) -> bool {
    let slash = argument.find('/');
    slash.is_some_and(|s| argument.find('=').is_none_or(|e| s < e))
}

/// Finds the dumps that arguments mean; at least one. What is no valid UTF-8
/// can only be a path.
fn targets_of_any(
    session: &Session,
    arguments: &[OsString],
) -> Result<Targets> {
    let texts: Option<Vec<String>> =
        arguments.iter().map(|a| a.to_str().map(str::to_owned)).collect();
    if let Some(texts) = texts {
        return targets(session, &texts);
    }
    let list = arguments.iter().map(|a| match a.to_str() {
        Some(text) => named(session, text),
        None => Ok(Target::File(a.into())),
    });
    let many = arguments.len() > 1;
    Ok(Targets { list: list.collect::<Result<_>>()?, many })
}

/// Finds the dumps that arguments mean; at least one.
pub(crate) fn targets(
    session: &Session,
    arguments: &[String],
) -> Result<Targets> {
    if let Some(names) = names_from_stdin(session, arguments)? {
        let list = names.iter().map(|n| named(session, n));
        return Ok(Targets { list: list.collect::<Result<_>>()?, many: true });
    }
    if !is_specification(arguments) {
        let list = arguments.iter().map(|n| named(session, n));
        let many = arguments.len() > 1;
        return Ok(Targets { list: list.collect::<Result<_>>()?, many });
    }
    let list = specified(session, arguments)?
        .into_iter()
        .map(|r| Target::Stored(Box::new(r)))
        .collect();
    Ok(Targets { list, many: true })
}

/// Finds the stored dumps that a specification fits; at least one.
pub(crate) fn specified(
    session: &Session,
    arguments: &[String],
) -> Result<Vec<Record>> {
    let spec = thoth_dumps::Spec::parse(arguments)?;
    let records = matching(session, &spec)?;
    if records.is_empty() {
        return Err(nothing_matches(session, arguments));
    }
    Ok(records)
}

/// Finds the stored dumps that a specification fits, perhaps none, and says
/// what was odd.
pub(crate) fn matching(
    session: &Session,
    spec: &thoth_dumps::Spec,
) -> Result<Vec<Record>> {
    for warning in spec.warnings() {
        session.out.warning(format_args!("{warning}"));
    }
    let Some(dumps) = session.dumps_if_any()? else { return Ok(Vec::new()) };
    let found = dumps.find(spec)?;
    for problem in &found.problems {
        session.mark_partial();
        let (id, error) = (&problem.id, &problem.error);
        session.out.warning(format_args!("dump {id} is left out: {error}"));
    }
    Ok(found.records)
}

/// Says that nothing fits, and what may have been meant.
pub(crate) fn nothing_matches(
    session: &Session,
    arguments: &[String],
) -> Failure {
    let failure = Failure::from(Error::NothingMatches(arguments.join(" ")));
    if let [one] = arguments
        && Path::new(one).is_file()
    {
        return failure.hint(format!(
            "there is a file of that name; write ./{one} to mean it"
        ));
    }
    let known = suggest::known_properties(session);
    let slip = arguments.iter().find_map(|argument| {
        let (name, value) = argument.split_once('=')?;
        let name = name.trim_end_matches('!');
        let right = suggest::property(&known, name)?;
        Some(format!("did you mean {right}={value}?"))
    });
    let seen = || match arguments {
        // What could have been written instead.
        [one] => one
            .split_once('=')
            .map(|(name, _)| name.trim_end_matches('!'))
            .filter(|name| suggest::COUNTED.contains(name))
            .map(|name| format!("thoth report {name} shows what there is")),
        _ => None,
    };
    let usual = || "thoth ls shows what is there".to_owned();
    failure.hint(slip.or_else(seen).unwrap_or_else(usual))
}

/// Reads names from standard input when `dump=stdin` asks for it.
pub(crate) fn names_from_stdin(
    session: &Session,
    arguments: &[String],
) -> Result<Option<Vec<String>>> {
    let words = ["dump=stdin", "dumps=stdin", "name=stdin"];
    if !arguments.iter().any(|a| words.contains(&a.as_str())) {
        return Ok(None);
    }
    if arguments.len() > 1 {
        let text =
            "\"stdin\" cannot be used with other specifications".to_owned();
        return Err(Error::Usage(text).into());
    }
    let note = "reading dump identifiers from stdin";
    session.out.note(format_args!("{note}"));
    let mut text = String::new();
    io::stdin()
        .read_to_string(&mut text)
        .map_err(io_error("read", Path::new("standard input")))?;
    let names: Vec<String> =
        text.split_whitespace().map(str::to_owned).collect();
    if names.is_empty() {
        let text = "\"stdin\" specified, but no dumps provided".to_owned();
        return Err(Error::Usage(text).into());
    }
    Ok(Some(names))
}

/// Finds the dump that one name means.
fn named(session: &Session, name: &str) -> Result<Target> {
    let prefix = HashPrefix::parse(name).ok().filter(|_| !is_path(name));
    if prefix.is_some()
        && let Some(dumps) = session.dumps_if_any()?
    {
        match dumps.select(&[name])? {
            Selection::One(record) => {
                return Ok(Target::Stored(Box::new(record)));
            }
            Selection::File(path) => return Ok(Target::File(path)),
            Selection::Many(_) => {}
        }
    }
    let path = Path::new(name);
    // Anything but "there is none" is told by opening it.
    match std::fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            Err(no_such_dump(name))
        }
        _ => Ok(Target::File(path.to_owned())),
    }
}

/// Says that a name means nothing, and what may have been meant.
pub(crate) fn no_such_dump(name: &str) -> Failure {
    let failure = Failure::from(Error::NoSuchDump(name.to_owned()));
    if let Some(similar) = suggest::file(Path::new(name)) {
        return failure.hint(format!("did you mean {}?", similar.display()));
    }
    if is_path(name) {
        return failure.hint("there is no such file");
    }
    let hex = !name.is_empty() && name.bytes().all(|b| b.is_ascii_hexdigit());
    match (hex, name.len()) {
        (true, 0..4) => failure.hint(
            "a hash needs four digits or more; ./NAME means a local file",
        ),
        (true, 4..=32) => failure.hint("thoth ls shows what is there"),
        _ => failure.hint(format!(
            "it is neither a hash nor a file; cmd={name} means dumps of that \
             command"
        )),
    }
}

/// A dump's file, opened, and its core parsed.
struct Opened {
    file: DumpFile,
    core: Core,
}

/// A dump's file, opened, of whatever kind.
pub(crate) struct DumpOnDisk {
    pub(crate) file: DumpFile,
    pub(crate) content: Content,
}

/// What a dump is of.
pub(crate) enum Content {
    /// A process.
    Core(Box<Core>),
    /// A kernel.
    Kernel(CrashParts),
}

impl DumpOnDisk {
    /// Opens a local file, of a process or of a kernel.
    pub(crate) fn open(path: &Path, read: &ReadArgs) -> Result<Self> {
        let file = bytes::open(path, &read.open_options())?;
        Self::of(path.display().to_string(), file)
    }

    /// Opens an object of the store that may be a dump.
    pub(crate) fn stored(
        name: String,
        reader: Box<dyn ObjectReader>,
        read: &ReadArgs,
    ) -> Result<Self> {
        Self::of(name, stored_file(reader, read)?)
    }

    fn of(name: String, file: DumpFile) -> Result<Self> {
        let content = match Core::parse(Arc::clone(&file.bytes)) {
            Ok(core) => Content::Core(Box::new(core)),
            Err(refused @ CoreError::KernelDump(_)) => {
                Content::Kernel(kernel::read(&name, &*file.bytes, refused)?)
            }
            Err(source) => {
                return Err(Error::NoDump { path: name, source }.into());
            }
        };
        Ok(Self { file, content })
    }

    /// Returns which dump it is.
    pub(crate) fn identity(&self) -> Identity {
        match &self.content {
            Content::Core(core) => facts::identity(core),
            Content::Kernel(parts) => kernel::identity(parts),
        }
    }

    /// Whether what the identity is made of is all there.
    pub(crate) fn is_identified(&self) -> bool {
        match &self.content {
            Content::Core(core) => facts::identity_is_whole(core),
            Content::Kernel(_) => true,
        }
    }

    /// Returns what is wrong with the file, one line each.
    pub(crate) fn damage(&self) -> Vec<String> {
        let problem = self.file.expand_problem.as_deref();
        match &self.content {
            Content::Core(core) => facts::damage(core, problem),
            Content::Kernel(_) => {
                problem.map(str::to_owned).into_iter().collect()
            }
        }
    }
}

/// An opened dump, ready to be asked.
pub(crate) struct Dump {
    /// What to call it.
    pub(crate) name: String,
    /// Its identity.
    pub(crate) id: DumpId,
    /// The local file, when it is one.
    pub(crate) path: Option<PathBuf>,
    /// The record, when it is stored.
    pub(crate) record: Option<Box<Record>>,
    pub(crate) process: Process,
    expand_problem: Option<String>,
}

fn parse(name: &str, file: DumpFile) -> Result<Opened> {
    let core = Core::parse(Arc::clone(&file.bytes)).map_err(|source| {
        Failure::from(Error::NoDump { path: name.to_owned(), source })
    })?;
    Ok(Opened { file, core })
}

/// Opens a dump and loads its process.
pub(crate) fn open(
    session: &Session,
    target: Target,
    read: &ReadArgs,
) -> Result<Dump> {
    let name = target.name();
    let opened = match &target {
        Target::File(path) => {
            let file = bytes::open(path, &read.open_options())?;
            parse(&name, file)?
        }
        Target::Stored(record) => open_stored(session, record, read)?,
    };
    let id = match &target {
        Target::File(_) => facts::identity(&opened.core).id,
        Target::Stored(record) => record.id(),
    };
    let (path, record) = match target {
        Target::File(path) => (Some(path), None),
        Target::Stored(record) => (None, Some(record)),
    };
    // Local files need no store, and work with a broken one.
    let finder = match &record {
        Some(_) => kept_files::finder(session, read)?,
        None => Box::new(read.finder()?),
    };
    let process = Process::load(opened.core, finder);
    let expand_problem = opened.file.expand_problem;
    let dump = Dump { name, id, path, record, process, expand_problem };
    dump.tell_damage(session);
    Ok(dump)
}

fn open_stored(
    session: &Session,
    record: &Record,
    read: &ReadArgs,
) -> Result<Opened> {
    let name = record.id().short();
    if record.is_purged() {
        let text = format!("the bytes of {name} were removed");
        return Err(Failure::new(Kind::NotFound, Error::Usage(text))
            .hint(format!("thoth history {name} says why")));
    }
    let reader = session.dumps()?.open_dump(record)?;
    parse(&name, stored_file(reader, read)?)
}

/// Opens an object of the store, as a local file where it is one.
fn stored_file(
    reader: Box<dyn ObjectReader>,
    read: &ReadArgs,
) -> Result<DumpFile> {
    Ok(match reader.local_file() {
        Some(path) => bytes::open(&path, &read.open_options())?,
        None => through_store(reader),
    })
}

/// Reads a dump's bytes through the store, where no local file has them.
fn through_store(reader: Box<dyn ObjectReader>) -> DumpFile {
    let size = reader.info().size_bytes;
    DumpFile {
        bytes: Arc::new(StoreBytes { reader, size }),
        file_size: size,
        disk_size: size,
        compression: None,
        expand_problem: None,
        modified: None,
    }
}

struct StoreBytes {
    reader: Box<dyn ObjectReader>,
    size: u64,
}

impl ReadAt for StoreBytes {
    fn len(&self) -> u64 {
        self.size
    }
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while let Some(rest) = buf.get_mut(done..).filter(|r| !r.is_empty()) {
            let at = offset.saturating_add(done as u64);
            match self.reader.read_at(rest, at).map_err(io::Error::other)? {
                0 => break,
                n => done += n,
            }
        }
        Ok(done)
    }
}

impl Dump {
    /// Says what is wrong with the file, and remembers that answers are
    /// partial.
    fn tell_damage(&self, session: &Session) {
        let lines = self.damage();
        if !lines.is_empty() {
            session.mark_partial();
        }
        for line in lines {
            session.out.warning(format_args!("{}: {line}", self.name));
        }
    }

    /// Returns what is wrong with the file, one line each.
    pub(crate) fn damage(&self) -> Vec<String> {
        let core = &self.process.core;
        let mut lines = facts::damage(core, self.expand_problem.as_deref());
        lines.extend(self.process.modules.problems.iter().cloned());
        lines
    }
}

/// Answers a question about each dump that is meant: one object for one name,
/// an array for several. A dump of several that cannot be read is told, and
/// the others go on.
pub(crate) fn each<A: Answer>(
    session: &Session,
    args: &DumpArgs,
    ask: impl Fn(&Dump) -> Result<A>,
) -> Result<()> {
    let Targets { mut list, many } = targets_of_any(session, &args.dump)?;
    if !many && let Some(target) = list.pop() {
        let dump = open(session, target, &args.read)?;
        let answer = ask(&dump)?;
        return session.out.answer(&answer);
    }
    let all = list.len();
    let mut failed = 0;
    let mut one = |target: Target| {
        let name = target.name();
        let answer = open(session, target, &args.read)
            .and_then(|dump| Ok((title(&dump), ask(&dump)?)));
        answer
            .map_err(|failure| {
                failed += 1;
                session.out.note(format_args!("{name}:"));
                session.out.failure(&failure.lines());
            })
            .ok()
    };
    if session.out.json {
        let answers = list.into_iter().filter_map(|t| Some(one(t)?.1));
        session.out.json_array(answers)?;
    } else {
        for (i, target) in list.into_iter().enumerate() {
            let Some((title, answer)) = one(target) else { continue };
            session.out.text(|text| {
                if i > 0 {
                    text.end()?;
                }
                part!(text, Look::Bold, "== {title}")?;
                text.end()?;
                answer.render(text)
            })?;
        }
    }
    if failed > 0 {
        return Err(Error::Some { failed, all }.into());
    }
    Ok(())
}

/// The line above a dump's answer where there are several.
fn title(dump: &Dump) -> String {
    let command = dump.process.command().unwrap_or_else(|| "-".to_owned());
    match &dump.record {
        Some(record) => {
            format!("{} {command} {}", dump.name, time_text(record.time()))
        }
        None => {
            let size = size_text(dump.process.core.bytes().len());
            format!("{} {command} {size}", dump.name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_constraints() {
        let spec = |a: &str| is_specification(&[a.to_owned()]);
        assert!(spec("cmd=node"));
        assert!(spec("exe=/usr/bin/node"));
        assert!(spec("pid>1000"));
        assert!(!spec("./core.ticket=1"));
        assert!(!spec("core"));
        assert!(!spec("/tmp/a=b"));
    }
}
