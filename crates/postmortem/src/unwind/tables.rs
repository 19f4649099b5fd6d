//! Unwind tables of one image: `.eh_frame` through its search table, else
//! `.eh_frame` and `.debug_frame` read through once.
//!
//! `.eh_frame_hdr` (LSB core, "Exception Frames"): version u8 = 1, encodings of
//! eh_frame_ptr, fde_count and table, then (pc, fde) pairs sorted by pc. It
//! needs no section headers, so an image rebuilt from memory works as well.

use super::row::{Row, Slice};
use crate::modules::Image;
use gimli::{
    BaseAddresses, CieOrFde, DebugFrame, EhFrame, EhFrameHdr, LittleEndian,
    UnwindContext, UnwindSection,
};
use std::cell::OnceCell;
use std::sync::Arc;

/// Tables read through are at most this many entries.
const MAX_FDES: usize = 4_000_000;

/// Unwind tables of a module: its image and what belongs to it.
pub(super) struct Tables {
    image: Arc<Image>,
    /// Files that may have `.debug_frame`: the image, debug file, mini data.
    others: Vec<Arc<Image>>,
    linear: OnceCell<Vec<Linear>>,
}

/// A section without a search table, its entries sorted by address.
struct Linear {
    bytes: Vec<u8>,
    base: u64,
    eh: bool,
    /// (first address, address after the last, offset of the entry)
    index: Vec<(u64, u64, usize)>,
}

impl Tables {
    pub(super) fn new(image: Arc<Image>, others: Vec<Arc<Image>>) -> Self {
        Self { image, others, linear: OnceCell::new() }
    }

    /// Finds and compiles the row for an image address.
    pub(super) fn row(
        &self,
        vaddr: u64,
        context: &mut UnwindContext<usize>,
    ) -> Option<Row> {
        self.by_search_table(vaddr, context).or_else(|| {
            self.linear
                .get_or_init(|| self.read_through())
                .iter()
                .find_map(|l| l.row(vaddr, context))
        })
    }

    fn by_search_table(
        &self,
        vaddr: u64,
        context: &mut UnwindContext<usize>,
    ) -> Option<Row> {
        let span = self.image.eh_frame_hdr?;
        let data = self.image.at(span.vaddr)?;
        let len = data.len().min(usize::try_from(span.size).ok()?);
        let bases = BaseAddresses::default().set_eh_frame_hdr(span.vaddr);
        let header = EhFrameHdr::new(&data[..len], LittleEndian);
        let header = header.parse(&bases, 8).ok()?;
        let gimli::Pointer::Direct(at) = header.eh_frame_ptr() else {
            return None;
        };
        let eh_frame = EhFrame::new(self.image.at(at)?, LittleEndian);
        let bases = bases.set_eh_frame(at);
        let fde = header
            .table()?
            .fde_for_address(&eh_frame, &bases, vaddr, EhFrame::cie_from_offset)
            .ok()?;
        compile(&fde, &eh_frame, &bases, vaddr, context)
    }

    fn read_through(&self) -> Vec<Linear> {
        let mut out = Vec::new();
        if self.image.eh_frame_hdr.is_none() {
            out.extend(Linear::read(&self.image, ".eh_frame", true));
        }
        for image in [&self.image].into_iter().chain(&self.others) {
            out.extend(Linear::read(image, ".debug_frame", false));
        }
        out
    }
}

impl Linear {
    fn read(image: &Image, name: &str, eh: bool) -> Option<Self> {
        let bytes = image.section(name)?.into_owned();
        let base = image.section_span(name).map_or(0, |s| s.vaddr);
        let mut out = Self { bytes, base, eh, index: Vec::new() };
        out.index = if eh {
            out.entries(&EhFrame::new(&out.bytes, LittleEndian))
        } else {
            out.entries(&out.debug_frame())
        };
        out.index.sort_unstable();
        (!out.index.is_empty()).then_some(out)
    }

    fn debug_frame(&self) -> DebugFrame<Slice<'_>> {
        let mut section = DebugFrame::new(&self.bytes, LittleEndian);
        section.set_address_size(8);
        section
    }

    fn bases(&self) -> BaseAddresses {
        BaseAddresses::default().set_eh_frame(self.base)
    }

    fn entries<'d, S>(&self, section: &S) -> Vec<(u64, u64, usize)>
    where
        S: UnwindSection<Slice<'d>>,
        S::Offset: gimli::UnwindOffset<usize>,
    {
        let bases = self.bases();
        let mut out = Vec::new();
        let mut entries = section.entries(&bases);
        while let Ok(Some(entry)) = entries.next() {
            let CieOrFde::Fde(partial) = entry else { continue };
            if let Ok(fde) = partial.parse(S::cie_from_offset)
                && fde.len() > 0
            {
                let start = fde.initial_address();
                let end = start.saturating_add(fde.len());
                out.push((start, end, fde.offset()));
            }
            if out.len() >= MAX_FDES {
                break;
            }
        }
        out
    }

    fn row(
        &self,
        vaddr: u64,
        context: &mut UnwindContext<usize>,
    ) -> Option<Row> {
        let i = self.index.partition_point(|e| e.0 <= vaddr);
        let &(_, end, offset) = self.index.get(i.checked_sub(1)?)?;
        if vaddr >= end {
            return None;
        }
        if self.eh {
            let section = EhFrame::new(&self.bytes, LittleEndian);
            self.row_in(&section, offset.into(), vaddr, context)
        } else {
            self.row_in(&self.debug_frame(), offset.into(), vaddr, context)
        }
    }

    fn row_in<'d, S>(
        &self,
        section: &S,
        offset: S::Offset,
        vaddr: u64,
        context: &mut UnwindContext<usize>,
    ) -> Option<Row>
    where
        S: UnwindSection<Slice<'d>>,
    {
        let bases = self.bases();
        let fde =
            section.fde_from_offset(&bases, offset, S::cie_from_offset).ok()?;
        compile(&fde, section, &bases, vaddr, context)
    }
}

fn compile<'d, S>(
    fde: &gimli::FrameDescriptionEntry<Slice<'d>>,
    section: &S,
    bases: &BaseAddresses,
    vaddr: u64,
    context: &mut UnwindContext<usize>,
) -> Option<Row>
where
    S: UnwindSection<Slice<'d>>,
{
    let ra = fde.cie().return_address_register();
    let signal = fde.is_signal_trampoline();
    let row =
        fde.unwind_info_for_address(section, bases, context, vaddr).ok()?;
    Row::compile(row, section, ra, signal)
}
