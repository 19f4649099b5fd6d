//! One thread that commits for all writers.
//!
//! A durable commit costs a flush, and a flush costs the same for one change
//! as for hundreds. So writers hand their work to this thread; it takes one
//! request, drains what waits, runs each in a savepoint of one transaction,
//! commits, and only then answers. A failed condition undoes its own savepoint
//! and disturbs nobody else; when the commit itself fails, all are told so.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
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
/// Tells a writer how its transaction ended.
type Answer = Box<dyn FnOnce(Result<(), Failure>) + Send>;
/// Runs a request inside its savepoint; the flag says whether to keep it.
type Work = Box<dyn FnOnce(Writing<'_>) -> (bool, Answer) + Send>;

pub(super) struct Committer {
    /// Taken at the end, so that the thread's loop ends.
    queue: Option<Sender<Work>>,
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

    /// Runs work in a transaction and waits until it is durable.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(Writing<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, result) = sync_channel(1);
        let request: Work = Box::new(move |writing| {
            let done = work(writing);
            let keep = done.is_ok();
            let answer: Answer = Box::new(move |committed| {
                let outcome = match committed {
                    Ok(()) => done,
                    // Its own failure says more than the commit's.
                    Err((code, why)) => {
                        done.and_then(|_| Err(not_committed(code, &why)))
                    }
                };
                // A writer that stopped waiting needs no answer.
                let _ = reply.send(outcome);
            });
            (keep, answer)
        });
        let gone = || {
            let why = "the committer has stopped";
            not_committed(Code::InternalError, why)
        };
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

fn serve(sql: &Connection, requests: &Receiver<Work>) {
    let ways = Ways::default();
    let writing = Writing { sql, ways: &ways };
    while let Ok(first) = requests.recv() {
        let mut batch = vec![first];
        batch.extend(requests.try_iter().take(BATCH - 1));
        commit_batch(writing, batch);
    }
}

fn commit_batch(writing: Writing<'_>, batch: Vec<Work>) {
    let sql = writing.sql;
    let mut answers: Vec<Answer> = Vec::with_capacity(batch.len());
    let outcome = run_text(sql, "BEGIN IMMEDIATE", "begin a transaction")
        .and_then(|()| {
            for work in batch {
                answers.extend(run_one(writing, work)?);
            }
            run_text(sql, "COMMIT", "commit")
        })
        .map_err(|error| describe(&error));
    if outcome.is_err() {
        writing.ways.forget_all();
        if !sql.is_autocommit() {
            // Nothing more can be done when even this fails: the next BEGIN
            // fails too, and every writer is told.
            let _ = sql.execute_batch("ROLLBACK");
        }
    }
    for answer in answers {
        answer(outcome.clone());
    }
}

/// Runs one request in a savepoint. A request that panics is undone, and its
/// writer learns from the closed channel.
fn run_one(writing: Writing<'_>, work: Work) -> Result<Option<Answer>> {
    let sql = writing.sql;
    run_text(sql, "SAVEPOINT one", "begin a savepoint")?;
    let ran = catch_unwind(AssertUnwindSafe(|| work(writing)));
    let (keep, answer) = match ran {
        Ok((keep, answer)) => (keep, Some(answer)),
        Err(_) => (false, None),
    };
    let undone = if keep {
        Ok(())
    } else {
        writing.ways.forget_all();
        run_text(sql, "ROLLBACK TO one", "undo a request")
    };
    let ended =
        undone.and_then(|()| run_text(sql, "RELEASE one", "end a savepoint"));
    match ended {
        Ok(()) => Ok(answer),
        Err(error) => {
            if let Some(answer) = answer {
                answer(Err(describe(&error)));
            }
            Err(error)
        }
    }
}

fn describe(error: &Error) -> Failure {
    let text = match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    (error.code(), text)
}
