//! `kernel.core_pattern` as cases need it: a plain file in the working
//! folder.
//!
//! The setting is the whole machine's, so it is changed under a machine-wide
//! file lock and put back when the guard is dropped, also by a panic. Whoever
//! changes it first writes the old value into the lock file; a process that
//! was killed in between leaves it there, and the next one restores it.

use rustix::fs::{FlockOperation, flock};
use std::fs;
use std::io::{Read, Seek, Write};
use std::path::Path;

const LOCK: &str = "/tmp/thoth-corpus-core-pattern.lock";
const PATTERN: &str = "/proc/sys/kernel/core_pattern";
const USES_PID: &str = "/proc/sys/kernel/core_uses_pid";

/// Keeps the kernel writing plain `core` files while it lives.
pub(crate) struct PlainCores {
    lock: fs::File,
    old: Option<String>,
}

impl PlainCores {
    /// Returns a guard, or nothing where the kernel cannot be told so.
    pub(crate) fn take() -> Option<PlainCores> {
        let lock = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(LOCK)
            .ok()?;
        flock(&lock, FlockOperation::LockShared).ok()?;
        if plain() && saved(&lock).is_none() {
            return Some(PlainCores { lock, old: None });
        }
        flock(&lock, FlockOperation::LockExclusive).ok()?;
        let old = saved(&lock).unwrap_or_else(current);
        save(&lock, &old).ok()?;
        let guard = PlainCores { lock, old: Some(old) };
        set("core", "0").ok()?;
        plain().then_some(guard)
    }
}

impl Drop for PlainCores {
    fn drop(&mut self) {
        let Some(old) = self.old.take() else { return };
        let (pattern, uses_pid) = old.split_once('\n').unwrap_or((&old, "0"));
        if set(pattern, uses_pid).is_ok() {
            // a failure leaves the value for the next process to restore
            let _ = self.lock.set_len(0);
        }
    }
}

fn plain() -> bool {
    current() == "core\n0"
}

fn current() -> String {
    let read = |p: &str| fs::read_to_string(Path::new(p)).unwrap_or_default();
    format!("{}\n{}", read(PATTERN).trim(), read(USES_PID).trim())
}

fn set(pattern: &str, uses_pid: &str) -> std::io::Result<()> {
    fs::write(PATTERN, pattern)?;
    fs::write(USES_PID, uses_pid)
}

fn saved(mut lock: &fs::File) -> Option<String> {
    let mut text = String::new();
    lock.rewind().ok()?;
    lock.read_to_string(&mut text).ok()?;
    (!text.is_empty()).then_some(text)
}

fn save(mut lock: &fs::File, old: &str) -> std::io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    lock.write_all(old.as_bytes())
}
