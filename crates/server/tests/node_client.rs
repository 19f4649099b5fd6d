//! The npm package `manta`, unmodified, against a server of ours, with keys of
//! every kind that it can use. It is installed into the target folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use thoth_manta::signature::PublicKey;
use thoth_server::auth::Auth;
use thoth_server::{Server, Settings};
use thoth_store::{
    Account, AccountChange, AccountKey, Accounts, Embedded, EmbeddedOptions,
};

fn succeed(command: &mut Command) -> Output {
    let shown = format!("{command:?}");
    let done = command
        .output()
        .unwrap_or_else(|error| panic!("{shown}: {error}; is it installed?"));
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{shown}: {errors}{text}");
    done
}

/// Installs the client once, and returns the folder of its commands.
fn client() -> PathBuf {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("node-manta-5.4.2");
    let commands = folder.join("node_modules/manta/bin");
    if !commands.join("mls").exists() {
        std::fs::create_dir_all(&folder).expect("folder");
        succeed(
            Command::new("npm")
                .arg("install")
                .arg("--prefix")
                .arg(&folder)
                .args([
                    "--no-audit",
                    "--no-fund",
                    "--ignore-scripts",
                    "manta@5.4.2",
                ]),
        );
    }
    commands
}

struct Client<'a> {
    commands: &'a Path,
    home: &'a Path,
    url: String,
    fingerprint: String,
}

impl Client<'_> {
    fn command(&self, name: &str, words: &[&str]) -> Command {
        let mut command = Command::new("node");
        command.arg(self.commands.join(name)).args(words);
        command.env("HOME", self.home).env("MANTA_URL", &self.url);
        command.env("MANTA_USER", "alice");
        command.env("MANTA_KEY_ID", &self.fingerprint);
        for gone in ["http_proxy", "https_proxy", "SSH_AUTH_SOCK"] {
            command.env_remove(gone);
        }
        command.current_dir(self.home);
        command
    }

    fn run(&self, name: &str, words: &[&str]) -> String {
        let done = succeed(&mut self.command(name, words));
        String::from_utf8(done.stdout).expect("text")
    }
}

#[test]
fn its_commands_work_with_every_kind_of_key() {
    let commands = client();
    let folder = tempfile::tempdir().expect("folder");
    let home = folder.path().join("home");
    std::fs::create_dir_all(home.join(".ssh")).expect("folder");
    let store = Embedded::open_bare(folder.path(), &EmbeddedOptions::default());
    let store = Arc::new(store.expect("store"));
    let account = Account { login: "alice".into(), ..Account::default() };
    store.add_account(&account).expect("account");
    let auth = Auth::new(Arc::clone(&store) as Arc<_>).expect("auth");
    let settings = Settings {
        listen: "127.0.0.1:0".parse().expect("address"),
        ..Settings::default()
    };
    let server =
        Server::start(settings, folder.path(), Arc::clone(&store), auth)
            .expect("server");
    std::fs::write(home.join("big"), vec![7; 300_000]).expect("write");
    for kind in ["rsa", "ecdsa", "ed25519"] {
        let file = home.join(".ssh").join(format!("id_{kind}"));
        succeed(
            Command::new("ssh-keygen")
                .args(["-q", "-t", kind, "-N", "", "-f"])
                .arg(&file),
        );
        let text = std::fs::read_to_string(file.with_extension("pub"));
        let key = PublicKey::parse(&text.expect("key")).expect("key");
        let client = Client {
            commands: &commands,
            home: &home,
            url: format!("http://{}", server.address()),
            fingerprint: key.md5().to_string(),
        };
        let refused = client.command("mls", &[]).output().expect("node");
        let text = String::from_utf8_lossy(&refused.stderr);
        assert!(text.contains("KeyDoesNotExist"), "{text}");
        let line = key.to_openssh();
        let key = AccountKey { line, comment: String::new(), added_ms: 0 };
        // The server runs: it must know the key at once.
        let add = [AccountChange::AddKey(None, key)];
        store.change_account("alice", &add).expect("key");
        session(&client, &home);
    }
    assert!(server.stop());
}

/// What a person might do in a morning.
fn session(client: &Client<'_>, home: &Path) {
    client.run("mmkdir", &["-p", "~~/stor/a/b c"]);
    client.run("mput", &["-q", "-f", "big", "~~/stor/a/big"]);
    client.run("mget", &["-q", "-o", "back", "~~/stor/a/big"]);
    let same = |name: &str| std::fs::read(home.join(name)).expect(name);
    assert!(same("big") == same("back"));
    client.run("mln", &["~~/stor/a/big", "~~/stor/a/link"]);
    assert_eq!(client.run("mls", &["~~/stor/a"]), "b c/\nbig\nlink\n");
    assert_eq!(
        client.run("mfind", &["-t", "o", "~~/stor"]),
        "/alice/stor/a/big\n/alice/stor/a/link\n"
    );
    let sum = client.run("mmd5", &["~~/stor/a/big"]);
    assert!(sum.ends_with("  /alice/stor/a/big\n"), "{sum}");
    client.run("mchattr", &["-H", "m-color: red", "~~/stor/a/big"]);
    let info = client.run("minfo", &["~~/stor/a/big"]);
    assert!(info.contains("m-color: red"), "{info}");
    let url = client.run("msign", &["~~/stor/a/big"]);
    let got = succeed(
        Command::new("curl").args(["-sf", "--noproxy", "*"]).arg(url.trim()),
    );
    assert!(got.stdout == same("big"));
    // Signed for GET, so HEAD is refused; and for no other path.
    let status = |words: &[&str], url: &str| {
        let mut curl = Command::new("curl");
        curl.args(["-s", "--noproxy", "*", "-o", "/dev/null"]);
        curl.args(["-w", "%{http_code}"]).args(words).arg(url);
        String::from_utf8(succeed(&mut curl).stdout).expect("status")
    };
    assert_eq!(status(&["-I"], url.trim()), "403");
    assert_eq!(status(&[], &url.trim().replace("/big?", "/link?")), "403");
    let put = client.run("msign", &["-m", "PUT", "~~/stor/a/new"]);
    assert_eq!(status(&["-X", "PUT", "-d", "x"], put.trim()), "204");
    client.run("mrm", &["-r", "~~/stor/a"]);
    assert_eq!(client.run("mls", &["~~/stor"]), "");
}
