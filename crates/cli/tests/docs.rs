//! The documentation is true: generated pages are fresh, links lead
//! somewhere, and every command shown in a `console` block prints what the
//! page says.
//!
//! A page names the corpus case it is about in a comment, `<!-- case: NAME -->`.
//! Its commands then run in the folder of that case, in order, with an empty
//! store. What differs from run to run (addresses, ids, times, the place of
//! the sources) is taken out of both sides; a line `...` stands for any lines.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use thoth_corpus::native;

/// Where pages say that the sources are.
const PLACE: &str = "/src/thoth";

fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).expect("crates/cli is two below").to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path)
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Returns the files with this ending below a folder.
fn below(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found = Vec::new();
    for path in entries.map(|e| e.path()) {
        if path.is_dir() {
            found.extend(below(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Returns the pages that people wrote.
fn written() -> Vec<PathBuf> {
    let root = root();
    let top =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    let mut pages: Vec<PathBuf> = top.iter().map(|p| root.join(p)).collect();
    let docs = below(&root.join("docs"), ".md").into_iter();
    pages.extend(docs.filter(|p| !p.starts_with(root.join("docs/reference"))));
    pages
}

#[test]
fn generated_pages_are_fresh() {
    let docs = root().join("docs");
    let pages = thoth_cli::docs::pages().expect("the pages");
    let expected: Vec<PathBuf> =
        pages.iter().map(|(p, _)| docs.join(p)).collect();
    let made = ["reference", "man", "completions"];
    let found = made.iter().flat_map(|dir| below(&docs.join(dir), ""));
    // Reference pages may be written by people, too; ours say what made them.
    let ours = |p: &PathBuf| {
        p.extension().is_none_or(|e| e != "md")
            || read(p).starts_with("<!-- Made by ")
    };
    let stale: Vec<PathBuf> =
        found.filter(|p| !expected.contains(p) && ours(p)).collect();
    if std::env::var_os("THOTH_WRITE_DOCS").is_some() {
        thoth_cli::docs::write(&docs).expect("room for the pages");
        for path in stale {
            fs::remove_file(path).expect("a page that nothing makes");
        }
        return;
    }
    let differs = |(path, (_, content)): &(&PathBuf, &(PathBuf, Vec<u8>))| {
        fs::read(path).ok().as_ref() != Some(content)
    };
    let pairs = expected.iter().zip(&pages);
    let mut wrong: Vec<PathBuf> =
        pairs.filter(differs).map(|(p, _)| p.clone()).collect();
    wrong.extend(stale);
    assert!(
        wrong.is_empty(),
        "these are not what the program says; `cargo xtask docs` writes them: \
         {wrong:#?}"
    );
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut wrong = String::new();
    let mut followed = 0;
    for page in written() {
        let text = read(&page);
        let dir = page.parent().expect("a folder");
        for rest in text.split("](").skip(1) {
            let link = rest.split([')', '#', ' ']).next().unwrap_or_default();
            if link.is_empty() || link.contains("://") {
                continue;
            }
            followed += 1;
            if !dir.join(link).exists() {
                let _ = writeln!(wrong, "{}: {link}", page.display());
            }
        }
    }
    assert!(wrong.is_empty(), "links to nowhere:\n{wrong}");
    assert!(followed > 10, "only {followed} links: are the pages there?");
}

#[test]
fn commands_print_what_the_pages_say() {
    let mut wrong = String::new();
    let mut shown = 0;
    for page in written() {
        let steps = steps(&read(&page));
        if steps.is_empty() {
            continue;
        }
        let home = tempfile::tempdir().expect("a scratch folder");
        for step in &steps {
            shown += 1;
            let printed = run(step, home.path());
            if !matches(&step.output, &printed) {
                let (page, command) = (page.display(), &step.command);
                let _ = write!(
                    wrong,
                    "{page}\n$ {command}\n--- the page says\n{}\n\
                     --- it prints\n{printed}\n",
                    step.output
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(shown > 8, "only {shown} commands: are the pages there?");
}

/// A command of a page, and what the page says that it prints.
struct Step {
    case: String,
    command: String,
    output: String,
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut case = None;
    let mut inside = false;
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("<!-- case: ") {
            case = Some(rest.trim_end_matches("-->").trim().to_owned());
        } else if line.starts_with("```") {
            inside = line == "```console";
        } else if let (true, Some(text)) = (inside, line.strip_prefix("$ ")) {
            let case = case.clone().expect("a page with commands has a case");
            let (command, output) = (text.to_owned(), String::new());
            steps.push(Step { case, command, output });
        } else if let (true, Some(step)) = (inside, steps.last_mut()) {
            step.output.push_str(line);
            step.output.push('\n');
        }
    }
    steps
}

/// Runs a command as a user at a shell would see it.
fn run(step: &Step, home: &Path) -> String {
    let report = native::build(&native::out_dir(), &[&step.case]);
    let case = report.find(&step.case);
    let case = case.unwrap_or_else(|| panic!("{:?}", report.skipped));
    let program = Path::new(env!("CARGO_BIN_EXE_thoth"));
    let bin = program.parent().expect("a folder").to_string_lossy();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["-c", &format!("exec 2>&1; {}", step.command)])
        .current_dir(&case.dir)
        // Pages that make links make them in ~/bin.
        .env("PATH", format!("{bin}:{}:{path}", home.join("bin").display()))
        .env("HOME", home)
        .env("THOTH_HOME", home.join("thoth"))
        .env_remove("MANTA_URL")
        .env_remove("MANTA_USER")
        .env_remove("COLUMNS")
        .output()
        .expect("bash runs");
    let text = String::from_utf8_lossy(&output.stdout);
    text.replace(&*root().to_string_lossy(), PLACE)
}

/// Whether the lines are the same but for what differs from run to run.
fn matches(page: &str, printed: &str) -> bool {
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(normal).filter(|l| !l.is_empty()).collect()
    };
    matches_from(&lines(page), &lines(printed))
}

fn matches_from(page: &[String], printed: &[String]) -> bool {
    match page.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first == "..." => {
            (0..=printed.len()).any(|n| matches_from(rest, &printed[n..]))
        }
        Some((first, rest)) => {
            printed.first() == Some(first) && matches_from(rest, &printed[1..])
        }
    }
}

/// Takes out what differs from run to run.
fn normal(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line.trim();
    while let Some(first) = rest.chars().next() {
        let word_end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let length = if is_time(rest) {
            out.push_str("TIME");
            19
        } else if first == '#' {
            // Frames have other numbers where the C library's debug
            // information shows what was inlined there.
            out.push('#');
            let digits = rest[1..].bytes().take_while(u8::is_ascii_digit);
            1 + digits.count()
        } else if word_end > 0 {
            out.push_str(stable(&rest[..word_end]));
            word_end
        } else if first.is_whitespace() {
            out.push(' ');
            rest.len() - rest.trim_start().len()
        } else {
            out.push(first);
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    out
}

/// Whether the text begins with `2026-11-23T07:09:00`.
fn is_time(text: &str) -> bool {
    let shape = "dddd-dd-ddTdd:dd:dd";
    text.len() >= shape.len()
        && text.bytes().zip(shape.bytes()).all(|(c, s)| match s {
            b'd' => c.is_ascii_digit(),
            _ => c == s,
        })
}

fn stable(word: &str) -> &str {
    let hex = |w: &str| w.bytes().all(|c| c.is_ascii_hexdigit());
    let digits = word.bytes().all(|c| c.is_ascii_digit());
    match word {
        w if w.strip_prefix("0x").is_some_and(hex) => "ADDRESS",
        w if digits && w.len() > 2 => "NUMBER",
        w if w.len() > 6 && hex(w) => "HASH",
        w => w,
    }
}

#[test]
fn only_what_differs_is_taken_out() {
    for (line, want) in [
        ("#0  0x00007f1c main+0x41 (a.c:6)", "# ADDRESS main+ADDRESS (a.c:6)"),
        ("109e2922e52b2763 core  2026-11-23T06:58:31 -", "HASH core TIME -"),
        ("thread 19553 is in futex", "thread NUMBER is in futex"),
        ("deadbeef_x defaced bad", "deadbeef_x HASH bad"),
    ] {
        assert_eq!(normal(line), want);
    }
    assert!(matches("a\n...\nc\n", "a\nb\nb\nc\n"));
    assert!(matches("a\n...\n", "a\n"));
    assert!(!matches("a\n...\nc\n", "a\nb\n"));
    assert!(!matches("a\n", "a\nb\n"));
    assert!(!matches("read 0x1 of main\n", "read 0x1 of mine\n"));
}
