//! Source lines and inline frames of one module, over `addr2line`.
//!
//! A large program has thousands of units, a stack needs a dozen of them. So
//! an address is looked up in the few bytes that tell its unit ([`ranges`]),
//! and that unit is read as if there were no other ([`alone`]). Whatever this
//! cannot answer for certain is asked of all units together, slower.

mod alone;
mod ranges;

use crate::addr::text;
use crate::modules::Image;
use gimli::{EndianSlice, LittleEndian};
use ranges::{Ranges, UnitPlace};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use typed_arena::Arena;

type Context<'d> = addr2line::Context<Slice<'d>>;
type Slice<'d> = EndianSlice<'d, LittleEndian>;
type Dwarf<'d> = gimli::Dwarf<Slice<'d>>;

/// Inline frames taken for one address.
const MAX_INLINE: usize = 256;

/// One function at an address: the innermost inlined one comes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Linkage name, or plain name where that is all there is.
    pub(crate) function: Option<String>,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
    /// Whether it was inlined into the next one.
    pub(crate) inline: bool,
}

/// Line data of one module.
pub(crate) struct Lines<'d> {
    image: &'d Image,
    supplement: Option<&'d Image>,
    extra: &'d Arena<Image>,
    ranges: Ranges,
    /// Units read alone, by where they begin; `None` for those that cannot.
    alone: RefCell<HashMap<usize, Option<Rc<Context<'d>>>>>,
    /// All units together, for addresses of which no single unit tells.
    whole: OnceCell<Option<Context<'d>>>,
    package: OnceCell<Option<gimli::DwarfPackage<Slice<'d>>>>,
}

impl<'d> Lines<'d> {
    /// Finds the line data; `None` when the image has none.
    ///
    /// `extra` keeps split files alive, `supplement` is the file named by
    /// `.gnu_debugaltlink`. `vaddrs` are the image addresses that will be
    /// asked for; others may be too, slower.
    pub(crate) fn new(
        image: &'d Image,
        vaddrs: &[u64],
        supplement: Option<&'d Image>,
        extra: &'d Arena<Image>,
    ) -> Option<Self> {
        if !image.has_debug_info() {
            return None;
        }
        // A unit alone would read its file's supplement whole each time.
        let aranges = match supplement {
            Some(_) => &[],
            None => image.debug_section(".debug_aranges"),
        };
        let ranges = Ranges::read(aranges);
        image.expand_line_sections(ranges.end_of_units(vaddrs));
        Some(Self {
            image,
            supplement,
            extra,
            ranges,
            alone: RefCell::default(),
            whole: OnceCell::new(),
            package: OnceCell::new(),
        })
    }

    /// Returns the functions at an image address, innermost first.
    pub(crate) fn places(&self, vaddr: u64) -> Vec<Place> {
        if let Some(unit) = self.unit(vaddr) {
            let places = self.places_in(&unit, vaddr);
            if !places.is_empty() {
                return places;
            }
        }
        let whole = self.whole.get_or_init(|| self.read_whole());
        whole.as_ref().map_or(Vec::new(), |w| self.places_in(w, vaddr))
    }

    /// Reads the one unit that covers an address.
    fn unit(&self, vaddr: u64) -> Option<Rc<Context<'d>>> {
        let unit = self.ranges.unit(vaddr)?;
        let mut alone = self.alone.borrow_mut();
        let read = || self.read_alone(unit);
        alone.entry(unit.begin).or_insert_with(read).clone()
    }

    fn read_alone(&self, unit: UnitPlace) -> Option<Rc<Context<'d>>> {
        let section = |name| self.image.debug_section(name);
        let info = match unit.end {
            Some(end) => self.image.debug_info_until(end),
            None => section(".debug_info"),
        };
        let unit = alone::unit(info, section(".debug_abbrev"), unit.begin)?;
        let dwarf = load(|id| match id {
            gimli::SectionId::DebugInfo => unit,
            gimli::SectionId::DebugAranges => &[],
            other => section(other.name()),
        })?;
        Context::from_dwarf(dwarf).ok().map(Rc::new)
    }

    fn read_whole(&self) -> Option<Context<'d>> {
        let mut dwarf = load(|id| self.image.debug_section(id.name()))?;
        if let Some(s) = self.supplement {
            dwarf.set_sup(load(|id| s.debug_section(id.name()))?);
        }
        dwarf.populate_abbreviations_cache(
            gimli::AbbreviationsCacheStrategy::Duplicates,
        );
        Context::from_dwarf(dwarf).ok()
    }

    fn places_in(&self, context: &Context<'d>, vaddr: u64) -> Vec<Place> {
        use addr2line::LookupContinuation as _;
        let mut lookup = context.find_frames(vaddr);
        let mut frames = loop {
            match lookup {
                addr2line::LookupResult::Output(Ok(frames)) => break frames,
                addr2line::LookupResult::Output(Err(_)) => return Vec::new(),
                addr2line::LookupResult::Load { load, continuation } => {
                    lookup = continuation.resume(self.split(&load));
                }
            }
        };
        let mut out = Vec::new();
        while let Ok(Some(frame)) = frames.next() {
            let function = frame
                .function
                .and_then(|f| f.raw_name().ok().map(|n| n.into_owned()));
            let (file, line) = match frame.location {
                Some(l) => (l.file.map(str::to_owned), l.line),
                None => (None, None),
            };
            out.push(Place { function, file, line, inline: true });
            if out.len() >= MAX_INLINE {
                break;
            }
        }
        if let Some(last) = out.last_mut() {
            last.inline = false;
        }
        out
    }

    /// Finds the split unit in the package beside the image, or in its file.
    fn split(
        &self,
        load: &addr2line::SplitDwarfLoad<Slice<'d>>,
    ) -> Option<Arc<Dwarf<'d>>> {
        let package =
            self.package.get_or_init(|| package(self.image, self.extra));
        if let Some(package) = package
            && let Ok(Some(unit)) = package.find_cu(load.dwo_id, &load.parent)
        {
            return Some(Arc::new(unit));
        }
        let mut path = PathBuf::new();
        if let Some(dir) = load.comp_dir {
            path.push(text(dir.slice()));
        }
        path.push(text(load.path?.slice()));
        let image: &'d Image = self.extra.alloc(Image::open(&path).ok()?);
        let mut dwarf = gimli::Dwarf::load(|id| {
            let data =
                id.dwo_name().map_or(&[][..], |n| image.debug_section(n));
            Ok::<_, gimli::Error>(EndianSlice::new(data, LittleEndian))
        })
        .ok()?;
        let header = dwarf.units().next().ok()??;
        let unit = dwarf.unit(header).ok()?;
        if unit.dwo_id != Some(load.dwo_id) {
            return None;
        }
        dwarf.make_dwo(&load.parent);
        Some(Arc::new(dwarf))
    }
}

/// Makes line data of the sections that it needs.
fn load<'d>(
    section: impl Fn(gimli::SectionId) -> &'d [u8],
) -> Option<Dwarf<'d>> {
    gimli::Dwarf::load(|id| {
        let data = if needed(id) { section(id) } else { &[] };
        Ok::<_, gimli::Error>(EndianSlice::new(data, LittleEndian))
    })
    .ok()
}

/// Sections that tell where variables live and what macros say are as large as
/// the rest together, often compressed, and no line needs them.
fn needed(id: gimli::SectionId) -> bool {
    use gimli::SectionId as Id;
    !matches!(
        id,
        Id::DebugLoc
            | Id::DebugLocLists
            | Id::DebugMacro
            | Id::DebugMacinfo
            | Id::DebugPubNames
            | Id::DebugPubTypes
            | Id::DebugFrame
            | Id::DebugTypes
    )
}

/// Opens `IMAGE.dwp`, when it is there.
fn package<'d>(
    image: &Image,
    extra: &'d Arena<Image>,
) -> Option<gimli::DwarfPackage<Slice<'d>>> {
    let mut path = image.path.clone()?.into_os_string();
    path.push(".dwp");
    let file: &'d Image = extra.alloc(Image::open(path.as_ref()).ok()?);
    gimli::DwarfPackage::load(
        |id| {
            let data = id.dwo_name().map_or(&[][..], |n| file.debug_section(n));
            Ok::<_, gimli::Error>(EndianSlice::new(data, LittleEndian))
        },
        EndianSlice::new(&[], LittleEndian),
    )
    .ok()
}
