//! One thread that commits for all writers.
//!
//! A durable commit costs a flush, and a flush costs the same for one change
//! as for hundreds. So writers hand their work to this thread; it takes one
//! request, drains what waits, runs all of them in one transaction, commits,
//! and only then answers.
//!
//! A request judges before it changes anything, so one whose condition fails
//! has nothing to undo and disturbs nobody else. Where one fails after it
//! changed something (a quota, a full disk) the transaction is undone and all
//! its requests run again, each in a savepoint of its own. Savepoints for all
//! from the start would cost a fifth more, for copies of every page changed.
//! When the commit itself fails, all are told so: even "the condition does not
//! hold" was judged by what never came to be.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use thoth_manta::{Code, Error, Result};

use super::entry::Ways;
use super::names::Writing;
use super::run_text;

/// Requests that share one commit at most.
const BATCH: usize = 512;

/// Why a commit failed; every writer of the batch gets a copy.
type Failure = (Code, String);

/// How a request ended, for the transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// It did what it should.
    Well,
    /// It failed, and may have been in the middle of something.
    Badly { certain: bool },
}

/// What a writer wants done.
trait Request: Send {
    /// Does it; may be asked again, after what it did was undone.
    fn run(&mut self, writing: Writing<'_>) -> Ended;

    /// Tells the writer.
    fn answer(self: Box<Self>, committed: std::result::Result<(), Failure>);
}

struct Task<T, F> {
    work: F,
    done: Result<T>,
    reply: SyncSender<Result<T>>,
}

impl<T, F> Request for Task<T, F>
where
    T: Send,
    F: FnMut(Writing<'_>) -> Result<T> + Send,
{
    fn run(&mut self, writing: Writing<'_>) -> Ended {
        let work = &mut self.work;
        let ran = catch_unwind(AssertUnwindSafe(|| work(writing)));
        self.done = ran.unwrap_or_else(|_| {
            let why = "a request has panicked";
            Err(not_committed(Code::InternalError, why))
        });
        match &self.done {
            Ok(_) => Ended::Well,
            Err(error) => Ended::Badly {
                // Trouble in the engine, as against a request refused.
                certain: !matches!(
                    error.code(),
                    Code::InternalError
                        | Code::ServiceUnavailable
                        | Code::NotEnoughSpace
                ),
            },
        }
    }

    fn answer(self: Box<Self>, committed: std::result::Result<(), Failure>) {
        let outcome = match committed {
            Ok(()) => self.done,
            Err((code, why)) => Err(not_committed(code, &why)),
        };
        // A writer that stopped waiting needs no answer.
        let _ = self.reply.send(outcome);
    }
}

pub(super) struct Committer {
    /// Taken at the end, so that the thread's loop ends.
    queue: Option<Sender<Box<dyn Request>>>,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    pub(super) fn start(connection: Connection) -> Result<Committer> {
        let (queue, requests) = channel();
        let thread = std::thread::Builder::new()
            .name("thoth-commit".to_owned())
            .spawn(move || serve(&connection, &requests))
            .map_err(|error| {
                Error::new(
                    Code::InternalError,
                    "cannot start the committer's thread",
                )
                .because(error)
            })?;
        Ok(Committer { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs work in a transaction and waits until it is durable. The work may
    /// be run again, after what it did was undone.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnMut(Writing<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let gone = || {
            let why = "the committer has stopped";
            not_committed(Code::InternalError, why)
        };
        let (reply, result) = sync_channel(1);
        let request = Box::new(Task { work, done: Err(gone()), reply });
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(request).map_err(|_| gone())?;
        result.recv().map_err(|_| gone())?
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn not_committed(code: Code, why: &str) -> Error {
    Error::new(
        code,
        format!("store database: the change was not committed: {why}"),
    )
}

fn serve(sql: &Connection, requests: &Receiver<Box<dyn Request>>) {
    let ways = Ways::default();
    let writing = Writing { sql, ways: &ways };
    while let Ok(first) = requests.recv() {
        let mut batch = vec![first];
        batch.extend(requests.try_iter().take(BATCH - 1));
        let outcome = match commit_together(writing, &mut batch) {
            Ok(true) => Ok(()),
            Ok(false) => commit_apart(writing, &mut batch),
            Err(error) => Err(error),
        };
        let outcome = outcome.map_err(|error| {
            undo(writing);
            describe(&error)
        });
        for request in batch {
            request.answer(outcome.clone());
        }
    }
}

/// Undoes the transaction, if there is one.
fn undo(writing: Writing<'_>) {
    writing.ways.forget_all();
    if !writing.sql.is_autocommit() {
        // Nothing more can be done when even this fails: the next BEGIN fails
        // too, and every writer is told.
        let _ = writing.sql.execute_batch("ROLLBACK");
    }
}

/// Runs all requests in one transaction; false when one of them left
/// something half done, so that nothing was.
fn commit_together(
    writing: Writing<'_>,
    batch: &mut [Box<dyn Request>],
) -> Result<bool> {
    let sql = writing.sql;
    run_text(sql, "BEGIN IMMEDIATE", "begin a transaction")?;
    for request in batch {
        let before = sql.total_changes();
        let ended = request.run(writing);
        let clean = ended == Ended::Badly { certain: true }
            && sql.total_changes() == before;
        if ended != Ended::Well && !clean {
            undo(writing);
            return Ok(false);
        }
    }
    run_text(sql, "COMMIT", "commit")?;
    Ok(true)
}

/// Runs all requests in one transaction, each in a savepoint, which is undone
/// when the request fails.
fn commit_apart(
    writing: Writing<'_>,
    batch: &mut [Box<dyn Request>],
) -> Result<()> {
    let sql = writing.sql;
    run_text(sql, "BEGIN IMMEDIATE", "begin a transaction")?;
    for request in batch {
        run_text(sql, "SAVEPOINT one", "begin a savepoint")?;
        if request.run(writing) != Ended::Well {
            writing.ways.forget_all();
            run_text(sql, "ROLLBACK TO one", "undo a request")?;
        }
        run_text(sql, "RELEASE one", "end a savepoint")?;
    }
    run_text(sql, "COMMIT", "commit")
}

fn describe(error: &Error) -> Failure {
    let text = match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    (error.code(), text)
}
