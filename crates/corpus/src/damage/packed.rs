//! Defects of compressed cores.

use super::image::Image;
use super::mutation::{Random, flip_bits};
use std::io::Write;

/// Names a compression.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Gz,
    Zst,
    Lz4,
    Xz,
}

/// Bytes of zeroes in one member of a bomb.
const MEMBER: usize = 64 << 20;

/// Members of a bomb: 8 GiB when unpacked.
const MEMBERS: usize = 128;

/// Compresses into memory, where writing cannot fail.
fn pack(kind: Kind, data: &[u8]) -> Vec<u8> {
    let packed = match kind {
        Kind::Gz => gz(data),
        Kind::Zst => zstd::encode_all(data, 1),
        Kind::Lz4 => lz4(data),
        Kind::Xz => xz(data),
    };
    packed.unwrap_or_default()
}

fn gz(data: &[u8]) -> std::io::Result<Vec<u8>> {
    let level = flate2::Compression::fast();
    let mut out = flate2::write::GzEncoder::new(Vec::new(), level);
    out.write_all(data)?;
    out.finish()
}

fn lz4(data: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
    out.write_all(data)?;
    out.finish().map_err(std::io::Error::from)
}

fn xz(data: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut out = liblzma::write::XzEncoder::new(Vec::new(), 0);
    out.write_all(data)?;
    out.finish()
}

pub(super) fn cut(i: &mut Image, kind: Kind) {
    i.bytes = pack(kind, &i.bytes);
    let half = i.bytes.len() / 2;
    i.cut(half);
}

pub(super) fn flips(i: &mut Image, kind: Kind) {
    let packed = pack(kind, &i.bytes);
    i.bytes = flip_bits(7, &packed, 500);
    // the magic number stays, or it would not be taken for compressed
    i.put(0, &packed[..packed.len().min(6)]);
}

pub(super) fn head(i: &mut Image, kind: Kind) {
    i.bytes = pack(kind, &[]);
    i.cut(6);
}

pub(super) fn trailing(i: &mut Image, kind: Kind) {
    i.bytes = pack(kind, &i.bytes);
    let mut random = Random::new(11);
    i.bytes.extend((0..1000).map(|_| random.byte()));
}

pub(super) fn nested(i: &mut Image) {
    i.bytes = pack(Kind::Gz, &pack(Kind::Gz, &i.bytes));
}

pub(super) fn empty(i: &mut Image, kind: Kind) {
    i.bytes = pack(kind, &[]);
}

/// All four formats let members follow one another, so the bomb is one
/// compressed member, repeated.
pub(super) fn bomb(i: &mut Image, kind: Kind) {
    let mut first = i.bytes.clone();
    first.resize(first.len().next_multiple_of(4096), 0);
    let member = pack(kind, &vec![0; MEMBER]);
    i.bytes = pack(kind, &first);
    for _ in 0..MEMBERS {
        i.bytes.extend(&member);
    }
}

/// A gigabyte of a text that begins like no known format.
pub(super) fn noise(i: &mut Image, kind: Kind) {
    let member = pack(kind, &b"noise".repeat(MEMBER / 5));
    i.bytes = member.repeat(16);
}
