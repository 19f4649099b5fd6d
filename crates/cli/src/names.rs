//! The program's other names, as `thoth links` makes them.
//!
//! Called as one of these, the program behaves as the tool of that name: the
//! name is replaced by the words in the table. A name is in the table when
//! what it does exists; `mdb`, `manta` and the `m` tools join it with their
//! commands, so that no link is made that leads nowhere.

use std::ffi::OsString;
use std::path::Path;

/// A name and the command that it stands for.
pub(crate) struct Name {
    /// Name of the link.
    pub(crate) name: &'static str,
    /// Words put in place of it.
    pub(crate) words: &'static [&'static str],
}

/// Every name that works today.
pub(crate) const NAMES: &[Name] = &[Name { name: "pargs", words: &["args"] }];

/// Replaces a name of the table by its words.
pub(crate) fn rewritten(args: Vec<OsString>) -> Vec<OsString> {
    rewrite(args, NAMES)
}

fn rewrite(args: Vec<OsString>, names: &[Name]) -> Vec<OsString> {
    let called = args.first().map(Path::new).and_then(Path::file_name);
    let Some(name) = names.iter().find(|n| called.is_some_and(|c| c == n.name))
    else {
        return args;
    };
    let words = name.words.iter().map(OsString::from);
    std::iter::once(OsString::from("thoth"))
        .chain(words)
        .chain(args.into_iter().skip(1))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stands_for_its_words() {
        let names = [Name { name: "mls", words: &["manta", "ls"] }];
        let args = |list: &[&str]| list.iter().map(OsString::from).collect();
        let got = rewrite(args(&["/opt/bin/mls", "-l", "/x"]), &names);
        let expected: Vec<OsString> =
            args(&["thoth", "manta", "ls", "-l", "/x"]);
        assert_eq!(got, expected);
        let own: Vec<OsString> = args(&["/opt/bin/thoth", "mls"]);
        assert_eq!(rewrite(own.clone(), &names), own);
        assert_eq!(rewrite(Vec::new(), &names), Vec::<OsString>::new());
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
