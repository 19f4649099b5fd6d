//! How one case is made: the columns of `corpus/native/cases.toml`.
//!
//! The table is data: adding a case is a few lines of TOML and, where no
//! program fits, a source below `corpus/native/src`. Unknown keys are
//! refused, so a misspelt column cannot be ignored.
//!
//! In `args` and `env` values, `{dir}` stands for the case folder and
//! `{c*N}` for the character `c` N times.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Says how a case is made and what must be true of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// Name of the case and of its folder.
    pub name: String,
    /// Expected functions of the crashed thread, see `Truth::frames`.
    pub frames: Vec<String>,
    /// Expected signal; `none` for a process that lives on.
    pub signal: Option<String>,
    /// Function names cannot be known.
    pub nameless: bool,
    /// What is special about the case.
    pub note: Option<String>,
    /// Verdicts that must be reached.
    pub verdicts: Vec<String>,
    /// Text that a reader should find.
    pub message: Option<String>,
    /// Made only when named: it takes gigabytes or minutes.
    pub big: bool,

    /// Source below `corpus/native/src`; with `tool`, the script.
    pub src: Option<String>,
    /// Interpreter of a script.
    pub tool: Option<String>,
    /// Name of the case whose core is changed.
    pub of: Option<String>,
    /// How it is changed.
    pub change: Option<Change>,
    /// Name of a core written from nothing by `crate::synth`.
    pub synth: Option<String>,

    /// Compiler; by the source's extension when none.
    pub cc: Option<String>,
    /// Compiler flags; the usual ones when none.
    pub flags: Option<Vec<String>>,
    /// Flags after those.
    pub more: Vec<String>,
    /// Arguments after the source.
    pub libs: Vec<String>,
    /// Shared objects made into the folder first.
    pub parts: Vec<Part>,
    /// Changes to the built program.
    pub post: Vec<Post>,
    /// Arguments of the process.
    pub args: Vec<String>,
    /// `argv[0]` where it is not the program's path.
    pub arg0: Option<String>,
    /// File name of the program in the case folder; `prog` when none.
    pub exe: Option<String>,
    /// Further environment.
    pub env: BTreeMap<String, String>,
    /// `/proc/self/coredump_filter` of the process.
    pub coredump_filter: Option<String>,
    /// Stack limit in bytes.
    pub stack: Option<u64>,
    /// `vm.max_map_count` must be at least this.
    pub max_maps: Option<u64>,
    /// Who writes the core.
    pub capture: Capture,
    /// The crash is in a child of the process: it cannot be traced.
    pub untraced: bool,
    /// Keep copies `kept-*` of program and parts: the process deletes them.
    pub keep: bool,
    /// The program is deleted after the core was written.
    pub delete_exe: bool,
    /// A build with these flags then lies at the program's path.
    pub replace_exe: Option<Vec<String>>,
}

/// Names a shared object built beside the program.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// File name in the case folder.
    pub file: String,
    /// Source below `corpus/native/src`.
    pub src: String,
    /// Flags after the usual ones.
    #[serde(default)]
    pub more: Vec<String>,
}

/// Says who writes the core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capture {
    /// The kernel, when the fatal signal ends the process.
    #[default]
    Kernel,
    /// gdb's `gcore`, once the program said that it is ready.
    Gcore,
    /// `crate::snapshot`, on the fatal signal.
    Snapshot,
    /// `crate::snapshot` of the living process, once it is ready.
    Live,
}

/// Changes a built program.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Post {
    /// Removes all symbols.
    Strip,
    /// Removes a section.
    RemoveSection(String),
    /// Moves debug information to `debug/.build-id` in the folder.
    SplitDebug,
    /// Keeps names only in `.gnu_debugdata`.
    MiniDebug,
}

/// Changes a whole core.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Keeps this many bytes.
    Head(u64),
    /// Keeps the first half.
    Half,
    /// Loses the last byte.
    Minus1,
    /// Compresses: extension, then the tool's command line.
    Pack(String, Vec<String>),
    /// The same, and keeps two thirds of the stream.
    PackCut(String, Vec<String>),
}

/// Keeps frames and frame pointers.
const USUAL_FLAGS: [&str; 4] =
    ["-g", "-O1", "-fno-optimize-sibling-calls", "-fno-omit-frame-pointer"];

impl Recipe {
    /// Returns the compiler flags of the program.
    pub(crate) fn all_flags(&self) -> Vec<String> {
        let mut all = match &self.flags {
            Some(flags) => flags.clone(),
            None => usual_flags(),
        };
        all.extend(self.more.iter().cloned());
        all
    }

    /// Returns the program's file name in the case folder.
    pub(crate) fn exe_name(&self) -> &str {
        self.exe.as_deref().unwrap_or("prog")
    }

    /// Returns the signal that must end the process.
    pub(crate) fn expected_signal(&self) -> Option<&str> {
        match self.signal.as_deref() {
            Some("none") => None,
            Some(name) => Some(name),
            None if self.of.is_some() => None,
            None => Some("SIGSEGV"),
        }
    }
}

/// Returns the flags of a program that names none.
pub(crate) fn usual_flags() -> Vec<String> {
    USUAL_FLAGS.iter().map(|f| (*f).to_owned()).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    case: Vec<Recipe>,
}

/// Returns all cases, in the order of the table.
pub fn cases() -> &'static [Recipe] {
    static TABLE: OnceLock<Vec<Recipe>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let text = include_str!("../../../../corpus/native/cases.toml");
        let table: Result<Table, _> = toml::from_str(text);
        table.expect("compiled in and read by the tests below").case
    })
}

/// Replaces `{dir}` and `{c*N}`.
pub(crate) fn expand(text: &str, dir: &str) -> String {
    let text = text.replace("{dir}", dir);
    repeated(&text).unwrap_or(text)
}

fn repeated(text: &str) -> Option<String> {
    let open = text.find('{')?;
    let close = open + text[open..].find('}')?;
    let (what, count) = text[open + 1..close].split_once('*')?;
    let count: usize = count.parse().ok()?;
    let (head, tail) = (&text[..open], &text[close + 1..]);
    Some(format!("{head}{}{tail}", what.repeat(count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expansion() {
        assert_eq!(expand("--opt={z*3}!", "/d"), "--opt=zzz!");
        assert_eq!(expand("{dir}/plugin.so", "/d"), "/d/plugin.so");
        assert_eq!(expand("{odd}", "/d"), "{odd}");
    }

    #[test]
    fn every_row_says_where_its_core_comes_from() {
        let mut seen = std::collections::HashSet::new();
        for c in cases() {
            assert!(seen.insert(&c.name), "{} is there twice", c.name);
            let sources = [c.src.is_some(), c.of.is_some(), c.synth.is_some()];
            let count = sources.iter().filter(|s| **s).count();
            assert_eq!(count, 1, "{}: one of src, of, synth", c.name);
            assert_eq!(c.of.is_some(), c.change.is_some(), "{}", c.name);
        }
        assert!(cases().len() > 60);
    }
}
