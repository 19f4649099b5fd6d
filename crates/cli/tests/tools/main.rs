//! The tools of the object store, from outside.
//!
//! The same stories run in each world that there is: the store of this
//! process, and a server in a process of its own. What a tool
//! prints is compared to the letter, with ids and times taken out.

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
