//! The original tools and ours at the same server: what they print, and how
//! they exit.
//!
//! `cargo xtask test` installs the originals below the target folder. Without
//! them this fails and says so: that nothing was compared must not look like
//! success.

use crate::world::{Ran, World, plain, ran, sorted};
use std::path::{Path, PathBuf};

/// Returns the folder of the original tools.
fn folder() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_thoth"));
    let target = program.ancestors().nth(2).expect("target/debug/thoth");
    let bin = target.join("clients/npm/node_modules/manta/bin");
    assert!(
        bin.join("mls").exists(),
        "the original tools are not at {}; `cargo xtask test` installs them",
        bin.display()
    );
    bin
}

/// Runs an original tool where ours would run.
fn original(world: &World, words: &[&str]) -> Ran {
    let ours = world.command(words[0], &words[1..]);
    let mut command = std::process::Command::new("node");
    command.arg(folder().join(words[0])).args(&words[1..]);
    command.current_dir(world.work()).env_clear();
    for (name, value) in ours.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", world.work());
    ran(command, b"")
}

#[test]
fn what_the_originals_print_is_what_ours_print() {
    let w = World::server();
    w.put("~~/stor/cmp/a.txt", b"hello\n");
    w.put("~~/stor/cmp/b c", b"");
    w.put("~~/stor/cmp/sub/é", b"deep");
    let mut wrong = Vec::new();
    for words in [
        "mls ~~/stor/cmp",
        "mls -l ~~/stor/cmp",
        "mls -l -h ~~/stor/cmp",
        "mls -j ~~/stor/cmp",
        "mls -r ~~/stor/cmp",
        "mls -t -r ~~/stor/cmp",
        "mls -m b ~~/stor/cmp",
        "mls --type d ~~/stor/cmp",
        "mls --type o cmp",
        "mls ~~",
        "mls ~~/stor/cmp/a.txt",
        "mls -l ~~/stor/cmp/a.txt",
        "mls -j ~~/stor/cmp/a.txt",
        "mls ~~/stor/none",
        "mget -q ~~/stor/cmp/a.txt ~~/stor/cmp/a.txt",
        "mget -q ~~/stor/none",
        "mfind ~~/stor/cmp",
        "mfind -t o ~~/stor/cmp",
        "mfind -t d ~~/stor",
        "mfind -n txt$ -j ~~/stor/cmp",
        "mfind --maxdepth 1 ~~/stor",
        "mfind --mindepth 1 ~~/stor",
        "mfind -s 5 ~~/stor/cmp",
        "mfind ~~/stor/cmp/a.txt",
        "mfind ~~/stor/none",
        "mmd5 ~~/stor/cmp/a.txt",
        "mmd5 ~~/stor/cmp",
        "mmd5 ~~/stor/none",
        "mln ~~/stor/none ~~/stor/x",
        "mln ~~/stor/cmp ~~/stor/x",
        "mmkdir ~~/stor/none/x",
        "mrmdir ~~/stor/cmp",
        "mrmdir ~~/stor/cmp/a.txt",
        "mrm ~~/stor/cmp",
        "mrm ~~/stor/none",
        "mchattr -H m-x:1 ~~/stor/none",
        "mput -q -f none ~~/stor/x",
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let (theirs, ours) = (original(&w, &words), w.tool(&words));
        // They list in parallel.
        let shown = |ran: &Ran| {
            let text = plain(&ran.out);
            let lines: Vec<String> = match words[0] {
                "mfind" => sorted(&text).into_iter().map(Into::into).collect(),
                _ => text.lines().map(Into::into).collect(),
            };
            (ran.status, lines)
        };
        if shown(&theirs) != shown(&ours) {
            wrong.push(format!("{words:?}\n{theirs:?}\n{ours:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
