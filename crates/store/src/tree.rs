//! Digests of an object's mebibytes, which add up to the object's own.
//!
//! BLAKE3 is a tree. The chaining value of each subtree of 1 MiB is a digest
//! of that mebibyte (and of its place), and merging them gives the digest of
//! the whole. So one pass over the bytes yields both, on as many threads as
//! there are; whoever holds the digest of the whole can check the list, and
//! with the list each mebibyte by itself.
//!
//! A body of 1 MiB or less has no list: its only part is the whole.

use blake3::hazmat::{
    ChainingValue, HasherExt, Mode, merge_subtrees_non_root,
    merge_subtrees_root,
};
use thoth_manta::Digest;

/// Bytes that one digest of the list covers.
pub(crate) const SEGMENT: usize = 1 << 20;

/// Returns how many segments a body has.
pub(crate) fn segments(length: u64) -> u64 {
    length.div_ceil(SEGMENT as u64)
}

/// Tells whether a body of that length has a list of digests.
pub(crate) fn has_list(length: u64) -> bool {
    length > SEGMENT as u64
}

/// Returns the digest of segment `number`, which is not the only one.
pub(crate) fn segment_digest(number: u64, bytes: &[u8]) -> ChainingValue {
    debug_assert!(bytes.len() <= SEGMENT);
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(number.saturating_mul(SEGMENT as u64));
    hasher.update(bytes);
    hasher.finalize_non_root()
}

/// Returns the digest of a body that is its only segment.
pub(crate) fn whole_digest(bytes: &[u8]) -> Digest {
    Digest(*blake3::hash(bytes).as_bytes())
}

/// Returns the digest of a body from its list, of two or more.
pub(crate) fn merged_digest(list: &[ChainingValue]) -> Digest {
    let (left, right) = split(list);
    let root = merge_subtrees_root(&fold(left), &fold(right), Mode::Hash);
    Digest(*root.as_bytes())
}

fn fold(list: &[ChainingValue]) -> ChainingValue {
    match list {
        [] => [0; 32],
        [one] => *one,
        _ => {
            let (left, right) = split(list);
            merge_subtrees_non_root(&fold(left), &fold(right), Mode::Hash)
        }
    }
}

/// Splits as BLAKE3 does: the left part is the largest power of two that
/// leaves something for the right.
fn split(list: &[ChainingValue]) -> (&[ChainingValue], &[ChainingValue]) {
    let left = list.len().div_ceil(2).next_power_of_two();
    list.split_at(left.min(list.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_add_up_to_the_whole() {
        let bytes: Vec<u8> =
            (0..9 * SEGMENT + 5).map(|n| ((n * n) >> 7) as u8).collect();
        for length in [
            SEGMENT + 1,
            2 * SEGMENT - 1,
            2 * SEGMENT,
            2 * SEGMENT + 1024,
            3 * SEGMENT,
            5 * SEGMENT + 77,
            8 * SEGMENT,
            9 * SEGMENT + 5,
        ] {
            let body = &bytes[..length];
            let list: Vec<_> = body
                .chunks(SEGMENT)
                .enumerate()
                .map(|(n, part)| segment_digest(n as u64, part))
                .collect();
            assert_eq!(list.len() as u64, segments(length as u64));
            assert_eq!(merged_digest(&list), whole_digest(body), "{length}");
        }
    }
}
