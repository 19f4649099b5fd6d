//! Builds the program of a case.

use super::recipe::{Post, usual_flags};
use super::tools::{compiler, find, run};
use super::{MakeError, Recipe, io, source_dir};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Holds a built program.
pub(crate) struct Built {
    pub exe: PathBuf,
    pub build_ids: BTreeMap<String, Option<String>>,
}

/// Builds the recipe's program and shared objects in `dir`.
pub(crate) fn build(recipe: &Recipe, dir: &Path) -> Result<Built, MakeError> {
    let exe = dir.join(recipe.exe_name());
    let mut build_ids = BTreeMap::new();
    for part in &recipe.parts {
        let mut flags = usual_flags();
        flags.extend(["-shared", "-fPIC"].map(str::to_owned));
        flags.extend(part.more.iter().cloned());
        let file = dir.join(&part.file);
        compile("gcc", &flags, &part.src, &[], &file)?;
        build_ids.insert(part.file.clone(), build_id(&file));
    }
    let src = recipe.src.as_deref().unwrap_or_default();
    let flags = recipe.all_flags();
    compile(&compiler(recipe), &flags, src, &recipe.libs, &exe)?;
    for change in &recipe.post {
        apply(change, dir, &exe)?;
    }
    build_ids.insert(recipe.exe_name().to_owned(), build_id(&exe));
    if recipe.keep || recipe.delete_exe || recipe.replace_exe.is_some() {
        keep(dir, &exe)?;
        for part in &recipe.parts {
            keep(dir, &dir.join(&part.file))?;
        }
    }
    Ok(Built { exe, build_ids })
}

fn keep(dir: &Path, file: &Path) -> Result<(), MakeError> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let kept = dir.join(format!("kept-{name}"));
    fs::copy(file, &kept).map_err(io("copy", file))?;
    Ok(())
}

/// Compiles one source to `to`, with the folder of `to` as the working one.
pub(crate) fn compile(
    cc: &str,
    flags: &[String],
    src: &str,
    libs: &[String],
    to: &Path,
) -> Result<(), MakeError> {
    let dir = to.parent().unwrap_or(Path::new("."));
    let src = source_dir().join(src);
    let mut command = Command::new(find(cc)?);
    command.current_dir(dir);
    if cc == "rustc" {
        command.args(["--crate-name", "rust_panic", "--edition", "2021"]);
        command.args(flags).arg("-o").arg(to).arg(&src);
        // a wrapper set for cargo's own builds is no business of ours
        command.env_remove("RUSTC_WRAPPER");
    } else {
        command.args(["-w", "-Wl,--build-id=sha1"]).args(flags);
        command.arg("-o").arg(to).arg(&src).args(libs);
    }
    run(&mut command).map(drop)
}

fn apply(change: &Post, dir: &Path, exe: &Path) -> Result<(), MakeError> {
    match change {
        Post::Strip => run(tool("strip")?.arg(exe)).map(drop),
        Post::RemoveSection(name) => {
            let flag = format!("--remove-section={name}");
            run(tool("objcopy")?.arg(flag).arg(exe)).map(drop)
        }
        Post::SplitDebug => split_debug(dir, exe),
        Post::MiniDebug => mini_debug(exe),
    }
}

fn tool(name: &str) -> Result<Command, MakeError> {
    Ok(Command::new(find(name)?))
}

fn split_debug(dir: &Path, exe: &Path) -> Result<(), MakeError> {
    let id = build_id(exe).unwrap_or_default();
    let (head, tail) = id.split_at_checked(2).unwrap_or_default();
    let folder = dir.join("debug/.build-id").join(head);
    fs::create_dir_all(&folder).map_err(io("make folder", &folder))?;
    let debug = folder.join(format!("{tail}.debug"));
    run(tool("objcopy")?.arg("--only-keep-debug").args([exe, &debug]))?;
    run(tool("strip")?.arg("--strip-all").arg(exe))?;
    let link = format!("--add-gnu-debuglink={}", debug.display());
    run(tool("objcopy")?.arg(link).arg(exe)).map(drop)
}

/// The recipe of distributions that ship `.gnu_debugdata`: the symbol table
/// alone, compressed, as a section of the stripped program.
fn mini_debug(exe: &Path) -> Result<(), MakeError> {
    let xz = find("xz")?;
    let full = exe.with_extension("dbg");
    let mini = exe.with_extension("mini");
    run(tool("objcopy")?.arg("--only-keep-debug").args([exe, &full]))?;
    let flags = [
        "-S",
        "--remove-section=.gdb_index",
        "--remove-section=.comment",
        "--strip-debug",
    ];
    run(tool("objcopy")?.args(flags).args([&full, &mini]))?;
    run(tool("strip")?.arg("--strip-all").arg(exe))?;
    run(Command::new(xz).arg("-f").arg(&mini))?;
    let section = format!(".gnu_debugdata={}.xz", mini.display());
    run(tool("objcopy")?.arg("--add-section").arg(section).arg(exe))?;
    fs::remove_file(&full).map_err(io("remove", &full))
}

/// Returns the build id that readelf sees in a file.
pub(crate) fn build_id(file: &Path) -> Option<String> {
    let output = run(tool("readelf").ok()?.arg("-n").arg(file)).ok()?;
    let text = String::from_utf8_lossy(&output);
    let (_, rest) = text.split_once("Build ID: ")?;
    Some(rest.chars().take_while(char::is_ascii_hexdigit).collect())
}
