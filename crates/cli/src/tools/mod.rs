//! The tools of the object store: `mls`, `mput`, `mget` and their kin.
//!
//! They do what the tools of the same names have always done, so that scripts
//! and habits go on working: same flags, same lines on stdout, same exit
//! status (0, or 1 for whatever went wrong). They run on anything that is a
//! [`thoth_manta::Manta`]: the store in this process where nothing is set up,
//! a server where `MANTA_URL` names one.
//!
//! Each is reached in three ways that are one: `mls`, a link that `thoth
//! links` makes; `manta ls`; `thoth manta ls`. Each is one file: its
//! arguments (whose doc comments are the help), its manual, and `run`. To add
//! one, write the file and a line in [`tools!`] below.
//!
//! Where the originals were careless, these are not, and say so in their
//! manuals: `mrm -r` asks, a file that is downloaded appears when it is whole,
//! names with control characters are shown escaped.

mod bar;
mod chattr;
mod chmod;
pub(crate) mod connect;
mod find;
mod get;
mod headers;
mod info;
mod ln;
mod ls;
mod md5;
mod mkdir;
mod mpu;
mod paths;
mod put;
mod question;
mod rm;
mod rmdir;
mod sign;
pub(crate) use stored::Head;
mod stored;

mod sync;
mod tree;
mod untar;

use crate::error::{Failure, Kind, Result};
use crate::escape::escaped_lines;
use crate::options::Globals;
use crate::output::{Output, Verbosity};
use crate::session::Session;
use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use connect::Connection;
use std::ffi::OsString;

/// What every tool is.
trait Tool: Args {
    /// Its options of connection.
    fn connection(&self) -> &Connection;
    /// Whether its data are JSON.
    fn json(&self) -> bool {
        false
    }
    /// Whether it should say nothing but what failed.
    fn quiet(&self) -> bool {
        false
    }
    /// Does what it is for.
    fn run(self, session: &Session) -> Result<()>;
}

macro_rules! tools {
    ($($name:literal $full:literal $module:ident::$tool:ident;)*) => {
        /// The tools: the word after `manta`, and the name of the link.
        pub(crate) const TOOLS: &[(&str, &str)] = &[$(($name, $full),)*];

        /// Returns the command line of a tool under a name.
        fn command(full: &str, name: &'static str) -> Command {
            let command = Command::new(name);
            match full {
                $($full => $module::$tool::augment_args(command),)*
                _ => command,
            }
        }

        fn run_matched(
            full: &str,
            matches: &ArgMatches,
            globals: &Globals,
        ) -> Result<()> {
            match full {
                $($full => run_tool(
                    $full,
                    $module::$tool::from_arg_matches(matches),
                    globals,
                ),)*
                _ => Err(unknown(full)),
            }
        }
    };
}

tools! {
    "ls" "mls" ls::Ls;
    "put" "mput" put::Put;
    "get" "mget" get::Get;
    "info" "minfo" info::Info;
    "find" "mfind" find::Find;
    "mkdir" "mmkdir" mkdir::Mkdir;
    "rmdir" "mrmdir" rmdir::Rmdir;
    "rm" "mrm" rm::Rm;
    "ln" "mln" ln::Ln;
    "md5" "mmd5" md5::Md5;
    "chattr" "mchattr" chattr::Chattr;
    "chmod" "mchmod" chmod::Chmod;
    "sign" "msign" sign::Sign;
    "mpu" "mmpu" mpu::Mpu;
    "sync" "msync" sync::Sync;
    "untar" "muntar" untar::Untar;


}

/// Work with the objects of the store
///
/// Each word is also a tool of its own, under the name that `thoth links`
/// gives it: `manta ls` is `mls`. A path is /ACCOUNT/stor/..., and ~~ stands
/// for /ACCOUNT.
#[derive(Debug, Args)]
#[command(
    after_long_help = MANUAL,
    disable_help_flag = true,
    override_usage = "thoth manta <TOOL> [ARG]..."
)]
pub(crate) struct Manta {
    /// The tool, and what it is given; --help lists the tools
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARG"
    )]
    arguments: Vec<OsString>,
}

const MANUAL: &str = "\
Examples:
  $ thoth manta mkdir ~~/stor/notes
  $ echo hello | thoth manta put ~~/stor/notes/a.txt
  $ thoth manta ls -l ~~/stor/notes
  -rwxr-xr-x 1 me             6 Nov 23 09:31 a.txt

  $ thoth links ~/bin && mget ~~/stor/notes/a.txt
  hello

Without MANTA_URL the objects are in the store of this machine (THOTH_HOME);
with it they are on that server, and MANTA_USER and MANTA_KEY_ID say who asks.";

impl Manta {
    pub(crate) fn run(self, globals: &Globals) -> Result<()> {
        run("thoth manta", self.arguments, globals)
    }
}

/// Runs a tool by the name of its link.
pub(crate) fn run_named(
    name: &'static str,
    arguments: Vec<OsString>,
    globals: &Globals,
) -> Result<()> {
    if name == "manta" {
        return run("manta", arguments, globals);
    }
    let words = std::iter::once(OsString::from(name)).chain(arguments);
    let mut command = whole(command(name, name));
    match command.try_get_matches_from_mut(words) {
        Ok(matches) if wants_completion(&matches) => complete(command),
        Ok(matches) => run_matched(name, &matches, globals),
        Err(error) => refused(name, &error),
    }
}

/// Runs the tool that the first argument names.
fn run(
    called: &'static str,
    arguments: Vec<OsString>,
    globals: &Globals,
) -> Result<()> {
    let words = std::iter::once(OsString::from(called)).chain(arguments);
    let mut command = manta_command(called);
    let matches = match command.try_get_matches_from_mut(words) {
        Ok(matches) => matches,
        Err(error) => return refused(called, &error),
    };
    let Some((word, matches)) = matches.subcommand() else {
        return Err(unknown(called));
    };
    let full = TOOLS.iter().find(|(name, _)| *name == word);
    run_matched(full.map_or(word, |(_, full)| *full), matches, globals)
}

/// The command line of `manta`.
pub(crate) fn manta_command(called: &'static str) -> Command {
    let about = "Work with the objects of the store";
    let mut manta = Command::new("manta")
        .bin_name(called)
        .about(about)
        .version(env!("CARGO_PKG_VERSION"))
        .max_term_width(100)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand_help_heading("Tools")
        .subcommand_value_name("TOOL")
        .after_long_help(MANUAL);
    for (name, full) in TOOLS {
        manta = manta.subcommand(whole(command(full, name)));
    }
    manta
}

/// Every tool's command line, under the name of its link.
pub(crate) fn commands() -> impl Iterator<Item = Command> {
    TOOLS.iter().map(|(_, full)| whole(command(full, full)))
}

/// Adds what all of them have.
fn whole(command: Command) -> Command {
    command
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .arg(
            clap::Arg::new("version")
                .long("version")
                .help("Print the version")
                .action(clap::ArgAction::Version),
        )
        .max_term_width(100)
}

/// Whether completions are asked for; a tool of several steps has no such flag
/// of its own.
fn wants_completion(matches: &ArgMatches) -> bool {
    let flag = matches.try_get_one::<bool>("completion");
    flag.is_ok_and(|flag| flag.is_some_and(|yes| *yes))
}

fn complete(mut command: Command) -> Result<()> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    let shell = clap_complete::Shell::Bash;
    clap_complete::generate(shell, &mut command, name, &mut script);
    Output::new(false, Verbosity::Usual, crate::output::ColorChoice::Never)
        .raw(&script)
}

fn run_tool<T: Tool>(
    name: &'static str,
    tool: std::result::Result<T, clap::Error>,
    globals: &Globals,
) -> Result<()> {
    let tool = match tool {
        Ok(tool) => tool,
        Err(error) => return refused(name, &error),
    };
    let mut globals = globals.clone();
    globals.json |= tool.json();
    globals.quiet |= tool.quiet();
    globals.verbose |= tool.connection().verbose > 0;
    if globals.verbose {
        globals.quiet = false;
    }
    if let Some(home) = &tool.connection().home {
        globals.home = Some(home.clone());
    }
    let verbosity = globals.verbosity();
    let out = Output::new(globals.json, verbosity, globals.color).named(name);
    let session =
        Session::new(out, globals).connected(tool.connection().clone());
    let done = tool.run(&session).and_then(|()| session.out.flush());
    session.tell_moved();
    let Err(failure) = done else { return Ok(()) };
    // What was found before it failed comes first.
    let _ = session.out.flush();
    crate::tell(&session.out, &failure);
    Err(failure.told())
}

/// Shows help, or says what is wrong with the arguments.
fn refused(name: &'static str, error: &clap::Error) -> Result<()> {
    let text = error.render().to_string();
    if !error.use_stderr() {
        let out = Output::new(
            false,
            Verbosity::Usual,
            crate::output::ColorChoice::Never,
        );
        return out.raw(text.as_bytes());
    }
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let text = escaped_lines(text.trim_end());
    let help =
        error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    let name = name.rsplit(' ').next().unwrap_or(name);
    let head = if help { String::new() } else { format!("{name}: ") };
    // Nobody is left to tell when stderr is gone.
    let _ = std::io::Write::write_all(
        &mut std::io::stderr(),
        format!("{head}{text}\n").as_bytes(),
    );
    Err(usage("wrong arguments").told())
}

/// A failure of how a tool was called.
fn usage(text: impl Into<String>) -> Failure {
    crate::error::Error::Usage(text.into()).into()
}

/// A failure of something that was complained about when it happened.
fn told_already() -> Failure {
    usage("some of it failed").told()
}

fn unknown(name: &str) -> Failure {
    usage(format!("{name}: no such tool"))
}

/// An error of the store, named as clients of it name errors.
#[derive(Debug)]
struct StoreError(thoth_manta::Error);

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", error_name(self.0.code().as_str()), self.0)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.0)
    }
}

/// Returns a code as the name of an error.
fn error_name(code: &str) -> String {
    match code.ends_with("Error") {
        true => code.to_owned(),
        false => format!("{code}Error"),
    }
}

impl From<thoth_manta::Error> for Failure {
    fn from(error: thoth_manta::Error) -> Self {
        Self::new(Kind::User, StoreError(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_line_is_consistent() {
        for command in commands() {
            command.debug_assert();
        }
        manta_command("manta").debug_assert();
    }

    #[test]
    fn codes_become_names() {
        assert_eq!(error_name("ResourceNotFound"), "ResourceNotFoundError");
        assert_eq!(error_name("InvalidArgumentError"), "InvalidArgumentError");
    }
}
