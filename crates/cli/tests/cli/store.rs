//! Uploads, listings, specifications, changes.

use crate::support::{Home, Names, PLAIN, ran, synthetic};
use std::io::Write;
use std::process::Stdio;

/// A home with two dumps, `server` and `client`, and their names.
fn two() -> (Home, Vec<String>) {
    let home = Home::new();
    let one = home.file("core.1", &synthetic(&PLAIN));
    let names = Names { command: "client", ..PLAIN };
    let two = home.file("core.2", &synthetic(&names));
    let set = |file: &std::path::Path, seconds| {
        let time =
            std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        let file = std::fs::File::options().write(true).open(file);
        file.expect("ours").set_modified(time).expect("ours");
    };
    set(&one, 1_700_000_000);
    set(&two, 1_600_000_000);
    let ids = home.upload(&[&one, &two]);
    (home, ids)
}

#[test]
fn uploads_print_names_in_order_and_are_made_once() {
    let (home, ids) = two();
    assert_eq!(ids.len(), 2);
    for id in &ids {
        assert_eq!(id.len(), 32);
        assert!(id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    }
    assert_eq!(home.ok(&["object", "core.1"]), format!("{}\n", ids[0]));
    home.ok(&["ticket", &ids[0], "T-1"]);
    let before = home.ok(&["info", &ids[0]]);
    let again = home.run(&["upload", "core.1", "core.2"]);
    assert_eq!(again.status, 0);
    assert_eq!(again.out, format!("{}\n{}\n", ids[0], ids[1]));
    assert!(again.err.contains("core.1 is there already"), "{}", again.err);
    assert_eq!(home.ok(&["info", &ids[0]]), before);
}

#[test]
fn a_whole_dump_takes_the_place_of_a_truncated_one() {
    let home = Home::new();
    let whole = synthetic(&PLAIN);
    let cut = home.file("cut", &whole[..whole.len() - 100]);
    let ids = home.upload(&[&cut]);
    assert_eq!(home.json(&["info", &ids[0]])["truncated"], true);
    assert_eq!(home.run(&["stack", &ids[0]]).status, 3);
    home.ok(&["ticket", &ids[0], "T-1"]);
    home.file("whole", &whole);
    let ran = home.run(&["upload", "whole"]);
    assert_eq!(ran.out.trim(), ids[0]);
    assert!(ran.err.contains("taken the place"), "{}", ran.err);
    let info = home.json(&["info", &ids[0]]);
    assert_eq!(info["truncated"], false);
    assert_eq!(info["ticket"], "T-1");
    assert_eq!(home.run(&["threads", &ids[0]]).status, 0);
}

#[test]
fn listings_keep_the_original_columns() {
    let (home, ids) = two();
    home.ok(&["ticket", &ids[1], "OS-2359"]);
    let (one, two) = (&ids[0][..16], &ids[1][..16]);
    assert_eq!(
        home.ok(&["ls"]),
        format!(
            "NAME             TYPE  TIME                NODE/CMD         TICKET \n\
             {two} core  2020-09-13T12:26:40 client           OS-2359\n\
             {one} core  2023-11-14T22:13:20 server           -      \n"
        )
    );
    assert_eq!(
        home.ok(&["ls", "cmd=server", "pid", "argv", "properties.x"]),
        format!(
            "NAME             TYPE TIME                NODE/CMD TICKET PID  \
             ARGV                       X\n\
             {one} core 2023-11-14T22:13:20 server   -      4242 \
             /srv/server,--port,8080,a b -\n"
        )
        .replace(
            "ARGV                       X",
            "ARGV                        X"
        )
    );
    let empty = Home::new();
    assert_eq!(empty.ok(&["ls"]), "NAME TYPE  TIME NODE/CMD         TICKET\n");
}

#[test]
fn listings_select_by_hash_file_and_specification() {
    let (home, ids) = two();
    let names = |words: &[&str]| -> Vec<String> {
        let all = home.json(words);
        let all = all.as_array().expect("an array").iter();
        all.map(|r| r["cmd"].as_str().expect("cmd").to_owned()).collect()
    };
    assert_eq!(names(&["ls"]), ["client", "server"]);
    assert_eq!(names(&["ls", &ids[0][..6]]), ["server"]);
    assert_eq!(names(&["ls", &ids[0], &ids[1][..8]]), ["client", "server"]);
    assert_eq!(names(&["ls", "./core.2"]), ["client"]);
    assert_eq!(names(&["ls", "cmd=c*"]), ["client"]);
    assert_eq!(names(&["ls", "argv=a b", "sort=-time"]), ["server", "client"]);
    assert_eq!(names(&["ls", "limit=1"]), ["server"]);
    assert_eq!(names(&["ls", "mtime=1d", "--allow-none"]), [""; 0]);
    assert_eq!(names(&["ls", "ticket=undefined"]).len(), 2);
}

#[test]
fn properties_and_tickets_are_set_and_removed() {
    let (home, ids) = two();
    let info = || home.json(&["info", &ids[0]]);
    assert_eq!(home.ok(&["set", &ids[0][..5], "engineer", "bmc"]), "");
    home.ok(&["set", "cmd=*", "release", "5"]);
    home.ok(&["set", "cmd=server", "triage", r#"{"state":"new"}"#]);
    assert_eq!(info()["properties"]["engineer"], "bmc");
    assert_eq!(info()["properties"]["release"], 5);
    assert_eq!(info()["properties"]["triage"]["state"], "new");
    let found = home.json(&["ls", "triage.state=new", "release=5"]);
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    home.ok(&["unset", &ids[0], "engineer"]);
    assert!(info()["properties"].get("engineer").is_none());
    home.ok(&["ticket", "cmd=server", "pid=4242", "WEB-17"]);
    assert_eq!(info()["ticket"], "WEB-17");
    home.ok(&["unticket", "./core.1"]);
    assert!(info().get("ticket").is_none());
}

#[test]
fn values_and_names_come_from_standard_input() {
    let (home, ids) = two();
    let fed = |words: &[&str], input: &str| {
        let mut command = home.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program runs");
        let mut pipe = child.stdin.take().expect("a pipe");
        pipe.write_all(input.as_bytes()).expect("it reads");
        drop(pipe);
        child.wait_with_output().expect("it ends")
    };
    let done = fed(&["set", &ids[0], "x"], "[1, 2]\n");
    assert_eq!(done.status.code(), Some(0));
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(told.contains("reading JSON from stdin"), "{told}");
    let info = home.json(&["info", &ids[0]]);
    assert_eq!(info["properties"]["x"], serde_json::json!([1, 2]));
    let done = fed(&["set", &ids[0], "x"], "not json");
    assert_eq!(done.status.code(), Some(1));
    let both = format!("{}\n {}", ids[1], ids[0]);
    let done = fed(&["info", "dump=stdin"], &both);
    let all: serde_json::Value =
        serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!(all[0]["cmd"], "client");
    assert_eq!(all[1]["cmd"], "server");
    assert_eq!(fed(&["info", "dump=stdin"], " ").status.code(), Some(1));
}

#[test]
fn reports_count() {
    let (home, ids) = two();
    home.ok(&["set", &ids[0], "release", "5"]);
    assert_eq!(
        home.ok(&["report", "type=core", "cmd"]),
        "COUNT  CMD\n    1  client\n    1  server\n2 dumps\n"
    );
    let by = home.json(&["report", "type=core", "release"]);
    assert_eq!(by, serde_json::json!({"5": 1, "null": 1}));
    assert_eq!(home.ok(&["report", "cmd=server"]), "1\n");
    assert_eq!(home.ok(&["report", "cmd=x", "cmd"]), "COUNT  CMD\n0 dumps\n");
    let slip = home.run(&["report", "cmd=*", "singal"]);
    assert!(slip.err.contains("did you mean signal?"), "{}", slip.err);
}

#[test]
fn an_ambiguous_name_lists_what_it_could_mean() {
    let home = Home::new();
    // Among a thousand names, some two begin with the same four digits.
    let files: Vec<String> = (0..1000).map(|i| format!("core.{i}")).collect();
    for file in &files {
        let names = Names { command: file, ..PLAIN };
        home.file(file, &synthetic(&names));
    }
    let mut words = vec!["object"];
    words.extend(files.iter().map(String::as_str));
    let printed = home.ok(&words);
    let mut ids: Vec<(&str, &String)> = printed.lines().zip(&files).collect();
    ids.sort();
    let alike = ids.windows(2).find(|w| w[0].0[..4] == w[1].0[..4]);
    let [one, two] = alike.expect("two alike") else { unreachable!() };
    home.ok(&["upload", one.1, two.1]);
    let ran = home.run(&["stack", &one.0[..4]]);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(ran.err.contains("matches 2 dumps"), "{}", ran.err);
    for (id, command) in [one, two] {
        let line = |l: &str| l.contains(id) && l.contains(command.as_str());
        assert!(ran.err.lines().any(line), "{}", ran.err);
    }
    assert!(ran.err.contains("hint: give more digits"), "{}", ran.err);
    assert_eq!(home.run(&["threads", &one.0[..12]]).status, 0);
    assert_eq!(home.run(&["threads", one.0]).status, 0);
    let short = home.run(&["stack", "abc"]);
    assert_eq!(short.status, 2);
    assert!(short.err.contains("four digits"), "{}", short.err);
}

#[test]
fn several_dumps_answer_as_an_array_or_under_headings() {
    let (home, ids) = two();
    let all = home.json(&["threads", "cmd=*"]);
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    assert_eq!(all[0]["dump"], ids[1].as_str());
    let one = home.json(&["threads", "cmd=server"]);
    assert_eq!(one.as_array().map(Vec::len), Some(1));
    assert!(home.json(&["threads", &ids[0]]).is_object());
    let text = home.ok(&["threads", "cmd=server"]);
    assert!(text.starts_with(&format!("== {} server ", &ids[0][..16])));
    let text = home.ok(&["args", "core.1", "core.2"]);
    assert!(text.contains("== core.1 server"), "{text}");
    assert!(text.contains("== core.2 client"), "{text}");
}

#[test]
fn one_bad_dump_among_several_does_not_hide_the_others() {
    let home = Home::new();
    home.file("good", &synthetic(&PLAIN));
    home.file("bad", b"no dump");
    let ran = home.run(&["args", "./bad", "./good", "--json"]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("1 of 2 dumps could not be read"), "{ran:?}");
    let all: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(all[0]["pid"], 4242);
}

#[test]
fn a_local_file_needs_no_store_even_a_broken_one() {
    let home = Home::new();
    let file = home.file("core.1", &synthetic(&PLAIN));
    std::fs::write(home.data(), "not a folder").expect("fresh");
    let path = file.to_str().expect("plain");
    for command in
        ["stack", "args", "env", "auxv", "maps", "threads", "notes", "fault"]
    {
        assert_eq!(home.run(&[command, path]).status, 0, "{command}");
    }
    let refused = home.run(&["upload", path]);
    assert_eq!(refused.status, 1);
    assert!(refused.err.contains("because: "), "{}", refused.err);
}

#[test]
fn compressed_dumps_are_the_same_dump() {
    let home = Home::new();
    let plain = crate::support::core("segv");
    let packed = crate::support::core("packed-zst");
    let id = home.ok(&["object", &plain]);
    assert_eq!(home.ok(&["object", &packed]), id);
    assert_eq!(home.ok(&["upload", &packed]), id);
    let info = home.json(&["info", id.trim()]);
    let size = std::fs::metadata(&plain).expect("a core").len();
    assert_eq!(info["size"], size);
    let name = info["dump"].as_str().expect("a path").to_owned();
    assert!(name.ends_with("/core"), "{name}");
    let stored = home.ok(&["stack", id.trim()]);
    assert_eq!(stored, home.ok(&["stack", &plain]));
}

#[test]
fn links_are_made_for_what_exists() {
    let home = Home::new();
    let file = home.file("core.1", &synthetic(&PLAIN));
    let links = home.json(&["links", "bin"]);
    let links = links["links"].as_array().expect("an array");
    for link in links {
        let path = home.work().join(link.as_str().expect("a path"));
        assert!(path.is_symlink(), "{link}");
    }
    let mut pargs = std::process::Command::new(home.work().join("bin/pargs"));
    pargs.arg("-e").arg(&file).env_clear();
    let ran = ran(pargs);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(ran.out.contains("argv[3]: a b"), "{}", ran.out);
    assert!(ran.out.contains("SERVICE=web"), "{}", ran.out);
    // Again is fine; another's file is not touched.
    home.ok(&["links", "bin"]);
    let theirs = home.work().join("bin/pargs");
    std::fs::remove_file(&theirs).expect("ours");
    std::fs::write(&theirs, "theirs").expect("fresh");
    assert_eq!(home.run(&["links", "bin"]).status, 1);
    assert_eq!(std::fs::read(&theirs).expect("there"), b"theirs");
}

#[test]
fn shells_get_completions() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = home.ok(&["completions", shell]);
        assert!(script.contains("unticket"), "{shell}");
    }
    let ran = home.run(&["completions", "fsh"]);
    assert!(ran.err.contains("fish"), "{}", ran.err);
}

#[test]
fn bash_completes_commands_and_names_of_dumps() {
    let (home, ids) = two();
    let script = home.ok(&["completions", "bash"]);
    home.file("thoth.bash", script.as_bytes());
    let complete = |words: &str| -> Vec<String> {
        let text = format!(
            "source ./thoth.bash; COMP_WORDS=(thoth {words}); \
             COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _thoth_with_names {} \"${{COMP_WORDS[-1]}}\" x; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\"; complete -p thoth",
            env!("CARGO_BIN_EXE_thoth")
        );
        let mut bash = std::process::Command::new("bash");
        bash.args(["-c", &text]).current_dir(home.work());
        bash.env("THOTH_HOME", home.data());
        let ran = ran(bash);
        assert_eq!(ran.status, 0, "{ran:?}");
        assert!(ran.out.contains("-F _thoth_with_names"), "{ran:?}");
        ran.out.lines().map(str::to_owned).collect()
    };
    let found = complete(&format!("stack {}", &ids[0][..3]));
    assert!(found.contains(&ids[0][..16].to_owned()), "{found:?}");
    assert!(!found.contains(&ids[1][..16].to_owned()), "{found:?}");
    let none = complete("stack ffff");
    assert!(none.iter().all(|word| !word.starts_with("ffff")), "{none:?}");
}

/// Writes the head of a kdump-compressed dump, from its table of offsets.
fn kdump() -> Vec<u8> {
    let mut bytes = vec![0; 8192];
    let mut put = |at: usize, text: &[u8]| {
        bytes[at..at + text.len()].copy_from_slice(text);
    };
    put(0, b"KDUMP   ");
    put(8, &6u32.to_le_bytes());
    let names = ["Linux", "db\x1b[7m1", "6.1.0-37-amd64", "#1 SMP", "x86_64"];
    for (i, name) in names.iter().enumerate() {
        put(12 + i * 65, name.as_bytes());
    }
    put(408, &1_700_000_000u64.to_le_bytes());
    put(428, &4096u32.to_le_bytes());
    bytes
}

#[test]
fn a_kernels_dump_is_kept_though_not_yet_read() {
    let home = Home::new();
    let file = home.file("vmcore", &kdump());
    let id = home.ok(&["object", "vmcore"]);
    assert_eq!(home.upload(&[&file]), [id.trim()]);
    let info = home.json(&["info", "vmcore"]);
    assert_eq!(info["type"], "crash");
    assert_eq!(info["platform"], "6.1.0-37-amd64");
    assert_eq!(info["time_source"], "dump header");
    let list = home.ok(&["ls"]);
    assert!(list.contains("crash 2023-11-14T22:13:20 db\\x1b[7m1"), "{list}");
    let ran = home.run(&["stack", "vmcore"]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("a kernel crash dump"), "{}", ran.err);
    assert_eq!(home.run(&["stack", id.trim()]).status, 1);
    home.file("flat", b"makedumpfile\0\0\0\0");
    let ran = home.run(&["object", "flat"]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("hint: makedumpfile -R"), "{}", ran.err);
}

#[test]
fn what_a_collector_wrote_beside_the_file_is_taken() {
    // A folder on disk: memory file systems may lack these attributes.
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"));
    let file = dir.expect("scratch folder").keep().join("core.1");
    std::fs::write(&file, synthetic(&PLAIN)).expect("fresh");
    for (name, value) in [
        ("user.coredump.timestamp", "1650000000250000"),
        ("user.coredump.hostname", "web7"),
    ] {
        let flags = rustix::fs::XattrFlags::empty();
        rustix::fs::setxattr(&file, name, value.as_bytes(), flags)
            .expect("a file system with extended attributes");
    }
    let home = Home::new();
    let id = home.upload(&[&file]).remove(0);
    let info = home.json(&["info", &id]);
    assert_eq!(info["time"], 1_650_000_000.25);
    assert_eq!(info["time_source"], "user.coredump.timestamp");
    assert_eq!(info["node"], "web7");
    let folder = file.parent().expect("ours");
    std::fs::remove_dir_all(folder).expect("ours");
}
