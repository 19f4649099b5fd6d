//! Source lines and inline frames of one module, over `addr2line`.

use crate::addr::text;
use crate::modules::Image;
use gimli::{EndianSlice, LittleEndian};
use std::path::PathBuf;
use std::sync::Arc;
use typed_arena::Arena;

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
    context: addr2line::Context<Slice<'d>>,
    package: Option<gimli::DwarfPackage<Slice<'d>>>,
    extra: &'d Arena<Image>,
}

impl<'d> Lines<'d> {
    /// Reads the line data's directory; `None` when the image has none.
    ///
    /// `extra` keeps split files alive, `supplement` is the file named by
    /// `.gnu_debugaltlink`.
    pub(crate) fn new(
        image: &'d Image,
        supplement: Option<&'d Image>,
        extra: &'d Arena<Image>,
    ) -> Option<Self> {
        if image.debug_section(".debug_info").is_empty() {
            return None;
        }
        let load = |image: &'d Image| {
            gimli::Dwarf::load(|id| {
                let data = if needed(id) {
                    image.debug_section(id.name())
                } else {
                    &[]
                };
                Ok::<_, gimli::Error>(EndianSlice::new(data, LittleEndian))
            })
        };
        let mut dwarf = load(image).ok()?;
        if let Some(s) = supplement {
            dwarf.set_sup(load(s).ok()?);
        }
        dwarf.populate_abbreviations_cache(
            gimli::AbbreviationsCacheStrategy::Duplicates,
        );
        let context = addr2line::Context::from_dwarf(dwarf).ok()?;
        let package = package(image, extra);
        Some(Self { context, package, extra })
    }

    /// Returns the functions at an image address, innermost first.
    pub(crate) fn places(&self, vaddr: u64) -> Vec<Place> {
        use addr2line::LookupContinuation as _;
        let mut lookup = self.context.find_frames(vaddr);
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
        if let Some(package) = &self.package
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
