//! Runs a program and tells what it used: time, processor time, memory.
//!
//! The standard library waits for children without asking what they used, so
//! this is the one place here that calls the system itself. A run has a time
//! limit; what goes over it is killed with everything it started.

use crate::Result;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// What one run used.
#[derive(Clone, Debug)]
pub(crate) struct Usage {
    /// From start to end, in seconds.
    pub(crate) wall_s: f64,
    /// User and system time, in seconds.
    pub(crate) cpu_s: f64,
    /// Most memory that was resident at once.
    pub(crate) peak_bytes: u64,
    /// Whether the time limit ended it.
    pub(crate) cut_off: bool,
    /// What it printed on stdout.
    pub(crate) output: Vec<u8>,
}

/// Runs a command to its end, or to the limit.
pub(crate) fn measure(command: &mut Command, limit: Duration) -> Result<Usage> {
    let name = command.get_program().to_string_lossy().into_owned();
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|e| format!("{name}: {e}"))?;
    let pid = i32::try_from(child.id()).map_err(|e| format!("{name}: {e}"))?;
    let (ended, alarm) = mpsc::channel::<()>();
    let pipe = child.stdout.take();
    std::thread::scope(|scope| {
        let watch = scope.spawn(move || {
            let late = alarm.recv_timeout(limit);
            let late = late == Err(RecvTimeoutError::Timeout);
            if late {
                system::kill_group(pid);
            }
            late
        });
        let mut output = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut output)
                .map_err(|e| format!("{name}: {e}"))?;
        }
        // The child is dead or dying, and not yet reaped: the number is its.
        system::wait_unreaped(pid).map_err(|e| format!("{name}: {e}"))?;
        let wall_s = start.elapsed().as_secs_f64();
        drop(ended);
        let cut_off = watch.join().unwrap_or(true);
        let used = system::reap(pid).map_err(|e| format!("{name}: {e}"))?;
        let (cpu_s, peak_bytes) = used;
        Ok(Usage { wall_s, cpu_s, peak_bytes, cut_off, output })
    })
}

#[expect(unsafe_code, reason = "the standard library has no wait4")]
mod system {
    use std::io::{Error, Result};

    /// Ends a process group.
    pub(super) fn kill_group(pid: i32) {
        // SAFETY: takes numbers only. The group exists: its leader is reaped
        // after the thread that calls this has ended.
        unsafe { libc::kill(-pid, libc::SIGKILL) };
    }

    /// Waits until a child has ended, and leaves it to be reaped.
    pub(super) fn wait_unreaped(pid: i32) -> Result<()> {
        let id = libc::id_t::try_from(pid).map_err(Error::other)?;
        let flags = libc::WEXITED | libc::WNOWAIT;
        // SAFETY: siginfo_t is plain numbers, for which zero is a value, and
        // the pointer is to a live local.
        let result = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            libc::waitid(libc::P_PID, id, &raw mut info, flags)
        };
        if result == 0 { Ok(()) } else { Err(Error::last_os_error()) }
    }

    /// Reaps a child: seconds of processor time, and peak memory in bytes.
    pub(super) fn reap(pid: i32) -> Result<(f64, u64)> {
        let mut status = 0;
        // SAFETY: rusage is plain numbers, for which zero is a value.
        let mut used: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: both pointers are to live locals of the right types.
        let reaped =
            unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut used) };
        if reaped != pid {
            return Err(Error::last_os_error());
        }
        let seconds =
            |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1_000_000.0;
        let cpu = seconds(used.ru_utime) + seconds(used.ru_stime);
        let kib = u64::try_from(used.ru_maxrss).unwrap_or(0);
        Ok((cpu, kib.saturating_mul(1024)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_measured() {
        let mut echo = Command::new("sh");
        let used = measure(
            echo.args(["-c", "sleep 0.2; echo done"]),
            Duration::from_secs(60),
        )
        .expect("sh runs");
        assert_eq!(used.output, b"done\n");
        assert!(used.wall_s >= 0.2 && used.cpu_s < used.wall_s, "{used:?}");
        assert!(used.peak_bytes > 100_000 && !used.cut_off, "{used:?}");
    }

    #[test]
    fn the_limit_ends_a_run_and_what_it_started() {
        let mut forever = Command::new("sh");
        let used = measure(
            forever.args(["-c", "sleep 600 & sleep 600"]),
            Duration::from_millis(200),
        )
        .expect("sh runs");
        assert!(used.cut_off && used.wall_s < 60.0, "{used:?}");
    }
}
