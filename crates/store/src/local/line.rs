//! Several threads for one body.
//!
//! A put is as fast as its slowest stage if the stages run beside each other:
//! MD5 does about 600 MB/s on one core and cannot be cut up, so it has a
//! thread; digests and frames are worked out a mebibyte at a time by as many
//! threads as the machine has cores; whoever calls reads the body and writes
//! the file, in order.
//!
//! Mebibytes go round in a ring of buffers. A buffer is free again when
//! nobody holds it any more; when none is, the caller waits for news from the
//! threads, which is also what keeps a fast body from filling the memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use md5::{Digest as _, Md5};
use thoth_manta::{Code, Error, Result};

use crate::frames::{Packed, Packer, Place, Workshop};

/// A mebibyte of a body.
pub(super) type Buffer = Arc<Vec<u8>>;

/// A segment to pack.
struct Job {
    number: u64,
    /// Goes back to the caller with the news, so that nobody holds it then.
    buffer: Option<Buffer>,
    news: Sender<News>,
}

impl Drop for Job {
    fn drop(&mut self) {
        if self.buffer.is_some() {
            // It was dropped undone, by a panic.
            let _ = self.news.send(News::Died);
        }
    }
}

/// What the threads tell the caller.
enum News {
    Packed {
        number: u64,
        buffer: Buffer,
        packed: Result<Packed>,
    },
    /// The MD5 thread has let go of a buffer.
    Hashed,
    Died,
}

/// The threads of one body. All its segments are full.
pub(super) struct Line {
    _place: Place,
    jobs: Option<Sender<Job>>,
    hashing: Option<Sender<Buffer>>,
    news: Receiver<News>,
    news_sender: Sender<News>,
    workers: Vec<JoinHandle<()>>,
    hasher: Option<JoinHandle<Md5>>,
    compress: Arc<AtomicBool>,
    submitted: u64,
    taken: u64,
    /// Packed segments whose turn has not come.
    early: BTreeMap<u64, (Buffer, Packed)>,
}

impl Line {
    /// Starts the threads.
    pub(super) fn start(
        workers: usize,
        md5: bool,
        compress: bool,
        workshop: &Arc<Workshop>,
    ) -> Result<Line> {
        let (jobs, queue) = channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        let (news_sender, news) = channel();
        let compress = Arc::new(AtomicBool::new(compress));
        let workers = if workshop.is_crowded() { 1 } else { workers };
        let mut line = Line {
            _place: workshop.enter(),
            jobs: Some(jobs),
            hashing: None,
            news,
            news_sender,
            workers: Vec::new(),
            hasher: None,
            compress,
            submitted: 0,
            taken: 0,
            early: BTreeMap::new(),
        };
        for _ in 0..workers {
            let packer = Packer::new()?;
            let queue = Arc::clone(&queue);
            let compress = Arc::clone(&line.compress);
            let shop = Arc::clone(workshop);
            line.workers.push(spawn("thoth-pack", move || {
                work(packer, &queue, &compress, &shop);
            })?);
        }
        if md5 {
            let (hashing, bodies) = channel::<Buffer>();
            let news = line.news_sender.clone();
            line.hashing = Some(hashing);
            line.hasher = Some(spawn("thoth-md5", move || {
                let mut md5 = Md5::new();
                for buffer in bodies {
                    md5.update(buffer.as_slice());
                    drop(buffer);
                    let _ = news.send(News::Hashed);
                }
                md5
            })?);
        }
        Ok(line)
    }

    /// Hands the next full segment to the threads.
    pub(super) fn submit(&mut self, buffer: &Buffer) -> Result<()> {
        if let Some(hashing) = &self.hashing {
            hashing.send(Arc::clone(buffer)).map_err(|_| died())?;
        }
        let job = Job {
            number: self.submitted,
            buffer: Some(Arc::clone(buffer)),
            news: self.news_sender.clone(),
        };
        let jobs = self.jobs.as_ref().ok_or_else(died)?;
        jobs.send(job).map_err(|_| died())?;
        self.submitted += 1;
        Ok(())
    }

    /// Stops compressing what has not been begun.
    pub(super) fn stay_plain(&self) {
        self.compress.store(false, Ordering::Relaxed);
    }

    /// Returns the next segment in order if it is ready.
    pub(super) fn ready(&mut self) -> Result<Option<(Buffer, Packed)>> {
        while let Ok(news) = self.news.try_recv() {
            self.note(news)?;
        }
        let next = self.early.remove(&self.taken);
        self.taken += u64::from(next.is_some());
        Ok(next)
    }

    /// Waits for news of any kind.
    pub(super) fn wait(&mut self) -> Result<()> {
        let news = self.news.recv().map_err(|_| died())?;
        self.note(news)
    }

    fn note(&mut self, news: News) -> Result<()> {
        match news {
            News::Hashed => Ok(()),
            News::Died => Err(died()),
            News::Packed { number, buffer, packed } => {
                self.early.insert(number, (buffer, packed?));
                Ok(())
            }
        }
    }

    /// Tells whether every segment has been handed back.
    pub(super) fn is_empty(&self) -> bool {
        self.taken == self.submitted
    }

    /// Ends the MD5 thread and returns its state, for the rest of the body.
    pub(super) fn finish_md5(&mut self) -> Result<Option<Md5>> {
        drop(self.hashing.take());
        match self.hasher.take() {
            None => Ok(None),
            Some(hasher) => hasher.join().map(Some).map_err(|_| died()),
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        drop(self.jobs.take());
        drop(self.hashing.take());
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
        if let Some(hasher) = self.hasher.take() {
            let _ = hasher.join();
        }
    }
}

fn work(
    mut packer: Packer,
    queue: &Mutex<Receiver<Job>>,
    compress: &AtomicBool,
    workshop: &Workshop,
) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = next else { return };
        let Some(buffer) = &job.buffer else { return };
        let compress = compress.load(Ordering::Relaxed);
        let packed = packer.pack(job.number, buffer, compress, workshop);
        let Some(buffer) = job.buffer.take() else { return };
        let number = job.number;
        // A caller that has gone needs no news.
        let _ = job.news.send(News::Packed { number, buffer, packed });
    }
}

/// Starts a thread with a name.
pub(super) fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(
        |error| {
            Error::new(
                Code::InternalError,
                format!("cannot start the thread {name}"),
            )
            .because(error)
        },
    )
}

fn died() -> Error {
    Error::new(Code::InternalError, "a thread that packs the body has died")
}
