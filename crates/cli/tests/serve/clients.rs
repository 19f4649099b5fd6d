//! The clients that others wrote, unmodified, against a server.
//!
//! `cargo xtask test` installs them; without them these tests fail.

use crate::client::Ask;
use crate::process::Serving;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A server, a client's home with a key, and a folder to work in.
struct Desk {
    serving: Serving,
    folder: TempDir,
    fingerprint: String,
}

fn clients() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_thoth"));
    let target = program.parent().and_then(Path::parent).expect("target");
    target.join("clients")
}

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().expect("folder");
        let ssh = folder.path().join(".ssh");
        std::fs::create_dir(&ssh).expect("fresh");
        let key = ssh.join("id_rsa");
        let run = |args: &[&str]| {
            let ran = Command::new("ssh-keygen").args(args).arg(&key).output();
            let ran = ran.expect("ssh-keygen, which cargo xtask test installs");
            assert!(ran.status.success(), "{ran:?}");
            String::from_utf8(ran.stdout).expect("text")
        };
        run(&["-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f"]);
        let shown = run(&["-E", "md5", "-l", "-f"]);
        let print = shown.split_whitespace().nth(1).expect("fingerprint");
        let fingerprint = print.trim_start_matches("MD5:").to_owned();
        let serving = Serving::start(&folder.path().join("data"), &[]);
        Desk { serving, folder, fingerprint }
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("MANTA_URL", format!("http://{}", self.serving.address))
            .env("MANTA_USER", "alice")
            .env("MANTA_KEY_ID", &self.fingerprint)
            .env("MANTA_TLS_INSECURE", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs a tool of the client in JavaScript.
    fn run(&self, words: &[&str]) -> Output {
        let bin = clients().join("npm/node_modules/manta/bin");
        let (tool, args) = words.split_first().expect("a tool");
        let tool = bin.join(tool);
        assert!(tool.exists(), "cargo xtask test installs {}", tool.display());
        let node =
            self.command(Path::new("node")).arg(tool).args(args).output();
        node.expect("node")
    }

    /// Runs one that must succeed; returns what it printed.
    #[track_caller]
    fn node(&self, words: &[&str]) -> String {
        let ran = self.run(words);
        let err = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{words:?}: {err}");
        String::from_utf8_lossy(&ran.stdout).into_owned()
    }

    /// Runs one that must fail; returns what it complained about.
    #[track_caller]
    fn refused(&self, words: &[&str]) -> String {
        let ran = self.run(words);
        assert!(!ran.status.success(), "{words:?}");
        String::from_utf8_lossy(&ran.stderr).into_owned()
    }
}

fn noise(length: usize) -> Vec<u8> {
    (0..length as u32).map(|n| (n.wrapping_mul(n) >> 9) as u8).collect()
}

#[test]
fn tools_in_javascript_put_list_and_get() {
    let desk = Desk::new();
    desk.node(&["mmkdir", "-p", "~~/stor/a/b c"]);
    let hello = desk.file("hello", b"hello\n").display().to_string();
    desk.node(&["mput", "-f", &hello, "~~/stor/a/x"]);
    // The parents are missing: refused before the body, made, repeated.
    desk.node(&["mput", "-p", "-f", &hello, "~~/stor/p/q/r/x"]);
    let big = desk.file("big", &noise(7_000_000)).display().to_string();
    desk.node(&["mput", "-f", &big, "~~/stor/a/big"]);
    let back = desk.run(&["mget", "-q", "~~/stor/a/big"]);
    assert!(back.stdout == noise(7_000_000));
    assert_eq!(desk.node(&["mget", "-q", "~~/stor/a/x"]), "hello\n");
    assert_eq!(desk.node(&["mls", "~~/stor/a"]), "b c/\nbig\nx\n");
    let long = desk.node(&["mls", "-l", "~~/stor/a/x"]);
    assert!(long.contains(" 6 "), "{long}");
    let found = desk.node(&["mfind", "-t", "o", "~~/stor"]);
    assert_eq!(
        found,
        "/alice/stor/a/big\n/alice/stor/a/x\n/alice/stor/p/q/r/x\n"
    );
    let sum = desk.node(&["mmd5", "~~/stor/a/x"]);
    assert!(sum.starts_with("b1946ac92492d2347c6235b4d2611184"), "{sum}");
    desk.node(&["mln", "~~/stor/a/x", "~~/stor/a/l"]);
    desk.node(&["mchattr", "-H", "m-team: one", "~~/stor/a/x"]);
    let info: serde_json::Value =
        serde_json::from_str(&desk.node(&["minfo", "-j", "~~/stor/a/x"]))
            .expect("JSON");
    assert_eq!(info["m-team"], "one");
    assert_eq!(info["server"], "Manta");
    desk.node(&["mrm", "~~/stor/a/x"]);
    assert_eq!(desk.node(&["mget", "-q", "~~/stor/a/l"]), "hello\n");
    let said = desk.refused(&["mget", "~~/stor/a/x"]);
    assert!(said.contains("ResourceNotFoundError"), "{said}");
    let said = desk.refused(&["mrmdir", "~~/stor/a"]);
    assert!(said.contains("DirectoryNotEmptyError"), "{said}");
    desk.node(&["mrm", "-r", "~~/stor/a"]);
    assert_eq!(desk.node(&["mls", "~~/stor"]), "p/\n");
}

#[test]
fn tools_in_javascript_sync_untar_and_share() {
    let desk = Desk::new();
    let tree = desk.folder.path().join("tree");
    std::fs::create_dir_all(tree.join("d")).expect("folders");
    std::fs::write(tree.join("1"), "one").expect("written");
    std::fs::write(tree.join("d/2"), "two").expect("written");
    desk.node(&["msync", "tree", "~~/stor/tree"]);
    assert_eq!(desk.node(&["mget", "-q", "~~/stor/tree/d/2"]), "two");
    let tar = Command::new("tar")
        .args(["cf", "t.tar", "tree"])
        .current_dir(desk.folder.path())
        .status();
    assert!(tar.is_ok_and(|status| status.success()));
    desk.node(&["mmkdir", "~~/stor/tar"]);
    desk.node(&["muntar", "-f", "t.tar", "~~/stor/tar"]);
    assert_eq!(desk.node(&["mget", "-q", "~~/stor/tar/tree/1"]), "one");
    let url = desk.node(&["msign", "~~/stor/tree/1"]);
    let path = url.trim().split_once("://").expect("a URL").1;
    let path = path.split_at(path.find('/').expect("a path")).1;
    let answer = desk.serving.client().ask(Ask::new("GET", path));
    assert_eq!((answer.status, &*answer.body), (200, &b"one"[..]));
}

#[test]
fn tools_in_javascript_upload_in_parts() {
    let desk = Desk::new();
    let whole = noise(6_000_000);
    desk.file("0", &whole[..5_300_000]);
    desk.file("1", &whole[5_300_000..]);
    let id = desk.node(&["mmpu", "create", "~~/stor/up"]);
    let id = id.trim();
    let upload = |part: &str| {
        let etag = desk.node(&["mmpu", "upload", "-f", part, id, part]);
        etag.trim().to_owned()
    };
    let (first, second) = (upload("0"), upload("1"));
    let parts = desk.node(&["mmpu", "parts", id]);
    assert_eq!(parts.lines().count(), 2, "{parts}");
    assert!(desk.node(&["mmpu", "list"]).contains(id));
    desk.node(&["mmpu", "commit", id, &first, &second]);
    assert!(desk.node(&["mmpu", "get", id]).contains("committed"));
    assert!(desk.run(&["mget", "-q", "~~/stor/up"]).stdout == whole);
    let other = desk.node(&["mmpu", "create", "~~/stor/no"]);
    desk.node(&["mmpu", "abort", other.trim()]);
    let said = desk.refused(&["mmpu", "commit", other.trim()]);
    assert!(said.contains("aborted"), "{said}");
}

#[test]
fn the_client_in_python_works() {
    let desk = Desk::new();
    let script = desk.file("script.py", PYTHON.as_bytes());
    let python = clients().join("python/bin/python");
    assert!(python.exists(), "cargo xtask test installs it");
    let ran = desk.command(&python).arg(script).output().expect("python");
    let err = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{err}");
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "all is well\n");
}

const PYTHON: &str = r#"
import os
import manta

key = open(os.path.expanduser("~/.ssh/id_rsa"), "rb").read()
signer = manta.PrivateKeySigner(os.environ["MANTA_KEY_ID"], key)
client = manta.MantaClient(os.environ["MANTA_URL"], account="alice",
                           signer=signer)
client.mkdirp("/alice/stor/py/d")
client.put("/alice/stor/py/x", content="hello", content_type="text/plain")
for _ in range(2):
    # The second is asked for with the etag of the first.
    assert client.get("/alice/stor/py/x") in (b"hello", "hello")
listed = client.ls("/alice/stor/py")
assert sorted(listed) == ["d", "x"], listed
assert listed["x"]["size"] == 5 and listed["d"]["type"] == "directory"
client.ln("/alice/stor/py/x", "/alice/stor/py/l")
client.rm("/alice/stor/py/x")
assert client.get("/alice/stor/py/l") in (b"hello", "hello")
for name in "abc":
    client.put("/alice/stor/py/d/" + name, content=name)
page = client.list_directory("/alice/stor/py/d", limit=2, marker="b")
assert [entry["name"] for entry in page] == ["b", "c"], page
try:
    client.get("/alice/stor/py/none")
    assert False
except manta.MantaAPIError as error:
    assert error.code == "ResourceNotFound", error.code
assert client.list_jobs() == []
print("all is well")
"#;
