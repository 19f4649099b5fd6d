//! Keeping dumps for years: history, removal, files, what takes the space.

use crate::support::{Home, Names, PLAIN, Ran, ran, synthetic};
use serde_json::json;
use std::io::Write;
use std::process::Stdio;

/// A home with one dump, and its name.
fn one() -> (Home, String) {
    let home = Home::new();
    let file = home.file("core.1", &synthetic(&PLAIN));
    let id = home.upload(&[&file]).remove(0);
    (home, id)
}

/// Runs a command with something on standard input.
fn fed(home: &Home, words: &[&str], input: &[u8]) -> Ran {
    let mut command = home.command(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let text = |b: Vec<u8>| String::from_utf8(b).expect("valid UTF-8");
    Ran {
        status: output.status.code().unwrap_or(-1),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

#[test]
fn what_was_changed_is_told_and_taken_back() {
    let (home, id) = one();
    let as_user = |words: &[&str]| {
        let mut command = home.command(words);
        command.env("USER", "rita");
        let ran = ran(command);
        assert_eq!(ran.status, 0, "{ran:?}");
        ran.out
    };
    as_user(&["set", &id, "engineer", "bmc"]);
    as_user(&["ticket", &id, "T-1"]);
    let history = home.json(&["history", &id]);
    let changes = history["changes"].as_array().expect("changes");
    assert_eq!(changes.len(), 3);
    assert_eq!(changes[1]["who"], "rita");
    assert_eq!(
        changes[2]["changes"],
        json!([{ "member": "ticket", "new": "T-1" }])
    );
    let text = home.ok(&["history", &id]);
    let last = text.lines().last().expect("lines");
    assert!(last.ends_with("ticket: - -> T-1"), "{text}");
    home.ok(&["undo", &id, "2"]);
    assert!(home.json(&["info", &id]).get("ticket").is_none());
    assert!(home.json(&["info", &id]).get("history").is_none());
    let refused = home.run(&["undo", &id, "2"]);
    assert_eq!(refused.status, 1);
    assert!(refused.err.contains("changed again by change 3"));
    assert_eq!(home.run(&["undo", &id, "77"]).status, 1);
    assert_eq!(home.run(&["history", "beef"]).status, 2);
}

#[test]
fn removed_dumps_leave_their_record() {
    let (home, id) = one();
    let told = home.run(&["rm", "cmd=server"]);
    assert_eq!(told.status, 0);
    assert!(told.err.contains("would remove 1 dump"), "{}", told.err);
    assert!(told.err.contains("--yes"), "{}", told.err);
    assert!(home.ok(&["ls"]).contains(&id[..16]));
    home.ok(&["ticket", &id, "T-1"]);
    let removed = home.run(&["rm", &id, "--reason", "a test"]);
    assert_eq!(removed.status, 0);
    assert!(removed.err.contains("removed 1 dump"), "{}", removed.err);
    assert!(!home.ok(&["ls"]).contains(&id[..16]));
    let listed = home.ok(&["ls", "purged!=undefined", "purged_reason"]);
    assert!(listed.contains("a test"), "{listed}");
    assert_eq!(home.json(&["info", &id])["ticket"], "T-1");
    for command in ["stack", "get", "cat"] {
        let gone = home.run(&[command, &id]);
        assert_eq!(gone.status, 2, "{gone:?}");
        assert!(gone.err.contains("were removed"), "{}", gone.err);
    }
    let again = home.run(&["upload", "core.1"]);
    assert_eq!((again.status, again.out.trim()), (0, id.as_str()));
    assert!(again.err.contains("--again"), "{}", again.err);
    home.ok(&["upload", "--again", "core.1"]);
    assert!(home.ok(&["ls", "ticket=T-1"]).contains(&id[..16]));
    let asked = home.run(&["rm", &id, "--forget"]);
    assert_eq!(asked.status, 1, "forgetting needs a yes");
    home.ok(&["rm", &id, "--forget", "--yes"]);
    assert_eq!(home.run(&["info", &id]).status, 2);
}

#[test]
fn a_policy_shows_before_it_removes() {
    let (home, id) = one();
    let names = Names { command: "client", ..PLAIN };
    let other = home.file("core.2", &synthetic(&names));
    let other = home.upload(&[&other]).remove(0);
    home.ok(&["ticket", &id, "T-1"]);
    let nothing = home.run(&["purge"]);
    assert_eq!(nothing.status, 1);
    assert!(nothing.err.contains("180d"), "{}", nothing.err);
    let wrong = home.run(&["purge", "--older-than", "5Days"]);
    assert!(wrong.err.contains("did you mean 5d?"), "{}", wrong.err);
    let young = home.json(&["purge", "--older-than", "1d"]);
    assert_eq!(young["remove"], json!([]));
    let plan = home.json(&["purge", "--older-than", "now"]);
    assert_eq!(plan["remove"], json!([other]));
    assert_eq!(plan["kept"]["ticketed"], 1);
    assert_eq!(plan["done"], false);
    let pinned = home.run(&["set", &other, "pinned", "true"]);
    assert_eq!(pinned.status, 0);
    let plan = home.json(&["purge", "--older-than", "now"]);
    assert_eq!(
        (&plan["remove"], &plan["kept"]["pinned"]),
        (&json!([]), &json!(1))
    );
    let config = home.file(
        "config.toml",
        b"[purge]\nolder_than = \"now\"\nkeep_pinned = false\n",
    );
    let mut command = home.command(&["purge", "--yes"]);
    command.env("THOTH_CONFIG", &config);
    let done = ran(command);
    assert_eq!(done.status, 0, "{done:?}");
    assert!(done.out.contains("removed 1 dump"), "{}", done.out);
    let listed = home.ok(&["ls"]);
    assert!(listed.contains(&id[..16]) && !listed.contains(&other[..16]));
    let du = home.json(&["du"]);
    assert_eq!(du["removed"]["dumps"], 1);
    assert_eq!(du["rows"].as_array().map(Vec::len), Some(1));
    assert_eq!(du["rows"][0]["command"], "server");
}

#[test]
fn bytes_come_back_as_they_went_in() {
    let (home, id) = one();
    let bytes = synthetic(&PLAIN);
    assert_eq!(home.ok(&["get", &id, "-o", "back"]), "back\n");
    let back = home.work().join("back");
    assert!(std::fs::read(&back).expect("written") == bytes);
    let there = home.run(&["get", &id, "-o", "back"]);
    assert_eq!(there.status, 1);
    assert!(there.err.contains("--force"), "{}", there.err);
    home.ok(&["get", &id, "-o", "back", "--force"]);
    let output = home.command(&["cat", &id]).output().expect("it runs");
    assert!(output.stdout == bytes);
    home.file("notes.txt", b"seen\x1b[31m\n");
    home.ok(&["upload", "core.1", "--attach", "notes.txt"]);
    let output = home.command(&["cat", &id, "notes.txt"]).output();
    assert_eq!(output.expect("it runs").stdout, b"seen\x1b[31m\n");
    let missing = home.run(&["get", &id, "other"]);
    assert_eq!(missing.status, 2);
    assert!(missing.err.contains("there are: notes.txt"), "{}", missing.err);
    let attached = home.json(&["info", &id]);
    assert_eq!(attached["attachments"][0]["name"], "notes.txt");
}

#[test]
fn a_stream_is_a_dump_like_a_file() {
    let (home, id) = one();
    let bytes = synthetic(&PLAIN);
    let there = fed(&home, &["upload", "-"], &bytes);
    assert_eq!((there.status, there.out.trim()), (0, id.as_str()));
    assert!(there.err.contains("there already"), "{}", there.err);
    let names = Names { command: "client", ..PLAIN };
    let other = synthetic(&names);
    let done = fed(&home, &["upload", "--prop", "n=5", "-"], &other);
    assert_eq!(done.status, 0, "{done:?}");
    let id = done.out.trim().to_owned();
    assert_eq!(home.json(&["info", &id])["cmd"], "client");
    assert_eq!(home.json(&["ls", "n=5"]).as_array().map(Vec::len), Some(1));
    let output = home.command(&["cat", &id]).output().expect("it runs");
    assert!(output.stdout == other);
    let no_dump = fed(&home, &["upload", "-"], b"no dump at all");
    assert_eq!(no_dump.status, 1, "{no_dump:?}");
    assert_eq!(home.json(&["ls"]).as_array().map(Vec::len), Some(2));
    let gzip = Command::gzip(&other);
    let there = fed(&home, &["upload", "-"], &gzip);
    assert_eq!((there.status, there.out.trim()), (0, id.as_str()));
}

/// Compresses with the system's tool.
struct Command;

impl Command {
    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut child = std::process::Command::new("gzip")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("gzip is part of the system");
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(bytes).expect("it reads");
        drop(stdin);
        child.wait_with_output().expect("it ends").stdout
    }
}

#[test]
fn the_index_is_checked_and_made_again() {
    let (home, _) = one();
    assert_eq!(home.ok(&["index", "check"]), "1 record, all as in the index\n");
    assert_eq!(home.ok(&["index", "rebuild"]), "1 record\n");
    let check = home.json(&["index", "check", "--mend"]);
    assert_eq!(check["records"], 1);
    assert_eq!(check["faults"], json!([]));
}

#[test]
fn settings_say_where_they_come_from() {
    let home = Home::new();
    let config =
        home.file("c.toml", b"author = \"bmc\"\ntime_zone = \"local\"\n");
    let mut command = home.command(&["config", "--json"]);
    command.env("THOTH_CONFIG", &config).env("THOTH_USER", "ops");
    let shown = ran(command);
    let settings: serde_json::Value =
        serde_json::from_str(&shown.out).expect("JSON");
    let of = |name: &str| {
        let all = settings.as_array().expect("settings");
        let one = all.iter().find(|s| s["setting"] == name).expect("known");
        (one["value"].clone(), one["from"].clone())
    };
    assert_eq!(of("author"), (json!("bmc"), json!("file")));
    assert_eq!(of("account"), (json!("ops"), json!("THOTH_USER")));
    assert_eq!(of("home").1, json!("THOTH_HOME"));
    assert_eq!(of("purge.keep_ticketed"), (json!("true"), json!("default")));
    let wrong = home.file("wrong.toml", b"authr = \"bmc\"\n");
    let mut command = home.command(&["config"]);
    command.env("THOTH_CONFIG", &wrong);
    let refused = ran(command);
    assert_eq!(refused.status, 1);
    assert!(refused.err.contains("line 1") && refused.err.contains("authr"));
}

#[test]
fn times_are_shown_in_the_zone_asked_for() {
    let (home, id) = one();
    home.ok(&["set", &id, "time", "1700000000"]);
    assert!(home.ok(&["ls"]).contains("2023-11-14T22:13:20"));
    let utc = home.ok(&["ls", "--time-zone", "UTC"]);
    assert!(utc.contains("2023-11-14T22:13:20"));
    let wrong = home.run(&["ls", "--time-zone", "Nowhere/Land"]);
    assert_eq!(wrong.status, 1);
    assert!(wrong.err.contains("Europe/Berlin"), "{}", wrong.err);
}

#[test]
fn settings_of_a_library_count_for_all_who_use_it() {
    let (home, id) = one();
    let put = |text: &str| {
        let path = "/me/stor/thoth/config.json";
        let done = fed(&home, &["manta", "put", path], text.as_bytes());
        assert_eq!(done.status, 0, "{done:?}");
    };
    put(r#"{"time_zone": "Asia/Tokyo", "purge": {"older_than": "0s"}}"#);
    let settings = home.json(&["config"]);
    let of = |settings: &serde_json::Value, name: &str| {
        let all = settings.as_array().expect("settings");
        let one = all.iter().find(|s| s["setting"] == name).expect("known");
        (one["value"].clone(), one["from"].clone())
    };
    let library = json!("library");
    assert_eq!(of(&settings, "time_zone"), (json!("Asia/Tokyo"), library));
    assert_eq!(of(&settings, "purge.budget").1, json!("default"));
    let plan = home.json(&["purge"]);
    assert_eq!(plan["remove"], json!([id]));
    assert_eq!(
        home.json(&["purge", "--older-than", "1d"])["remove"],
        json!([])
    );
    // One's own file comes first.
    let own = home.file("own.toml", b"[purge]\nolder_than = \"2d\"\n");
    let mut command = home.command(&["purge", "--json"]);
    command.env("THOTH_CONFIG", &own);
    let plan: serde_json::Value =
        serde_json::from_str(&ran(command).out).expect("JSON");
    assert_eq!(plan["remove"], json!([]));
    // A slip in a policy is not taken for none.
    put(r#"{"purge": {"older_then": "1y"}}"#);
    let refused = home.run(&["purge"]);
    assert_eq!(refused.status, 1);
    assert!(refused.err.contains("older_then"), "{}", refused.err);
    let told = home.run(&["config"]);
    assert_eq!(told.status, 0);
    assert!(told.err.contains("older_then"), "{}", told.err);
}
