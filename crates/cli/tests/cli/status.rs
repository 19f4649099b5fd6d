//! What each exit status is for, and what is said beside it.

use crate::support::{Home, PLAIN, core, ran, synthetic};
use std::process::{Command, Stdio};

/// Runs, and checks the status and that something is said.
fn fails(home: &Home, words: &[&str], status: i32, says: &str) {
    let ran = home.run(words);
    assert_eq!(ran.status, status, "{words:?}: {ran:?}");
    assert!(ran.err.contains(says), "{words:?}: {}", ran.err);
    assert!(ran.err.starts_with("thoth: "), "{words:?}: {}", ran.err);
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
}

#[test]
fn mistakes_in_the_command_are_1() {
    let home = Home::new();
    fails(&home, &["stakc", "x"], 1, "similar subcommand exists: 'stack'");
    fails(&home, &["stack", "--thred", "1", "x"], 1, "--thread");
    fails(&home, &["stack"], 1, "required arguments");
    fails(&home, &["stack", "-n", "0", "x"], 1, "0 is not in 1..");
    fails(&home, &["ls", "mtime=5parsecs"], 1, "parsecs");
    fails(&home, &["ls", "pid", "cmd=x"], 1, "can't intermix");
    fails(&home, &["ticket", "cmd=x"], 1, "need both");
    fails(&home, &["ticket", "cmd=x", "a=b"], 1, "not a valid ticket");
    fails(&home, &["set", "cmd=x", "a=b"], 1, "need both");
    fails(&home, &["ls", "dump=stdin", "cmd=x"], 1, "cannot be used with");
}

#[test]
fn help_is_no_mistake() {
    let home = Home::new();
    for words in [&["--help"][..], &["stack", "--help"], &["--version"]] {
        let ran = home.run(words);
        assert_eq!((ran.status, &ran.err[..]), (0, ""), "{words:?}");
        assert!(!ran.out.is_empty());
    }
    let nothing = home.run(&[]);
    assert_eq!(nothing.status, 1);
    assert!(nothing.err.contains("Commands:"), "{}", nothing.err);
}

#[test]
fn files_that_are_no_dumps_are_1() {
    let home = Home::new();
    home.file("empty", b"");
    home.file("text", b"this is no dump\n");
    home.file("closed", b"x");
    let elf = std::env::current_exe().expect("a program");
    std::fs::copy(elf, home.work().join("program")).expect("a copy");
    std::fs::create_dir(home.work().join("folder")).expect("fresh");
    for command in ["stack", "object", "upload", "info", "fault"] {
        let says = |name, says| fails(&home, &[command, name], 1, says);
        says("./empty", "the file is empty");
        says("./text", "expected an ELF header at offset 0");
        says("./program", "expected 4 (ET_CORE)");
        says("./folder", "a directory");
        says("/dev/null", "a device");
    }
    assert!(
        !home.data().join("store/objects").exists() || {
            home.ok(&["ls", "--json"]).trim() == "[]"
        }
    );
}

#[test]
fn a_bomb_stops_at_the_limit() {
    let home = Home::new();
    let packed = core("packed-gz");
    let words = ["stack", &packed, "--expand-limit", "100K"];
    fails(&home, &words, 1, "passes the limit of 102400 bytes");
    assert!(home.run(&words).err.contains("hint: --expand-limit"));
}

#[test]
fn dumps_that_are_not_there_are_2() {
    let home = Home::new();
    let file = home.file("core.1234", &synthetic(&PLAIN));
    for command in ["stack", "info", "args", "fault", "maps"] {
        fails(&home, &[command, "dead"], 2, "no dump is named \"dead\"");
        fails(&home, &[command, "cmd=none"], 2, "no dump matches cmd=none");
        fails(&home, &[command, "core.1243"], 2, "did you mean core.1234?");
        fails(&home, &[command, "server"], 2, "cmd=server");
    }
    assert!(!home.data().exists(), "a question made a store");
    let path = file.to_str().expect("plain");
    fails(&home, &["info", path], 2, "has not been uploaded");
    home.upload(&[&file]);
    assert_eq!(home.run(&["info", path]).status, 0);
    fails(&home, &["ls", "cmmd=server"], 2, "did you mean cmd=server?");
    assert_eq!(home.run(&["ls", "cmd=x", "--allow-none"]).status, 0);
    fails(&home, &["set", "dead", "a", "1"], 2, "no dump");
}

#[test]
fn damaged_dumps_give_what_they_have_and_3() {
    let home = Home::new();
    let whole = synthetic(&PLAIN);
    home.file("cut", &whole[..whole.len() - 4096]);
    for command in ["stack", "args", "env", "threads", "maps", "notes"] {
        let ran = home.run(&[command, "./cut"]);
        assert_eq!(ran.status, 3, "{command}: {ran:?}");
        assert!(ran.err.contains("the dump is cut: 4.0K of"), "{}", ran.err);
    }
    let threads = home.run(&["threads", "./cut"]);
    assert!(threads.out.contains("4242"), "{}", threads.out);
    let quiet = home.run(&["threads", "./cut", "-q"]);
    assert_eq!((quiet.status, &quiet.err[..]), (3, ""));
}

#[test]
fn a_core_cut_anywhere_is_an_error_or_a_partial_answer() {
    let home = Home::new();
    let whole = synthetic(&PLAIN);
    for end in (0..whole.len()).step_by(193) {
        home.file("cut", &whole[..end]);
        let ran = home.run(&["stack", "./cut"]);
        assert!([1, 3].contains(&ran.status), "{end}: {ran:?}");
        assert!(!ran.err.is_empty(), "{end}");
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let home = Home::new();
    let deep = core("stack-overflow");
    let mut command = home.command(&["stack", &deep, "--json"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_full_disk_under_the_output_is_1() {
    let home = Home::new();
    let file = home.file("core", &synthetic(&PLAIN));
    let full = std::fs::File::options().write(true).open("/dev/full");
    let mut command = home.command(&["maps", file.to_str().expect("plain")]);
    command.stdout(full.expect("/dev/full"));
    let ran = ran(command);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("cannot write to standard output"), "{ran:?}");
}

#[test]
fn a_server_is_not_silently_replaced_by_the_local_store() {
    let home = Home::new();
    let file = home.file("core", &synthetic(&PLAIN));
    let words = ["upload", file.to_str().expect("plain")];
    // A port that nobody listens on.
    let server = "http://127.0.0.1:1";
    let mut command = home.command(&words);
    command.env("MANTA_URL", server);
    let nobody = ran(command);
    assert_eq!(nobody.status, 1);
    assert!(nobody.err.contains("MANTA_USER"), "{nobody:?}");
    let mut command = home.command(&words);
    command.env("MANTA_URL", server).env("MANTA_NO_AUTH", "true");
    let unreachable = ran(command);
    assert_eq!(unreachable.status, 1, "{unreachable:?}");
    let text = "cannot reach http://127.0.0.1:1";
    assert!(unreachable.err.contains(text), "{unreachable:?}");
    assert!(!home.data().exists());
}

#[test]
fn the_data_folder_follows_its_variables() {
    let home = Home::new();
    let file = home.file("core", &synthetic(&PLAIN));
    let upload = |set: &dyn Fn(&mut Command)| {
        let mut c = home.command(&["upload", file.to_str().expect("plain")]);
        set(&mut c);
        ran(c)
    };
    let xdg = home.work().join("xdg");
    let done = upload(&|c| {
        c.env_remove("THOTH_HOME").env("XDG_DATA_HOME", &xdg);
    });
    assert_eq!(done.status, 0, "{done:?}");
    assert!(xdg.join("thoth/store").is_dir());
    let done = upload(&|c| {
        c.env_remove("THOTH_HOME").env("HOME", home.work());
    });
    assert_eq!(done.status, 0, "{done:?}");
    assert!(home.work().join(".local/share/thoth/store").is_dir());
    let done = upload(&|c| {
        c.args(["--home", "elsewhere"]);
    });
    assert_eq!(done.status, 0, "{done:?}");
    assert!(home.work().join("elsewhere/store").is_dir());
    let done = upload(&|c| {
        c.env_remove("THOTH_HOME");
    });
    assert_eq!(done.status, 1);
    assert!(done.err.contains("THOTH_HOME"), "{}", done.err);
}

#[test]
fn a_file_name_need_not_be_text() {
    use std::os::unix::ffi::OsStrExt;
    let home = Home::new();
    let name = std::ffi::OsStr::from_bytes(b"core.\xff\x1b[31m");
    let path = home.work().join(name);
    std::fs::write(&path, synthetic(&PLAIN)).expect("fresh");
    for command in ["args", "object", "upload"] {
        let mut command = home.command(&[command]);
        command.arg(&path);
        let ran = ran(command);
        assert_eq!(ran.status, 0, "{ran:?}");
        assert!(!ran.err.contains('\x1b'), "{ran:?}");
    }
}
