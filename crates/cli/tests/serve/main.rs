//! `thoth serve` as a process: how it starts, logs, stops and is killed.

#[path = "../../../server/tests/wire/client.rs"]
mod client;
mod clients;
mod keeping;
mod kills;
mod process;

use client::{Ask, Client};
use process::Serving;
use rustix::process::Signal;
use std::path::Path;
use std::time::{Duration, Instant};

#[test]
fn one_line_says_where_it_listens_and_sigterm_ends_it() {
    let folder = tempfile::tempdir().expect("folder");
    let mut serving = Serving::start(folder.path(), &[]);
    let answer = serving.client().ask(Ask::new("GET", "/alice/stor"));
    assert_eq!(answer.status, 200);
    serving.signal(Signal::TERM);
    let (status, out, _) = serving.wait();
    assert_eq!(status, Some(0));
    assert_eq!(out.lines().count(), 1, "{out}");
}

#[test]
fn json_is_said_on_demand() {
    let folder = tempfile::tempdir().expect("folder");
    let admin = ["--json", "--admin", "127.0.0.1:0"];
    let mut serving = Serving::start(folder.path(), &admin);
    let said: serde_json::Value =
        serde_json::from_str(&serving.line).expect("JSON");
    let url = said["url"].as_str().expect("url");
    assert_eq!(url, format!("http://{}", serving.address));
    let admin = said["admin"].as_str().expect("admin");
    let admin = admin.trim_start_matches("http://").parse().expect("address");
    let metrics = Client::connect(admin).ask(Ask::new("GET", "/metrics"));
    assert!(metrics.text().contains("thoth_connections_total 0"));
    serving.signal(Signal::TERM);
    assert_eq!(serving.wait().0, Some(0));
}

#[test]
fn a_second_server_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("folder");
    let serving = Serving::start(folder.path(), &[]);
    let second = Serving::command(folder.path(), &[]).output();
    let second = second.expect("runs");
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    let folder = folder.path().display().to_string();
    for part in [&folder, &serving.address.to_string()] {
        assert!(said.contains(part.as_str()), "{part} in {said}");
    }
    assert!(said.contains(&serving.pid().to_string()), "{said}");
}

#[test]
fn every_write_has_an_audit_line() {
    let folder = tempfile::tempdir().expect("folder");
    let mut serving = Serving::start(folder.path(), &[]);
    let mut client = serving.client();
    let ask = Ask::new("PUT", "/alice/stor/x%20y")
        .with("x-request-id", "the-put")
        .body(b"hello");
    assert_eq!(client.ask(ask).status, 204);
    client.ask(Ask::new("GET", "/alice/stor/x%20y?signature=secret"));
    client.ask(Ask::new("DELETE", "/alice/stor/none"));
    client.ask(Ask::new("DELETE", "/alice/stor/x%20y"));
    drop(client);
    serving.signal(Signal::TERM);
    let (_, _, log) = serving.wait();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    let of = |target: &str| -> Vec<&serde_json::Value> {
        lines.iter().filter(|line| line["target"] == target).collect()
    };
    let audit = of("thoth_server::audit");
    assert_eq!(audit.len(), 2, "{audit:?}");
    assert_eq!(audit[0]["id"], "the-put");
    assert_eq!(audit[0]["login"], "alice");
    assert_eq!(audit[0]["action"], "putobject");
    assert_eq!(audit[0]["path"], "/alice/stor/x y");
    assert_eq!(audit[0]["allowed"], true);
    assert_eq!(audit[1]["action"], "deleteobject");
    let requests = of("thoth_server::request");
    assert_eq!(requests.len(), 4);
    assert_eq!(requests[0]["received"], 5);
    assert_eq!(requests[1]["sent"], 5);
    assert_eq!(requests[1]["query"], "signature=...");
    assert_eq!(requests[2]["code"], "ResourceNotFound");
}

#[test]
fn settings_come_from_file_environment_and_options() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("serve.toml");
    std::fs::write(&file, "max_durability = 3\nname = \"one\"\n")
        .expect("written");
    let file = file.display().to_string();
    let data = folder.path().join("data");
    let args = ["--config", &file, "--set", "upload_grace_hours=1"];
    let mut command = Serving::command(&data, &args);
    command.env("THOTH_SERVE_NAME", "two");
    let serving = Serving::start_with(command);
    let ask = Ask::new("PUT", "/alice/stor/x")
        .with("durability-level", "4")
        .body(b"");
    let answer = serving.client().ask(ask);
    answer.fails(400, "InvalidDurabilityLevel");
    assert_eq!(answer.header("x-server-name"), "two");
    let refused = |args: &[&str]| {
        let run = Serving::command(Path::new("/nonexistent"), args).output();
        let run = run.expect("runs");
        assert_eq!(run.status.code(), Some(1));
        String::from_utf8_lossy(&run.stderr).into_owned()
    };
    let said = refused(&["--set", "max_uplods=1"]);
    assert!(said.contains("max_uplods"), "{said}");
    let said = refused(&["--set", "max_uploads=0"]);
    assert!(said.contains("max_uploads = 0"), "{said}");
    let said = refused(&["--listen", "0.0.0.0:0"]);
    assert!(!said.is_empty());
}

#[test]
fn a_stop_while_a_body_comes_waits_for_it() {
    let folder = tempfile::tempdir().expect("folder");
    let mut serving = Serving::start(folder.path(), &[]);
    let mut client = serving.client();
    let ask = Ask::new("PUT", "/alice/stor/x")
        .with("expect", "100-continue")
        .with("content-length", "10");
    client.send(&ask.bytes());
    assert_eq!(client.next_answer(false).expect("continue").status, 100);
    serving.signal(Signal::TERM);
    let begun = Instant::now();
    std::thread::sleep(Duration::from_millis(300));
    client.send(b"0123456789");
    assert_eq!(client.answer(false).status, 204);
    assert_eq!(serving.wait().0, Some(0));
    assert!(begun.elapsed() < Duration::from_secs(10));
    let again = Serving::start(folder.path(), &[]);
    let answer = again.client().ask(Ask::new("GET", "/alice/stor/x"));
    assert_eq!(answer.body, b"0123456789");
}
