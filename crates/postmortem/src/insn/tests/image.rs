//! Memory for tests: the segments of an ELF file and a stack.

use std::path::Path;

use object::{
    Object, ObjectSection, ObjectSegment, ObjectSymbol, ObjectSymbolTable,
};

use crate::insn::Mem;

/// Where imported functions are put.
const IMPORTS: u64 = 0x7f00_0000_0000;

/// Beginnings of names of functions whose code shows that they never return.
/// `_Unwind_Resume` and `longjmp` are none of them: they end in a return.
const NEVER: [&str; 9] = [
    "abort",
    "exit",
    "_exit",
    "__assert_fail",
    "__stack_chk_fail",
    "__cxa_throw",
    "__cxa_rethrow",
    "_ZSt9terminate",
    "_ZSt20__throw_length_errorPKc",
];

/// Memory made of separate pieces.
#[derive(Default, Clone)]
pub(crate) struct Image {
    pub(crate) pieces: Vec<(u64, Vec<u8>)>,
}

impl Image {
    /// Code at one address.
    pub(crate) fn at(addr: u64, bytes: &[u8]) -> Image {
        Image { pieces: vec![(addr, bytes.to_vec())] }
    }

    /// Adds words at an address.
    pub(crate) fn words(mut self, addr: u64, words: &[u64]) -> Image {
        let bytes = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        self.pieces.push((addr, bytes));
        self
    }

    /// The loaded segments of an ELF file at their own addresses, and its
    /// executable sections.
    pub(crate) fn load(path: &Path) -> (Image, Vec<(u64, u64)>) {
        let data = std::fs::read(path).unwrap();
        let file = object::File::parse(&*data).unwrap();
        let pieces = file
            .segments()
            .map(|s| (s.address(), s.data().unwrap().to_vec()))
            .collect();
        let code = file
            .sections()
            .filter(|s| s.kind() == object::SectionKind::Text)
            .map(|s| (s.address(), s.address() + s.size()))
            .collect();
        let image = Image { pieces };
        (image.linked(&file), code)
    }

    /// As the dynamic linker leaves it: imported functions are at addresses of
    /// their own. Those that never return look so, all others return at once.
    fn linked(mut self, file: &object::File<'_>) -> Image {
        let symbols: Vec<_> = file
            .dynamic_symbol_table()
            .map(|table| table.symbols().collect())
            .unwrap_or_default();
        let mut imports = Vec::new();
        for (slot, relocation) in
            file.dynamic_relocations().into_iter().flatten()
        {
            let object::RelocationTarget::Symbol(index) = relocation.target()
            else {
                continue;
            };
            let symbol = symbols.iter().find(|s| s.index() == index);
            let Some(symbol) = symbol.filter(|s| s.is_undefined()) else {
                continue;
            };
            let name = symbol.name().unwrap_or_default();
            let never = NEVER.iter().any(|n| name.starts_with(n));
            let at = IMPORTS + 16 * (imports.len() / 16) as u64;
            imports.extend_from_slice(&[if never { 0xf4 } else { 0xc3 }; 16]);
            self.patch(slot, at);
        }
        self.pieces.push((IMPORTS, imports));
        self
    }

    fn patch(&mut self, slot: u64, value: u64) {
        for (start, bytes) in &mut self.pieces {
            let Some(from) = slot.checked_sub(*start) else { continue };
            let from = from as usize;
            if let Some(word) = bytes.get_mut(from..from + 8) {
                word.copy_from_slice(&value.to_le_bytes());
                return;
            }
        }
    }
}

impl Mem for Image {
    fn read(&self, addr: u64, buf: &mut [u8]) -> bool {
        self.pieces.iter().any(|(start, bytes)| {
            let Some(from) = addr.checked_sub(*start) else { return false };
            let Ok(from) = usize::try_from(from) else { return false };
            match from.checked_add(buf.len()).map(|to| bytes.get(from..to)) {
                Some(Some(part)) => {
                    buf.copy_from_slice(part);
                    true
                }
                _ => false,
            }
        })
    }
}
