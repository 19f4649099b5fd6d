//! Bytes in the order and width of a machine.

use super::Machine;

/// Collects values of a machine.
pub(super) struct Bytes {
    machine: Machine,
    out: Vec<u8>,
}

impl Bytes {
    pub(super) fn new(machine: Machine) -> Bytes {
        Bytes { machine, out: Vec::new() }
    }

    pub(super) fn take(self) -> Vec<u8> {
        self.out
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) -> &mut Bytes {
        self.out.extend(bytes);
        self
    }

    /// Appends little-endian bytes in the machine's order.
    fn ordered(&mut self, little: &[u8]) -> &mut Bytes {
        if self.machine.big_endian {
            self.out.extend(little.iter().rev());
        } else {
            self.out.extend(little);
        }
        self
    }

    pub(super) fn u16(&mut self, value: u16) -> &mut Bytes {
        self.ordered(&value.to_le_bytes())
    }

    pub(super) fn u32(&mut self, value: u32) -> &mut Bytes {
        self.ordered(&value.to_le_bytes())
    }

    pub(super) fn i32(&mut self, value: i32) -> &mut Bytes {
        self.ordered(&value.to_le_bytes())
    }

    /// Appends a word of the machine's width.
    pub(super) fn word(&mut self, value: u64) -> &mut Bytes {
        let bytes = value.to_le_bytes();
        let len = if self.machine.wide { 8 } else { 4 };
        self.ordered(&bytes[..len])
    }

    /// Appends text, cut and filled with NUL to `len`.
    pub(super) fn text(&mut self, text: &str, len: usize) -> &mut Bytes {
        let end = self.out.len() + len;
        let text = text.as_bytes();
        self.out.extend(&text[..text.len().min(len)]);
        self.fill(end)
    }

    /// Appends NUL up to a total length.
    pub(super) fn fill(&mut self, len: usize) -> &mut Bytes {
        self.out.resize(len, 0);
        self
    }

    pub(super) fn align(&mut self, to: usize) -> &mut Bytes {
        self.fill(self.out.len().next_multiple_of(to))
    }
}
