//! No control character of a dump reaches a terminal or a pipe.

use crate::support::{Home, Names, core, synthetic};

/// Escape sequences, C1 controls, bidirectional marks, line ends, a bell.
const HOSTILE: Names<'static> = Names {
    command: "\x1b[2J\x07\u{9b}31m",
    psargs: "x\x1b]0;title\x07 \r\n\u{202e}evil",
    argv: &["\x1b[31mred", "two\nlines", "\u{202e}evil", "a\tb", "\u{9b}31m"],
    env: &["A=\x1b[0m", "B=\x7f\u{85}\u{2028}", "C=\x01"],
    exe: "/tmp/\x1b[5m\n\u{2066}prog",
};

fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn check(what: &str, text: &str) {
    let bad = text.chars().find(|c| is_control(*c) && *c != '\n');
    assert_eq!(bad, None, "{what}: {text:?}");
}

fn commands(home: &Home, name: &str) {
    let all = [
        "stack", "fault", "threads", "args", "env", "auxv", "maps", "modules",
        "notes",
    ];
    for command in all {
        for json in [&[][..], &["--json"]] {
            let mut words = vec![command, name];
            words.extend(json);
            let ran = home.run(&words);
            assert_eq!(ran.status, 0, "{words:?}: {ran:?}");
            check(command, &ran.out);
            check(command, &ran.err);
        }
    }
}

#[test]
fn names_of_a_dump_are_escaped_everywhere() {
    let home = Home::new();
    let file = home.file("core.1", &synthetic(&HOSTILE));
    commands(&home, "core.1");
    let id = home.upload(&[&file]).remove(0);
    commands(&home, &id);
    for words in [
        &["ls"][..],
        &["ls", "argv", "exe", "psargs"],
        &["ls", "--json"],
        &["info", &id],
        &["report", "type=core", "cmd"],
        &["report", "type=core", "argv", "--json"],
        &["threads", "cmd=*"],
    ] {
        let ran = home.run(words);
        assert_eq!(ran.status, 0, "{words:?}: {ran:?}");
        check("store", &ran.out);
    }
    // What is escaped in JSON is not lost.
    let info = home.json(&["info", &id]);
    assert_eq!(info["argv"], serde_json::json!(HOSTILE.argv));
    let args = home.ok(&["args", "core.1"]);
    assert!(args.contains("argv[0]: \\x1b[31mred\n"), "{args}");
    assert!(args.contains("argv[1]: two\\nlines\n"), "{args}");
    assert!(args.contains("argv[2]: \\u{202e}evil\n"), "{args}");
}

#[test]
fn colours_are_ours_only() {
    let home = Home::new();
    home.file("core.1", &synthetic(&HOSTILE));
    let ran = home.run(&["stack", "core.1", "--color", "always"]);
    let known = ["\x1b[0m", "\x1b[1m", "\x1b[1;31m", "\x1b[33m", "\x1b[36m"];
    let mut rest = ran.out;
    for code in known.iter().chain(&["\x1b[2m"]) {
        rest = rest.replace(code, "");
    }
    check("colours", &rest);
}

#[test]
fn what_the_user_typed_is_escaped_too() {
    let home = Home::new();
    for words in [
        &["stack", "no\x1b[31mfile"][..],
        &["ls", "a\x1b[31mb=c"],
        &["ls", "mtime=\x1b[31m"],
        &["st\x1back"],
        &["stack", "--o\x1bpt"],
        &["upload", "no\x07file"],
        &["set", "dead", "a\x1b", "1"],
    ] {
        let ran = home.run(words);
        assert_ne!(ran.status, 0, "{words:?}");
        check("message", &ran.err);
    }
}

#[test]
fn a_real_process_with_an_odd_name_is_shown_safely() {
    let home = Home::new();
    for command in ["stack", "threads", "args", "maps", "modules", "fault"] {
        let ran = home.run(&[command, &core("name-odd")]);
        assert_eq!(ran.status, 0, "{command}: {ran:?}");
        check(command, &ran.out);
        check(command, &ran.err);
    }
}
