//! Running the program, and dumps to run it on.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;
use thoth_corpus::native::{self, Case};
use thoth_corpus::synth::{Core, Thread, X86_64};

/// A data folder of its own, and a working folder.
pub(crate) struct Home {
    dir: TempDir,
}

/// What a run of the program gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("scratch folder");
        std::fs::create_dir(dir.path().join("work")).expect("fresh");
        Self { dir }
    }

    /// The working folder.
    pub(crate) fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// The data folder, which need not exist.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Writes a file into the working folder.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.work().join(name);
        std::fs::write(&path, bytes).expect("a writable folder");
        path
    }

    /// The program, in the working folder, with nothing else set.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thoth"));
        command.args(words).current_dir(self.work()).env_clear();
        command.env("THOTH_HOME", self.data());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        ran(self.command(words))
    }

    /// Runs a command that must succeed, and returns its stdout.
    pub(crate) fn ok(&self, words: &[&str]) -> String {
        let ran = self.run(words);
        assert_eq!(ran.status, 0, "{words:?}: {ran:?}");
        ran.out
    }

    pub(crate) fn json(&self, words: &[&str]) -> serde_json::Value {
        let mut all = words.to_vec();
        all.push("--json");
        let out = self.run(&all).out;
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}"))
    }

    /// Uploads, and returns the names printed.
    pub(crate) fn upload(&self, files: &[&Path]) -> Vec<String> {
        let mut words = vec!["upload", "-q"];
        words.extend(files.iter().map(|f| f.to_str().expect("plain path")));
        self.ok(&words).lines().map(str::to_owned).collect()
    }
}

pub(crate) fn ran(mut command: Command) -> Ran {
    let output = command.output().expect("the program runs");
    let text = |b: Vec<u8>| String::from_utf8(b).expect("valid UTF-8");
    Ran {
        status: output.status.code().unwrap_or(-1),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// Returns a case of the corpus, made when it is not there.
pub(crate) fn case(name: &str) -> Case {
    let report = native::build(&native::out_dir(), &[name]);
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    report.find(name).expect("it was made").clone()
}

/// Returns the path of a case's core.
pub(crate) fn core(name: &str) -> String {
    case(name).core.to_str().expect("plain path").to_owned()
}

/// Names of a synthetic process.
pub(crate) struct Names<'a> {
    pub(crate) command: &'a str,
    pub(crate) psargs: &'a str,
    pub(crate) argv: &'a [&'a str],
    pub(crate) env: &'a [&'a str],
    pub(crate) exe: &'a str,
}

/// Names that need no escaping.
pub(crate) const PLAIN: Names<'static> = Names {
    command: "server",
    psargs: "/srv/server --port 8080",
    argv: &["/srv/server", "--port", "8080", "a b"],
    env: &["PATH=/bin", "SERVICE=web"],
    exe: "/srv/server",
};

const STACK: u64 = 0x7ffc_0000_0000;
const STACK_BYTES: usize = 8192;
const TEXT: u64 = 0x55aa_0000_0000;

/// Writes a core of two threads from nothing: always the same bytes.
pub(crate) fn synthetic(names: &Names<'_>) -> Vec<u8> {
    let auxv_head = [(6, 4096), (9, TEXT + 0x1040), (11, 1000)];
    let (stack, execfn) = initial_stack(names, &auxv_head);
    let mut auxv = auxv_head.to_vec();
    auxv.push((31, execfn));
    let mut crashed = [0u64; 27];
    crashed[10] = 0x1234; // rax
    crashed[15] = u64::MAX; // orig_rax: no system call
    crashed[16] = TEXT + 0x1050; // rip
    crashed[19] = STACK + 0x100; // rsp
    let mut waiting = [0u64; 27];
    waiting[10] = u64::MAX - 511; // rax: interrupted
    waiting[14] = 3; // rdi
    waiting[13] = STACK + 0x40; // rsi
    waiting[12] = 16; // rdx
    waiting[15] = 0; // orig_rax: read
    waiting[16] = TEXT + 0x1060;
    waiting[19] = STACK + 0x200;
    Core::new(X86_64)
        .thread(&Thread { tid: 4242, signal: 11, regs: &crashed })
        .process(4242, [1000, 100], [names.command, names.psargs])
        .siginfo(11, 1, 0x10)
        .auxv(&auxv)
        .files(&[
            (TEXT, TEXT + 0x1000, 0, names.exe),
            (TEXT + 0x1000, TEXT + 0x2000, 1, names.exe),
        ])
        .thread(&Thread { tid: 4243, signal: 0, regs: &waiting })
        .absent(TEXT, 4, 0x1000)
        .absent(TEXT + 0x1000, 5, 0x1000)
        .load(STACK, 6, &stack)
        .build()
}

/// Lays out argc, argv, envp, auxv and strings as exec does; returns the bytes
/// and the address of the path that exec got.
fn initial_stack(names: &Names<'_>, auxv: &[(u64, u64)]) -> (Vec<u8>, u64) {
    let mut bytes = vec![0; STACK_BYTES];
    let mut at = 4096;
    let mut put = |text: &str| {
        let address = STACK + at as u64;
        bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
        at += text.len() + 1;
        address
    };
    let argv: Vec<u64> = names.argv.iter().map(|a| put(a)).collect();
    let env: Vec<u64> = names.env.iter().map(|e| put(e)).collect();
    let execfn = put(names.exe);
    let mut words = vec![argv.len() as u64];
    words.extend(argv.iter().chain([&0]).chain(&env).chain([&0]));
    let auxv = auxv.iter().copied().chain([(31, execfn), (0, 0)]);
    words.extend(auxv.flat_map(|(kind, value)| [kind, value]));
    for (i, word) in words.iter().enumerate() {
        let at = 2048 + i * 8;
        bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
    }
    (bytes, execfn)
}
