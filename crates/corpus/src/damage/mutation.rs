//! Damage by a seed.

/// A small generator of numbers (splitmix64): the same seed, the same file,
/// on every machine.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// Returns a number below `limit`, or 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        let limit = (limit as u64).max(1);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }
}

/// Returns the first `len` bytes.
pub fn cut(data: &[u8], len: usize) -> Vec<u8> {
    data[..len.min(data.len())].to_vec()
}

/// Flips one bit for each `bytes_per_flip` bytes, at least one.
pub fn flip_bits(seed: u64, data: &[u8], bytes_per_flip: usize) -> Vec<u8> {
    let mut out = data.to_vec();
    let mut random = Random::new(seed);
    for _ in 0..(data.len() / bytes_per_flip.max(1)).max(1) {
        let at = random.below(out.len());
        if let Some(byte) = out.get_mut(at) {
            *byte ^= 1 << random.below(8);
        }
    }
    out
}

/// Values at which lengths, counts and offsets go wrong.
const EDGES: [u64; 16] = [
    0,
    1,
    7,
    0x7f,
    0xff,
    0xfff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0xffff_fff0,
    0xffff_ffff,
    1 << 32,
    1 << 47,
    i64::MAX as u64,
    u64::MAX - 15,
    u64::MAX,
];

/// Returns a broken form of `data`: between one and twenty edits, most of
/// them in the first 16 KiB, where headers and notes are.
pub fn mutate(seed: u64, data: &[u8]) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut out = data.to_vec();
    for _ in 0..=random.below(20) {
        edit(&mut random, &mut out);
    }
    out
}

fn edit(random: &mut Random, out: &mut Vec<u8>) {
    let len = out.len();
    let head = random.below(4) != 0;
    let at = random.below(if head { len.min(16 << 10) } else { len });
    match random.below(12) {
        0..=2 => {
            if let Some(byte) = out.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        3 => {
            let value = random.byte();
            if let Some(byte) = out.get_mut(at) {
                *byte = value;
            }
        }
        4..=6 => {
            let edge = EDGES[random.below(EDGES.len())].to_le_bytes();
            let width = [2, 4, 8][random.below(3)];
            put(out, at & !3, &edge[..width]);
        }
        7 | 8 => {
            // a value of the file itself in a wrong place
            let from = random.below(len) & !7;
            let word = out.get(from..from + 8).map(<[u8]>::to_vec);
            put(out, at & !7, &word.unwrap_or_default());
        }
        9 => {
            let zeroes = vec![0; random.below(256)];
            put(out, at, &zeroes);
        }
        10 => {
            let end = (at + random.below(64)).min(len);
            out.drain(at.min(end)..end);
        }
        _ => {
            // rarely, or nothing would be left to read
            if random.below(8) == 0 {
                out.truncate(at);
            }
        }
    }
}

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    for (to, from) in out.iter_mut().skip(at).zip(bytes) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_file() {
        let data: Vec<u8> = (0..=255).cycle().take(40_000).collect();
        let mut changed = 0;
        for seed in 0..200 {
            let bad = mutate(seed, &data);
            assert_eq!(bad, mutate(seed, &data));
            changed += usize::from(bad != data);
        }
        assert!(changed > 190, "only {changed} of 200 differ");
        assert!(mutate(5, &[]).is_empty());
    }
}
