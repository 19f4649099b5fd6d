//! Compressed dumps: expanded once into an unnamed sparse file.
//!
//! Stacks lie at the end of a core and headers at its start, so a compressed
//! core is needed whole before anything but its identity can be told. One pass
//! writes it to a scratch file that has no name (it vanishes with us) and skips
//! blocks of zeros, so the file occupies what the dump really holds.
//!
//! A stream that ends early or is damaged keeps what came before: the caller
//! gets a partial dump and the reason. A stream that would grow past the limit
//! is refused instead: a bomb has no useful prefix.

use super::{MappedFile, OpenOptions};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

/// A compression that dumps are found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// RFC 1952, magic `1f 8b`.
    Gzip,
    /// RFC 8878, magic `28 b5 2f fd`.
    Zstd,
    /// LZ4 frame format 1.6, magic `04 22 4d 18`.
    Lz4,
    /// The .xz format 1.1, magic `fd 37 7a 58 5a 00`.
    Xz,
    /// bzip2, magic `BZh`: named, not expanded.
    Bzip2,
}

impl Compression {
    /// Tells the compression by the first bytes of a file.
    #[must_use]
    pub fn recognise(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [0x04, 0x22, 0x4d, 0x18, ..] => Some(Self::Lz4),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [b'B', b'Z', b'h', ..] => Some(Self::Bzip2),
            _ => None,
        }
    }

    /// Returns the name users know it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
        }
    }
}

/// Why a compressed file gave nothing usable.
#[derive(Debug, thiserror::Error)]
pub enum ExpandError {
    /// The expanded size passes the limit.
    #[error(
        "the {kind} content passes the limit of {limit} bytes when expanded"
    )]
    TooLarge {
        /// Compression met.
        kind: &'static str,
        /// Limit in bytes.
        limit: u64,
    },
    /// A compression that is recognised and not supported.
    #[error("{0} content is recognised but cannot be expanded here")]
    Unsupported(&'static str),
    /// The scratch file could not be made or written.
    #[error("cannot {verb} a scratch file in {dir}")]
    Scratch {
        /// What was tried.
        verb: &'static str,
        /// Folder of the scratch file.
        dir: String,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// Not one byte could be expanded.
    #[error("the {kind} stream is damaged at its start")]
    Damaged {
        /// Compression met.
        kind: &'static str,
        /// The decoder's answer.
        #[source]
        source: io::Error,
    },
}

/// Zero blocks of this size become holes.
const BLOCK: usize = 4096;
/// The largest window a zstd frame may ask for: 2^27 bytes, zstd's own default.
const ZSTD_WINDOW_LOG: u32 = 27;
/// Memory for an xz decoder, enough for preset 9.
const XZ_MEMORY: u64 = 100 << 20;

/// Expands `file`; the second part says why it ended early, if it did.
pub(super) fn expand(
    file: &File,
    kind: Compression,
    options: &OpenOptions,
) -> Result<(MappedFile, Option<String>), ExpandError> {
    let scratch_error = |verb| {
        move |source| ExpandError::Scratch {
            verb,
            dir: options.scratch_dir.display().to_string(),
            source,
        }
    };
    let damaged = |source| ExpandError::Damaged { kind: kind.name(), source };
    let mut input = file.try_clone().map_err(damaged)?;
    input.seek(SeekFrom::Start(0)).map_err(damaged)?;
    let mut decoder = decoder(BufReader::with_capacity(1 << 18, input), kind)?;
    let scratch = tempfile::tempfile_in(&options.scratch_dir)
        .map_err(scratch_error("create"))?;
    let mut buf = vec![0; 1 << 18];
    let mut at = 0u64;
    let mut problem = None;
    loop {
        let n = match fill(&mut decoder, &mut buf) {
            (0, None) => break,
            (n, None) => n,
            (0, Some(source)) if at == 0 => return Err(damaged(source)),
            (n, Some(e)) => {
                problem = Some(format!(
                    "the {} stream ends early, after {} expanded bytes: {e}",
                    kind.name(),
                    at + n as u64
                ));
                n
            }
        };
        if at + n as u64 > options.expand_limit {
            let limit = options.expand_limit;
            return Err(ExpandError::TooLarge { kind: kind.name(), limit });
        }
        write_sparse(&scratch, &buf[..n], at)
            .map_err(scratch_error("write"))?;
        at += n as u64;
        if problem.is_some() {
            break;
        }
    }
    scratch.set_len(at).map_err(scratch_error("size"))?;
    let map = MappedFile::new(&scratch).map_err(scratch_error("map"))?;
    Ok((map, problem))
}

fn decoder(
    input: BufReader<File>,
    kind: Compression,
) -> Result<Box<dyn Read>, ExpandError> {
    let damaged = |source| ExpandError::Damaged { kind: kind.name(), source };
    Ok(match kind {
        Compression::Gzip => {
            Box::new(flate2::bufread::MultiGzDecoder::new(input))
        }
        Compression::Zstd => {
            let mut d = zstd::stream::read::Decoder::with_buffer(input)
                .map_err(damaged)?;
            d.window_log_max(ZSTD_WINDOW_LOG).map_err(damaged)?;
            Box::new(d)
        }
        Compression::Lz4 => {
            Box::new(Lz4Frames(lz4_flex::frame::FrameDecoder::new(input)))
        }
        Compression::Xz => {
            let stream = liblzma::stream::Stream::new_stream_decoder(
                XZ_MEMORY,
                liblzma::stream::CONCATENATED,
            )
            .map_err(|e| damaged(io::Error::other(e)))?;
            Box::new(liblzma::bufread::XzDecoder::new_stream(input, stream))
        }
        Compression::Bzip2 => {
            return Err(ExpandError::Unsupported(kind.name()));
        }
    })
}

/// The lz4 decoder stops after each frame; go on while input is left.
struct Lz4Frames(lz4_flex::frame::FrameDecoder<BufReader<File>>);

impl Read for Lz4Frames {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.0.read(buf)?;
        if n > 0 || buf.is_empty() {
            return Ok(n);
        }
        use std::io::BufRead;
        if self.0.get_mut().fill_buf()?.is_empty() {
            return Ok(0);
        }
        self.0.read(buf)
    }
}

/// Fills `buf` as far as the stream goes, keeping what came before an error.
fn fill(input: &mut dyn Read, buf: &mut [u8]) -> (usize, Option<io::Error>) {
    let mut n = 0;
    while n < buf.len() {
        match input.read(&mut buf[n..]) {
            Ok(0) => break,
            Ok(k) => n += k,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return (n, Some(e)),
        }
    }
    (n, None)
}

fn write_sparse(out: &File, data: &[u8], at: u64) -> io::Result<()> {
    let mut from = 0;
    let mut pos = 0;
    for block in data.chunks(BLOCK) {
        if block.iter().all(|b| *b == 0) {
            out.write_all_at(&data[from..pos], at + from as u64)?;
            from = pos + block.len();
        }
        pos += block.len();
    }
    out.write_all_at(&data[from..], at + from as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn compressed(kind: Compression, data: &[u8]) -> Vec<u8> {
        match kind {
            Compression::Gzip => {
                let mut e = flate2::write::GzEncoder::new(
                    Vec::new(),
                    flate2::Compression::fast(),
                );
                e.write_all(data).unwrap();
                e.finish().unwrap()
            }
            Compression::Zstd => zstd::encode_all(data, 1).unwrap(),
            Compression::Lz4 => {
                // The smallest blocks: a cut loses the last one only.
                let small = lz4_flex::frame::BlockSize::Max64KB;
                let info = lz4_flex::frame::FrameInfo::new().block_size(small);
                let mut e = lz4_flex::frame::FrameEncoder::with_frame_info(
                    info,
                    Vec::new(),
                );
                e.write_all(data).unwrap();
                e.finish().unwrap()
            }
            _ => {
                let mut e = liblzma::write::XzEncoder::new(Vec::new(), 1);
                e.write_all(data).unwrap();
                e.finish().unwrap()
            }
        }
    }

    fn opened(
        bytes: &[u8],
        limit: u64,
    ) -> Result<super::super::DumpFile, super::super::OpenError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("core.packed");
        std::fs::write(&path, bytes).unwrap();
        let mut options = OpenOptions::new(dir.path());
        options.expand_limit = limit;
        super::super::open(&path, &options)
    }

    const KINDS: [Compression; 4] = [
        Compression::Gzip,
        Compression::Zstd,
        Compression::Lz4,
        Compression::Xz,
    ];

    fn sample() -> Vec<u8> {
        let mut data = vec![0; 1 << 20];
        let mut x = 88_172_645_463_325_252u64;
        for b in &mut data[70_000..300_000] {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            *b = x as u8;
        }
        data
    }

    #[test]
    fn expands_each_kind_to_the_same_bytes() {
        let data = sample();
        for kind in KINDS {
            let file = opened(&compressed(kind, &data), 1 << 30).unwrap();
            assert_eq!(file.compression, Some(kind));
            assert_eq!(file.expand_problem, None, "{kind:?}");
            let got = file.bytes.borrow(0, data.len() as u64).unwrap();
            assert!(got == data, "{kind:?}");
        }
    }

    #[test]
    fn a_cut_stream_keeps_its_beginning_and_says_so() {
        let data = sample();
        for kind in KINDS {
            let packed = compressed(kind, &data);
            let file = opened(&packed[..packed.len() * 2 / 3], 1 << 30);
            let file = file.unwrap();
            assert!(file.expand_problem.is_some(), "{kind:?}");
            let len = file.bytes.len();
            assert!(len > 0 && len < data.len() as u64, "{kind:?} {len}");
            let got = file.bytes.borrow(0, len).unwrap();
            assert!(got == &data[..got.len()], "{kind:?}");
        }
    }

    #[test]
    fn a_stream_past_the_limit_is_refused_by_name() {
        for kind in KINDS {
            let packed = compressed(kind, &vec![0; 1 << 20]);
            let Err(e) = opened(&packed, 1 << 19) else {
                panic!("{kind:?}: expanded past its limit");
            };
            let cause = std::error::Error::source(&e).unwrap().to_string();
            assert!(cause.contains("limit of 524288 bytes"), "{cause}");
        }
    }
}
