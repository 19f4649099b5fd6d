//! Units that can be read as if they were the only one of their file.
//!
//! Inside `.debug_info` nearly all references count from the start of their
//! unit; everything else that a unit needs (abbreviations, line program,
//! strings, ranges) it finds by absolute places in other sections. So the
//! bytes of one unit, taken for the whole section, read the same as in the
//! midst of ten thousand others. The exception is `DW_FORM_ref_addr`, by which
//! whole-program optimisation and dwz refer to other units.

use super::Slice;
use gimli::{LittleEndian, Reader as _, constants as dw};

/// More than any abbreviation table has; a bound for damaged ones.
const MAX_ABBREVIATIONS: usize = 1 << 20;

/// Returns the bytes of the unit that begins at `at`; `None` when it is
/// damaged or refers to others.
pub(super) fn unit<'d>(
    info: &'d [u8],
    abbrev: &'d [u8],
    at: usize,
) -> Option<&'d [u8]> {
    let rest = info.get(at..)?;
    let header =
        gimli::DebugInfo::new(rest, LittleEndian).units().next().ok()??;
    let table = abbrev.get(header.debug_abbrev_offset().0..)?;
    if refers_outside(Slice::new(table, LittleEndian)).ok()? {
        return None;
    }
    rest.get(..header.length_including_self())
}

/// Whether a table of abbreviations (DWARF 5, section 7.5.3) has an attribute
/// whose value is a place in another unit.
fn refers_outside(mut table: Slice<'_>) -> gimli::Result<bool> {
    for _ in 0..MAX_ABBREVIATIONS {
        if table.read_uleb128()? == 0 {
            return Ok(false);
        }
        let _tag = table.read_uleb128()?;
        let _has_children = table.read_u8()?;
        loop {
            let name = table.read_uleb128()?;
            let form = table.read_uleb128()?;
            if (name, form) == (0, 0) {
                break;
            }
            let form = u16::try_from(form).map(dw::DwForm);
            match form {
                Ok(dw::DW_FORM_implicit_const) => {
                    table.read_sleb128()?;
                }
                // What form an indirect value has, only the value tells.
                Ok(dw::DW_FORM_ref_addr | dw::DW_FORM_indirect) | Err(_) => {
                    return Ok(true);
                }
                Ok(_) => {}
            }
        }
    }
    Ok(true)
}
