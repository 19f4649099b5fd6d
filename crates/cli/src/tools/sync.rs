//! `msync`: a folder of this machine and a directory made the same.
//!
//! Three steps, as they are told on stdout: what files the source has; which
//! of them the destination lacks or has otherwise, by size or by MD5; moving
//! those. With `--delete`, a fourth removes from the destination what the
//! source does not have. A source that could not be read whole deletes
//! nothing.

use super::connect::Connection;
use super::headers::Headers;
use super::mkdir::mkdirp;
use super::put::md5_of;
use super::stored::type_of_name;
use super::tree::{self, Give, Met, Queue, Walk, walk};
use super::{Tool, paths, told_already, usage};
use crate::error::{Failure, Result, io_error};
use crate::session::Session;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use thoth_manta::{
    Code, Condition, DirectoryOptions, Info, Manta, Md5, Metadata,
    ObjectReader, Path, PutOptions,
};

/// Make a directory the same as a local folder
///
/// With -r, make the folder the same as the directory.
/// Files that are the same by size (with -m by MD5) are left alone. Symbolic
/// links are followed.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Sync {
    /// The source: a local folder; with -r a directory
    #[arg(value_name = "SOURCE")]
    source: String,

    /// The destination: a directory; with -r a local folder
    #[arg(value_name = "DEST")]
    destination: String,

    /// Copies to keep
    #[arg(short, long, value_name = "COPIES", default_value = "2")]
    copies: u8,

    /// Delete what the source does not have
    #[arg(short, long)]
    delete: bool,

    /// Leave out files that begin and end as this pattern with its * does;
    /// may be repeated
    #[arg(short = 'x', long, value_name = "PATTERN")]
    exclude: Vec<String>,

    /// Header to keep with each; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    header: Vec<String>,

    /// Send nothing, just delete what the source does not have
    #[arg(short, long)]
    just_delete: bool,

    /// Ignore symbolic links
    #[arg(short = 'l', long)]
    ignore_links: bool,

    /// Compare by MD5 instead of by size
    #[arg(short, long)]
    md5: bool,

    /// Change nothing, say what would be done
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// How much is done at once
    #[arg(short, long, value_name = "NUM", default_value = "50")]
    parallel: usize,

    /// Say nothing but what failed
    #[arg(short, long)]
    quiet: bool,

    /// From the store to this machine
    #[arg(short, long)]
    reverse: bool,

    #[command(flatten)]
    connection: Connection,
}

const MANUAL: &str = "\
Examples:
  $ msync ./plays ~~/stor/plays
  building source file list...
  source file list built, 2 files found
  /me/stor/plays/hamlet.txt... not found, adding to sync list (1/2)
  /me/stor/plays/lear.txt... not found, adding to sync list (2/2)

  sync list built, 2 files staged for syncing (took 3ms)
  /me/stor/plays/hamlet.txt... synced (1/2)
  /me/stor/plays/lear.txt... synced (2/2)

  2 files (12 B) synced successfully, 0 files failed to sync (took 9ms)
  done

  $ msync -n -d ./plays ~~/stor/plays
  $ msync -r ~~/stor/plays ./plays
  $ msync -x '*.o' -x '.git' . ~~/stor/src";

impl Tool for Sync {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn quiet(&self) -> bool {
        self.quiet
    }

    fn run(self, session: &Session) -> Result<()> {
        let (remote, local) = match self.reverse {
            true => (&self.source, &self.destination),
            false => (&self.destination, &self.source),
        };
        let run = Run {
            session,
            headers: Headers::parse(&self.header, &[])?,
            manta: Arc::clone(session.manta()?),
            remote: paths::parse(session, remote)?,
            local: std::path::absolute(local)
                .map_err(io_error("find", FsPath::new(local)))?,
            globs: self.exclude.iter().map(|x| Glob::new(x)).collect(),
            errors: Vec::new(),
            tool: &self,
        };
        run.all()
    }
}

/// A run, and what went wrong in it so far.
struct Run<'a> {
    session: &'a Session,
    tool: &'a Sync,
    headers: Headers,
    manta: Arc<dyn Manta>,
    remote: Path,
    local: PathBuf,
    globs: Vec<Glob>,
    errors: Vec<String>,
}

/// What the workers share.
struct Ends<'a> {
    manta: &'a dyn Manta,
    remote: &'a Path,
    local: &'a FsPath,
    reverse: bool,
}

/// A file on one side.
#[derive(Debug, PartialEq, Eq)]
struct Side {
    size: u64,
    md5: Option<[u8; 16]>,
}

impl Run<'_> {
    /// Says what happens.
    fn say(&self, level: u8, text: &str) -> Result<()> {
        if self.tool.quiet || level > self.tool.connection.verbose {
            return Ok(());
        }
        let mut lines = text.split('\n');
        lines.try_for_each(|l| self.session.out.line(format_args!("{l}")))?;
        self.session.out.flush()
    }

    fn failed(&mut self, text: String) {
        self.session.out.complaint(format_args!("{text}"));
        self.errors.push(text);
    }

    fn all(mut self) -> Result<()> {
        if self.tool.dry_run {
            self.say(0, "== dryrun ==")?;
        }
        self.say(0, "building source file list...")?;
        let files = self.source_files()?;
        let n = files.len();
        self.say(0, &format!("source file list built, {n} files found"))?;
        if !files.is_empty() {
            if !self.tool.just_delete {
                let staged = self.compare(&files)?;
                if !staged.is_empty() {
                    self.transfer(staged)?;
                }
            }
            if self.tool.delete || self.tool.just_delete {
                self.delete(&files)?;
            }
        }
        if self.errors.is_empty() {
            return self.say(0, "done");
        }
        let errors = self.errors.join("\n");
        self.session.out.complaint(format_args!(
            "{} errors; the first: {}",
            self.errors.len(),
            errors.lines().next().unwrap_or_default()
        ));
        self.say(0, "done")?;
        Err(told_already())
    }

    /// Returns the files of the source, relative to it.
    fn source_files(&self) -> Result<BTreeSet<String>> {
        let mut files = BTreeSet::new();
        let mut take = |relative: String| -> Result<()> {
            let glob = self.globs.iter().find(|g| g.fits(&relative));
            if let Some(glob) = glob {
                return self.say(
                    2,
                    &format!(
                        "skipping {relative} because it was excluded by {:?}",
                        glob.text
                    ),
                );
            }
            files.insert(relative);
            Ok(())
        };
        match self.tool.reverse {
            true => self.remote_files(&mut take)?,
            false => {
                local_files(&self.local, self.tool.ignore_links, &mut take)?;
            }
        }
        Ok(files)
    }

    fn remote_files(
        &self,
        take: &mut dyn FnMut(String) -> Result<()>,
    ) -> Result<()> {
        let how = Walk { parallel: self.tool.parallel, ..Walk::default() };
        let root = self.remote.as_str().len() + 1;
        walk(&self.manta, &self.remote, how, &mut |met| match met {
            Met::Failed(path, error) => {
                Err(Failure::from(error)
                    .detail(format!("while listing {path}")))
            }
            Met::Entry(Info::Object(object), _) => {
                let relative = object.path.as_str().get(root..);
                take(relative.unwrap_or_default().to_owned())
            }
            Met::Entry(Info::Directory(_), _) => Ok(()),
        })
    }

    fn ends(&self) -> Ends<'_> {
        Ends {
            manta: &*self.manta,
            remote: &self.remote,
            local: &self.local,
            reverse: self.tool.reverse,
        }
    }

    /// Returns the name that is shown for a file: the destination's.
    fn shown(&self, relative: &str) -> String {
        match self.tool.reverse {
            true => self.local.join(relative).display().to_string(),
            false => format!("{}/{relative}", self.remote),
        }
    }

    /// Returns the files that the destination lacks, or has otherwise.
    fn compare(&mut self, files: &BTreeSet<String>) -> Result<Vec<String>> {
        let started = Instant::now();
        let by_md5 = self.tool.md5;
        let mut answers = Vec::new();
        {
            let ends = self.ends();
            let work =
                |file: String,
                 _: &Queue<String>,
                 give: &Give<'_, (String, Compared)>| {
                    let compared = ends.compare(&file, by_md5);
                    give((file, compared));
                };
            let tasks = files.iter().rev().cloned().collect();
            let mut processed = 0usize;
            let all = files.len();
            tree::run(self.tool.parallel, tasks, &work, &mut |(file, c)| {
                processed += 1;
                let name = self.shown(&file);
                let what = if by_md5 { "md5" } else { "size" };
                let (level, words) = match &c {
                    Ok(Verdict::Missing) => {
                        (0, "not found, adding to sync list".to_owned())
                    }
                    Ok(Verdict::Other) => {
                        (0, format!("{what} is different, adding to sync list"))
                    }
                    Ok(Verdict::Same) => {
                        (1, format!("{what} same as source file, skipping"))
                    }
                    Err(_) => (u8::MAX, String::new()),
                };
                let count = format!("({processed}/{all})");
                if level < u8::MAX {
                    self.say(level, &format!("{name}... {words} {count}"))?;
                }
                answers.push((name, count, file, c));
                Ok(())
            })?;
        }
        let mut staged = Vec::new();
        for (name, count, file, compared) in answers {
            match compared {
                Ok(Verdict::Same) => {}
                Ok(Verdict::Missing | Verdict::Other) => staged.push(file),
                Err(why) => {
                    self.failed(format!("{name}... error: {why} {count}"));
                }
            }
        }
        let n = staged.len();
        let took = pretty_time(started.elapsed());
        self.say(
            0,
            &format!(
                "\nsync list built, {n} files staged for syncing (took {took})"
            ),
        )?;
        Ok(staged)
    }

    fn transfer(&mut self, mut staged: Vec<String>) -> Result<()> {
        let started = Instant::now();
        if self.tool.dry_run {
            for file in &staged {
                let name = self.shown(file);
                self.say(0, &format!("{name}... synced (dryrun)"))?;
            }
            return Ok(());
        }
        let all = staged.len();
        staged.reverse();
        let (mut done, mut bytes, mut processed) = (0usize, 0u64, 0usize);
        let mut failures = Vec::new();
        {
            let ends = self.ends();
            let options = self.put_options();
            let work =
                |file: String,
                 _: &Queue<String>,
                 give: &Give<'_, (String, Moved)>| {
                    let moved = ends.transfer(&file, &options);
                    give((file, moved));
                };
            tree::run(self.tool.parallel, staged, &work, &mut |(file, m)| {
                processed += 1;
                let name = self.shown(&file);
                match m {
                    Ok(n) => {
                        done += 1;
                        bytes = bytes.saturating_add(n);
                        let text = format!("synced ({processed}/{all})");
                        self.say(0, &format!("{name}... {text}"))?;
                    }
                    Err(why) => failures.push(format!(
                        "{name}... error syncing: {why} ({processed}/{all})"
                    )),
                }
                Ok(())
            })?;
        }
        let failed = failures.len();
        failures.into_iter().for_each(|text| self.failed(text));
        self.say(
            0,
            &format!(
                "\n{done} files ({}) synced successfully, {failed} files \
                 failed to sync (took {})",
                decimal_bytes(bytes),
                pretty_time(started.elapsed())
            ),
        )
    }

    fn put_options(&self) -> PutOptions {
        let headers = self.headers.clone();
        PutOptions {
            condition: headers.condition,
            metadata: Metadata {
                content_type: headers.content_type.unwrap_or_default(),
                headers: headers.kept,
            },
            durability: headers.copies.unwrap_or(self.tool.copies),
            ..PutOptions::default()
        }
    }

    /// Removes from the destination what the source does not have.
    fn delete(&mut self, files: &BTreeSet<String>) -> Result<()> {
        self.say(0, "\nbuilding destination file list for deletion...")?;
        let mut extra = Vec::new();
        let mut take = |relative: String| -> Result<()> {
            if !files.contains(&relative) {
                extra.push(relative);
            }
            Ok(())
        };
        let listed = match self.tool.reverse {
            true => local_files(&self.local, false, &mut take),
            false => self.remote_files(&mut take),
        };
        if let Err(failure) = listed {
            let (_, why) = &failure.lines()[0];
            self.failed(format!("error listing destination files: {why}"));
            return Ok(());
        }
        extra.sort();
        let n = extra.len();
        self.say(0, &format!("destination file list built, {n} files found"))?;
        if extra.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let (mut done, mut failed) = (0usize, 0usize);
        for (i, file) in extra.iter().enumerate() {
            let name = self.shown(file);
            if self.tool.dry_run {
                self.say(0, &format!("{name}... deleted (dryrun)"))?;
                continue;
            }
            match self.ends().remove(file) {
                Ok(()) => {
                    done += 1;
                    let count = i + 1;
                    self.say(0, &format!("{name}... deleted ({count}/{n})"))?;
                }
                Err(why) => {
                    failed += 1;
                    self.failed(format!("{name}... error deleting: {why}"));
                }
            }
        }
        let took = pretty_time(started.elapsed());
        self.say(
            0,
            &format!(
                "\n{done} files deleted successfully, {failed} files failed \
                 to delete (took {took})"
            ),
        )
    }
}

/// How a file compares with the one on the other side.
enum Verdict {
    Missing,
    Other,
    Same,
}

type Compared = std::result::Result<Verdict, String>;
type Moved = std::result::Result<u64, String>;

fn text(failure: impl Into<Failure>) -> String {
    failure.into().lines()[0].1.clone()
}

impl Ends<'_> {
    fn remote(&self, relative: &str) -> std::result::Result<Path, String> {
        Path::parse(&format!("{}/{relative}", self.remote))
            .map_err(|e| e.to_string())
    }

    fn remote_side(
        &self,
        relative: &str,
    ) -> std::result::Result<Option<Side>, String> {
        match self.manta.info(&self.remote(relative)?) {
            Ok(Info::Object(object)) => {
                Ok(Some(Side { size: object.size_bytes, md5: object.md5 }))
            }
            Ok(Info::Directory(_)) => Err("is a directory".to_owned()),
            Err(error) if error.code().status() == 404 => Ok(None),
            Err(error) => Err(text(error)),
        }
    }

    fn local_side(
        &self,
        relative: &str,
        md5: bool,
    ) -> std::result::Result<Option<Side>, String> {
        let path = self.local.join(relative);
        let meta = match fs::metadata(&path) {
            Ok(meta) => meta,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(text(io_error("look at", &path)(e))),
        };
        let md5 = match md5 {
            true => {
                let file = File::open(&path);
                let mut file =
                    file.map_err(|e| text(io_error("open", &path)(e)))?;
                Some(md5_of(&mut file, &path).map_err(text)?)
            }
            false => None,
        };
        Ok(Some(Side { size: meta.len(), md5 }))
    }

    fn compare(&self, relative: &str, md5: bool) -> Compared {
        let remote = self.remote_side(relative)?;
        let local = self.local_side(relative, md5 && remote.is_some())?;
        let (Some(remote), Some(local)) = (&remote, &local) else {
            return Ok(Verdict::Missing);
        };
        let same = match (md5, remote.md5) {
            (true, Some(_)) => remote.md5 == local.md5,
            // Nobody knows: to send it again is safe.
            (true, None) => false,
            (false, _) => remote.size == local.size,
        };
        Ok(if same { Verdict::Same } else { Verdict::Other })
    }

    fn transfer(&self, relative: &str, options: &PutOptions) -> Moved {
        match self.reverse {
            true => self.download(relative),
            false => self.upload(relative, options),
        }
    }

    fn upload(&self, relative: &str, options: &PutOptions) -> Moved {
        let from = self.local.join(relative);
        let path = self.remote(relative)?;
        let mut options = options.clone();
        if options.metadata.content_type.is_empty() {
            options.metadata.content_type = type_of_name(path.name());
        }
        options.md5 = Md5::Compute;
        type Put = std::result::Result<thoth_manta::Result<u64>, String>;
        let put = || -> Put {
            let file = File::open(&from);
            let mut file =
                file.map_err(|e| text(io_error("open", &from)(e)))?;
            let size = file.metadata().map_err(|e| e.to_string())?.len();
            let options =
                PutOptions { length_bytes: Some(size), ..options.clone() };
            Ok(self.manta.put(&path, &mut file, &options).map(|_| size))
        };
        match put()? {
            Err(error) if error.code() == Code::DirectoryDoesNotExist => {
                let parent = path.parent().ok_or("has no parent")?;
                mkdirp(self.manta, &parent, &DirectoryOptions::default())
                    .map_err(text)?;
                put()?.map_err(text)
            }
            other => other.map_err(text),
        }
    }

    fn download(&self, relative: &str) -> Moved {
        let to = self.local.join(relative);
        let reader = self.manta.open(&self.remote(relative)?).map_err(text)?;
        save(&*reader, &to).map_err(text)?;
        Ok(reader.info().size_bytes)
    }

    fn remove(&self, relative: &str) -> std::result::Result<(), String> {
        if self.reverse {
            let path = self.local.join(relative);
            let done = fs::remove_file(&path);
            return done.map_err(|e| text(io_error("remove", &path)(e)));
        }
        let path = self.remote(relative)?;
        self.manta.delete(&path, &Condition::none()).map_err(text)
    }
}

/// Writes an object into a file, which is there when it is whole.
fn save(reader: &dyn ObjectReader, to: &FsPath) -> Result<()> {
    let folder = to.parent().unwrap_or(to);
    fs::create_dir_all(folder).map_err(io_error("make folder", folder))?;
    let scratch = tempfile::Builder::new()
        .prefix(".msync-")
        .tempfile_in(folder)
        .map_err(io_error("write in", folder))?;
    let mut piece = vec![0; 1 << 18];
    let (mut at, size) = (0u64, reader.info().size_bytes);
    while at < size {
        let read = reader.read_at(&mut piece, at)?;
        let Some(bytes) = piece.get(..read).filter(|b| !b.is_empty()) else {
            return Err(usage(format!("ends at byte {at}, expected {size}")));
        };
        scratch.as_file().write_all(bytes).map_err(io_error("write to", to))?;
        at = at.saturating_add(read as u64);
    }
    scratch.persist(to).map_err(|e| io_error("write", to)(e.error))?;
    Ok(())
}

/// Visits the files below a folder. Whatever cannot be read is a failure:
/// what is not seen would be taken for deleted.
fn local_files(
    root: &FsPath,
    ignore_links: bool,
    take: &mut dyn FnMut(String) -> Result<()>,
) -> Result<()> {
    /// A loop of links goes deeper than any folder that people make.
    const DEEPEST: usize = 256;
    let mut folders = vec![(root.to_owned(), String::new(), 0usize)];
    while let Some((folder, relative, depth)) = folders.pop() {
        if depth > DEEPEST {
            return Err(usage(format!(
                "{} lies {DEEPEST} folders deep: a loop of links?",
                folder.display()
            ))
            .hint("-l ignores symbolic links"));
        }
        let entries =
            fs::read_dir(&folder).map_err(io_error("list", &folder))?;
        for entry in entries {
            let entry = entry.map_err(io_error("list", &folder))?;
            let path = entry.path();
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                let text = format!("{} is not UTF-8", path.display());
                return Err(usage(text));
            };
            let own = match relative.is_empty() {
                true => name.to_owned(),
                false => format!("{relative}/{name}"),
            };
            let kind = entry.file_type().map_err(io_error("look at", &path))?;
            if kind.is_symlink() && ignore_links {
                continue;
            }
            let meta = match fs::metadata(&path) {
                Ok(meta) => meta,
                // A link that leads nowhere.
                Err(_) if kind.is_symlink() => continue,
                Err(e) => return Err(io_error("look at", &path)(e)),
            };
            if meta.is_dir() {
                folders.push((path, own, depth + 1));
            } else if meta.is_file() {
                take(own)?;
            }
        }
    }
    Ok(())
}

/// A pattern: how a name begins and, after the first `*`, how it ends.
struct Glob {
    text: String,
    begins: String,
    ends: String,
}

impl Glob {
    fn new(text: &str) -> Self {
        let clean = clean(text);
        let (begins, rest) = clean.split_once('*').unwrap_or((clean, ""));
        let ends = rest.split('*').next().unwrap_or_default();
        Self {
            text: text.to_owned(),
            begins: begins.to_owned(),
            ends: ends.to_owned(),
        }
    }

    fn fits(&self, name: &str) -> bool {
        let name = clean(name);
        name.starts_with(&self.begins) && name.ends_with(&self.ends)
    }
}

fn clean(text: &str) -> &str {
    text.strip_prefix("./").unwrap_or(text).trim_start_matches('/')
}

/// Returns a time as `1m 5s 20ms`.
fn pretty_time(time: Duration) -> String {
    let rest = time.subsec_millis();
    let all = time.as_secs();
    let parts = [(all / 3600, "h"), (all / 60 % 60, "m"), (all % 60, "s")];
    let mut text = String::new();
    for (n, unit) in parts.iter().filter(|(n, _)| *n > 0) {
        text.push_str(&format!("{n}{unit} "));
    }
    text.push_str(&format!("{rest}ms"));
    text
}

/// Returns a size in powers of thousand: `24.07 MB`.
fn decimal_bytes(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} {}", units.get(unit).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_a_beginning_and_an_end() {
        for (pattern, name, fits) in [
            ("*.txt", "foo/bar/baz.txt", true),
            ("*.txt", "foo/bar/baz.png", false),
            ("./.git", ".git/foo", true),
            (".git", ".gitignore", true),
            (".git/", ".gitignore", false),
            ("foobar/*/baz.txt", "./foobar/1/2/baz.txt", true),
            ("foobar/*/baz.txt", "foobar/1/2/foo.txt", false),
        ] {
            assert_eq!(Glob::new(pattern).fits(name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn sizes_and_times_read_well() {
        assert_eq!(decimal_bytes(12), "12 B");
        assert_eq!(decimal_bytes(24_070_000), "24.07 MB");
        assert_eq!(decimal_bytes(1500), "1.5 kB");
        assert_eq!(pretty_time(Duration::from_millis(758)), "758ms");
        assert_eq!(pretty_time(Duration::from_millis(33_758)), "33s 758ms");
        assert_eq!(pretty_time(Duration::from_millis(60_000)), "1m 0ms");
    }
}
