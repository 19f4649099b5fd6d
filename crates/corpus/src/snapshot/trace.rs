//! Runs a process to its fatal signal and holds all its threads there.

use super::{Error, Process, raw};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Signals whose default action is to dump core (`man 7 signal`).
const CORE_SIGNALS: [i32; 10] = [
    libc::SIGQUIT,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGSEGV,
    libc::SIGXCPU,
    libc::SIGXFSZ,
    libc::SIGSYS,
];

/// A thread deep in the kernel (a dead network mount) may never stop.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// Holds a process whose threads are traced by the current thread.
pub(crate) struct Traced {
    pub(crate) pid: i32,
    /// What was started or attached to, for messages.
    name: String,
    /// Thread and signal of the crash.
    pub(crate) crash: Option<(i32, i32)>,
    /// Threads that stand still, crashed one included, each with the signal
    /// it was about to get (0 for none).
    stopped: BTreeMap<i32, i32>,
    /// Its end was reported: the id may be another process's by now.
    ended: bool,
    /// Dropped to call the watchdog off.
    watchdog: Option<mpsc::Sender<()>>,
}

/// Runs `work` on a thread of its own: tracing belongs to a thread, and
/// waiting there cannot take events of the caller's other children.
pub(crate) fn on_own_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| match scope.spawn(work).join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

impl Traced {
    /// Starts a program under trace; `patience` later it is killed.
    pub(crate) fn start(
        command: &mut Command,
        patience: Duration,
    ) -> Result<Traced, Error> {
        let name = command.get_program().to_string_lossy().into_owned();
        let failed = |source| Error::Start { program: name.clone(), source };
        raw::ask_for_trace(command);
        let child = command.spawn().map_err(failed)?;
        let pid = i32::try_from(child.id()).unwrap_or(i32::MAX);
        let (_, status) = wait_for(pid)?;
        if !libc::WIFSTOPPED(status) {
            return Err(Error::NoCrash { program: name, how: how(status) });
        }
        // it stands at its exec; the older way of tracing ends here, stopped
        // all along, and the newer one begins
        request("let go", pid, raw::detach(pid, libc::SIGSTOP))?;
        request("seize", pid, raw::seize(pid, true))?;
        signal(pid, Signal::CONT);
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            let end = receive.recv_timeout(patience);
            if end == Err(mpsc::RecvTimeoutError::Timeout) {
                signal(pid, Signal::KILL);
            }
        });
        let watchdog = Some(send);
        let stopped = BTreeMap::new();
        let ended = false;
        Ok(Traced { pid, name, crash: None, stopped, ended, watchdog })
    }

    /// Traces a living process.
    pub(crate) fn attach(pid: i32) -> Result<Traced, Error> {
        let mut traced = Traced {
            pid,
            name: format!("process {pid}"),
            crash: None,
            stopped: BTreeMap::new(),
            ended: false,
            watchdog: None,
        };
        let process = Process::new(pid);
        let mut tried = BTreeSet::new();
        let mut seized = 0;
        // a thread may start another while they are seized one by one; one
        // that is traced already (by its creator's option) or gone is fine,
        // but some thread must be ours
        loop {
            let tids = process.tids()?;
            let fresh: Vec<i32> =
                tids.into_iter().filter(|t| tried.insert(*t)).collect();
            let results = fresh.iter().map(|t| raw::seize(*t, false));
            let results: Vec<_> = results.collect();
            seized += results.iter().filter(|r| r.is_ok()).count();
            if seized == 0 {
                let failure = results.into_iter().find_map(Result::err);
                let gone = || std::io::ErrorKind::NotFound.into();
                let source = failure.unwrap_or_else(gone);
                return request("seize", pid, Err(source));
            }
            if fresh.is_empty() {
                break;
            }
        }
        match traced.stop_all() {
            Ok(()) => Ok(traced),
            Err(e) => {
                traced.let_go();
                Err(e)
            }
        }
    }

    /// Passes signals on until one would make the process dump core.
    pub(crate) fn run_to_fatal_signal(&mut self) -> Result<(), Error> {
        loop {
            let (tid, status) = self.wait()?;
            if !libc::WIFSTOPPED(status) {
                if tid == self.pid {
                    let program = self.name.clone();
                    return Err(Error::NoCrash { program, how: how(status) });
                }
                continue;
            }
            let signal = libc::WSTOPSIG(status);
            if status >> 16 != 0 {
                go_on(tid, 0)?;
            } else if self.dumps_core(tid, signal) {
                self.crash = Some((tid, signal));
                self.stopped.insert(tid, signal);
                return Ok(());
            } else {
                go_on(tid, signal)?;
            }
        }
    }

    fn dumps_core(&self, tid: i32, signal: i32) -> bool {
        if !CORE_SIGNALS.contains(&signal) {
            return false;
        }
        let status = Process::new(self.pid).thread_status(tid);
        let handled = |field: &str| {
            let mask = status.get(field).map_or("0", String::as_str);
            let mask = u64::from_str_radix(mask, 16).unwrap_or(0);
            mask >> (signal - 1) & 1 == 1
        };
        !handled("SigCgt") && !handled("SigIgn")
    }

    /// Stops every thread of the process.
    pub(crate) fn stop_all(&mut self) -> Result<(), Error> {
        // a thread may start others until it stops, so ask again until a
        // round finds none
        loop {
            let process = Process::new(self.pid);
            let mut pending = BTreeSet::new();
            for tid in process.tids()? {
                // a thread that is gone, or a leader that has exited before
                // its threads, cannot stop: it is no part of the core
                if !self.stopped.contains_key(&tid)
                    && !process.is_dead(tid)
                    && raw::interrupt(tid).is_ok()
                {
                    pending.insert(tid);
                }
            }
            if pending.is_empty() {
                return Ok(());
            }
            self.await_stops(pending)?;
        }
    }

    /// Waits until the threads have stopped or ended.
    fn await_stops(&mut self, mut pending: BTreeSet<i32>) -> Result<(), Error> {
        let begin = Instant::now();
        while let Some(slow) = pending.first().copied() {
            let event = request("wait for", self.pid, raw::poll_any())?;
            let Some((tid, status)) = event else {
                // an exited leader reports nothing while it has threads
                let process = Process::new(self.pid);
                pending.retain(|t| *t != self.pid || !process.is_dead(*t));
                if begin.elapsed() > STOP_PATIENCE {
                    let source = std::io::ErrorKind::TimedOut.into();
                    return request("stop", slow, Err(source));
                }
                std::thread::sleep(Duration::from_micros(100));
                continue;
            };
            self.note_end(tid, status);
            pending.remove(&tid);
            if libc::WIFSTOPPED(status) {
                let event = status >> 16 != 0;
                let signal = if event { 0 } else { libc::WSTOPSIG(status) };
                self.stopped.insert(tid, signal);
            } else if tid == self.pid {
                let program = self.name.clone();
                return Err(Error::NoCrash { program, how: how(status) });
            }
        }
        Ok(())
    }

    /// Returns the stopped threads, the crashed one first, else the leader.
    pub(crate) fn threads(&self) -> Vec<i32> {
        let first = self.crash.map_or(self.pid, |(tid, _)| tid);
        let others = self.stopped.keys().copied().filter(|t| *t != first);
        let first = self.stopped.contains_key(&first).then_some(first);
        first.into_iter().chain(others).collect()
    }

    /// Lets the kernel go on with the crash: it may dump core.
    #[cfg(feature = "cases")]
    pub(crate) fn die_of_it(&mut self) -> Result<i32, Error> {
        if let Some((tid, signal)) = self.crash {
            go_on(tid, signal)?;
        }
        self.reap()
    }

    /// Kills the process and waits for its end.
    pub(crate) fn end(&mut self) {
        if self.ended {
            return;
        }
        signal(self.pid, Signal::KILL);
        // whatever it says, there is nothing left to do about it
        let _ = self.reap();
    }

    /// Waits for the end of the process: its wait status.
    fn reap(&mut self) -> Result<i32, Error> {
        loop {
            let (tid, status) = self.wait()?;
            if libc::WIFSTOPPED(status) {
                // late events of threads that are about to die
                let _ = raw::resume(tid, 0);
            } else if tid == self.pid {
                return Ok(status);
            }
        }
    }

    /// Ends the tracing; the process goes on.
    pub(crate) fn let_go(&mut self) {
        for (tid, signal) in std::mem::take(&mut self.stopped) {
            let _ = raw::detach(tid, signal);
        }
    }

    fn wait(&mut self) -> Result<(i32, i32), Error> {
        let (tid, status) = request("wait for", self.pid, raw::wait_any())?;
        self.note_end(tid, status);
        Ok((tid, status))
    }

    /// Returns the process as its first stopped thread sees it.
    pub(crate) fn process(&self) -> Process {
        let first = self.threads().first().copied();
        Process::seen_by(self.pid, first.unwrap_or(self.pid))
    }

    fn note_end(&mut self, tid: i32, status: i32) {
        if !libc::WIFSTOPPED(status) {
            self.stopped.remove(&tid);
            if tid == self.pid {
                self.ended = true;
                self.watchdog = None;
            }
        }
    }

    /// Reads the siginfo of the fatal signal.
    pub(crate) fn siginfo(&self) -> Option<[u8; raw::SIGINFO_BYTES]> {
        let (tid, _) = self.crash?;
        raw::siginfo(tid).ok()
    }

    /// Reads a register set of a stopped thread.
    pub(crate) fn regset(&self, tid: i32, kind: u32) -> Option<Vec<u8>> {
        raw::regset(tid, kind).ok()
    }

    /// Returns the threads with their general registers.
    #[cfg(feature = "cases")]
    pub(crate) fn registers(&self) -> BTreeMap<i32, Vec<u8>> {
        let read = |tid| Some((tid, self.regset(tid, super::notes::PRSTATUS)?));
        self.threads().into_iter().filter_map(read).collect()
    }
}

/// Waits for the first event of the one child of this thread.
fn wait_for(pid: i32) -> Result<(i32, i32), Error> {
    loop {
        let event = request("wait for", pid, raw::wait_any())?;
        if event.0 == pid {
            return Ok(event);
        }
    }
}

/// A thread that was killed meanwhile is not an error: its end is reported.
fn go_on(tid: i32, signal: i32) -> Result<(), Error> {
    match raw::resume(tid, signal) {
        Err(e) if e.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        result => request("resume", tid, result),
    }
}

fn request<T>(
    request: &'static str,
    tid: i32,
    result: std::io::Result<T>,
) -> Result<T, Error> {
    result.map_err(|source| Error::Trace { request, tid, source })
}

/// Sends a signal; a process that is gone needs none.
fn signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, signal);
    }
}

fn how(status: i32) -> String {
    if libc::WIFSIGNALED(status) {
        format!("signal {}", libc::WTERMSIG(status))
    } else {
        format!("exit status {}", libc::WEXITSTATUS(status))
    }
}
