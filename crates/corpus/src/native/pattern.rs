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
use std::path::{Path, PathBuf};

/// Says where the settings and their lock are.
#[derive(Clone)]
struct Files {
    lock: PathBuf,
    pattern: PathBuf,
    uses_pid: PathBuf,
}

/// Keeps the kernel writing plain `core` files while it lives.
pub(crate) struct PlainCores {
    files: Files,
    lock: fs::File,
    old: Option<String>,
}

impl PlainCores {
    /// Returns a guard, or nothing where the kernel cannot be told so.
    pub(crate) fn take() -> Option<PlainCores> {
        PlainCores::of(Files {
            lock: "/tmp/thoth-corpus-core-pattern.lock".into(),
            pattern: "/proc/sys/kernel/core_pattern".into(),
            uses_pid: "/proc/sys/kernel/core_uses_pid".into(),
        })
    }

    fn of(files: Files) -> Option<PlainCores> {
        let lock = files.open_lock()?;
        flock(&lock, FlockOperation::LockShared).ok()?;
        if files.plain() && saved(&lock).is_none() {
            return Some(PlainCores { files, lock, old: None });
        }
        flock(&lock, FlockOperation::LockExclusive).ok()?;
        let old = saved(&lock).unwrap_or_else(|| files.current());
        save(&lock, &old).ok()?;
        let guard = PlainCores { files, lock, old: Some(old) };
        guard.files.set("core", "0").ok()?;
        guard.files.plain().then_some(guard)
    }
}

impl Drop for PlainCores {
    fn drop(&mut self) {
        let Some(old) = self.old.take() else { return };
        let (pattern, uses_pid) = old.split_once('\n').unwrap_or((&old, "0"));
        if self.files.set(pattern, uses_pid).is_ok() {
            // a failure leaves the value for the next process to restore
            let _ = self.lock.set_len(0);
        }
    }
}

impl Files {
    /// Opens the lock file, for reading alone when it is another user's.
    ///
    /// Creating comes last: in a folder like `/tmp` the kernel refuses to
    /// open another user's file with the flag that creates.
    fn open_lock(&self) -> Option<fs::File> {
        let mut options = fs::OpenOptions::new();
        let both = options.read(true).write(true);
        both.open(&self.lock)
            .or_else(|_| fs::File::open(&self.lock))
            .or_else(|_| both.create(true).truncate(false).open(&self.lock))
            .ok()
    }

    fn plain(&self) -> bool {
        self.current() == "core\n0"
    }

    fn current(&self) -> String {
        let read = |p: &Path| fs::read_to_string(p).unwrap_or_default();
        let (pattern, uses) = (read(&self.pattern), read(&self.uses_pid));
        format!("{}\n{}", pattern.trim(), uses.trim())
    }

    fn set(&self, pattern: &str, uses_pid: &str) -> std::io::Result<()> {
        fs::write(&self.pattern, pattern)?;
        fs::write(&self.uses_pid, uses_pid)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path, pattern: &str) -> Files {
        let at = |name: &str| folder.join(name);
        let files = Files {
            lock: at("lock"),
            pattern: at("pattern"),
            uses_pid: at("uses_pid"),
        };
        files.set(pattern, "1").expect("scratch files");
        files
    }

    #[test]
    fn the_old_pattern_comes_back_even_after_a_panic() {
        let folder = tempfile::tempdir().expect("scratch folder");
        let files = files(folder.path(), "|/usr/bin/collect %P");
        let inside = files.clone();
        let ended = std::thread::spawn(move || {
            let _guard = PlainCores::of(inside.clone()).expect("a guard");
            assert_eq!(inside.current(), "core\n0");
            panic!("as a test does that fails");
        });
        assert!(ended.join().is_err());
        assert_eq!(files.current(), "|/usr/bin/collect %P\n1");
    }

    #[test]
    fn what_a_killed_process_left_is_put_back() {
        let folder = tempfile::tempdir().expect("scratch folder");
        let files = files(folder.path(), "/var/cores/%p");
        let guard = PlainCores::of(files.clone()).expect("a guard");
        // a killed process drops nothing; its lock goes with its files
        let PlainCores { lock, .. } = &guard;
        flock(lock, FlockOperation::Unlock).expect("our lock");
        std::mem::forget(guard);
        drop(PlainCores::of(files.clone()).expect("a guard"));
        assert_eq!(files.current(), "/var/cores/%p\n1");
    }
}
