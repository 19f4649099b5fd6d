//! What is known to be true of a case, independent of any reader of cores.
//!
//! Three sources, none of which reads the core: the recipe (expected frames,
//! arguments), the program itself (it wrote facts to `$TRUTH_OUT` before it
//! died), and the kernel (`/proc` and ptrace while the process was stopped
//! on its fatal signal). All of it lies beside the core as `truth.json`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Holds what must hold of one case's core.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Truth {
    /// Name of the case.
    pub case: String,
    /// Signal that ended the process, such as `SIGSEGV`; none for a live one.
    pub signal: Option<String>,
    /// Functions that appear in this order in the crashed thread, innermost
    /// first, other frames may lie between: `?` is any one frame, `<signal>`
    /// a signal frame.
    pub frames: Vec<String>,
    /// Arguments the process was started with.
    pub argv: Vec<String>,
    /// Environment the process was started with, nothing else was in it.
    pub env: BTreeMap<String, String>,
    /// Path of the executable.
    pub exe: String,
    /// Process id.
    pub pid: Option<i32>,
    /// Build ids by file name in the case folder.
    pub build_ids: BTreeMap<String, Option<String>>,
    /// Facts the program told about itself, by key.
    pub facts: BTreeMap<String, String>,
    /// Threads that told about themselves.
    pub threads: Vec<ThreadTruth>,
    /// Heap blocks with what a leak finder must say of them.
    pub blocks: Vec<BlockTruth>,
    /// Kinds of verdict that must be reached: `deadlock`, `stack-overflow`,
    /// `smashed-stack`, `jump`, `abort`.
    pub verdicts: Vec<String>,
    /// Text that a reader should find (assertion, exception, panic message).
    pub message: Option<String>,
    /// What is special about the case.
    pub note: Option<String>,
    /// Whether function names can be known.
    pub sym: bool,
    /// Seconds since 1970 before the start of the process.
    pub started: f64,
    /// Seconds since 1970 after its end.
    pub ended: f64,
    /// Length of the core in bytes.
    pub size: u64,
    /// Bytes the core takes on disk.
    pub disk: u64,
    /// Who wrote the core: `kernel`, `gcore`, `snapshot`, `synth`, `derived`.
    pub writer: String,
    /// Something that was not as the recipe says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// The case this one was derived from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Length of the whole core where this one was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full: Option<u64>,
    /// What the kernel said while the process was stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<KernelTruth>,
}

/// Names one thread by what it said of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ThreadTruth {
    /// Thread id.
    pub tid: i32,
    /// Name the thread gave itself.
    pub name: String,
    /// Depth of its recursion where the program told it.
    pub depth: Option<u32>,
}

/// Describes one heap block of a leak case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BlockTruth {
    /// Address, as `0x...`.
    pub addr: String,
    /// Requested size in bytes.
    pub size: u64,
    /// `reach`, `leak`, `cycle`, `interior`, `lost` or `freed`.
    pub state: String,
    /// What the program used the block for.
    pub kind: String,
}

/// Holds what `/proc` and ptrace said of the stopped process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KernelTruth {
    /// Thread that the fatal signal stopped.
    pub crashed: Option<i32>,
    /// Signal number, error and code of the fatal signal.
    pub signo: i32,
    /// `si_code`.
    pub code: i32,
    /// `si_addr` (or the sender's ids) as the word at offset 16 of siginfo.
    pub word16: String,
    /// `/proc/PID/maps`, one entry a line.
    pub maps: Vec<String>,
    /// `/proc/PID/auxv` as pairs of type and value.
    pub auxv: Vec<(u64, String)>,
    /// `/proc/PID/cmdline`, split at its NUL bytes.
    pub cmdline: Vec<String>,
    /// `/proc/PID/environ`, split at its NUL bytes.
    pub environ: Vec<String>,
    /// `/proc/PID/exe`.
    pub exe: String,
    /// `Name`, `Uid`, `Gid`, ... of `/proc/PID/status`.
    pub status: BTreeMap<String, String>,
    /// Every thread.
    pub threads: Vec<KernelThread>,
}

/// Holds what the kernel said of one thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KernelThread {
    /// Thread id.
    pub tid: i32,
    /// `/proc/PID/task/TID/comm` without its newline.
    pub comm: String,
    /// General registers by name, as `0x...`; empty where not read.
    pub regs: BTreeMap<String, String>,
}

/// Takes the program's own lines into `truth`.
pub(crate) fn take_facts(truth: &mut Truth, text: &str) {
    for line in text.lines() {
        let Some((key, rest)) = line.split_once(' ') else { continue };
        match key {
            "thread" => truth.threads.extend(thread(rest)),
            "block" => truth.blocks.extend(block(rest)),
            "pid" => truth.pid = rest.parse().ok(),
            _ => {
                truth.facts.insert(key.to_owned(), rest.to_owned());
            }
        }
    }
    forget_overwritten(&mut truth.blocks);
}

fn thread(rest: &str) -> Option<ThreadTruth> {
    let words: Vec<&str> = rest.split(' ').collect();
    let tid = words.first()?.parse().ok()?;
    let name = (*words.get(1)?).to_owned();
    Some(ThreadTruth {
        tid,
        name,
        depth: words.get(3).and_then(|w| w.parse().ok()),
    })
}

fn block(rest: &str) -> Option<BlockTruth> {
    let mut words = rest.split(' ').map(str::to_owned);
    let addr = words.next()?;
    let size = words.next()?.parse().ok()?;
    let state = words.next()?;
    let kind = words.next()?;
    Some(BlockTruth { addr, size, state, kind })
}

/// Drops what a program first said of a block it later lost its pointer to.
fn forget_overwritten(blocks: &mut Vec<BlockTruth>) {
    let lost: std::collections::HashSet<String> = blocks
        .iter()
        .filter(|b| b.state == "lost")
        .map(|b| b.addr.clone())
        .collect();
    blocks.retain(|b| b.state == "lost" || !lost.contains(&b.addr));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_threads_and_blocks_are_told_apart() {
        let mut t = Truth::default();
        take_facts(
            &mut t,
            "pid 7\nthread 8 w depth 3\nblock 0x10 5 reach a\n\
             block 0x10 5 lost b\nkey some words\nnoise\n",
        );
        assert_eq!(t.pid, Some(7));
        assert_eq!(t.threads[0].depth, Some(3));
        assert_eq!(t.blocks.len(), 1);
        assert_eq!(t.blocks[0].state, "lost");
        assert_eq!(t.facts["key"], "some words");
    }
}
