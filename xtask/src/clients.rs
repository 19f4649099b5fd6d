//! Clients that others wrote, which the tests of the server drive: they say
//! better than we could what the protocol is.
//!
//! Both are installed below the target folder, in the versions that their
//! last users have.

use crate::command::{run, target_dir};
use crate::{Result, needs};
use std::process::Command;

/// The client in JavaScript, with its command line tools.
const NODE: &str = "manta@5.4.2";
/// The client in Python.
const PYTHON: &str = "manta==3.0.0";

/// Makes an environment, in place of what is left of one.
const VENV: [&str; 3] = ["-m", "venv", "--clear"];

/// Makes sure that both are there.
pub(crate) fn provide() -> Result<()> {
    let folder = target_dir()?.join("clients");
    let node = folder.join("npm");
    if !node.join("node_modules/manta/package.json").exists() {
        std::fs::create_dir_all(&node)
            .map_err(|e| format!("{}: {e}", node.display()))?;
        run(Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
            .arg("--prefix")
            .arg(&node)
            .arg(NODE))?;
    }
    let python = folder.join("python");
    if !python.join("bin/mantash").exists() {
        let make = || run(Command::new("python3").args(VENV).arg(&python));
        if make().is_err() {
            // Debian leaves out of python3 what makes environments.
            needs::install(&["python3-venv"])?;
            make()?;
        }
        run(Command::new(python.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .arg(PYTHON))?;
    }
    Ok(())
}
