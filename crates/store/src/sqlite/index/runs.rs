//! Sorting more list entries than memory should hold.
//!
//! Entries are gathered, sorted and written as *runs* to a file without a
//! name beside the database, so that nothing is left behind however this
//! ends; then all runs are read at once, each from its start, the smallest
//! entry first. A million dumps have some twenty million entries: 400 MB on
//! disk for a minute, 24 MB in memory.
//!
//! An entry in the file: value (4 bytes), time (8, a float), document (8), all
//! little-endian.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags};
use thoth_manta::Result;

use super::Time;
use crate::local::failed;

/// Entries sorted at once.
pub(in super::super) const RUN: usize = 1 << 20;
/// Bytes of an entry in the file.
const SIZE: usize = 20;
/// Entries of a run that are read at once.
const READ: usize = 2048;

/// An entry of a value's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Post {
    pub(super) val: u32,
    pub(super) time: Time,
    pub(super) document: i64,
}

impl Post {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.val.to_le_bytes());
        to.extend(self.time.0.to_le_bytes());
        to.extend(self.document.to_le_bytes());
    }

    fn read(bytes: &[u8; SIZE]) -> Post {
        let [a, b, c, d, rest @ ..] = *bytes;
        let [t0, t1, t2, t3, t4, t5, t6, t7, document @ ..] = rest;
        Post {
            val: u32::from_le_bytes([a, b, c, d]),
            time: Time(f64::from_le_bytes([t0, t1, t2, t3, t4, t5, t6, t7])),
            document: i64::from_le_bytes(document),
        }
    }
}

/// Gathers entries.
pub(in super::super) struct Runs {
    folder: PathBuf,
    run: usize,
    gathered: Vec<Post>,
    file: Option<File>,
    /// Where each run ends in the file.
    ends: Vec<u64>,
}

impl Runs {
    /// Returns none yet; the file will lie in `folder`, sorted are `run`
    /// entries at once.
    pub(in super::super) fn new(folder: PathBuf, run: usize) -> Runs {
        Runs { folder, run, gathered: Vec::new(), file: None, ends: Vec::new() }
    }

    pub(super) fn add(&mut self, post: Post) -> Result<()> {
        self.gathered.push(post);
        if self.gathered.len() < self.run { Ok(()) } else { self.write() }
    }

    /// Writes what is gathered as a run.
    fn write(&mut self) -> Result<()> {
        self.gathered.sort_unstable();
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
                let mode = Mode::RUSR | Mode::WUSR;
                let made = rustix::fs::open(&self.folder, flags, mode);
                File::from(made.map_err(|error| {
                    let what = "cannot make a file for sorting in";
                    failed(what, &self.folder, error.into())
                })?)
            }
        };
        let mut end = self.ends.last().copied().unwrap_or(0);
        let mut bytes = Vec::with_capacity(READ * SIZE);
        for posts in self.gathered.chunks(READ) {
            bytes.clear();
            posts.iter().for_each(|post| post.write(&mut bytes));
            file.write_all_at(&bytes, end).map_err(|error| {
                let what = "cannot write to a file for sorting in";
                failed(what, &self.folder, error)
            })?;
            end = end.saturating_add(bytes.len() as u64);
        }
        self.gathered.clear();
        self.ends.push(end);
        self.file = Some(file);
        Ok(())
    }

    /// Returns all entries in order.
    pub(super) fn merge(mut self) -> Result<Merged> {
        if self.file.is_none() {
            self.gathered.sort_unstable();
        } else if !self.gathered.is_empty() {
            self.write()?;
        }
        let mut start = 0;
        let mut runs = Vec::with_capacity(self.ends.len() + 1);
        for end in self.ends {
            runs.push(Run { next: start, end, read: Vec::new() });
            start = end;
        }
        // What is in memory is a run without a place in the file.
        self.gathered.reverse();
        runs.push(Run { next: 0, end: 0, read: self.gathered });
        let mut merged = Merged {
            folder: self.folder,
            file: self.file,
            runs,
            heap: BinaryHeap::new(),
        };
        for run in 0..merged.runs.len() {
            merged.refill(run)?;
        }
        Ok(merged)
    }
}

/// A run that is being read.
struct Run {
    next: u64,
    end: u64,
    /// What was read of it, the smallest last.
    read: Vec<Post>,
}

/// All entries in order.
pub(in super::super) struct Merged {
    folder: PathBuf,
    file: Option<File>,
    runs: Vec<Run>,
    /// The smallest of each run.
    heap: BinaryHeap<Reverse<(Post, usize)>>,
}

impl Merged {
    /// Returns the next entry; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Post>> {
        let Some(Reverse((post, run))) = self.heap.pop() else {
            return Ok(None);
        };
        self.refill(run)?;
        Ok(Some(post))
    }

    /// Puts the next entry of a run on the heap.
    fn refill(&mut self, number: usize) -> Result<()> {
        let Some(run) = self.runs.get_mut(number) else { return Ok(()) };
        if run.read.is_empty()
            && run.next < run.end
            && let Some(file) = &self.file
        {
            let left =
                usize::try_from(run.end - run.next).unwrap_or(usize::MAX);
            let mut bytes = vec![0; left.min(READ * SIZE)];
            file.read_exact_at(&mut bytes, run.next).map_err(|error| {
                let what = "cannot read a file for sorting in";
                failed(what, &self.folder, error)
            })?;
            run.next = run.next.saturating_add(bytes.len() as u64);
            let (entries, _) = bytes.as_chunks::<SIZE>();
            run.read.extend(entries.iter().rev().map(Post::read));
        }
        let next = run.read.pop();
        self.heap.extend(next.map(|post| Reverse((post, number))));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_come_out_in_order_whatever_their_size() {
        let folder = tempfile::tempdir().expect("folder");
        for (number, run) in
            [(0, 10), (7, 10), (10, 10), (25, 10), (9000, 4000), (9000, 9001)]
        {
            let mut state = 1u64;
            let mut expected: Vec<Post> = (0..number)
                .map(|document| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005) + 1;
                    Post {
                        val: (state >> 60) as u32,
                        time: Time((state >> 50 & 0xff) as f64 - 100.5),
                        document,
                    }
                })
                .collect();
            let mut runs = Runs::new(folder.path().to_owned(), run);
            for post in &expected {
                runs.add(*post).expect("add");
            }
            expected.sort_unstable();
            let mut merged = runs.merge().expect("merge");
            let mut found = Vec::new();
            while let Some(post) = merged.next().expect("next") {
                found.push(post);
            }
            assert_eq!(found, expected, "{number} in runs of {run}");
        }
        let left = std::fs::read_dir(folder.path()).expect("list").count();
        assert_eq!(left, 0, "nothing is left behind");
    }

    #[test]
    fn a_folder_that_is_gone_is_named() {
        let mut runs = Runs::new("/nowhere/at-all".into(), 1);
        let post = Post { val: 1, time: Time(0.0), document: 1 };
        let error = runs.add(post).expect_err("no folder");
        assert!(error.to_string().contains("/nowhere/at-all"), "{error}");
    }
}
