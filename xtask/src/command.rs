//! Running other programs, and where things are.

use crate::Result;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Returns the workspace's folder.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// Returns a cargo command in the workspace's folder.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(args).current_dir(root());
    command
}

/// Runs a command with its output on the terminal, after saying so.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    eprintln!("$ {shown}");
    let status = command.status().map_err(|e| format!("{shown}: {e}"))?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{shown}: {status}").into())
}

/// Runs a command and returns what it prints on stdout.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("{shown}: {e}"))?;
    if !output.status.success() {
        return Err(format!("{shown}: {}", output.status).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Says whether a command runs and succeeds; shows nothing of it.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|s| s.success())
}

/// Finds a program on the search path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Returns cargo's target folder, wherever its settings put it.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let args = ["metadata", "--no-deps", "--offline", "--format-version=1"];
    let text = output(&mut cargo(&args))?;
    let rest = text
        .split_once("\"target_directory\":\"")
        .ok_or("cargo metadata names no target_directory")?
        .1;
    let end = rest.find('"').ok_or("cargo metadata ends in a name")?;
    Ok(rest[..end].replace("\\\\", "\\").into())
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let mut words = vec![name.to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|a| a.to_string_lossy().into()));
    words.join(" ")
}
