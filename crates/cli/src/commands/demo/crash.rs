//! The demo's programs, and how to get their cores.
//!
//! Two ways, tried in this order for every program:
//!
//! 1. The kernel, where `kernel.core_pattern` is a plain file name: the program
//!    runs in a folder of its own, so the file that appears there is its core.
//! 2. Our own writer, by ptrace: where the pattern pipes cores to a collector,
//!    names a folder elsewhere, or core files are limited to nothing.

use crate::error::{Error, Failure, Kind, Result, io_error};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use thoth_corpus::snapshot;

/// A program that crashes.
pub(super) struct Program {
    /// What it is called.
    pub(super) name: &'static str,
    /// What its stack answers.
    pub(super) question: &'static str,
    source: &'static str,
    arguments: &'static [&'static str],
    /// A library of its own: name and source.
    library: Option<(&'static str, &'static str)>,
}

/// The programs, in the order of the demo.
pub(super) const PROGRAMS: &[Program] = &[
    Program {
        name: "nullcall",
        question: "A server called through a null pointer. Who did?",
        source: include_str!("nullcall.c"),
        arguments: &["say", "stop"],
        library: None,
    },
    Program {
        name: "deadlock",
        question: "A watchdog killed this one: nothing moved any more. Why?",
        source: include_str!("deadlock.c"),
        arguments: &[],
        library: None,
    },
    Program {
        name: "libabort",
        question: "A library aborted. What did it say, and who called it?",
        source: include_str!("libabort.c"),
        arguments: &[],
        library: Some(("ledger", include_str!("ledger.c"))),
    },
    Program {
        name: "overflow",
        question: "A parser ran out of stack. What did it do all the time?",
        source: include_str!("overflow.c"),
        arguments: &[],
        library: None,
    },
];

/// The cores, and how they came about.
pub(super) struct Cores {
    /// Paths relative to the demo's folder, in the order of [`PROGRAMS`].
    pub(super) files: Vec<String>,
    pub(super) how: String,
    pub(super) compiler: String,
}

/// Compiles the programs below `folder` and makes them crash.
///
/// Between the steps it asks whether to go on.
pub(super) fn cores(
    folder: &Path,
    go_on: &dyn Fn() -> Result<()>,
) -> Result<Cores> {
    let compiler = Compiler::find()?;
    let bin = folder.join("bin");
    make_folder(&bin)?;
    let built: Vec<PathBuf> = std::thread::scope(|scope| {
        let jobs: Vec<_> = PROGRAMS
            .iter()
            .map(|p| scope.spawn(|| compiler.build(p, &bin)))
            .collect();
        jobs.into_iter()
            .map(|job| match job.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect::<Result<_>>()
    })?;
    let kernel = kernel_writes_files();
    let mut ours = 0;
    let mut files = Vec::new();
    for (program, path) in PROGRAMS.iter().zip(built) {
        go_on()?;
        let core = folder.join(format!("core.{}", program.name));
        let run = folder.join("run").join(program.name);
        make_folder(&run)?;
        let by_kernel =
            kernel.is_ok() && from_kernel(program, &path, &run, &core)?;
        if !by_kernel {
            ours += 1;
            let mut command = command(program, &path, &run);
            snapshot::run_until_crash(&mut command, &core)
                .map_err(|e| Failure::new(Kind::User, e))?;
        }
        files.push(format!("core.{}", program.name));
    }
    let how = match (ours, kernel) {
        (0, _) => "written by the kernel".to_owned(),
        (_, Err(why)) => format!("taken by thoth itself, by ptrace: {why}"),
        (_, Ok(())) => {
            "taken by thoth itself, by ptrace: the kernel wrote none (see \
             ulimit -c)"
                .to_owned()
        }
    };
    Ok(Cores { files, how, compiler: compiler.to_string() })
}

fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(io_error("make folder", path))
}

/// Whether the kernel writes cores into the working folder; if not, why.
fn kernel_writes_files() -> std::result::Result<(), String> {
    let file = "/proc/sys/kernel/core_pattern";
    let pattern = fs::read_to_string(file).unwrap_or_default();
    let pattern = pattern.trim_end();
    if pattern.starts_with('|') {
        let program = pattern.trim_start_matches('|');
        let program = program.split(' ').next().unwrap_or_default();
        return Err(format!("the kernel hands cores to {program}"));
    }
    if pattern.is_empty() || pattern.contains('/') {
        return Err(format!("kernel.core_pattern is {pattern:?}"));
    }
    Ok(())
}

fn command(program: &Program, path: &Path, run: &Path) -> Command {
    let mut command = Command::new(path);
    command.args(program.arguments).current_dir(run);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("DEMO", "yes");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Runs a program and takes the core that the kernel wrote, if it did.
fn from_kernel(
    program: &Program,
    path: &Path,
    run: &Path,
    core: &Path,
) -> Result<bool> {
    // A shell sets the limit: for its child only, and without unsafe code.
    let mut shell = command(program, Path::new("/bin/sh"), run);
    let script = "ulimit -c unlimited 2>/dev/null; exec \"$0\" \"$@\"";
    let mut with_script = Command::new("/bin/sh");
    with_script.arg("-c").arg(script).arg(path).args(program.arguments);
    std::mem::swap(&mut shell, &mut with_script);
    shell.current_dir(run).env_clear();
    shell.env("PATH", "/usr/bin:/bin").env("DEMO", "yes");
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = shell.status().map_err(io_error("run", path))?;
    if !status.core_dumped() {
        return Ok(false);
    }
    let entries = fs::read_dir(run).map_err(io_error("list", run))?;
    let Some(found) = entries.flatten().map(|e| e.path()).next() else {
        return Ok(false);
    };
    fs::rename(&found, core).map_err(io_error("move", &found))?;
    Ok(true)
}

/// A C compiler.
struct Compiler {
    words: Vec<String>,
}

impl std::fmt::Display for Compiler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words.join(" "))
    }
}

impl Compiler {
    fn find() -> Result<Self> {
        let named = std::env::var("CC").ok().filter(|c| !c.trim().is_empty());
        let candidates = match &named {
            Some(cc) => vec![cc.as_str()],
            None => vec!["cc", "gcc", "clang"],
        };
        for candidate in &candidates {
            let words: Vec<String> =
                candidate.split_whitespace().map(str::to_owned).collect();
            let compiler = Self { words };
            let mut version = compiler.command();
            version.arg("--version");
            version.stdout(Stdio::null()).stderr(Stdio::null());
            if version.status().is_ok_and(|s| s.success()) {
                return Ok(compiler);
            }
        }
        let text =
            format!("no C compiler: {} does not run", candidates.join(", "));
        Err(Failure::from(Error::Environment(text))
            .hint("apt install gcc, or set CC to a compiler"))
    }

    fn command(&self) -> Command {
        let program = self.words.first().map_or("cc", String::as_str);
        let mut command = Command::new(program);
        command.args(self.words.iter().skip(1));
        command
    }

    /// Compiles one program, and its library first.
    fn build(&self, program: &Program, bin: &Path) -> Result<PathBuf> {
        let out = bin.join(program.name);
        let mut words: Vec<String> = vec!["-pthread".into()];
        if let Some((name, source)) = program.library {
            let file = bin.join(format!("lib{name}.so"));
            self.compile(source, name, &file, &["-shared", "-fPIC"])?;
            words.push(format!("-L{}", bin.display()));
            words.push(format!("-l{name}"));
            words.push("-Wl,-rpath,$ORIGIN".into());
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.compile(program.source, program.name, &out, &words)?;
        Ok(out)
    }

    fn compile(
        &self,
        source: &str,
        name: &str,
        out: &Path,
        words: &[&str],
    ) -> Result<()> {
        let folder = out.parent().unwrap_or(Path::new("."));
        let file = folder.join(format!("{name}.c"));
        fs::write(&file, source).map_err(io_error("write", &file))?;
        let mut command = self.command();
        command.args(["-g", "-O1", "-o"]).arg(out).arg(&file).args(words);
        let done = command.output().map_err(io_error("run", &file))?;
        if done.status.success() {
            return Ok(());
        }
        let text = format!("{self} cannot compile {name}.c");
        let says = String::from_utf8_lossy(&done.stderr);
        let failure = Failure::from(Error::Environment(text));
        let lines = says.lines().take(5).map(str::to_owned);
        Err(lines.fold(failure, Failure::detail))
    }
}
