//! The commands, one file each.
//!
//! To add one: a file with its arguments (whose doc comment is the short and
//! the long help), its manual ([`clap`]'s `after_long_help`, with a transcript
//! that was really seen), and `run`, which finds the answer and gives it to
//! [`crate::output`]; then a line in [`Command`] and in its `run`.

mod account;
mod args;
mod auxv;
pub(crate) mod completions;
mod config;
mod demo;
mod du;
mod env;
mod fault;
mod get;
mod history;
mod index;
mod info;
mod links;
mod ls;
mod maps;
mod modules;
mod notes;
mod object;
mod purge;
mod report;
mod rm;
mod serve;
mod set;
mod stack;
mod store;
mod threads;
mod ticket;
mod upload;

use crate::error::Result;
use crate::session::Session;
use crate::tools;
use clap::Subcommand;

/// What the program can be asked to do, in the order of the help.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Upload(upload::Upload),
    Info(info::Info),
    Ls(ls::Ls),
    Object(object::Object),
    Report(report::Report),
    Set(set::Set),
    Unset(set::Unset),
    Ticket(ticket::Ticket),
    Unticket(ticket::Unticket),
    History(history::History),
    Undo(history::Undo),
    Get(get::Get),
    Cat(get::Cat),
    Rm(rm::Rm),
    Purge(purge::Purge),
    Du(du::Du),
    Stack(stack::Stack),
    Fault(fault::Fault),
    Threads(threads::Threads),
    Args(args::Args),
    Env(env::Env),
    Auxv(auxv::Auxv),
    Maps(maps::Maps),
    Modules(modules::Modules),
    Notes(notes::Notes),
    Demo(demo::Demo),
    Index(index::Index),
    Config(config::Config),
    Serve(serve::Serve),
    Account(account::Account),
    Store(store::Store),
    Manta(tools::Manta),
    Links(links::Links),
    Completions(completions::Completions),
}

impl Command {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        match self {
            Self::Upload(c) => c.run(session),
            Self::Info(c) => c.run(session),
            Self::Ls(c) => c.run(session),
            Self::Object(c) => c.run(session),
            Self::Report(c) => c.run(session),
            Self::Set(c) => c.run(session),
            Self::Unset(c) => c.run(session),
            Self::Ticket(c) => c.run(session),
            Self::Unticket(c) => c.run(session),
            Self::History(c) => c.run(session),
            Self::Undo(c) => c.run(session),
            Self::Get(c) => c.run(session),
            Self::Cat(c) => c.run(session),
            Self::Rm(c) => c.run(session),
            Self::Purge(c) => c.run(session),
            Self::Du(c) => c.run(session),
            Self::Stack(c) => c.run(session),
            Self::Fault(c) => c.run(session),
            Self::Threads(c) => c.run(session),
            Self::Args(c) => c.run(session),
            Self::Env(c) => c.run(session),
            Self::Auxv(c) => c.run(session),
            Self::Maps(c) => c.run(session),
            Self::Modules(c) => c.run(session),
            Self::Notes(c) => c.run(session),
            Self::Demo(c) => c.run(session),
            Self::Index(c) => c.run(session),
            Self::Config(c) => c.run(session),
            Self::Serve(c) => c.run(session),
            Self::Account(c) => c.run(session),
            Self::Store(c) => c.run(session),
            Self::Manta(c) => c.run(session.globals()),
            Self::Links(c) => c.run(session),
            Self::Completions(c) => c.run(session),
        }
    }
}
