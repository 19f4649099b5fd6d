//! Data folders that are not fit are said by name, by whatever comes first,
//! and never look like empty ones.

use crate::support::{Home, PLAIN, Ran, ran, synthetic};
use std::process::Command;

/// Commands that read, and one that writes.
const COMMANDS: [&[&str]; 4] =
    [&["ls"], &["du"], &["index", "check"], &["upload", "core"]];

fn refused(ran: &Ran, parts: &[&str]) {
    assert_eq!(ran.status, 1, "{ran:?}");
    assert_eq!(ran.out, "", "{ran:?}");
    for part in parts {
        assert!(ran.err.contains(part), "{part:?} in {ran:?}");
    }
}

#[test]
fn a_file_in_the_place_of_the_data_folder() {
    let home = Home::new();
    home.file("core", &synthetic(&PLAIN));
    std::fs::write(home.data(), b"").expect("file");
    let name = home.data().display().to_string();
    for words in COMMANDS {
        refused(&home.run(words), &[&name, "Not a directory"]);
    }
}

/// Tells whether this process may give folders away and mount.
fn is_root() -> bool {
    let own = std::fs::metadata("/proc/self").expect("proc");
    std::os::unix::fs::MetadataExt::uid(&own) == 0
}

#[test]
fn a_data_folder_of_another_user() {
    let home = Home::new();
    let core = home.file("core", &synthetic(&PLAIN));
    home.upload(&[&core]);
    let store = home.data().join("store");
    if !is_root() {
        // Root's is another user's; a link leads to one.
        std::fs::remove_dir_all(&store).expect("ours");
        std::os::unix::fs::symlink("/usr", &store).expect("link");
        return refused(&home.run(&["ls"]), &["belongs to user 0"]);
    }
    std::os::unix::fs::chown(&store, Some(12_345), None).expect("as root");
    let name = store.display().to_string();
    for words in COMMANDS {
        refused(&home.run(words), &[&name, "belongs to user 12345"]);
    }
}

#[test]
fn a_data_folder_on_a_read_only_file_system() {
    let home = Home::new();
    let core = home.file("core", &synthetic(&PLAIN));
    home.upload(&[&core]);
    let name = home.data().join("store").display().to_string();
    for words in COMMANDS {
        // In a namespace of its own, where anybody may mount.
        let mut command = Command::new("unshare");
        command.arg("--mount");
        if !is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        let inner = home.command(words);
        command.args(["sh", "-c"]);
        command.arg(
            "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" \
             && exec \"$@\"",
        );
        command.arg(home.data()).arg(inner.get_program());
        command.args(inner.get_args()).current_dir(home.work()).env_clear();
        for (name, value) in inner.get_envs() {
            command.envs(value.map(|value| (name, value)));
        }
        refused(&ran(command), &[&name, "read-only file system"]);
    }
}
