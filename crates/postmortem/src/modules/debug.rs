//! Files that belong to a module beside its image: the separate debug file and
//! MiniDebugInfo.
//!
//! A separate debug file is found by build id under `.build-id/xx/rest.debug`,
//! or by `.gnu_debuglink` (name, padding to 4, CRC-32 of the file). One with
//! another build id is not used. `.gnu_debugdata` is an xz-compressed ELF file
//! with the symbols that `.dynsym` lacks (as Fedora ships it).

use super::files::FileFinder;
use super::image::Image;
use crate::addr::BuildId;
use std::io::Read;
use std::sync::Arc;

/// The expanded size of MiniDebugInfo is at most this, in bytes; real ones are
/// a few MB.
const MAX_MINI: u64 = 256 << 20;

/// What was found beside an image.
#[derive(Default)]
pub(crate) struct DebugData {
    pub(crate) separate: Option<Arc<Image>>,
    pub(crate) mini: Option<Arc<Image>>,
    pub(crate) problems: Vec<String>,
}

impl DebugData {
    pub(crate) fn find(
        image: &Image,
        build_id: Option<&BuildId>,
        finder: &dyn FileFinder,
    ) -> Self {
        let mut out = Self::default();
        // A file with its own lines and names needs no other.
        let complete = image.section_span(".debug_info").is_some()
            && image.section_span(".symtab").is_some();
        if !complete && image.path.is_some() {
            out.separate = out.find_separate(image, build_id, finder);
        }
        if out.separate.is_none() && image.section_span(".symtab").is_none() {
            out.mini = out.expand_mini(image);
        }
        out
    }

    fn find_separate(
        &mut self,
        image: &Image,
        build_id: Option<&BuildId>,
        finder: &dyn FileFinder,
    ) -> Option<Arc<Image>> {
        let own = image.build_id();
        let id = build_id.or(own.as_ref());
        let link = image.debuglink();
        let name = link.as_ref().map(|l| l.0.as_str());
        let path = image.path.as_deref()?;
        for file in finder.debug_files(path, id, name) {
            let Ok(found) = Image::open(&file) else { continue };
            let fits = match (id, found.build_id()) {
                (Some(a), Some(b)) => *a == b,
                _ => link
                    .as_ref()
                    .is_some_and(|(_, crc)| crc32(found.bytes()) == *crc),
            };
            if fits {
                return Some(Arc::new(found));
            }
            self.problems.push(format!(
                "{}: debug data of another build, not used",
                file.display()
            ));
        }
        None
    }

    fn expand_mini(&mut self, image: &Image) -> Option<Arc<Image>> {
        let packed = image.section(".gnu_debugdata")?;
        let mut bytes = Vec::new();
        let expanded = liblzma::stream::Stream::new_stream_decoder(
            64 << 20,
            liblzma::stream::CONCATENATED,
        )
        .map_err(std::io::Error::other)
        .and_then(|stream| {
            liblzma::bufread::XzDecoder::new_stream(&packed[..], stream)
                .take(MAX_MINI)
                .read_to_end(&mut bytes)
        });
        match expanded
            .map_err(|e| e.to_string())
            .and_then(|_| Image::from_bytes(bytes))
        {
            Ok(image) => Some(Arc::new(image)),
            Err(e) => {
                self.problems.push(format!(".gnu_debugdata is damaged: {e}"));
                None
            }
        }
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
