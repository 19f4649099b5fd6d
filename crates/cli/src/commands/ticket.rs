//! `thoth ticket` and `thoth unticket`: which known problem a dump is.

use super::info::stored;
use super::set::split_dumps;
use crate::error::{Error, Failure, Result};
use crate::session::Session;

/// Give dumps a ticket
///
/// The ticket says which known problem a dump is an instance of; what has none
/// is still to be looked at (`thoth ls ticket=undefined`).
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Ticket {
    /// DUMP, or PROPERTY=VALUE...; then the ticket
    #[arg(required = true, num_args = 1.., value_name = "ARG")]
    arguments: Vec<String>,
}

const MANUAL: &str = "\
Usage in full:
  thoth ticket DUMP TICKET
  thoth ticket PROPERTY=VALUE... TICKET

Examples:
  $ thoth ticket a41e DEMO-1
  $ thoth ticket signal=SIGSEGV 'stack=*dispatch*' ticket=undefined DEMO-1
  $ thoth ls ticket=DEMO-1";

/// Take the ticket away from dumps
#[derive(Debug, clap::Args)]
#[command(after_long_help = UNTICKET_MANUAL)]
pub(crate) struct Unticket {
    /// A hash (4 digits or more), a local file, or PROPERTY=VALUE...
    #[arg(required = true, value_name = "DUMP")]
    dump: Vec<String>,
}

const UNTICKET_MANUAL: &str = "\
Example:
  $ thoth unticket a41e";

impl Ticket {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let ticket = match &self.arguments[..] {
            [] | [_] => {
                let text = "need both dump specification and ticket";
                return Err(Failure::from(Error::Usage(text.to_owned()))
                    .hint("as in: thoth ticket a41e WEB-17"));
            }
            [.., last] => last,
        };
        let (dumps, rest) = split_dumps(&self.arguments);
        match rest {
            [one] if !one.contains('=') => {}
            [] | [_] => {
                // A forgotten ticket must not mis-ticket everything.
                let text = format!("'{ticket}' is not a valid ticket");
                return Err(Failure::from(Error::Usage(text))
                    .hint("the ticket is the last argument, without a '='"));
            }
            [_, more, ..] => {
                let text = format!("{more:?} is one argument too many");
                return Err(Failure::from(Error::Usage(text))
                    .hint("several dumps need a specification"));
            }
        }
        for record in stored(session, dumps)? {
            session.dumps()?.ticket(&record.id(), ticket)?;
        }
        Ok(())
    }
}

impl Unticket {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        for record in stored(session, &self.dump)? {
            session.dumps()?.unticket(&record.id())?;
        }
        Ok(())
    }
}
