//! The tools of the object store, from outside.
//!
//! The same stories run in each world that there is: the store of this
//! process, and a server in a process of its own. What a tool
//! prints is compared to the letter, with ids and times taken out.

mod originals;
mod stories;
mod world;

use world::World;

macro_rules! in_each_world {
    ($($story:ident)*) => {
        mod embedded {
            $(#[test] fn $story() {
                crate::stories::$story(&crate::World::embedded());
            })*
        }
        mod server {
            $(#[test] fn $story() {
                crate::stories::$story(&crate::World::server());
            })*
        }
    };
}

in_each_world! {
    an_object_and_back
    listings
    listings_by_time
    many_entries_are_listed_once
    finding
    headers_and_their_change
    role_tags
    conditions
    ranges
    digests
    links
    directories
    removal
    removal_of_a_tree
    removal_asks
    files_that_appear_whole
    resumed_downloads
    a_folder_and_back
    a_sync_that_deletes
    an_archive
    an_archive_that_climbs
    mistakes
    names_that_are_hostile
    a_word_after_manta
    an_object_in_parts
    a_long_file_goes_in_parts
    signed_addresses
}

#[test]
fn links_are_made_for_every_tool() {
    let world = World::embedded();
    let made = world.thoth(&["links", "bin"]).ok();
    for name in ["manta", "mls", "mput", "msync", "muntar", "mchmod"] {
        assert!(made.lines().any(|l| l == format!("bin/{name}")), "{made}");
        assert!(world.work().join("bin").join(name).is_symlink());
    }
}

#[test]
fn help_and_version_of_every_tool() {
    let world = World::embedded();
    for name in [
        "manta", "mls", "mput", "mget", "minfo", "mfind", "mmkdir", "mrmdir",
        "mrm", "mln", "mmd5", "mchattr", "mchmod", "msync", "muntar", "msign",
        "mmpu",
    ] {
        let help = world.tool(&[name, "--help"]).ok();
        assert!(help.contains("Usage: "), "{name}: {help}");
        assert!(help.contains("Example"), "{name}: no example");
        let version = world.tool(&[name, "--version"]).ok();
        assert!(version.starts_with(name), "{version}");
        let wrong = world.tool(&[name, "--no-such-option"]);
        assert_eq!((wrong.status, wrong.out.as_str()), (1, ""), "{name}");
    }
    assert!(world.tool(&["mls", "--completion"]).ok().contains("complete"));
}

/// A dump with a hole of 400 MB behind what is in it.
fn sparse_dump(world: &World) -> u64 {
    use thoth_corpus::synth::{Core, Thread, X86_64};
    const SIZE: u64 = 400 << 20;
    let mut regs = [0u64; 27];
    regs[16] = 0x55aa_0000_1000; // rip
    regs[19] = 0x7ffc_0000_0100; // rsp
    let core = Core::new(X86_64)
        .thread(&Thread { tid: 7, signal: 11, regs: &regs })
        .process(7, [0, 0], ["server", "/srv/server --port 80"])
        .siginfo(11, 1, 0x10)
        .load(0x7ffc_0000_0000, 6, &vec![0; 8192])
        .build();
    world.file("core", &core);
    let file = std::fs::File::options()
        .write(true)
        .open(world.work().join("core"))
        .expect("it was written");
    file.set_len(SIZE).expect("a sparse file");
    SIZE
}

/// Returns how many bytes a run says to have received and sent.
fn moved(err: &str) -> (u64, u64) {
    let pattern = r"(\d+) bytes received and (\d+) sent, in \d+ requests";
    let pattern = regex::Regex::new(pattern).expect("a pattern of ours");
    let found = pattern.captures(err).expect(err);
    let number = |n: usize| found[n].parse().expect("digits");
    (number(1), number(2))
}

#[test]
fn dumps_are_kept_at_a_server_and_asked_there() {
    let world = World::server();
    let size = sparse_dump(&world);
    let words = ["upload", "-v", "--ticket", "T-1", "core"];
    let first = world.thoth(&words);
    let (_, sent) = moved(&first.err);
    assert!(sent >= size, "{sent}");
    let id = first.ok().trim().to_owned();
    // It is there: nothing but the question is sent.
    let again = world.thoth(&words);
    assert!(again.err.contains("is there already"), "{again:?}");
    assert_eq!(moved(&again.err).1, 0);
    assert_eq!(again.ok().trim(), id);
    let listed = world.thoth(&["ls", "ticket=T-1", "signal"]).ok();
    assert!(listed.contains("server"), "{listed}");
    // The answer comes from a few ranges, wherever the hole is.
    for words in [["stack", "-v"], ["threads", "-v"], ["notes", "-v"]] {
        let ran = world.thoth(&[words[0], words[1], &id[..8]]);
        let (received, sent) = moved(&ran.err);
        assert!(received < 1 << 20, "{words:?}: {received} bytes");
        assert_eq!(sent, 0);
        assert!(!ran.out.is_empty(), "{ran:?}");
    }
    // Changes, and what they leave behind.
    world.thoth(&["ticket", &id, "T-2"]).ok();
    let info = world.thoth(&["info", &id]).ok();
    let info: serde_json::Value = serde_json::from_str(&info).expect("JSON");
    assert_eq!(info["ticket"], "T-2");
    assert_eq!(world.thoth(&["ls", "ticket=T-1"]).status, 2);
    // The bytes themselves come back as they were.
    world.thoth(&["get", &id, "-o", "back"]).ok();
    assert!(world.read("back") == world.read("core"));
}

#[test]
fn what_a_server_answered_is_kept_by_version() {
    let world = World::server();
    sparse_dump(&world);
    world.thoth(&["upload", "core"]).ok();
    let (cold, _) = moved(&world.thoth(&["ls", "-v"]).err);
    let (warm, _) = moved(&world.thoth(&["ls", "-v"]).err);
    assert!(cold > warm, "{cold} and then {warm}");
    assert!(warm < 1000, "{warm}");
}
