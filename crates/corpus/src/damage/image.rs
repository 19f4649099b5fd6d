//! A core or program as bytes that can be patched by place.
//!
//! Reads outside the file give 0 and writes there do nothing, so that a
//! defect can be applied to a file that has no such part.

/// Holds the file being broken.
pub(super) struct Image {
    pub bytes: Vec<u8>,
}

/// Holds a program header and where it lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phdr {
    pub at: u64,
    pub kind: u32,
    pub offset: u64,
    pub address: u64,
    pub filesz: u64,
}

/// Holds a note.
#[derive(Clone, Debug)]
pub(super) struct Note {
    pub owner: Vec<u8>,
    pub kind: u32,
    pub desc: Vec<u8>,
    /// Where its head lies.
    pub at: u64,
}

impl Image {
    pub(super) fn new(bytes: &[u8]) -> Image {
        Image { bytes: bytes.to_owned() }
    }

    pub(super) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub(super) fn cut(&mut self, len: usize) {
        self.bytes.truncate(len);
    }

    /// Returns the bytes of a range, as far as they are there.
    pub(super) fn slice(&self, at: u64, len: u64) -> &[u8] {
        let size = self.bytes.len();
        let start = usize::try_from(at).unwrap_or(size).min(size);
        let end = usize::try_from(at.saturating_add(len)).unwrap_or(size);
        &self.bytes[start..end.clamp(start, size)]
    }

    fn get<const N: usize>(&self, at: u64) -> [u8; N] {
        self.slice(at, N as u64).try_into().unwrap_or([0; N])
    }

    pub(super) fn u16(&self, at: u64) -> u16 {
        u16::from_le_bytes(self.get(at))
    }

    pub(super) fn u32(&self, at: u64) -> u32 {
        u32::from_le_bytes(self.get(at))
    }

    pub(super) fn u64(&self, at: u64) -> u64 {
        u64::from_le_bytes(self.get(at))
    }

    /// Writes bytes where the file has them.
    pub(super) fn put(&mut self, at: u64, bytes: &[u8]) {
        let Ok(at) = usize::try_from(at) else { return };
        for (n, byte) in bytes.iter().enumerate() {
            let place = at.checked_add(n).and_then(|p| self.bytes.get_mut(p));
            if let Some(place) = place {
                *place = *byte;
            }
        }
    }

    pub(super) fn put8(&mut self, at: u64, value: u8) {
        self.put(at, &[value]);
    }

    pub(super) fn put16(&mut self, at: u64, value: u16) {
        self.put(at, &value.to_le_bytes());
    }

    pub(super) fn put32(&mut self, at: u64, value: u32) {
        self.put(at, &value.to_le_bytes());
    }

    pub(super) fn put64(&mut self, at: u64, value: u64) {
        self.put(at, &value.to_le_bytes());
    }

    pub(super) fn phdrs(&self) -> Vec<Phdr> {
        let (start, count) = (self.u64(32), u64::from(self.u16(56)));
        let places = (0..count).map(|n| start.saturating_add(n * 56));
        let places =
            places.take_while(|at| at.saturating_add(56) <= self.len());
        let phdr = |at| Phdr {
            at,
            kind: self.u32(at),
            offset: self.u64(at + 8),
            address: self.u64(at + 16),
            filesz: self.u64(at + 32),
        };
        places.map(phdr).collect()
    }

    /// Returns the PT_LOADs that have bytes in the file.
    pub(super) fn loads(&self) -> Vec<Phdr> {
        let mut loads = self.phdrs();
        loads.retain(|p| p.kind == 1 && p.filesz > 0);
        loads
    }

    pub(super) fn note_phdr(&self) -> Option<Phdr> {
        self.phdrs().into_iter().find(|p| p.kind == 4)
    }

    pub(super) fn notes(&self) -> Vec<Note> {
        let Some(segment) = self.note_phdr() else { return Vec::new() };
        let mut notes = Vec::new();
        let mut at = segment.offset;
        let end = segment.offset.saturating_add(segment.filesz).min(self.len());
        while at.saturating_add(12) <= end {
            let (namesz, descsz) = (self.u32(at), self.u32(at + 4));
            let name_at = at + 12;
            let desc_at = name_at + u64::from(namesz).next_multiple_of(4);
            let next = desc_at + u64::from(descsz).next_multiple_of(4);
            if next > end {
                break;
            }
            notes.push(Note {
                owner: self.slice(name_at, u64::from(namesz)).to_owned(),
                kind: self.u32(at + 8),
                desc: self.slice(desc_at, u64::from(descsz)).to_owned(),
                at,
            });
            at = next;
        }
        notes
    }

    /// Changes the list of notes; the new ones lie at the end of the file.
    pub(super) fn renote(&mut self, change: impl FnOnce(&mut Vec<Note>)) {
        let Some(segment) = self.note_phdr() else { return };
        let mut notes = self.notes();
        change(&mut notes);
        let pad = |out: &mut Vec<u8>| {
            out.resize(out.len().next_multiple_of(4), 0);
        };
        let len = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
        pad(&mut self.bytes);
        let start = self.len();
        let out = &mut self.bytes;
        for note in &notes {
            out.extend(len(note.owner.len()));
            out.extend(len(note.desc.len()));
            out.extend(note.kind.to_le_bytes());
            out.extend(&note.owner);
            pad(out);
            out.extend(&note.desc);
            pad(out);
        }
        let size = self.len() - start;
        self.put64(segment.at + 8, start);
        self.put64(segment.at + 32, size);
    }

    /// Returns where memory at an address lies in the file.
    pub(super) fn place(&self, address: u64) -> Option<u64> {
        self.loads().into_iter().find_map(|p| {
            let into = address.checked_sub(p.address)?;
            (into < p.filesz).then(|| p.offset + into)
        })
    }

    /// Reads a word of memory.
    pub(super) fn word(&self, address: u64) -> Option<u64> {
        Some(self.u64(self.place(address)?))
    }

    /// Writes a word of memory.
    pub(super) fn put_word(&mut self, address: u64, value: u64) {
        if let Some(at) = self.place(address) {
            self.put64(at, value);
        }
    }
}
