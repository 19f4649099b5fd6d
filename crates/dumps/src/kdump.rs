//! The head of a kdump-compressed kernel dump, as far as identity needs it.
//!
//! Written by makedumpfile (`diskdump_mod.h` of its sources), in the byte
//! order of the machine that crashed; only little-endian ones are read:
//!
//! | offset | size | meaning |
//! | --- | --- | --- |
//! | 0 | 8 | `KDUMP   ` or `DISKDUMP` |
//! | 8 | 4 | header version |
//! | 12 | 6 x 65 | `struct new_utsname` |
//! | 408 | 8 | time of the dump, seconds |
//! | 428 | 4 | block size |
//! | block + 32 | 8 | file offset of the VMCOREINFO text, from version 3 |
//! | block + 40 | 8 | its length |
//!
//! A file that begins with `makedumpfile` is the flattened form, made for
//! pipes: the same dump cut into pieces. Its pieces would have to be sorted
//! first, so it is refused by name.

use std::io;

use crate::{CrashParts, identity::crash_time};

/// The longest VMCOREINFO text believed; real ones have a few KiB.
const MAX_TEXT_BYTES: u64 = 1 << 20;

/// Fills a buffer from an offset.
type Fetch<'a> = dyn FnMut(u64, &mut [u8]) -> Result<(), KdumpError> + 'a;

/// Why the head of a kernel dump could not be read.
#[derive(Debug, thiserror::Error)]
pub enum KdumpError {
    /// The file could not be read there.
    #[error("kernel dump: cannot read {length} bytes at offset {offset:#x}")]
    Read {
        /// Where.
        offset: u64,
        /// How many.
        length: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A field has a value that no dump has.
    #[error(
        "kernel dump: {field} at offset {offset:#x} is {found}, expected {expected}"
    )]
    Field {
        /// Which.
        field: &'static str,
        /// Where.
        offset: u64,
        /// What it says.
        found: u64,
        /// What it may say.
        expected: &'static str,
    },
    /// The flattened form.
    #[error(
        "kernel dump: in makedumpfile's flattened form, expected the plain \
         one (makedumpfile -R turns it into that)"
    )]
    Flattened,
}

/// Reads what identity needs of a kdump-compressed dump; `None` when the file
/// is something else. The function reads at an offset, in full or not at all.
///
/// # Errors
///
/// A [`KdumpError`] when the file begins like a kernel dump and goes on
/// otherwise.
pub fn read_kdump(
    read: &mut dyn FnMut(u64, &mut [u8]) -> io::Result<()>,
) -> Result<Option<CrashParts>, KdumpError> {
    let mut signature = [0u8; 12];
    if read(0, &mut signature).is_err() {
        return Ok(None);
    }
    if &signature == b"makedumpfile" {
        return Err(KdumpError::Flattened);
    }
    if !signature.starts_with(b"KDUMP   ")
        && !signature.starts_with(b"DISKDUMP")
    {
        return Ok(None);
    }
    let mut fetch = |offset: u64, buffer: &mut [u8]| {
        let length = buffer.len() as u64;
        read(offset, buffer).map_err(|source| KdumpError::Read {
            offset,
            length,
            source,
        })
    };
    let mut head = [0u8; 464];
    fetch(0, &mut head)?;
    let version = word(&head, 8);
    let block = u64::from(word(&head, 428));
    if !(512..=1 << 20).contains(&block) {
        return Err(KdumpError::Field {
            field: "block size",
            offset: 428,
            found: block,
            expected: "512 to 1048576",
        });
    }
    let vmcoreinfo =
        if version >= 3 { read_text(block, &mut fetch)? } else { Vec::new() };
    let stamp = i64::try_from(long(&head, 408)).ok().filter(|t| *t != 0);
    Ok(Some(CrashParts {
        utsname: utsname(&head),
        time: stamp.or_else(|| crash_time(&vmcoreinfo)),
        notes: head.to_vec(),
        vmcoreinfo,
    }))
}

fn read_text(block: u64, fetch: &mut Fetch<'_>) -> Result<Vec<u8>, KdumpError> {
    let mut place = [0u8; 16];
    fetch(block + 32, &mut place)?;
    let (offset, length) = (long(&place, 0), long(&place, 8));
    if offset == 0 || length == 0 {
        return Ok(Vec::new());
    }
    let fits =
        usize::try_from(length).ok().filter(|_| length <= MAX_TEXT_BYTES);
    let Some(fits) = fits else {
        return Err(KdumpError::Field {
            field: "length of VMCOREINFO",
            offset: block + 40,
            found: length,
            expected: "at most 1048576",
        });
    };
    let mut text = vec![0; fits];
    fetch(offset, &mut text)?;
    Ok(text)
}

fn utsname(head: &[u8]) -> Vec<String> {
    let names = head.get(12..402).unwrap_or_default();
    names
        .chunks(65)
        .map(|name| {
            let end = name.iter().position(|b| *b == 0);
            let name = name.get(..end.unwrap_or(name.len()));
            String::from_utf8_lossy(name.unwrap_or_default()).into_owned()
        })
        .collect()
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
    four.map_or(0, |four| u32::from_le_bytes(*four))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    let eight = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>());
    eight.map_or(0, |eight| u64::from_le_bytes(*eight))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identify_crash;

    fn dump() -> Vec<u8> {
        let text = b"OSRELEASE=6.1.0\nCRASHTIME=1700000001\n";
        let mut file = vec![0u8; 8192];
        file[..8].copy_from_slice(b"KDUMP   ");
        file[8] = 6;
        file[12..17].copy_from_slice(b"Linux");
        file[77..81].copy_from_slice(b"node");
        file[408..416].copy_from_slice(&1_700_000_000u64.to_le_bytes());
        file[428..432].copy_from_slice(&4096u32.to_le_bytes());
        file[4128..4136].copy_from_slice(&5000u64.to_le_bytes());
        file[4136..4144].copy_from_slice(&(text.len() as u64).to_le_bytes());
        file[5000..5000 + text.len()].copy_from_slice(text);
        file
    }

    fn read(file: &[u8]) -> Result<Option<CrashParts>, KdumpError> {
        read_kdump(&mut |offset, buffer| {
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            let end = start.saturating_add(buffer.len());
            let bytes =
                file.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?;
            buffer.copy_from_slice(bytes);
            Ok(())
        })
    }

    #[test]
    fn reads_names_time_and_text() {
        let parts = read(&dump()).expect("fine").expect("kdump");
        assert_eq!(parts.utsname[..2], ["Linux", "node"]);
        assert_eq!(parts.time, Some(1_700_000_000));
        assert!(parts.vmcoreinfo.starts_with(b"OSRELEASE"));
        let mut later = parts.clone();
        later.time = Some(1_700_000_009);
        assert_ne!(identify_crash(&parts), identify_crash(&later));
    }

    #[test]
    fn other_and_damaged_files_are_told_apart() {
        assert_eq!(read(b"").expect("fine"), None);
        assert_eq!(read(&[0x7f; 600]).expect("fine"), None);
        assert!(matches!(
            read(b"makedumpfile\0\0\0\0"),
            Err(KdumpError::Flattened)
        ));
        let mut wild = dump();
        wild[4143] = 0xff;
        assert!(matches!(read(&wild), Err(KdumpError::Field { .. })));
        let whole = dump();
        for cut in [13, 463, 4100, 5010] {
            assert!(
                matches!(read(&whole[..cut]), Err(KdumpError::Read { .. })),
                "{cut}"
            );
        }
    }
}
