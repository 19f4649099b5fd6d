//! The list of digests beside a plain object.
//!
//! A plain file holds the object's bytes and nothing else, so its list of
//! digests (see `tree`) is a file of its own, `UUID.sum`, where there is one:
//! past 1 MiB. All numbers are little-endian.
//!
//! | offset | size | meaning |
//! | --- | --- | --- |
//! | 0 | 8 | `THOTHSUM` |
//! | 8 | 4 | version of the form: 1 |
//! | 12 | 4 | bytes of the object that a digest covers: 1,048,576 |
//! | 16 | 8 | length of the object |
//! | 24 | 16 | id of the object |
//! | 40 | 32 | BLAKE3 of the object |
//! | 72 | 32 each | digests, in order |
//! | end | 16 | first half of the BLAKE3 of everything before |

use thoth_manta::{Digest, ObjectId};

use crate::tree;

const MAGIC: &[u8; 8] = b"THOTHSUM";
const HEADER: usize = 72;

/// Returns the file's bytes.
pub(super) fn to_bytes(
    id: ObjectId,
    length: u64,
    digest: Digest,
    list: &[[u8; 32]],
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + list.len() * 32 + 16);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&1u32.to_le_bytes());
    bytes.extend_from_slice(&(tree::SEGMENT as u32).to_le_bytes());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&id.0);
    bytes.extend_from_slice(&digest.0);
    bytes.extend(list.iter().flatten());
    let own = *blake3::hash(&bytes).as_bytes();
    bytes.extend_from_slice(&own[..16]);
    bytes
}

/// Parses a file that should belong to an object; the error is what is wrong
/// with it.
pub(super) fn parse(
    bytes: &[u8],
    id: ObjectId,
    length: u64,
    digest: Digest,
) -> Result<Vec<[u8; 32]>, String> {
    let (front, own) = bytes
        .split_last_chunk::<16>()
        .filter(|(front, _)| front.len() >= HEADER)
        .ok_or_else(|| format!("{} bytes long", bytes.len()))?;
    if blake3::hash(front).as_bytes()[..16] != own[..] {
        return Err("it does not agree with its own digest".to_owned());
    }
    let list = front.get(HEADER..).unwrap_or_default().as_chunks().0.to_vec();
    if to_bytes(id, length, digest, &list) != bytes {
        return Err("it belongs to another object".to_owned());
    }
    if list.len() as u64 != tree::segments(length) {
        return Err(format!("{} digests for {length} bytes", list.len()));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_flipped_bit_shows() {
        let (id, digest) = (ObjectId([7; 16]), Digest([9; 32]));
        let length = 2 * tree::SEGMENT as u64 + 1;
        let list = [[1; 32], [2; 32], [3; 32]];
        let bytes = to_bytes(id, length, digest, &list);
        assert_eq!(parse(&bytes, id, length, digest), Ok(list.to_vec()));
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(parse(&bad, id, length, digest).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(parse(&bytes[..length], id, 5, digest).is_err());
        }
        assert!(parse(&bytes, id, length + 1, digest).is_err());
        assert!(parse(&bytes, ObjectId([8; 16]), length, digest).is_err());
    }
}
