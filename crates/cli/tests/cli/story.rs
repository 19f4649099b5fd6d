//! Two hundred dumps of a few programs, and a way through them: what is new,
//! what is known, what belongs together, what can go.

use crate::support::{Home, Names, PLAIN, synthetic};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// The programs, and how many dumps each has.
const PROGRAMS: &[(&str, usize)] = &[
    ("node", 90),
    ("postgres", 60),
    ("svc.startd", 30),
    ("nginx: worker", 20),
];
/// The day that the first crashed; the others follow hour by hour.
const START: u64 = 1_700_000_000;

fn write_all(home: &Home) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for (command, number) in PROGRAMS {
        for n in 0..*number {
            let psargs = format!("{command} --port {}", 8000 + n);
            let release = format!("RELEASE={}", n % 3);
            let names = Names {
                command,
                psargs: &psargs,
                env: &["PATH=/bin", &release],
                ..PLAIN
            };
            let file = home.file(
                &format!("core.{}.{n}", command.replace([':', ' '], "_")),
                &synthetic(&names),
            );
            let hours = files.len() as u64;
            let time = UNIX_EPOCH + Duration::from_secs(START + hours * 3600);
            let opened = std::fs::File::options().write(true).open(&file);
            opened.expect("ours").set_modified(time).expect("ours");
            files.push(file);
        }
    }
    files
}

fn number(home: &Home, words: &[&str]) -> usize {
    let mut all = vec!["ls", "--allow-none"];
    all.extend(words);
    home.json(&all).as_array().map_or(0, Vec::len)
}

fn counts(home: &Home, words: &[&str]) -> Value {
    let mut all = vec!["report"];
    all.extend(words);
    home.json(&all)
}

#[test]
fn two_hundred_dumps() {
    let home = Home::new();
    let files = write_all(&home);
    let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let ids = home.upload(&paths);
    assert_eq!(ids.len(), 200);
    let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), 200, "every crash is its own dump");

    // What is there?
    assert_eq!(number(&home, &[]), 200);
    let by_command = counts(&home, &["type=core", "cmd"]);
    for (command, number) in PROGRAMS {
        assert_eq!(by_command[*command], *number, "{by_command}");
    }

    // Names with dots, colons and blanks are values like any other.
    assert_eq!(number(&home, &["cmd=svc.*"]), 30);
    assert_eq!(number(&home, &["cmd=nginx: worker"]), 20);
    assert_eq!(number(&home, &["cmd=node,postgres"]), 150);
    assert_eq!(number(&home, &["cmd!=node,postgres"]), 50);
    assert_eq!(number(&home, &["psargs~port 80[0-4][0-9]$", "cmd=node"]), 50);
    assert_eq!(number(&home, &["pid>=4242", "pid<4243"]), 200);

    // When did it happen?
    assert_eq!(number(&home, &["time>=2023-11-14T22:13:20"]), 200);
    assert_eq!(number(&home, &["otime=2023-11-15T22:13:20"]), 24);
    assert_eq!(number(&home, &["mtime=1h"]), 0);
    assert_eq!(number(&home, &["uploaded=1h"]), 200);
    let newest = home.json(&["ls", "sort=-time", "limit=1"]);
    assert_eq!(newest[0]["id"], ids[199]);
    let newest = home.json(&["ls", "limit=2"]);
    assert_eq!(newest[1]["id"], ids[199]);

    // What of it is known? Ticket a kind, and what is left is new.
    home.ok(&["ticket", "cmd=postgres", "PG-1"]);
    home.ok(&["ticket", "cmd=node", "psargs~80[0-4].$", "NODE-7"]);
    assert_eq!(number(&home, &["ticket=undefined"]), 90);
    assert_eq!(number(&home, &["ticket=NODE-7,PG-1"]), 110);
    assert_eq!(number(&home, &["ticket=undefined", "cmd=node"]), 40);
    let tickets = counts(&home, &["cmd=node", "ticket"]);
    assert_eq!(
        (&tickets["NODE-7"], &tickets["null"]),
        (&50.into(), &40.into())
    );

    // Findings, typed.
    home.ok(&["set", "cmd=svc.startd", "triage", r#"{"state":"new","n":3}"#]);
    assert_eq!(number(&home, &["triage.n=3"]), 30);
    assert_eq!(number(&home, &["triage.n<3"]), 0);
    assert_eq!(number(&home, &["properties.triage.state=n?w"]), 30);
    assert_eq!(number(&home, &["triage=undefined"]), 170);

    // A mistake is taken back, of one dump alone.
    home.ok(&["unticket", &ids[0]]);
    assert_eq!(number(&home, &["ticket=undefined"]), 91);
    home.ok(&["undo", &ids[0], "2"]);
    assert_eq!(number(&home, &["ticket=undefined"]), 90);

    // Uploading all of it again changes nothing.
    assert_eq!(home.upload(&paths), ids);
    assert_eq!(number(&home, &["ticket=undefined"]), 90);

    // What can go? Only what nobody ticketed, and the newest of each stay.
    let plan =
        home.json(&["purge", "--older-than", "now", "--keep-newest", "5"]);
    assert_eq!(plan["kept"]["ticketed"], 110);
    assert_eq!(plan["remove"].as_array().map(Vec::len), Some(75));
    let words = ["purge", "--older-than", "now", "--keep-newest", "5", "--yes"];
    assert_eq!(home.json(&words)["removed"], 75);
    assert_eq!(number(&home, &[]), 125);
    assert_eq!(number(&home, &["purged!=undefined", "cmd=svc.*"]), 25);
    assert_eq!(home.json(&["du"])["total"]["dumps"], 125);

    // And the index is still what the records say.
    let check = home.ok(&["index", "check"]);
    assert_eq!(check, "200 records, all as in the index\n");
    home.ok(&["index", "rebuild"]);
    assert_eq!(number(&home, &["triage.n=3"]), 5);
}
