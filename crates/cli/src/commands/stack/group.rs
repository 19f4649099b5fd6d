//! Threads with the same stack, together.
//!
//! A server has hundreds of threads that wait in the same place. Stacks are
//! the same when their frames have the same pcs (and inlined functions), they
//! end for the same kind of reason, and the same system call is in progress.
//! The thread that crashed is never put together with others.

use crate::tables::ranges;
use std::collections::HashMap;
use std::mem::discriminant;
use thoth_postmortem::stack::ThreadStack;

/// Threads with one stack.
pub(super) struct Group<'a> {
    /// The first of them, which is shown.
    pub(super) first: &'a ThreadStack,
    /// All of them.
    pub(super) threads: Vec<&'a ThreadStack>,
}

/// Groups threads, in the order of the first of each.
pub(super) fn group(
    threads: &[ThreadStack],
    each_alone: bool,
) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut known = HashMap::new();
    for t in threads {
        let frames: Vec<(u64, bool, &str)> = t
            .frames
            .iter()
            .map(|f| (f.pc.0, f.inline, f.trust.name()))
            .collect();
        let call = t.syscall.as_ref().map(|s| s.number);
        let key = (frames, discriminant(&t.end), call);
        if !t.crashed
            && !each_alone
            && let Some(group) =
                known.get(&key).and_then(|i: &usize| groups.get_mut(*i))
        {
            group.threads.push(t);
            continue;
        }
        if !t.crashed {
            known.insert(key, groups.len());
        }
        groups.push(Group { first: t, threads: vec![t] });
    }
    groups
}

/// Returns thread ids as ranges, at most some of them.
pub(super) fn tids(tids: &[i32]) -> String {
    let mut sorted = tids.to_vec();
    sorted.sort_unstable();
    let text = ranges(&sorted);
    match text.char_indices().nth(70) {
        None => text,
        Some((end, _)) => {
            let cut = text.get(..end).unwrap_or(&text);
            let cut = cut.rsplit_once(',').map_or(cut, |c| c.0);
            format!("{cut}, ...")
        }
    }
}
