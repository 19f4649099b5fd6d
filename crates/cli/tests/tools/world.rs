//! Where a story happens, and what a tool answered in it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A store, and a working folder.
pub(crate) struct World {
    server: Option<Server>,
    dir: TempDir,
}

/// A server in a process of its own, which ends with the story.
struct Server {
    process: Child,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has nothing to lose.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Returns stdout of a run that must have succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.status, 0, "{self:?}");
        self.out
    }

    /// Returns stderr of a run that must have failed as all tools do.
    #[track_caller]
    pub(crate) fn failed(self) -> String {
        assert_eq!(self.status, 1, "{self:?}");
        self.err
    }
}

impl World {
    /// A store in the process of each tool.
    pub(crate) fn embedded() -> Self {
        let dir = tempfile::tempdir().expect("scratch folder");
        std::fs::create_dir(dir.path().join("work")).expect("fresh");
        Self { server: None, dir }
    }

    /// A server that looks at no signature.
    pub(crate) fn server() -> Self {
        let mut world = Self::embedded();
        let data = world.dir.path().join("served");
        let data = data.to_str().expect("a plain path");
        let mut command = Command::new(env!("CARGO_BIN_EXE_thoth"));
        command.args(["serve", "--data", data, "--listen", "127.0.0.1:0"]);
        command.args(["--insecure-no-auth=me", "--log", "off"]);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the program runs");
        let stdout = process.stdout.take().expect("a pipe");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let url = line.trim().rsplit(' ').next().expect("an address");
        assert!(url.starts_with("http://127.0.0.1:"), "{line:?}");
        let url = url.to_owned();
        world.server = Some(Server { process, url });
        world
    }

    /// Whether there is a server.
    pub(crate) fn is_server(&self) -> bool {
        self.server.is_some()
    }

    /// Whether any role tag may be used.
    pub(crate) fn has_roles(&self) -> bool {
        self.server.is_none()
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// Writes a file into the working folder, with the folders above it.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) {
        let path = self.work().join(name);
        let folder = path.parent().expect("a folder");
        std::fs::create_dir_all(folder).expect("a writable folder");
        std::fs::write(path, bytes).expect("a writable folder");
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.work().join(name)).expect(name)
    }

    pub(crate) fn command(&self, name: &str, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thoth"));
        command.arg0(name).args(words).current_dir(self.work()).env_clear();
        command.env("THOTH_HOME", self.dir.path().join("data"));
        command.env("TZ", "UTC");
        if let Some(server) = &self.server {
            command.env("MANTA_URL", &server.url);
            command.env("MANTA_USER", "me").env("MANTA_NO_AUTH", "true");
            command.env("XDG_CACHE_HOME", self.dir.path().join("cache"));
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs a tool by its name.
    pub(crate) fn tool(&self, words: &[&str]) -> Ran {
        let (name, words) = words.split_first().expect("a name");
        ran(self.command(name, words), b"")
    }

    /// Runs a tool with something to read.
    pub(crate) fn fed(&self, input: &[u8], words: &[&str]) -> Ran {
        let (name, words) = words.split_first().expect("a name");
        ran(self.command(name, words), input)
    }

    /// Runs a tool that must succeed and print nothing.
    #[track_caller]
    pub(crate) fn quiet(&self, words: &[&str]) {
        let ran = self.tool(words);
        assert_eq!(
            (ran.status, ran.out.as_str(), ran.err.as_str()),
            (0, "", ""),
            "{words:?}"
        );
    }

    /// Stores an object.
    #[track_caller]
    pub(crate) fn put(&self, path: &str, bytes: &[u8]) {
        self.fed(bytes, &["mput", "-p", path]).ok();
    }

    pub(crate) fn thoth(&self, words: &[&str]) -> Ran {
        ran(self.command("thoth", words), b"")
    }
}

pub(crate) fn ran(mut command: Command, input: &[u8]) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    // A tool that refuses early does not read.
    let feeder = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("the program ends");
    feeder.join().expect("a thread that cannot panic");
    let text = |b: Vec<u8>| String::from_utf8(b).expect("valid UTF-8");
    Ran {
        status: output.status.code().unwrap_or(-1),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// Takes ids, times and durations out of a text.
pub(crate) fn plain(text: &str) -> String {
    let words = [
        ("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ETAG"),
        (r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "TIME"),
        (r"\w{3}, \d\d \w{3} \d{4} [0-9:]+ GMT", "DATE"),
        (r"\w{3} \d\d \d\d:\d\d", "WHEN"),
        (r"took (\d+\w+ ?)+", "took TIME"),
    ];
    words.iter().fold(text.to_owned(), |text, (pattern, word)| {
        let pattern = regex::Regex::new(pattern).expect("a pattern of ours");
        pattern.replace_all(&text, *word).into_owned()
    })
}

/// Returns the lines in order.
pub(crate) fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// Whether nothing but these is in a folder.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let name = |e: std::io::Result<std::fs::DirEntry>| {
        e.expect("an entry").file_name().into_string().expect("UTF-8")
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}
