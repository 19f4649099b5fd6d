//! `thoth links`: the program's other names.

use crate::error::{Error, Failure, Result, io_error};
use crate::names;
use crate::output::{Answer, Text, line};
use crate::session::Session;
use serde::Serialize;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Make the program's other names
///
/// Symbolic links in a folder, one for each tool that this program also is:
/// called by that name, it behaves as that tool. A link of ours that is there
/// is made anew; a file of another program is left alone, and that is an
/// error.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Links {
    /// Folder for the links
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

const MANUAL: &str = "\
Example:
  $ thoth links ~/bin
  /home/me/bin/pargs
  /home/me/bin/manta
  /home/me/bin/mls
  ...

  $ ~/bin/mls --help
  $ ~/bin/pargs core.1234

Names today: pargs is thoth args; manta is thoth manta; and the tools that
thoth manta --help lists, with an m before: mls is manta ls.";

/// The links made.
#[derive(Debug, Serialize)]
struct Made {
    links: Vec<PathBuf>,
}

impl Answer for Made {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        self.links.iter().try_for_each(|l| line!(text, "{}", l.display()))
    }
}

impl Links {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let program = std::env::current_exe()
            .map_err(io_error("find", Path::new("the running program")))?;
        fs::create_dir_all(&self.dir)
            .map_err(io_error("make folder", &self.dir))?;
        let mut links = Vec::new();
        for (name, _) in names::all() {
            let link = self.dir.join(name);
            make(&link, &program)?;
            links.push(link);
        }
        session.out.answer(&Made { links })
    }
}

/// Makes one link; beside its place first, so that there is always one.
fn make(link: &Path, program: &Path) -> Result<()> {
    if let Ok(meta) = fs::symlink_metadata(link) {
        let ours = fs::read_link(link).is_ok_and(|to| {
            to == program || to.file_name() == program.file_name()
        });
        if !meta.is_symlink() || !ours {
            let text = format!("{} is there, and is not ours", link.display());
            return Err(Failure::from(Error::Usage(text))
                .hint("remove it, or choose another folder"));
        }
    }
    let beside = link.with_extension(format!("thoth-{}", std::process::id()));
    std::os::unix::fs::symlink(program, &beside)
        .map_err(io_error("make link", &beside))?;
    fs::rename(&beside, link).map_err(io_error("rename to", link))
}
