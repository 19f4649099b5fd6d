//! The `thoth` program: arguments in, answers out.
//!
//! Everything else in this project is a library without a terminal; here is
//! the terminal. Three rules hold for every command:
//!
//! - data goes to stdout and everything else to stderr ([`output`]);
//! - nothing from a dump reaches either with a control character ([`escape`]);
//! - the exit status tells what happened ([`error`]).
//!
//! A command is one file in [`commands`]: its arguments, its manual (shown by
//! `--help` and written to `docs/reference/`), a function that returns an
//! answer, and the answer's text. What the commands share is small: a
//! [`session`] (options, streams, the store), and [`dump`], which turns what
//! the user typed into an opened dump.
//!
//! Door: [`main`] for the executable, [`docs::write`] for the generated pages.

mod backend;
mod cached;
mod commands;
mod config;
pub mod docs;
mod dump;
mod error;
mod escape;
mod facts;
mod kept_files;
mod kernel;
mod names;
mod options;
mod output;
mod panic;
mod session;
mod suggest;
mod tables;
mod tools;
mod words;

use clap::{CommandFactory, FromArgMatches};
use error::{Failure, Kind, PARTIAL};
use escape::escaped_lines;
use names::Called;
use options::{Cli, Globals};
use output::{ColorChoice, Output, Verbosity};
use session::Session;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// Runs the program with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    panic::install_hook();
    let args: Vec<OsString> = std::env::args_os().collect();
    match std::panic::catch_unwind(|| run(args)) {
        Ok(code) => code,
        // The hook has said what there is to say.
        Err(_) => ExitCode::from(Kind::Bug.status()),
    }
}

fn run(args: Vec<OsString>) -> ExitCode {
    let args = match names::called(args) {
        Called::Thoth(args) => args,
        Called::Tool(name, arguments) => {
            let globals = Globals::default();
            return match tools::run_named(name, arguments, &globals) {
                Ok(()) => ExitCode::SUCCESS,
                Err(failure) => failure.exit_code(),
            };
        }
    };
    let cli = match parse(args) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let Globals { json, color, .. } = cli.globals;
    let verbosity = cli.globals.verbosity();
    let session =
        Session::new(Output::new(json, verbosity, color), cli.globals);
    let done = cli.command.run(&session);
    session.tell_moved();
    match done {
        Ok(()) if session.is_partial() => ExitCode::from(PARTIAL),
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell(&session.out, &failure);
            failure.exit_code()
        }
    }
}

fn parse(args: Vec<OsString>) -> Result<Cli, clap::Error> {
    let matches = Cli::command().try_get_matches_from(args)?;
    Cli::from_arg_matches(&matches)
}

fn tell(out: &Output, failure: &Failure) {
    match failure.kind {
        Kind::ClosedPipe | Kind::Ended(_) | Kind::Told(_) => {}
        Kind::Bug => {
            out.failure(&failure.lines());
            out.failure(&panic::how_to_report());
        }
        Kind::User | Kind::NotFound => out.failure(&failure.lines()),
    }
}

/// Shows help, or says what is wrong with the arguments: status 1, not 2,
/// which means that a dump was not found.
fn refuse(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind;
    let asked = !error.use_stderr();
    if asked {
        let shown = if std::io::stdout().is_terminal() {
            error.render().ansi().to_string()
        } else {
            error.render().to_string()
        };
        // Our own text; a closed pipe is no error.
        let _ = std::io::stdout().write_all(shown.as_bytes());
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = std::io::stderr().write_all(text.as_bytes());
        return ExitCode::from(Kind::User.status());
    }
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let text = escaped_lines(text.trim_end());
    let out = Output::new(false, Verbosity::Usual, ColorChoice::Auto);
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    out.failure(&[(error::Line::Message, first.to_owned())]);
    let rest = rest.trim_start_matches('\n').replace("\n  tip: ", "\nhint: ");
    let rest = rest
        .strip_prefix("  tip: ")
        .map_or(rest.clone(), |tip| format!("hint: {tip}"));
    if !rest.is_empty() {
        let _ = writeln!(std::io::stderr(), "{rest}");
    }
    ExitCode::from(Kind::User.status())
}
