//! Reading target memory and decoding the code in it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use iced_x86::{Decoder, DecoderOptions, Instruction};

/// Target memory, code included.
pub trait Mem {
    /// Fills `buf` from `addr`; false when any byte of it is absent.
    fn read(&self, addr: u64, buf: &mut [u8]) -> bool;
}

/// Reads a little-endian word of the target.
pub(super) fn read_u64(mem: &dyn Mem, addr: u64) -> Option<u64> {
    let mut word = [0; 8];
    mem.read(addr, &mut word).then(|| u64::from_le_bytes(word))
}

/// Reads up to 15 bytes (the longest instruction) at `addr`; fewer when the
/// readable memory ends there.
pub(super) fn read_insn_bytes(mem: &dyn Mem, addr: u64) -> ([u8; 15], usize) {
    let mut buf = [0; 15];
    if mem.read(addr, &mut buf) {
        return (buf, 15);
    }
    // The end of a mapping is a page boundary in practice, a file's end in a
    // few cases: one byte at a time is right for both and rare.
    let mut len = 0;
    while len < 14 {
        let mut one = [0];
        let Some(at) = addr.checked_add(len as u64) else { break };
        if !mem.read(at, &mut one) {
            break;
        }
        buf[len] = one[0];
        len += 1;
    }
    (buf, len)
}

/// Decodes the instruction at `addr`.
pub(super) fn decode(mem: &dyn Mem, addr: u64) -> Option<Instruction> {
    let (bytes, len) = read_insn_bytes(mem, addr);
    decode_bytes(&bytes[..len], addr)
}

/// Decodes one instruction from bytes that lie at `addr`.
pub(super) fn decode_bytes(bytes: &[u8], addr: u64) -> Option<Instruction> {
    let mut decoder = Decoder::with_ip(64, bytes, addr, DecoderOptions::NONE);
    let ins = decoder.decode();
    // Near the top of the address space next_ip would wrap: not code.
    (!ins.is_invalid() && ins.next_ip() > addr).then_some(ins)
}

/// Tables keyed by code address. The keys come from the dump, but no more of
/// them go into a table than a walk's budget allows, so a slow hash would only
/// cost time.
pub(super) type ByAddress<T> = HashMap<u64, T, BuildHasherDefault<Mixer>>;

/// One multiplication and a shift.
#[derive(Default)]
pub(super) struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

/// A decoder that remembers what it decoded: the analyses pass over the same
/// instructions several times.
pub(super) struct Code<'m> {
    mem: &'m dyn Mem,
    seen: ByAddress<Option<Instruction>>,
    pub(super) returns: &'m mut Returns,
    /// Instructions looked at to find what returns.
    pub(super) looked_at: usize,
}

/// Functions found to return, or not.
#[derive(Clone, Debug, Default)]
pub(super) struct Returns(pub(super) ByAddress<bool>);

/// Functions remembered at most.
const MAX_RETURNS: usize = 1 << 16;

impl Returns {
    pub(super) fn set(&mut self, function: u64, returns: bool) {
        if self.0.len() >= MAX_RETURNS {
            self.0.clear();
        }
        self.0.insert(function, returns);
    }
}

impl<'m> Code<'m> {
    pub(super) fn new(mem: &'m dyn Mem, returns: &'m mut Returns) -> Self {
        Code { mem, seen: ByAddress::default(), returns, looked_at: 0 }
    }

    /// The memory the code is in.
    pub(super) fn mem(&self) -> &'m dyn Mem {
        self.mem
    }

    /// Reads a pointer.
    pub(super) fn word(&self, addr: u64) -> Option<u64> {
        read_u64(self.mem, addr)
    }

    /// Decodes the instruction at `addr`; `None` when it is absent or invalid.
    pub(super) fn at(&mut self, addr: u64) -> Option<Instruction> {
        let mem = self.mem;
        *self.seen.entry(addr).or_insert_with(|| decode(mem, addr))
    }
}
