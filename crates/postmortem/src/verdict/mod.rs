//! What the stacks and the signal add up to.
//!
//! An engineer who sees a pc of zero, or two threads in `pthread_mutex_lock`,
//! knows what to check next. These checks are done here, each with the words
//! that were read, so that a verdict can be followed by hand:
//!
//! | kind | said when |
//! | --- | --- |
//! | `deadlock` | threads wait for locks held in a cycle (or for themselves) |
//! | `stack-overflow` | the fault lies in the guard below the thread's stack |
//! | `smashed-stack` | a return address was overwritten, or the canary was |
//! | `jump` | the pc is no code, and no return brought it there |
//! | `abort` | the process ended itself; its own message where it is kept |
//!
//! Deliberately conservative: a verdict needs the words in memory, not only a
//! function's name; a lock whose holder is not recorded (a condition, a Rust
//! `Mutex`) gives no edge. No verdict is not a clean bill.

mod abort;
mod deadlock;
mod stack;

use crate::process::Process;
use crate::stack::ThreadStack;
use serde::Serialize;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Which: see the table of the module.
    pub kind: &'static str,
    /// One sentence.
    pub text: String,
    /// Threads concerned.
    pub threads: Vec<i32>,
    /// The words it rests on, one line each.
    pub evidence: Vec<String>,
}

impl Process {
    /// Judges the stacks; pass those of all threads.
    #[must_use]
    pub fn verdicts(&self, stacks: &[ThreadStack]) -> Vec<Verdict> {
        if self.arch().unwind_map().is_none() {
            return Vec::new();
        }
        let mut out = deadlock::find(self, stacks);
        if let (Some(signal), Some(crashed)) =
            (self.signal(), stacks.first().filter(|s| s.crashed))
        {
            out.extend(abort::find(self, &signal, crashed));
            out.extend(stack::find(self, &signal, crashed));
        }
        out
    }
}

/// Whether one of a stack's first `depth` frames has one of the names.
fn frame_named<'s>(
    stack: &'s ThreadStack,
    depth: usize,
    names: &[&str],
) -> Option<&'s str> {
    stack
        .frames
        .iter()
        .take(depth)
        .filter_map(|f| f.function.as_deref())
        .find(|f| names.contains(f))
}
