//! Reference pages and manual pages, from the same text as `--help`.
//!
//! [`write`] makes them in a folder: `reference/*.md`, `man/*.1` and
//! `completions/*`. What it writes depends on the definition of the command
//! line only, not on the terminal, the user or the time, so a check can
//! compare it with what is there.

use crate::options::Cli;
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Columns of the pages' text.
const COLUMNS: usize = 100;

/// Writes the generated pages below `dir`, and returns their paths.
///
/// # Errors
///
/// When a file cannot be written; the error names it.
pub fn write(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for (name, content) in pages()? {
        let path = dir.join(name);
        let named = |e: io::Error| {
            io::Error::new(e.kind(), format!("{}: {e}", path.display()))
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(named)?;
        }
        fs::write(&path, content).map_err(named)?;
        written.push(path);
    }
    Ok(written)
}

/// Returns every generated page: path below the folder, and content.
///
/// # Errors
///
/// When a generator fails, which it does only for want of memory.
pub fn pages() -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut root = Cli::command().term_width(COLUMNS);
    root.build();
    let mut out = Vec::new();
    out.push(("reference/README.md".into(), overview(&mut root).into_bytes()));
    out.push(("man/thoth.1".into(), manual(&root, "thoth")?));
    for sub in shown(&root) {
        let name = sub.get_name().to_owned();
        let mut sub = sub.clone().term_width(COLUMNS);
        let page = reference(&mut sub).into_bytes();
        out.push((format!("reference/{name}.md").into(), page));
        let title = format!("thoth-{name}");
        out.push((format!("man/{title}.1").into(), manual(&sub, &title)?));
    }
    for mut tool in crate::tools::commands() {
        let name = tool.get_name().to_owned();
        tool = tool.term_width(COLUMNS);
        tool.build();
        let page = page(&name, &mut tool).into_bytes();
        out.push((format!("reference/{name}.md").into(), page));
        out.push((format!("man/{name}.1").into(), manual(&tool, &name)?));
    }
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let script = crate::commands::completions::script(shell);
        out.push((format!("completions/thoth.{shell}").into(), script));
    }
    Ok(out)
}

fn shown(root: &Command) -> impl Iterator<Item = &Command> {
    let ours = |c: &&Command| !c.is_hide_set() && c.get_name() != "help";
    root.get_subcommands().filter(ours)
}

/// The page of the program as a whole.
fn overview(root: &mut Command) -> String {
    let mut page = String::from(
        "<!-- Made by `cargo xtask docs` from the command line's own help. \
         -->\n\n# thoth\n\n",
    );
    page.push_str(&block(root));
    page.push_str("\n## Commands\n\n| command | |\n| --- | --- |\n");
    for sub in shown(root) {
        let name = sub.get_name();
        let about = sub.get_about().map(ToString::to_string);
        let about = about.unwrap_or_default().replace('|', "\\|");
        page.push_str(&format!("| [`thoth {name}`]({name}.md) | {about} |\n"));
    }
    page.push_str(
        "\n## Tools of the object store\n\nUnder the names that `thoth links` \
         makes, or as `thoth manta`.\n\n| tool | |\n| --- | --- |\n",
    );
    for tool in crate::tools::commands() {
        let name = tool.get_name();
        let about = tool.get_about().map(ToString::to_string);
        let about = about.unwrap_or_default().replace('|', "\\|");
        page.push_str(&format!("| [`{name}`]({name}.md) | {about} |\n"));
    }
    page.push_str(
        "\n## Languages and formats\n\n| page | |\n| --- | --- |\n\
         | [specifications](specifications.md) | The language in which dumps are named |\n\
         | [record](record.md) | What is kept of a dump |\n\
         | [layout](layout.md) | The data folder on disk, for other programs |\n",
    );
    page
}

/// The page of one command.
fn reference(sub: &mut Command) -> String {
    let title = format!("thoth {}", sub.get_name());
    page(&title, sub)
}

fn page(title: &str, command: &mut Command) -> String {
    format!(
        "<!-- Made by `cargo xtask docs` from the command line's own help. \
         -->\n\n# {title}\n\n{}",
        block(command)
    )
}

/// The long help, as it is printed.
fn block(command: &mut Command) -> String {
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    format!("```text\n{}\n```\n", lines.join("\n").trim_end())
}

fn manual(command: &Command, title: &str) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let words = command.get_after_long_help().map(ToString::to_string);
    // There is no page for `help`, so it is not to be referred to.
    let command = command.clone().disable_help_subcommand(true);
    let man = clap_mangen::Man::new(command)
        .title(title.to_uppercase())
        .source(format!("thoth {}", env!("CARGO_PKG_VERSION")))
        .manual("Thoth")
        .date("");
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if title == "thoth" {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(words) = words {
        page.extend(b".SH NOTES\n.nf\n");
        page.extend(literal(&words).into_bytes());
        page.extend(b".fi\n");
    }
    Ok(page)
}

/// Writes lines so that roff shows them as they are.
fn literal(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        if line.starts_with(['.', '\'']) {
            out.push_str("\\&");
        }
        out.push_str(&line.replace('\\', "\\e").replace('-', "\\-"));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_the_same_each_time() {
        assert_eq!(pages().unwrap(), pages().unwrap());
    }

    #[test]
    fn roff_takes_nothing_for_a_request() {
        assert_eq!(literal(".x\n'y\n a\\-b"), "\\&.x\n\\&'y\n a\\e\\-b\n");
    }

    #[test]
    fn every_command_has_its_pages_and_a_manual() {
        let pages = pages().unwrap();
        let thoth = Cli::command();
        let tools: Vec<Command> = crate::tools::commands().collect();
        for sub in shown(&thoth).chain(&tools) {
            let name = sub.get_name();
            let page = PathBuf::from(format!("reference/{name}.md"));
            let found = pages.iter().find(|(p, _)| *p == page);
            let (_, content) = found.expect("a page");
            let text = String::from_utf8(content.clone()).unwrap();
            assert!(text.contains("Usage: "), "{name}");
            let lines = text.lines().filter(|l| !l.starts_with("  $"));
            for line in lines {
                assert!(line.chars().count() <= 100, "{name}: {line}");
            }
            assert!(sub.get_after_long_help().is_some(), "{name}: no manual");
        }
    }
}
