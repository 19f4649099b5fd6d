//! Sessions with a library of dumps, as text: every command that keeps, finds,
//! changes and removes dumps, crossed with dumps and with mistakes. What
//! depends on the moment is taken out at equal width.

use crate::support::{Home, Names, PLAIN, synthetic};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

/// A home with three files: two dumps of a server and one of a client, of
/// known times.
fn files() -> Home {
    let home = Home::new();
    let client = Names { command: "client", ..PLAIN };
    let other = Names { psargs: "/srv/server --port 80", ..PLAIN };
    for (name, names, seconds) in [
        ("core.1", &PLAIN, 1_700_000_000),
        ("core.2", &client, 1_600_000_000),
        ("core.3", &other, 1_650_000_000),
    ] {
        let path = home.file(name, &synthetic(names));
        let file = std::fs::File::options().write(true).open(path);
        let time = UNIX_EPOCH + Duration::from_secs(seconds);
        file.expect("ours").set_modified(time).expect("ours");
    }
    home.file("notes.txt", b"what was seen\n");
    home
}

/// Runs a session: one command a line, `< FILE` at its end for its input.
fn session(home: &Home, lines: &str) -> String {
    let mut all = String::new();
    for line in lines.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let (words, input) = match line.split_once(" < ") {
            Some((words, input)) => (words, Some(input)),
            None => (line, None),
        };
        let words: Vec<&str> = words.split(' ').collect();
        let mut command = home.command(&words);
        command.env("USER", "rita");
        if let Some(input) = input {
            let file = std::fs::File::open(home.work().join(input));
            command.stdin(file.expect("there"));
        }
        let ran = crate::support::ran(command);
        all.push_str(&format!("$ thoth {line}\n{}", ran.out));
        for line in ran.err.lines() {
            all.push_str(&format!("! {line}\n"));
        }
        if ran.status != 0 {
            all.push_str(&format!("status {}\n", ran.status));
        }
        all.push('\n');
    }
    let data = home.data().display().to_string();
    chance_out(&moments_out(&all)).replace(&data, "HOME")
}

/// Replaces the random part of a stream's name.
fn chance_out(text: &str) -> String {
    let mut parts = text.split("/dump.");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("/dump.RANDOM");
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    }
    out
}

/// Replaces moments, as text and as seconds, but for those of the files.
fn moments_out(text: &str) -> String {
    const SHAPE: &str = "dddd-dd-ddTdd:dd:dd";
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let known = ["1700000000", "1600000000", "1650000000"];
        let fits = rest.len() >= SHAPE.len()
            && rest.bytes().zip(SHAPE.bytes()).all(|(b, s)| match s {
                b'd' => b.is_ascii_digit(),
                other => b == other,
            });
        if fits
            && !["2023-11-1", "2020-09-1", "2022-04-1"]
                .iter()
                .any(|time| rest.starts_with(time))
        {
            out.push_str("YYYY-MM-DDTHH:MM:SS");
            rest = &rest[SHAPE.len()..];
        } else if digits == 10 && !known.contains(&&rest[..10]) {
            let after = rest[10..].strip_prefix('.').map_or(0, |fraction| {
                1 + fraction.bytes().take_while(u8::is_ascii_digit).count()
            });
            out.push_str("SECONDS");
            rest = &rest[10 + after..];
        } else {
            let step = digits.max(first.len_utf8());
            out.push_str(&rest[..step]);
            rest = &rest[step..];
        }
    }
    out
}

#[test]
fn dumps_are_uploaded_and_found() {
    let home = files();
    insta::assert_snapshot!(session(
        &home,
        "ls
         upload core.1 core.2 --prop site=lab3
         upload core.1
         upload - --ticket WEB-1 < core.3
         upload - < core.1
         upload notes.txt
         upload none
         upload - < notes.txt
         upload core.1 --prop site
         ls
         ls --json
         ls cmd=server site signal sort=-time
         ls cmd=server nothing
         ls --time-zone Asia/Tokyo limit=1
         ls --time-zone Mars/Phobos
         ls cmd=sever
         ls cmdd=server
         ls cmd=server sort=nothing
         ls pid>abc(
         ls psargs~(
         ls mtime=5x
         ls cmd=a site cmd=b
         info core.2
         report cmd
         report cmd site ticket
         report cmd --json
         report cmd site --json
         report none"
    ));
}

#[test]
fn dumps_are_changed_and_changed_back() {
    let home = files();
    insta::assert_snapshot!(session(
        &home,
        "upload core.1 core.2 --attach notes.txt
         upload core.1 --attach notes.txt
         set ./core.1 engineer bmc
         set ./core.1 cmd x
         ticket ./core.1 WEB-1
         ticket cmd=server
         ticket cmd=server cmd=client
         unticket ./core.1
         unset ./core.1 engineer
         history ./core.1
         history ./core.1 --json
         history cmd=server
         undo ./core.1 5
         undo ./core.1 4
         undo ./core.1 0
         undo ./core.1 99
         undo ./core.1
         history ./core.1
         get ./core.1
         get ./core.1 -o out
         get ./core.1 notes.txt -o out --json
         get ./core.1 none
         get cmd=*
         cat ./core.1 notes.txt
         cat ./core.2 notes.txt
         cat beef"
    ));
    let (one, out) = (home.work().join("core.1"), home.work().join("out"));
    let read = |path| std::fs::read(path).expect("there");
    assert!(read(one) == read(out), "the same bytes");
}

#[test]
fn dumps_are_removed_by_hand_and_by_policy() {
    let home = files();
    insta::assert_snapshot!(session(
        &home,
        "upload core.1 core.2 core.3
         ticket ./core.2 WEB-1
         du
         du --by month
         du --by both
         du --json
         du cmd=none
         purge
         purge --older-than 1m
         purge --older-than 5x
         purge --budget much
         purge --older-than 1y
         purge --older-than now
         purge --older-than now --json
         purge older=1y --older-than now
         purge --older-than now --keep-newest 1
         purge --budget 1K --ticketed
         purge cmd=server --older-than now --keep-newest 1 --yes
         ls
         ls purged!=undefined
         history ./core.3
         rm cmd=client
         rm cmd=client --yes --reason duplicate
         rm ./core.2
         rm none
         get ./core.2
         upload core.2
         upload core.2 --again
         ls
         du
         index check
         index rebuild
         index check --json
         config --json"
    ));
}

#[test]
fn a_watched_listing_goes_on() {
    let home = files();
    let mut command: Command = home.command(&["ls", "--watch", "1"]);
    home.upload(&[&home.work().join("core.1")]);
    command.stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut next = || lines.next().expect("a line").expect("text");
    assert!(next().starts_with("NAME "));
    assert!(next().contains(" server "));
    home.upload(&[&home.work().join("core.2")]);
    assert!(next().contains(" client "), "only what is new");
    child.kill().expect("it still runs");
    child.wait().expect("it ends");
}
