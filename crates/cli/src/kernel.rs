//! Dumps of kernels: named and stored, not yet read.
//!
//! Their stacks and threads are another engine's matter, but a dump that has
//! arrived should be kept: its identity, time, host and release come from its
//! header alone.

use crate::error::{Error, Failure, Kind, Result};
use thoth_dumps::{
    CoreFacts, CrashParts, DumpKind, Identity, KdumpError, TimeFact,
    identify_crash, read_kdump,
};
use thoth_postmortem::bytes::ReadAt;
use thoth_postmortem::core::CoreError;

/// Reads the head of a kernel's dump that the engine of processes refused.
pub(crate) fn read(
    name: &str,
    bytes: &dyn ReadAt,
    refused: CoreError,
) -> Result<CrashParts> {
    let mut fetch =
        |offset: u64, buffer: &mut [u8]| match bytes.read_at(offset, buffer)? {
            n if n == buffer.len() => Ok(()),
            _ => Err(std::io::ErrorKind::UnexpectedEof.into()),
        };
    match read_kdump(&mut fetch) {
        Ok(Some(parts)) => Ok(parts),
        Ok(None) => {
            let path = name.to_owned();
            Err(Error::NoDump { path, source: refused }.into())
        }
        Err(error) => {
            let flattened = matches!(error, KdumpError::Flattened);
            let failure = Failure::new(Kind::User, error)
                .detail(format!("the file is {name}"));
            Err(if flattened {
                failure.hint(format!("makedumpfile -R plain < {name}"))
            } else {
                failure
            })
        }
    }
}

/// Returns which dump it is.
pub(crate) fn identity(parts: &CrashParts) -> Identity {
    Identity { kind: DumpKind::Crash, id: identify_crash(parts) }
}

/// Returns what a record takes from it.
pub(crate) fn facts(parts: &CrashParts) -> CoreFacts {
    let Identity { kind, id } = identity(parts);
    let word = |i: usize| {
        let text = parts.utsname.get(i)?;
        (!text.is_empty()).then(|| text.clone())
    };
    CoreFacts {
        node: word(1),
        platform: word(2),
        arch: word(4),
        time: parts.time.map(|seconds| TimeFact {
            seconds: seconds as f64,
            source: "dump header".to_owned(),
        }),
        ..CoreFacts::new(kind, id)
    }
}
