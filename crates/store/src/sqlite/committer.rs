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

    /// Returns why the last run failed, if it did.
    fn failure(&self) -> Option<Failure>;

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

    fn failure(&self) -> Option<Failure> {
        self.done.as_ref().err().map(describe)
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
            Err(failure) => Err(failure),
        };
        if outcome.is_err() {
            undo(writing);
        }
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
) -> std::result::Result<bool, Failure> {
    let sql = writing.sql;
    step(sql, "BEGIN IMMEDIATE", "begin a transaction")?;
    for request in batch {
        let before = sql.total_changes();
        let ended = request.run(writing);
        let clean = ended == Ended::Badly { certain: true }
            && sql.total_changes() == before;
        // Some failures of the engine end the transaction by themselves; what
        // comes after one of those must not be kept, whatever became of it.
        if sql.is_autocommit() || (ended != Ended::Well && !clean) {
            undo(writing);
            return Ok(false);
        }
    }
    step(sql, "COMMIT", "commit")?;
    Ok(true)
}

/// Runs all requests in one transaction, each in a savepoint, which is undone
/// when the request fails.
fn commit_apart(
    writing: Writing<'_>,
    batch: &mut [Box<dyn Request>],
) -> std::result::Result<(), Failure> {
    let sql = writing.sql;
    step(sql, "BEGIN IMMEDIATE", "begin a transaction")?;
    for request in batch {
        step(sql, "SAVEPOINT one", "begin a savepoint")?;
        let ended = request.run(writing);
        if sql.is_autocommit() {
            // The engine has given all of them up, for this one's reason.
            let gone = || (Code::InternalError, "it has ended".to_owned());
            return Err(request.failure().unwrap_or_else(gone));
        }
        if ended != Ended::Well {
            writing.ways.forget_all();
            step(sql, "ROLLBACK TO one", "undo a request")?;
        }
        step(sql, "RELEASE one", "end a savepoint")?;
    }
    step(sql, "COMMIT", "commit")
}

/// Runs a statement that begins or ends something.
fn step(
    sql: &Connection,
    text: &str,
    what: &str,
) -> std::result::Result<(), Failure> {
    run_text(sql, text, what).map_err(|error| describe(&error))
}

fn describe(error: &Error) -> Failure {
    let text = match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    (error.code(), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::Tried;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Barrier};

    fn committer() -> (tempfile::TempDir, Connection, Committer) {
        let folder = tempfile::tempdir().expect("folder");
        let open = || {
            let sql = Connection::open(folder.path().join("db")).expect("open");
            sql.pragma_update(None, "journal_mode", "WAL").expect("log");
            sql.pragma_update(None, "foreign_keys", "ON").expect("keys");
            sql
        };
        let sql = open();
        sql.execute_batch(
            "CREATE TABLE t(n INTEGER PRIMARY KEY, b BLOB, other INTEGER
                 REFERENCES t(n) DEFERRABLE INITIALLY DEFERRED)",
        )
        .expect("table");
        let committer = Committer::start(open()).expect("start");
        (folder, sql, committer)
    }

    fn there(sql: &Connection) -> Vec<i64> {
        sql.prepare("SELECT n FROM t ORDER BY n")
            .and_then(|mut q| {
                q.query_map([], |row| row.get(0)).and_then(Iterator::collect)
            })
            .expect("read")
    }

    fn add(w: Writing<'_>, n: i64) -> Result<()> {
        w.sql
            .execute("INSERT INTO t(n) VALUES (?1)", [n])
            .tried("add")
            .map(|_| ())
    }

    fn refuse<T>(code: Code) -> Result<T> {
        Err(Error::new(code, "no"))
    }

    type Work = Box<dyn FnMut(Writing<'_>) -> Result<()> + Send>;

    /// Runs work as one batch, and returns what each was told.
    fn batch(committer: &Committer, all: Vec<Work>) -> Vec<Result<()>> {
        let gate = Arc::new(Barrier::new(2));
        std::thread::scope(|scope| {
            // Holds the thread until all the others wait in line.
            let hold = Arc::clone(&gate);
            scope.spawn(move || {
                let first = committer.run(move |_| {
                    hold.wait();
                    hold.wait();
                    Ok(())
                });
                first.expect("nothing to fail");
            });
            // Whatever comes now is too late for the batch of the first.
            gate.wait();
            let all: Vec<_> = all
                .into_iter()
                .map(|work| {
                    let one = scope.spawn(move || committer.run(work));
                    // In this order.
                    std::thread::sleep(std::time::Duration::from_millis(50));
                    one
                })
                .collect();
            gate.wait();
            all.into_iter().map(|one| one.join().expect("told")).collect()
        })
    }

    fn codes(told: &[Result<()>]) -> Vec<Option<Code>> {
        told.iter().map(|t| t.as_ref().err().map(Error::code)).collect()
    }

    #[test]
    fn what_fails_halfway_is_undone_alone() {
        let (_folder, sql, committer) = committer();
        let runs = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&runs);
        let told = batch(
            &committer,
            vec![
                Box::new(move |w| {
                    counted.fetch_add(1, Ordering::SeqCst);
                    add(w, 1)
                }),
                Box::new(|w| add(w, 2).and(refuse(Code::NotEnoughSpace))),
                Box::new(|_| refuse(Code::PreconditionFailed)),
                Box::new(|w| add(w, 3).and(refuse(Code::PreconditionFailed))),
                Box::new(|w| add(w, 4)),
                Box::new(|w| {
                    add(w, 5)?;
                    panic!("in the middle")
                }),
                Box::new(|w| add(w, 6)),
            ],
        );
        assert_eq!(
            codes(&told),
            [
                None,
                Some(Code::NotEnoughSpace),
                Some(Code::PreconditionFailed),
                Some(Code::PreconditionFailed),
                None,
                Some(Code::InternalError),
                None
            ]
        );
        assert_eq!(there(&sql), [1, 4, 6]);
        assert_eq!(runs.load(Ordering::SeqCst), 2, "it ran again");
    }

    #[test]
    fn a_refusal_alone_makes_nobody_run_again() {
        let (_folder, sql, committer) = committer();
        let runs = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&runs);
        let told = batch(
            &committer,
            vec![
                Box::new(move |w| {
                    counted.fetch_add(1, Ordering::SeqCst);
                    add(w, 1)
                }),
                Box::new(|_| refuse(Code::PreconditionFailed)),
            ],
        );
        assert_eq!(codes(&told), [None, Some(Code::PreconditionFailed)]);
        assert_eq!(there(&sql), [1]);
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_commit_that_fails_is_told_to_all_even_the_refused() {
        let (_folder, sql, committer) = committer();
        let told = batch(
            &committer,
            vec![
                Box::new(|w| add(w, 1)),
                // It would be refused because of the one before, which is
                // not to be.
                Box::new(|w| match there(w.sql).len() {
                    0 => Ok(()),
                    _ => refuse(Code::PreconditionFailed),
                }),
                // Only the commit finds out that there is no 99.
                Box::new(|w| {
                    w.sql
                        .execute("INSERT INTO t(n, other) VALUES (2, 99)", [])
                        .tried("add")
                        .map(|_| ())
                }),
            ],
        );
        assert_eq!(codes(&told), [Some(Code::InternalError); 3]);
        assert_eq!(there(&sql), [0; 0]);
        committer.run(|w| add(w, 3)).expect("it goes on");
        assert_eq!(there(&sql), [3]);
    }

    #[test]
    fn a_transaction_that_the_engine_gives_up_is_told_by_its_reason() {
        let (_folder, sql, committer) = committer();
        let limit = |pages: i64| {
            committer.run(move |w| {
                w.sql
                    .pragma_update_and_check(
                        None,
                        "max_page_count",
                        pages,
                        |row| row.get::<_, i64>(0),
                    )
                    .tried("limit")
                    .map(|_| ())
            })
        };
        limit(20).expect("limit");
        let told = batch(
            &committer,
            vec![
                Box::new(|w| add(w, 1)),
                // Full in the middle: the engine undoes everything.
                Box::new(|w| {
                    let text = "INSERT INTO t(n, b) VALUES (2, zeroblob(1e6))";
                    w.sql.execute(text, []).tried("add").map(|_| ())
                }),
                Box::new(|w| add(w, 3)),
            ],
        );
        assert_eq!(codes(&told), [Some(Code::NotEnoughSpace); 3]);
        assert_eq!(there(&sql), [0; 0], "nothing was half kept");
        committer.run(|w| add(w, 4)).expect("it goes on");
        assert_eq!(there(&sql), [4]);
    }
}
