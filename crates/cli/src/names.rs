//! The program's other names, as `thoth links` makes them.
//!
//! Called as one of these, the program behaves as the tool of that name:
//! either the name is replaced by words of `thoth`'s own, or it is a tool of
//! the object store ([`crate::tools`]), which has a command line of its own.
//! A name is in the table when what it does exists, so that no link is made
//! that leads nowhere.

use crate::tools::TOOLS;
use std::ffi::OsString;
use std::path::Path;

/// A name and the command that it stands for.
struct Name {
    /// Name of the link.
    name: &'static str,
    /// Words put in place of it.
    words: &'static [&'static str],
}

/// Names that stand for words.
const NAMES: &[Name] = &[Name { name: "pargs", words: &["args"] }];

/// What the program was called as.
#[derive(Debug, PartialEq)]
pub(crate) enum Called {
    /// Itself, with these arguments.
    Thoth(Vec<OsString>),
    /// A tool, with the arguments after its name.
    Tool(&'static str, Vec<OsString>),
}

/// Every name that works today, and what it stands for.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    let words =
        NAMES.iter().map(|n| (n.name, format!("thoth {}", n.words.join(" "))));
    let manta = [("manta", "thoth manta".to_owned())];
    let tools =
        TOOLS.iter().map(|(word, full)| (*full, format!("manta {word}")));
    words.chain(manta).chain(tools).collect()
}

/// Tells what the program was called as.
pub(crate) fn called(args: Vec<OsString>) -> Called {
    let name = args.first().map(Path::new).and_then(Path::file_name);
    let name = name.and_then(|n| n.to_str()).unwrap_or_default();
    let tools = TOOLS.iter().map(|(_, full)| *full);
    if let Some(tool) = tools.chain(["manta"]).find(|t| *t == name) {
        return Called::Tool(tool, args.into_iter().skip(1).collect());
    }
    let Some(name) = NAMES.iter().find(|n| n.name == name) else {
        return Called::Thoth(args);
    };
    let words = name.words.iter().map(OsString::from);
    let args = std::iter::once(OsString::from("thoth"))
        .chain(words)
        .chain(args.into_iter().skip(1))
        .collect();
    Called::Thoth(args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stands_for_what_it_is_called() {
        let args = |list: &[&str]| -> Vec<OsString> {
            list.iter().map(OsString::from).collect()
        };
        assert_eq!(
            called(args(&["/opt/bin/mls", "-l", "/x"])),
            Called::Tool("mls", args(&["-l", "/x"]))
        );
        assert_eq!(
            called(args(&["pargs", "core"])),
            Called::Thoth(args(&["thoth", "args", "core"]))
        );
        let own = args(&["/opt/bin/thoth", "mls"]);
        assert_eq!(called(own.clone()), Called::Thoth(own));
        assert_eq!(called(Vec::new()), Called::Thoth(Vec::new()));
    }

    #[test]
    fn every_name_leads_to_a_command() {
        use clap::CommandFactory;
        let cli = crate::options::Cli::command();
        for name in NAMES {
            let first = name.words.first().expect("a command");
            assert!(cli.find_subcommand(first).is_some(), "{}", name.name);
        }
    }
}
