//! The tools that make cases: finding them, running them, and the digest
//! that says when a case is out of date.

use super::{MakeError, Recipe, io, source_dir};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Finds a program on the search path.
///
/// A real program is preferred to a script of the same name: version
/// managers put wrappers first, and a wrapper is not what a case runs.
pub(crate) fn find(name: &str) -> Result<PathBuf, MakeError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut wrapper = None;
    for folder in std::env::split_paths(&path) {
        let file = folder.join(name);
        let Ok(meta) = fs::metadata(&file) else { continue };
        if !meta.is_file() || meta.permissions().mode() & 0o111 == 0 {
            continue;
        }
        if !is_script(&file) {
            return Ok(file);
        }
        wrapper.get_or_insert(file);
    }
    wrapper.ok_or_else(|| MakeError::MissingTool(name.to_owned()))
}

fn is_script(file: &Path) -> bool {
    use std::io::Read;
    let mut head = [0; 2];
    let read = fs::File::open(file).and_then(|mut f| f.read_exact(&mut head));
    read.is_ok() && head == *b"#!"
}

/// Runs a tool to its end; its last words are the error.
pub(crate) fn run(command: &mut Command) -> Result<Vec<u8>, MakeError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |says: String| MakeError::Command { command: name, says };
    let output = match command.output() {
        Ok(output) => output,
        Err(e) => return Err(failed(e.to_string())),
    };
    if output.status.success() {
        return Ok(output.stdout);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().rev().find(|l| !l.trim().is_empty());
    Err(failed(last.unwrap_or("failed without a word").to_owned()))
}

/// Returns the compiler of a recipe's program.
pub(crate) fn compiler(recipe: &Recipe) -> String {
    if let Some(cc) = &recipe.cc {
        return cc.clone();
    }
    let src = recipe.src.as_deref().unwrap_or_default();
    match src.rsplit_once('.') {
        Some((_, "rs")) => "rustc",
        Some((_, "cc")) => "g++",
        _ => "gcc",
    }
    .to_owned()
}

/// Changes whenever the case would be made otherwise.
pub(crate) fn digest(recipe: &Recipe, dir: &Path) -> Result<String, MakeError> {
    let mut hash = blake3::Hasher::new();
    hash.update(format!("{recipe:?}\n{}\n", dir.display()).as_bytes());
    for tool in tools_of(recipe) {
        // the file's place, size and time stand for its version: asking each
        // tool for it would cost more than all the rest of this
        let Ok(path) = find(&tool) else { continue };
        let meta = fs::metadata(&path).map_err(io("look at", &path))?;
        let (len, time) = (meta.len(), meta.mtime());
        hash.update(format!("{} {len} {time}\n", path.display()).as_bytes());
    }
    hash_sources(recipe, &mut hash)?;
    hash.update(include_bytes!("capture.rs"));
    hash.update(include_bytes!("compile.rs"));
    hash.update(include_bytes!("derive.rs"));
    hash.update(include_bytes!("../synth/mod.rs"));
    hash.update(include_bytes!("../synth/named.rs"));
    Ok(hash.finalize().to_hex().to_string())
}

/// A derived case hashes the sources of its base, a program its own.
fn hash_sources(
    recipe: &Recipe,
    hash: &mut blake3::Hasher,
) -> Result<(), MakeError> {
    if let Some(of) = &recipe.of {
        let base = super::cases().iter().find(|r| r.name == *of);
        let base = base.ok_or(MakeError::Unknown)?;
        hash.update(format!("{base:?}").as_bytes());
        return hash_sources(base, hash);
    }
    let own = recipe.src.iter();
    let parts = recipe.parts.iter().map(|p| &p.src);
    let header = "truth.h".to_owned();
    for name in own.chain(parts).chain([&header]) {
        let path = source_dir().join(name);
        let text = fs::read(&path).map_err(io("read", &path))?;
        hash.update(&text);
    }
    Ok(())
}

fn tools_of(recipe: &Recipe) -> Vec<String> {
    let mut tools = Vec::new();
    match &recipe.tool {
        Some(tool) => tools.push(tool.clone()),
        None if recipe.src.is_none() => {}
        None => tools.extend([compiler(recipe), "ld".to_owned()]),
    }
    if recipe.capture == super::Capture::Gcore {
        tools.push("gdb".to_owned());
    }
    tools
}
