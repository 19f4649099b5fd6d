//! Threads that wait for one another.
//!
//! A thread that waits for a lock sleeps in `futex` (system call 202 on x86-64)
//! on a word inside it. glibc keeps the holder beside that word:
//!
//! | lock | waits on | holder |
//! | --- | --- | --- |
//! | `pthread_mutex_t` | lock @0 | owner tid i32 @8 |
//! | `pthread_rwlock_t` | wrphase @8, writers @12 | cur_writer tid i32 @24 |
//! | join | the joined thread's own tid word | its tid |
//!
//! (glibc: sysdeps/nptl/bits/struct_mutex.h, struct_rwlock.h.) Each waiting
//! thread has one edge to a holder, so a cycle is found by walking. A holder
//! that no longer runs is reported as such and makes no cycle.

use super::Verdict;
use crate::process::Process;
use crate::stack::ThreadStack;
use std::collections::{BTreeMap, BTreeSet};

/// A thread waits for another.
struct Edge {
    holder: i32,
    what: String,
    seen: String,
}

/// `FUTEX_WAIT` 0, `FUTEX_LOCK_PI` 6, `FUTEX_WAIT_BITSET` 9, and 13.
const WAITS: [u64; 4] = [0, 6, 9, 13];
/// Low bits of the operation; private and clock flags are above.
const OPERATION: u64 = 127;
/// Frames in which the waiting function is looked for.
const DEPTH: usize = 8;

pub(super) fn find(process: &Process, stacks: &[ThreadStack]) -> Vec<Verdict> {
    let tids: BTreeSet<i32> = stacks.iter().map(|s| s.tid).collect();
    let edges: BTreeMap<i32, Edge> = stacks
        .iter()
        .filter_map(|s| Some((s.tid, edge(process, s, &tids)?)))
        .collect();
    cycles(&edges).into_iter().map(|cycle| verdict(&cycle, &edges)).collect()
}

fn edge(
    process: &Process,
    stack: &ThreadStack,
    tids: &BTreeSet<i32>,
) -> Option<Edge> {
    let call = stack.syscall.as_ref()?;
    let [at, operation, ..] = call.arguments;
    if call.name != Some("futex") || !WAITS.contains(&(operation.0 & OPERATION))
    {
        return None;
    }
    let word = |at: u64| process.memory.read_u32(at).ok().map(|v| v as i32);
    let named =
        |part: &str| {
            stack.frames.iter().take(DEPTH).any(|f| {
                f.function.as_deref().is_some_and(|n| n.contains(part))
            })
        };
    let at = at.0;
    if named("rwlock") {
        // Which of the two words it sleeps on tells where the lock starts.
        return [8, 12].into_iter().find_map(|back| {
            let lock = at.checked_sub(back)?;
            let writer = word(lock.checked_add(24)?)?;
            tids.contains(&writer).then(|| {
                let held = format!("cur_writer at {:#x}", lock + 24);
                describe(process, "rwlock", lock, writer, held)
            })
        });
    }
    if named("join") {
        let holder = word(at)?;
        return (tids.contains(&holder) && holder != stack.tid).then(|| Edge {
            holder,
            what: format!("thread {holder} to end"),
            seen: format!("its tid word at {at:#x} is {holder}"),
        });
    }
    let (lock, owner) = (word(at)?, word(at.checked_add(8)?)?);
    let kind = word(at.checked_add(16)?)?;
    // Kinds: 2 bits of type, robust 16, PI 32, protect 64, elision 256/512.
    let plausible = lock != 0 && (0..1024).contains(&kind);
    (plausible && tids.contains(&owner)).then(|| {
        let held = format!("owner at {:#x}", at + 8);
        describe(process, "mutex", at, owner, held)
    })
}

fn describe(
    process: &Process,
    kind: &str,
    lock: u64,
    holder: i32,
    held: String,
) -> Edge {
    let name =
        process.object_at(lock).map_or(String::new(), |n| format!(" {n}"));
    Edge {
        holder,
        what: format!("{kind}{name} ({lock:#x}), held by thread {holder}"),
        seen: format!("{kind} {lock:#x}: {held} is {holder}"),
    }
}

/// Finds the cycles of a graph in which each node has at most one edge.
fn cycles(edges: &BTreeMap<i32, Edge>) -> Vec<Vec<i32>> {
    let mut done = BTreeSet::new();
    let mut out = Vec::new();
    for start in edges.keys() {
        let mut path: Vec<i32> = Vec::new();
        let mut place = BTreeMap::new();
        let mut at = *start;
        while done.insert(at) {
            place.insert(at, path.len());
            path.push(at);
            match edges.get(&at) {
                Some(e) => at = e.holder,
                None => break,
            }
        }
        if let Some(from) = place.get(&at)
            && edges.contains_key(&at)
        {
            out.push(path.split_off(*from));
        }
    }
    out
}

fn verdict(cycle: &[i32], edges: &BTreeMap<i32, Edge>) -> Verdict {
    let waits: Vec<String> = cycle
        .iter()
        .filter_map(|t| {
            Some(format!("thread {t} waits for {}", edges.get(t)?.what))
        })
        .collect();
    let mut text = match cycle {
        [one] => match edges.get(one) {
            Some(e) => format!("thread {one} waits for {} (itself)", e.what),
            None => String::new(),
        },
        _ => waits.join("; "),
    };
    // Whoever waits for the cycle, directly or not, waits for ever as well.
    let behind = edges.keys().filter(|t| !cycle.contains(t)).filter(|t| {
        let mut at = **t;
        let mut seen = BTreeSet::new();
        while let Some(e) = edges.get(&at) {
            if cycle.contains(&e.holder) {
                return true;
            }
            if !seen.insert(at) {
                return false;
            }
            at = e.holder;
        }
        false
    });
    let behind: Vec<String> = behind.map(i32::to_string).collect();
    if !behind.is_empty() {
        let list = behind.join(", ");
        let noun = if behind.len() == 1 { "thread" } else { "threads" };
        text.push_str(&format!("; {noun} {list} behind it"));
    }
    let evidence = cycle
        .iter()
        .filter_map(|t| {
            Some(format!("thread {t} is in futex; {}", edges.get(t)?.seen))
        })
        .collect();
    Verdict { kind: "deadlock", text, threads: cycle.to_vec(), evidence }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(pairs: &[(i32, i32)]) -> BTreeMap<i32, Edge> {
        let edge = |h: i32| Edge {
            holder: h,
            what: format!("mutex held by thread {h}"),
            seen: String::new(),
        };
        pairs.iter().map(|(a, b)| (*a, edge(*b))).collect()
    }

    #[test]
    fn cycles_are_found_once_and_waiters_behind_them_named() {
        let edges = graph(&[(1, 2), (2, 3), (3, 2), (4, 1), (5, 9), (7, 7)]);
        assert_eq!(cycles(&edges), [vec![2, 3], vec![7]]);
        let text = verdict(&[2, 3], &edges).text;
        assert!(text.ends_with("; threads 1, 4 behind it"), "{text}");
    }
}
