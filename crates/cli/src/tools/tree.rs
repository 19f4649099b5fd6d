//! Many things at once: a pool of workers, and walks over directories.
//!
//! A task may add tasks, so a walk is tasks that list a directory and add one
//! for each directory in it. Tasks added last are done first: a walk goes deep
//! before it goes wide, and what waits stays little. Results come to the
//! calling thread one at a time, in no order.

use crate::error::Result;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use thoth_manta::{Info, ListOptions, Manta, Path};

/// More workers than this help nobody.
const MOST_WORKERS: usize = 256;
/// Results that wait for the calling thread.
const WAITING: usize = 4096;

/// What is to be done.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    tasks: Vec<T>,
    /// Tasks taken and not finished: each may add others.
    active: usize,
    stopped: bool,
}

impl<T> Queue<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing is left half done in the state when a worker panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a task.
    pub(super) fn add(&self, task: T) {
        self.lock().tasks.push(task);
        self.changed.notify_one();
    }

    fn next(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            if let Some(task) = state.tasks.pop() {
                state.active += 1;
                return Some(task);
            }
            if state.active == 0 {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn finished(&self) {
        let mut state = self.lock();
        state.active -= 1;
        if state.active == 0 {
            self.changed.notify_all();
        }
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }
}

/// Gives a result to the calling thread; false when it wants no more.
pub(super) type Give<'a, R> = dyn Fn(R) -> bool + 'a;

/// What a worker does with a task.
pub(super) type Work<'a, T, R> = dyn Fn(T, &Queue<T>, &Give<'_, R>) + Sync + 'a;

/// Does tasks on so many threads until none is left, and takes what they
/// give. The first failure of `take` stops all.
pub(super) fn run<T: Send, R: Send>(
    workers: usize,
    tasks: Vec<T>,
    work: &Work<'_, T, R>,
    take: &mut dyn FnMut(R) -> Result<()>,
) -> Result<()> {
    let state = State { tasks, active: 0, stopped: false };
    let queue = Queue { state: Mutex::new(state), changed: Condvar::new() };
    let workers = workers.clamp(1, MOST_WORKERS);
    std::thread::scope(|scope| {
        let (give, taken) = sync_channel(WAITING);
        for _ in 0..workers {
            let give: SyncSender<R> = give.clone();
            let queue = &queue;
            scope.spawn(move || {
                while let Some(task) = queue.next() {
                    let _finished = Finished(queue);
                    work(task, queue, &|result| give.send(result).is_ok());
                }
            });
        }
        drop(give);
        let mut done = Ok(());
        for result in taken {
            done = take(result);
            if done.is_err() {
                break;
            }
        }
        queue.stop();
        done
    })
}

/// Counts a task as finished, also when it panics: the others would wait for
/// ever.
struct Finished<'a, T>(&'a Queue<T>);

impl<T> Drop for Finished<'_, T> {
    fn drop(&mut self) {
        self.0.finished();
    }
}

/// How a walk goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    /// How many directories are listed at once.
    pub(super) parallel: usize,
    /// Directories are entered down to here; entries of the first have depth
    /// 0.
    pub(super) max_depth: u32,
    /// Entries asked for at once.
    pub(super) page: u32,
}

impl Default for Walk {
    fn default() -> Self {
        Self { parallel: 50, max_depth: u32::MAX, page: 1024 }
    }
}

/// What a walk finds.
pub(super) enum Met {
    /// An entry, and its depth.
    Entry(Info, u32),
    /// A directory that could not be listed.
    Failed(Path, thoth_manta::Error),
}

/// Visits everything below a directory, in no order.
pub(super) fn walk(
    manta: &Arc<dyn Manta>,
    root: &Path,
    how: Walk,
    take: &mut dyn FnMut(Met) -> Result<()>,
) -> Result<()> {
    let work = |(path, depth): (Path, u32),
                queue: &Queue<(Path, u32)>,
                give: &Give<'_, Met>| {
        let listed = pages(&**manta, &path, how.page, &mut |entry| {
            let deeper = depth.saturating_add(1);
            if entry.is_directory() && deeper < how.max_depth {
                queue.add((entry.path().clone(), deeper));
            }
            give(Met::Entry(entry, depth))
        });
        if let Err(error) = listed {
            give(Met::Failed(path, error));
        }
    };
    run(how.parallel, vec![(root.clone(), 0)], &work, take)
}

/// Lists a directory page by page, until it ends or `visit` says false.
fn pages(
    manta: &dyn Manta,
    path: &Path,
    limit: u32,
    visit: &mut dyn FnMut(Info) -> bool,
) -> thoth_manta::Result<()> {
    // Since the marker is there again, a page must hold two.
    let limit = limit.clamp(2, 1024);
    let mut marker: Option<String> = None;
    loop {
        let options = ListOptions {
            marker: marker.clone(),
            limit,
            ..ListOptions::default()
        };
        let listing = manta.list(path, &options)?;
        let full = listing.entries.len() as u64 >= u64::from(limit);
        let mut fresh = false;
        for entry in listing.entries {
            if marker.as_deref() == Some(entry.path().name()) {
                continue;
            }
            fresh = true;
            marker = Some(entry.path().name().to_owned());
            if !visit(entry) {
                return Ok(());
            }
        }
        if !full || !fresh {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::usage;

    #[test]
    fn tasks_may_add_tasks_and_all_are_done() {
        let work = |n: u32, queue: &Queue<u32>, give: &Give<'_, u32>| {
            if n < 1000 {
                queue.add(n * 2);
                queue.add(n * 2 + 1);
            }
            give(n);
        };
        let mut seen = Vec::new();
        run(7, vec![1], &work, &mut |n| {
            seen.push(n);
            Ok(())
        })
        .unwrap();
        seen.sort_unstable();
        assert_eq!(seen, (1..2000).collect::<Vec<u32>>());
    }

    #[test]
    fn a_failure_stops_the_rest() {
        let work = |n: u64, queue: &Queue<u64>, give: &Give<'_, u64>| {
            queue.add(n + 1);
            give(n);
        };
        let mut left = 10;
        let done = run(3, vec![0], &work, &mut |_| {
            left -= 1;
            if left == 0 { Err(usage("enough")) } else { Ok(()) }
        });
        assert!(done.is_err());
    }
}
