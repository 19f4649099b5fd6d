//! `thoth demo`: four crashes, and what a user would do next.
//!
//! Nothing of it is canned: the programs are compiled and crash, and every
//! command shown is run, by this very executable. Everything lies in one
//! temporary folder, which goes away however the demo ends: at its end, on an
//! error, on Ctrl-C, and when the reader of its output goes away.

mod crash;

use crate::error::{Error, Failure, Kind, Result, io_error};
use crate::escape::escaped;
use crate::output::{Look, line, part};
use crate::session::Session;
use crash::{Cores, PROGRAMS};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tempfile::TempDir;

/// Make small programs crash, and show what to do with their cores
///
/// Four C programs are compiled and run: a call through a null pointer, a
/// deadlock, an abort deep in a library, a stack overflow. Their cores are
/// uploaded into a fresh store in a temporary folder, and looked at; each
/// command is printed before its output. Needs a C compiler; takes seconds,
/// and leaves nothing behind.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Demo {
    /// Keep the folder with programs, cores and store
    #[arg(long)]
    keep: bool,
}

const MANUAL: &str = "\
Cores are taken from the kernel where kernel.core_pattern names a plain file;
where it hands them to a collector, thoth takes them itself, by ptrace. The
demo says which. CC names another compiler than cc, gcc or clang.";

impl Demo {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let started = Instant::now();
        let folder =
            tempfile::Builder::new()
                .prefix("thoth-demo-")
                .tempdir()
                .map_err(io_error("make folder in", &std::env::temp_dir()))?;
        let signals = Signals::watch()?;
        let stage = Stage { session, folder: folder.path(), signals };
        // What a signal broke on its way is not what went wrong.
        let shown = stage.play();
        let shown = stage.signals.check().and(shown);
        let kept = self.keep.then(|| folder.path().to_owned());
        finish(session, folder, kept.as_deref())?;
        shown?;
        let seconds = started.elapsed().as_secs_f64();
        session.out.text(|text| {
            line!(text)?;
            match &kept {
                Some(dir) => {
                    let dir = dir.display();
                    line!(text, "Done in {seconds:.1} s; all is kept in {dir}")
                }
                None => line!(
                    text,
                    "Done in {seconds:.1} s; the temporary folder is gone."
                ),
            }
        })
    }
}

/// Removes the folder, unless it is to be kept.
fn finish(
    session: &Session,
    folder: TempDir,
    kept: Option<&Path>,
) -> Result<()> {
    match kept {
        Some(_) => {
            let _ = folder.keep();
        }
        None => {
            let path = folder.path().to_owned();
            if let Err(e) = folder.close() {
                let path = path.display();
                session.out.warning(format_args!("cannot remove {path}: {e}"));
            }
        }
    }
    Ok(())
}

/// Signals that end the demo. Each step takes a moment only, so it is enough
/// to look between them; then everything is removed as at any other end.
struct Signals(Arc<AtomicUsize>);

impl Signals {
    fn watch() -> Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let seen = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let value = usize::try_from(signal).unwrap_or(0);
            let seen = Arc::clone(&seen);
            signal_hook::flag::register_usize(signal, seen, value)
                .map_err(io_error("catch signals in", Path::new("thoth")))?;
        }
        Ok(Self(seen))
    }

    /// Fails when one has come.
    fn check(&self) -> Result<()> {
        match u8::try_from(self.0.load(Ordering::SeqCst)) {
            Ok(0) | Err(_) => Ok(()),
            Ok(signal) => Err(Error::Ended(signal).into()),
        }
    }
}

/// Where the demo plays.
struct Stage<'a> {
    session: &'a Session,
    folder: &'a Path,
    signals: Signals,
}

impl Stage<'_> {
    fn play(&self) -> Result<()> {
        self.say(
            "Four small programs crash; their cores are uploaded and looked \
             at.",
        )?;
        let Cores { files, how, compiler } =
            crash::cores(self.folder, &|| self.signals.check())?;
        self.say(&format!("Compiler: {compiler}. Cores: {how}."))?;
        self.say(&format!(
            "Folder: {}, THOTH_HOME below it.",
            self.folder.display()
        ))?;

        self.explain("Store the cores; each gets a name made of its content:")?;
        let ids = self.upload(&files)?;
        self.explain("What is there now?")?;
        self.command(&["ls"])?;
        self.explain("By what did they die?")?;
        self.command(&["report", "type=core", "signal"])?;
        self.explain("All that is known of the first; a few digits name it:")?;
        let first = ids.first().map_or("", String::as_str);
        self.command_head(&["info", first], 24)?;

        for (program, id) in PROGRAMS.iter().zip(&ids) {
            self.explain(program.question)?;
            self.command(&["stack", id])?;
        }
        self.explain("The registers at the null call:")?;
        self.command(&["fault", first])?;

        self.explain("That one is understood. Mark it, and all like it:")?;
        let like_it =
            ["ticket", "signal=SIGSEGV", "stack=*dispatch*", "DEMO-1"];
        self.command(&like_it)?;
        self.command(&["ls", "ticket=DEMO-1"])?;
        self.explain("What is left to look at?")?;
        self.command(&["ls", "ticket=undefined", "signal", "threads"])?;
        self.explain("A local core needs no upload and no store:")?;
        self.command(&["args", files.first().map_or("core", String::as_str)])
    }

    /// Uploads, and returns the first digits of the names printed.
    fn upload(&self, files: &[String]) -> Result<Vec<String>> {
        let mut words = vec!["upload"];
        words.extend(files.iter().map(String::as_str));
        let printed = self.command_head(&words, usize::MAX)?;
        let short = |id: &str| id.chars().take(8).collect();
        Ok(printed.lines().map(short).collect())
    }

    fn say(&self, words: &str) -> Result<()> {
        self.session.out.text(|text| line!(text, "{words}"))
    }

    fn explain(&self, words: &str) -> Result<()> {
        self.session.out.text(|text| {
            line!(text)?;
            part!(text, Look::Faint, "# {words}")?;
            text.end()
        })
    }

    /// Prints a command, runs it, and lets it print.
    fn command(&self, words: &[&str]) -> Result<()> {
        self.announce(words)?;
        let status = self
            .thoth(words)
            .status()
            .map_err(io_error("run", Path::new("thoth")))?;
        self.check(words, status.success())
    }

    /// As [`Stage::command`], but shows only the first lines.
    fn command_head(&self, words: &[&str], lines: usize) -> Result<String> {
        self.announce(words)?;
        let output = self
            .thoth(words)
            .stderr(Stdio::inherit())
            .output()
            .map_err(io_error("run", Path::new("thoth")))?;
        self.check(words, output.status.success())?;
        let all = String::from_utf8_lossy(&output.stdout);
        let count = all.lines().count();
        self.session.out.text(|text| {
            for shown in all.lines().take(lines) {
                line!(text, "{shown}")?;
            }
            if count > lines {
                let left = count - lines;
                part!(text, Look::Faint, "    ... and {left} more lines")?;
                text.end()?;
            }
            Ok(())
        })?;
        Ok(all.into_owned())
    }

    fn announce(&self, words: &[&str]) -> Result<()> {
        self.signals.check()?;
        let words: Vec<String> = words.iter().map(|w| shell_word(w)).collect();
        self.session.out.text(|text| {
            part!(text, Look::Bold, "$ thoth {}", words.join(" "))?;
            text.end()
        })
    }

    fn check(&self, words: &[&str], success: bool) -> Result<()> {
        if success {
            return Ok(());
        }
        let text = format!("thoth {} failed", words.join(" "));
        Err(Failure::new(Kind::Bug, Error::Environment(text)))
    }

    /// This program, in the demo's folder and store.
    fn thoth(&self, words: &[&str]) -> Command {
        let program = std::env::current_exe()
            .unwrap_or_else(|_| PathBuf::from("/proc/self/exe"));
        let mut command = Command::new(program);
        command.args(words).current_dir(self.folder);
        command.env("THOTH_HOME", self.folder.join("home"));
        for name in ["MANTA_URL", "MANTA_USER", "THOTH_USER"] {
            command.env_remove(name);
        }
        command
    }
}

/// Returns a word as it would be typed.
fn shell_word(word: &str) -> String {
    let special = |c: char| " *?'\"$\\&|;<>()".contains(c);
    if word.contains(special) {
        return format!("'{}'", escaped(word));
    }
    word.to_owned()
}
