//! `thoth args`: how the process was started.

use super::{auxv, env};
use crate::dump::{Dump, DumpArgs, each};
use crate::error::Result;
use crate::output::{Answer, Look, Text, line, part};
use crate::session::Session;
use serde::Serialize;
use std::io;

/// Show the arguments of the process
///
/// Whole, from the stack where exec put them. Where that is not in the dump,
/// the first 80 bytes that the kernel keeps are shown instead, with a
/// warning, and the exit status is 3.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Args {
    #[command(flatten)]
    dump: DumpArgs,

    /// Also show the environment
    #[arg(short = 'e', long)]
    env: bool,

    /// Also show the auxiliary vector
    #[arg(short = 'x', long)]
    auxv: bool,

    /// Show the arguments (which is what happens anyway)
    #[arg(short = 'a', hide = true)]
    args: bool,
}

const MANUAL: &str = "\
Example:
  $ thoth args core.nullcall
  19167: /srv/bin/nullcall say stop
  argv[0]: /srv/bin/nullcall
  argv[1]: say
  argv[2]: stop

Called as pargs, it takes -a, -e and -x as that tool does.";

/// The arguments of one process.
#[derive(Debug, Serialize)]
struct Arguments {
    dump: String,
    pid: Option<i32>,
    /// `None` where they are not in the dump.
    argv: Option<Vec<Option<String>>>,
    /// The first 80 bytes, as the kernel keeps them.
    psargs: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<env::Environment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auxv: Option<auxv::Vector>,
}

impl Answer for Arguments {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        let pid = self.pid.map_or("?".to_owned(), |p| p.to_string());
        let all = match (&self.argv, &self.psargs) {
            (Some(argv), _) if argv.iter().all(Option::is_some) => {
                command_line(argv)
            }
            (_, Some(psargs)) => psargs.clone(),
            (Some(argv), None) => command_line(argv),
            (None, None) => "?".to_owned(),
        };
        part!(text, Look::Bold, "{pid}: {all}")?;
        text.end()?;
        for (i, arg) in self.argv.iter().flatten().enumerate() {
            match arg {
                Some(arg) => line!(text, "argv[{i}]: {arg}")?,
                None => line!(text, "argv[{i}]: ? (not in the dump)")?,
            }
        }
        if let Some(env) = &self.env {
            line!(text)?;
            env.render(text)?;
        }
        if let Some(auxv) = &self.auxv {
            line!(text)?;
            auxv.render(text)?;
        }
        Ok(())
    }
}

impl Args {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        each(session, &self.dump, |dump| {
            let mut answer = arguments(session, dump);
            if self.env {
                answer.env = Some(env::environment(session, dump, false));
            }
            if self.auxv {
                answer.auxv = Some(auxv::vector(dump));
            }
            Ok(answer)
        })
    }
}

fn arguments(session: &Session, dump: &Dump) -> Arguments {
    let facts = dump.process.facts();
    let (argv, problem) = match dump.process.arguments() {
        Ok(found) => (Some(found.argv.values), found.argv.problem),
        Err(why) => (None, Some(why)),
    };
    if let Some(problem) = &problem {
        session.mark_partial();
        session.out.warning(format_args!(
            "{}: the arguments are not all there: {problem}",
            dump.name
        ));
    }
    Arguments {
        dump: dump.id.to_string(),
        pid: facts.pid,
        argv,
        psargs: facts.psargs,
        problem,
        env: None,
        auxv: None,
    }
}

/// Returns a line that a shell would split into these arguments.
fn command_line(argv: &[Option<String>]) -> String {
    let words: Vec<String> =
        argv.iter().map(|a| quoted(a.as_deref().unwrap_or("?"))).collect();
    words.join(" ")
}

/// Returns a word as a shell takes it literally.
fn quoted(word: &str) -> String {
    let plain = |c: char| {
        c.is_ascii_alphanumeric() || "-_=+./:,@%^".contains(c) || !c.is_ascii()
    };
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_when_they_must_be() {
        assert_eq!(quoted("--a=b/c.d"), "--a=b/c.d");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted("$x"), "'$x'");
    }
}
