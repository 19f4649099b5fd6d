//! The demo: what a newcomer sees, and that nothing of it stays.

use crate::support::{Home, ran};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The demo, with a folder of its own for temporary files.
fn demo(home: &Home) -> Command {
    let mut command = home.command(&["demo"]);
    let tmp = home.work().join("tmp");
    std::fs::create_dir_all(&tmp).expect("fresh");
    command.env("TMPDIR", tmp);
    command
}

fn left(home: &Home) -> Vec<String> {
    let entries = std::fs::read_dir(home.work().join("tmp")).expect("there");
    let names = entries.flatten().map(|e| e.file_name());
    names.map(|n| n.to_string_lossy().into_owned()).collect()
}

#[test]
fn it_shows_what_a_user_would_do_and_cleans_up() {
    let home = Home::new();
    let started = Instant::now();
    let ran = ran(demo(&home));
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(started.elapsed() < Duration::from_secs(10));
    for shown in [
        "$ thoth upload ",
        "$ thoth ls\n",
        "$ thoth info ",
        "$ thoth stack ",
        "$ thoth report type=core signal",
        "$ thoth ticket signal=SIGSEGV 'stack=*dispatch*' DEMO-1",
        "$ thoth ls ticket=DEMO-1",
        "$ thoth fault ",
        "verdict: deadlock: ",
        "verdict: stack-overflow: ",
        "verdict: jump: a null function pointer was called by dispatch",
        "the books do not balance",
        "ledger_close",
        "repeated",
        "Cores: ",
    ] {
        assert!(ran.out.contains(shown), "{shown:?}: {}", ran.out);
    }
    assert_eq!(left(&home), [""; 0]);
    assert!(!home.data().exists(), "it used the user's own store");
}

#[test]
fn it_takes_cores_itself_where_the_kernel_writes_none() {
    let home = Home::new();
    let demo = demo(&home);
    let mut limited = Command::new("/bin/sh");
    limited.arg("-c").arg("ulimit -Hc 0; exec \"$0\" demo");
    limited.arg(demo.get_program()).current_dir(home.work());
    limited.env("TMPDIR", home.work().join("tmp"));
    let ran = ran(limited);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(ran.out.contains("Cores: taken by thoth itself"), "{}", ran.out);
    assert!(ran.out.contains("verdict: deadlock: "), "{}", ran.out);
    assert!(ran.out.contains("verdict: stack-overflow: "), "{}", ran.out);
    assert_eq!(left(&home), [""; 0]);
}

#[test]
fn it_cleans_up_when_it_is_ended() {
    let home = Home::new();
    for signal in ["INT", "TERM"] {
        let mut command = demo(&home);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program runs");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        while !line.contains("$ thoth upload") {
            line.clear();
            assert!(lines.read_line(&mut line).expect("text") > 0);
        }
        assert_eq!(left(&home).len(), 1);
        let id = child.id().to_string();
        let sent = Command::new("/bin/kill").args(["-s", signal, &id]).status();
        assert!(sent.expect("kill runs").success());
        let status = child.wait().expect("it ends");
        assert!(status.code().is_some_and(|c| c > 128), "{status:?}");
        assert_eq!(left(&home), [""; 0], "{signal}");
    }
}

#[test]
fn it_cleans_up_when_its_reader_goes_away() {
    let home = Home::new();
    let mut command = demo(&home);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the program runs");
    drop(child.stdout.take());
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(0));
    assert_eq!(left(&home), [""; 0]);
}

#[test]
fn without_a_compiler_it_says_what_to_install() {
    let home = Home::new();
    let mut command = demo(&home);
    command.env("PATH", home.work());
    let ran = ran(command);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("no C compiler"), "{}", ran.err);
    assert!(ran.err.contains("hint: apt install gcc"), "{}", ran.err);
    assert_eq!(left(&home), [""; 0]);
}

#[test]
fn it_can_be_kept() {
    let home = Home::new();
    let mut command = demo(&home);
    command.arg("--keep");
    let ran = ran(command);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(left(&home).len(), 1);
    assert!(ran.out.contains("all is kept in "), "{}", ran.out);
}
