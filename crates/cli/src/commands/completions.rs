//! `thoth completions`: what a shell can complete.

use crate::error::Result;
use crate::options::Cli;
use crate::session::Session;
use clap::CommandFactory;
use clap_complete::Shell;

/// Print a shell's completions
///
/// Those of bash complete the names of dumps, too, from two digits on.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Completions {
    /// Shell to print them for
    #[arg(value_enum)]
    shell: Choice,
}

const MANUAL: &str = "\
Examples:
  thoth completions bash > ~/.local/share/bash-completion/completions/thoth
  thoth completions zsh > ~/.zfunc/_thoth     # a folder of $fpath
  thoth completions fish > ~/.config/fish/completions/thoth.fish";

/// Shells that completions are made for.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Choice {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
}

impl Completions {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let shell = match self.shell {
            Choice::Bash => Shell::Bash,
            Choice::Zsh => Shell::Zsh,
            Choice::Fish => Shell::Fish,
        };
        session.out.raw(&script(shell))
    }
}

/// Returns the completions of a shell.
pub(crate) fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    clap_complete::generate(shell, &mut command, "thoth", &mut script);
    if shell == Shell::Bash {
        script.extend_from_slice(include_bytes!("names.bash"));
    }
    script
}
