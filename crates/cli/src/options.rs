//! The command line as a whole: global options and the list of commands.

use crate::commands::Command;
use crate::error::{Error, Result};
use crate::output::{ColorChoice, Verbosity};
use clap::{Args, Parser};
use std::path::PathBuf;
use thoth_postmortem::bytes::OpenOptions;
use thoth_postmortem::modules::LocalFiles;

/// Keep core dumps, and ask them questions where they lie
///
/// Upload a dump once: it is identified, read and listed within seconds. Then
/// list, query and ticket dumps by what is in them, and look at one's threads,
/// stacks, arguments and mappings.
#[derive(Debug, Parser)]
#[command(
    name = "thoth",
    version,
    propagate_version = false,
    max_term_width = 100,
    after_long_help = MANUAL,
    subcommand_help_heading = "Commands",
    disable_help_subcommand = false
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const MANUAL: &str = "\
Naming a dump:
  Wherever DUMP stands, give one of
    3e166b93           the beginning of its hash, four digits or more
    core.1234          a local file; it needs no upload for stack, args, env,
                       auxv, maps, modules, threads, notes and fault
    cmd=node time=1d   a specification: PROPERTY=VALUE, all of which must hold
  A file whose name has one of = < > ~ is written with its folder: ./core=1

Specifications (all of them must hold):
  cmd=node*,java       * and ? match any characters, any one character; a comma
                       separates alternatives; != means none of them
  pid>1000, size<=1G   by the type of what is stored; also < and >=
  psargs~^java.*-Xmx   a regular expression; !~ means that it is not found
  ticket=undefined     the property is absent
  mtime=2d, otime=1w   crashed within the last two days; longer ago than a week
  sort=-size limit=5   in which order, and at most how many
  properties.team=a.b  members inside members
  dump=stdin           read hashes from standard input, by itself
  purged!=undefined    dumps that were removed, which are left out otherwise
The whole language is described in docs/reference/specifications.md.

Exit status:
  0    all is well
  1    a mistake in the command, or a file or system that does not play along
  2    no such dump
  3    an answer, but a partial one, since the dump is damaged
  100  a bug in thoth

Environment:
  THOTH_HOME  folder of the store (default: $XDG_DATA_HOME/thoth, that is
              ~/.local/share/thoth)
  THOTH_USER  account whose dumps are meant
  THOTH_CONFIG  configuration file (see thoth config)
  TMPDIR      folder for expanding compressed dumps (default: /var/tmp)
  NO_COLOR    no colours";

/// Headings of the help.
const GLOBAL: &str = "Global options";
const READING: &str = "Reading";

/// Options that every command takes.
#[derive(Debug, Default, Clone, Args)]
pub(crate) struct Globals {
    /// Print data as JSON
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) json: bool,

    /// Print no notes and warnings
    #[arg(short, long, global = true, help_heading = GLOBAL, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Say how answers came about
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub(crate) verbose: bool,

    /// Use colours
    #[arg(
        long,
        global = true, help_heading = GLOBAL,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = false
    )]
    pub(crate) color: ColorChoice,

    /// Keep the store in this folder [default: $THOTH_HOME, else the XDG data
    /// folder]
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
}

impl Globals {
    pub(crate) fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Usual,
        }
    }
}

/// Options of commands that read dumps.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ReadArgs {
    /// Use this program or library for the module with its build id
    #[arg(help_heading = READING, long, value_name = "FILE", num_args = 1)]
    pub(crate) exe: Vec<PathBuf>,

    /// Look for programs and libraries below this folder instead of /
    #[arg(help_heading = READING, long, value_name = "DIR")]
    pub(crate) sysroot: Vec<PathBuf>,

    /// Look here, too, for debug files (.build-id/xx/yyyy.debug)
    #[arg(help_heading = READING, long, value_name = "DIR")]
    pub(crate) debug_dir: Vec<PathBuf>,

    /// Expand a compressed dump to at most this size
    #[arg(
        help_heading = READING,
        long,
        value_name = "SIZE",
        default_value = "64G",
        value_parser = parse_size
    )]
    pub(crate) expand_limit: Option<u64>,
}

impl ReadArgs {
    /// Returns where to look for modules' files.
    pub(crate) fn finder(&self) -> Result<LocalFiles> {
        for (what, paths) in [("--exe", &self.exe)] {
            if let Some(missing) = paths.iter().find(|p| !p.is_file()) {
                let text = format!("{what}: {} is no file", missing.display());
                return Err(Error::Usage(text).into());
            }
        }
        for (what, paths) in
            [("--sysroot", &self.sysroot), ("--debug-dir", &self.debug_dir)]
        {
            if let Some(missing) = paths.iter().find(|p| !p.is_dir()) {
                let text =
                    format!("{what}: {} is no folder", missing.display());
                return Err(Error::Usage(text).into());
            }
        }
        let mut files = LocalFiles::system();
        if !self.sysroot.is_empty() {
            files.roots.clone_from(&self.sysroot);
            files.debug_dirs.clear();
        }
        let own = self.debug_dir.iter().cloned();
        files.debug_dirs = own.chain(files.debug_dirs).collect();
        files.files.clone_from(&self.exe);
        Ok(files)
    }

    /// Returns where and how far to expand compressed dumps.
    pub(crate) fn open_options(&self) -> OpenOptions {
        let mut options = OpenOptions::new(scratch_dir());
        if let Some(limit) = self.expand_limit {
            options.expand_limit = limit;
        }
        options
    }
}

/// A folder on disk: `/tmp` is often memory, and a dump may be larger.
pub(crate) fn scratch_dir() -> PathBuf {
    if let Some(dir) = std::env::var_os("TMPDIR").filter(|d| !d.is_empty()) {
        return dir.into();
    }
    let disk = PathBuf::from("/var/tmp");
    if disk.is_dir() { disk } else { std::env::temp_dir() }
}

/// Parses `64G`, `500M`, `1000`.
pub(crate) fn parse_size(text: &str) -> std::result::Result<u64, String> {
    let wrong = || {
        format!("{text:?}: expected a number with K, M, G, T or nothing after")
    };
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let shift = match unit.to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        "T" | "TB" | "TIB" => 40,
        _ => return Err(wrong()),
    };
    number
        .checked_mul(1 << shift)
        .filter(|n| *n > 0)
        .ok_or_else(|| format!("{text:?}: expected 1 to 16 million T"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("64G"), Ok(64 << 30));
        assert_eq!(parse_size("10k"), Ok(10240));
        assert_eq!(parse_size("7"), Ok(7));
        for bad in ["", "G", "-1", "0", "1.5G", "1X", "99999999999T"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }
}
