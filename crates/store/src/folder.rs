//! Entering a data folder: what makes one unfit is said here, by name.
//!
//! A folder that cannot work is refused before anything is written to it:
//!
//! - one that belongs to another user, since files made by the one could not
//!   be read by the other, least of all when the one is root;
//! - one on a file system that is read-only;
//! - one on a network file system, where the database's shared memory is not
//!   shared between machines, and locks may not be;
//! - one on a file system without locks.
//!
//! A store holds a shared lock on the file `lock` for as long as it is open.
//! Making a folder or bringing an old one up takes the lock alone, so that
//! nobody else is in the middle of anything.

use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path as FsPath;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use thoth_manta::{Code, Error, Result};

use crate::local::{failed, flush_directory, make_private};

/// How long to wait for others to leave, when the folder is wanted alone.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often to look whether they have.
const LOOK: Duration = Duration::from_millis(10);

/// What a caller accepts of a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FolderOptions {
    /// Whether the folder may belong to another user.
    pub any_owner: bool,
    /// Whether the folder may be on a network file system. Then one machine
    /// at a time must use it, and nothing here can make sure of that.
    pub network: bool,
}

/// What a look at a folder finds; apart, so that tests can make it up.
struct Facts {
    owner: u32,
    user: u32,
    read_only: bool,
    file_system: u64,
}

/// File systems that are shared between machines, by their magic numbers
/// (statfs(2), linux/magic.h).
const NETWORK: &[(u64, &str)] = &[
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x0102_1997, "9P"),
    (0x7375_7245, "Coda"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
    (0x564c, "NCP"),
];

/// Makes the folder if need be, and refuses one that is unfit.
pub(crate) fn make(folder: &FsPath, options: &FolderOptions) -> Result<()> {
    make_private(folder).map_err(|error| {
        let what = match error.kind() {
            io::ErrorKind::ReadOnlyFilesystem => {
                "the file system is read-only: cannot make data folder"
            }
            _ => "cannot make data folder",
        };
        failed(what, folder, error)
    })?;
    let look = |e| failed("cannot look at data folder", folder, e);
    let meta = std::fs::metadata(folder).map_err(look)?;
    let stat = rustix::fs::statvfs(folder).map_err(|e| look(e.into()))?;
    let kind = rustix::fs::statfs(folder).map_err(|e| look(e.into()))?;
    let facts = Facts {
        owner: meta.uid(),
        user: rustix::process::geteuid().as_raw(),
        read_only: stat.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY),
        // Magic numbers have 32 bits; the field is signed on some machines.
        file_system: kind.f_type as u64 & 0xffff_ffff,
    };
    judge(folder, &facts, options)
}

fn judge(
    folder: &FsPath,
    facts: &Facts,
    options: &FolderOptions,
) -> Result<()> {
    let refuse = |why: String| {
        Err(Error::new(
            Code::InternalError,
            format!("data folder {}: {why}", folder.display()),
        ))
    };
    if facts.owner != facts.user && !options.any_owner {
        return refuse(format!(
            "it belongs to user {}, this process runs as user {}; each could \
             make files in it that the other cannot read",
            facts.owner, facts.user
        ));
    }
    if facts.read_only {
        return refuse("it is on a read-only file system".to_owned());
    }
    let network = NETWORK.iter().find(|kind| kind.0 == facts.file_system);
    if let Some((_, name)) = network
        && !options.network
    {
        return refuse(format!(
            "it is on {name}, a network file system, where locks and shared \
             memory do not reach other machines; it needs a local disk"
        ));
    }
    Ok(())
}

/// Opens the lock file and finds out whether locks work there.
fn open_lock(folder: &FsPath) -> Result<File> {
    let path = folder.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(|e| failed("cannot open", &path, e))?;
    // The database takes locks of this kind, on its own file.
    let record = FlockOperation::NonBlockingLockExclusive;
    lock_works(folder, rustix::fs::fcntl_lock(&file, record))?;
    let _ = rustix::fs::fcntl_lock(&file, FlockOperation::Unlock);
    Ok(file)
}

/// Tells whether a lock was had; anything but "somebody else has it" is said
/// by name.
fn lock_works(
    folder: &FsPath,
    tried: std::result::Result<(), Errno>,
) -> Result<bool> {
    match tried {
        Ok(()) => Ok(true),
        Err(Errno::AGAIN | Errno::ACCESS | Errno::INTR) => Ok(false),
        Err(
            error @ (Errno::NOLCK
            | Errno::NOSYS
            | Errno::OPNOTSUPP
            | Errno::INVAL),
        ) => Err(Error::new(
            Code::InternalError,
            format!(
                "data folder {}: its file system has no locks, which several \
                 processes need; it needs a local disk",
                folder.display()
            ),
        )
        .because(io::Error::from(error))),
        Err(error) => {
            Err(failed("cannot lock data folder", folder, error.into()))
        }
    }
}

/// Waits until the folder is ready, making it ready if it is not; returns what
/// is in it, and the lock to keep.
pub(crate) fn enter<T>(
    folder: &FsPath,
    find_ready: &dyn Fn() -> Result<Option<T>>,
    make_ready: &dyn Fn() -> Result<T>,
) -> Result<(T, File)> {
    let lock = open_lock(folder)?;
    let begun = Instant::now();
    loop {
        let shared = flock(&lock, FlockOperation::NonBlockingLockShared);
        if lock_works(folder, shared)? {
            if let Some(ready) = find_ready()? {
                return Ok((ready, lock));
            }
            // Alone means that nobody else waits with a shared lock either.
            let _ = flock(&lock, FlockOperation::Unlock);
        }
        let alone = flock(&lock, FlockOperation::NonBlockingLockExclusive);
        if lock_works(folder, alone)? {
            let ready = match find_ready()? {
                Some(ready) => ready,
                None => make_ready()?,
            };
            flush_directory(folder)
                .map_err(|e| failed("cannot flush", folder, e))?;
            // For a moment nobody has it, which does no harm: all is ready.
            let shared = flock(&lock, FlockOperation::LockShared);
            lock_works(folder, shared)?;
            return Ok((ready, lock));
        }
        if begun.elapsed() > PATIENCE {
            return Err(Error::new(
                Code::ServiceUnavailable,
                format!(
                    "data folder {}: it must be made ready for this version, \
                     and other processes have it open",
                    folder.display()
                ),
            ));
        }
        std::thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfit_folders_are_refused_by_name() {
        let folder = FsPath::new("/data/x");
        let fine = || Facts {
            owner: 7,
            user: 7,
            read_only: false,
            file_system: 0xef53,
        };
        let none = FolderOptions::default();
        assert!(judge(folder, &fine(), &none).is_ok());
        let said = |facts: Facts| {
            let error = judge(folder, &facts, &none).expect_err("unfit");
            assert!(error.to_string().contains("/data/x"), "{error}");
            error.to_string()
        };
        let text = said(Facts { owner: 1000, ..fine() });
        assert!(text.contains("user 1000") && text.contains("user 7"));
        let text = said(Facts { read_only: true, ..fine() });
        assert!(text.contains("read-only"));
        let text = said(Facts { file_system: 0x6969, ..fine() });
        assert!(text.contains("NFS"));
        let any = FolderOptions { any_owner: true, network: true };
        let facts = Facts { owner: 1, file_system: 0x6969, ..fine() };
        assert!(judge(folder, &facts, &any).is_ok());
    }

    #[test]
    fn missing_locks_are_said_by_name() {
        let folder = FsPath::new("/data/x");
        for errno in [Errno::NOLCK, Errno::OPNOTSUPP, Errno::NOSYS] {
            let error = lock_works(folder, Err(errno)).expect_err("no locks");
            let text = error.to_string();
            assert!(text.contains("/data/x") && text.contains("no locks"));
        }
        assert!(!lock_works(folder, Err(Errno::AGAIN)).expect("taken"));
        assert!(lock_works(folder, Ok(())).expect("had"));
        assert!(lock_works(folder, Err(Errno::IO)).is_err());
    }

    #[test]
    fn one_makes_ready_and_the_others_wait() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let folder = tempfile::tempdir().expect("folder");
        let made = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    enter(
                        folder.path(),
                        &|| {
                            let made = made.load(Ordering::SeqCst);
                            Ok((made > 0).then_some(made))
                        },
                        &|| {
                            std::thread::sleep(LOOK);
                            Ok(made.fetch_add(1, Ordering::SeqCst))
                        },
                    )
                    .expect("enter")
                });
            }
        });
        assert_eq!(made.load(Ordering::SeqCst), 1);
    }
}
