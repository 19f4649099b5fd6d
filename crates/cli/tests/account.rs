//! `thoth account` on the folder of a store.

use std::process::{Command, Output};

fn thoth(folder: &std::path::Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_thoth"))
        .arg("account")
        .args(words)
        .arg("--data")
        .arg(folder.join("data"))
        .current_dir(folder)
        .output()
        .expect("runs")
}

fn text(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    format!("{}{errors}", String::from_utf8_lossy(&output.stdout))
}

#[test]
fn accounts_are_kept_and_mistakes_are_told() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "laptop", "-f"])
        .arg(folder.join("id"))
        .status();
    assert!(made.expect("ssh-keygen; is it installed?").success());
    let steps: &[&[&str]] = &[
        &["add", "alice", "--key", "id.pub"],
        &["user", "add", "alice", "carol", "--key", "id.pub"],
        &["policy", "set", "alice", "read", "CAN getobject"],
        &["role", "set", "alice", "r", "--policy", "read", "--user", "carol"],
    ];
    for step in steps {
        let done = thoth(folder, step);
        assert!(done.status.success(), "{step:?}: {}", text(&done));
    }
    let whole = thoth(folder, &["ls", "alice", "--json"]);
    let whole: serde_json::Value =
        serde_json::from_slice(&whole.stdout).expect("JSON");
    assert_eq!(whole["keys"][0]["comment"], "laptop");
    assert_eq!(whole["users"][0]["name"], "carol");
    assert_eq!(whole["roles"][0]["users"][0]["default"], false);
    let md5 = whole["keys"][0]["md5"].as_str().expect("fingerprint");
    assert!(thoth(folder, &["key", "rm", "alice", md5]).status.success());
    let wrong: &[(&[&str], &str)] = &[
        (&["add", "alice"], "is there"),
        (&["add", "bob", "--key", "id"], "private key"),
        (&["policy", "set", "alice", "p", "CAN fly"], "no action"),
        (&["policy", "rm", "alice", "read"], "has it"),
        (&["role", "set", "alice", "r", "--policy", "none"], "not exist"),
        (&["key", "rm", "alice", md5], "no key"),
        (&["rm", "nobody"], "does not exist"),
    ];
    for (words, why) in wrong {
        let done = thoth(folder, words);
        assert!(!done.status.success(), "{words:?}");
        assert!(text(&done).contains(why), "{words:?}: {}", text(&done));
    }
    assert!(thoth(folder, &["rm", "alice"]).status.success());
    assert!(!text(&thoth(folder, &["ls"])).contains("alice"));
}
