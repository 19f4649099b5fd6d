use super::*;
use crate::tree::SEGMENT;

const ID: ObjectId = ObjectId([5; 16]);

/// Returns a whole file of this form, made without the writer's threads.
fn framed(body: &[u8]) -> Vec<u8> {
    let mut packer = Packer::new().expect("packer");
    let shop = Workshop::default();
    let mut table = TableWriter::default();
    let mut file = vec![0; HEADER];
    for (n, segment) in body.chunks(SEGMENT).enumerate() {
        let packed = packer.pack(n as u64, segment, true, &shop).expect("pack");
        assert_eq!(table.end(), file.len() as u64);
        file.extend_from_slice(&packed.frames);
        table.add(&packed.entries, packed.digest);
    }
    let digest = tree::whole_digest(body);
    let (header, bytes) = table.finish(ID, body.len() as u64, digest);
    file[..HEADER].copy_from_slice(&header);
    file.extend_from_slice(&bytes);
    file
}

fn body(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut state = 1u32;
    for (n, page) in bytes.chunks_mut(4096).enumerate() {
        match (n / 20) % 4 {
            0 => {}
            1 => page.fill(n as u8),
            2 => page.iter_mut().enumerate().for_each(|(i, b)| *b = i as u8),
            _ => page.iter_mut().for_each(|b| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1);
                *b = (state >> 24) as u8;
            }),
        }
    }
    bytes
}

fn open(file: &[u8]) -> thoth_manta::Result<FramedReader> {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("f");
    std::fs::write(&path, file).expect("write");
    let opened = std::fs::File::open(&path).expect("open");
    FramedReader::open(opened, &path, ID)
}

#[test]
fn any_part_reads_back() {
    use crate::BlobReader;
    for length in [1, 65_535, 65_536, 65_537, SEGMENT, 3 * SEGMENT + 4321] {
        let body = body(length);
        let file = framed(&body);
        let reader = open(&file).expect("open");
        let mut back = vec![1; length + 5];
        assert_eq!(reader.read_at(&mut back, 0).expect("read"), length);
        assert!(back[..length] == body, "{length}");
        let mut state = 7usize;
        for _ in 0..500 {
            state = state.wrapping_mul(6_364_136_223_846_793_005) | 1;
            let at = (state >> 20) % (length + 10);
            let size = (state >> 5) % 200_000;
            let mut part = vec![1; size];
            let read = reader.read_at(&mut part, at as u64).expect("read");
            let end = (at + size).min(length);
            let expected = body.get(at..end).unwrap_or_default();
            assert!(part[..read] == *expected, "{at} + {size}");
        }
        assert_eq!(reader.read_at(&mut back, u64::MAX).expect("past"), 0);
    }
}

#[test]
fn zeros_are_entries_not_bytes() {
    let mut long = vec![0; 40 * SEGMENT];
    let empty = framed(&long);
    assert_eq!(empty.len(), HEADER + ENTRY, "one run");
    long[17 * SEGMENT + 5] = 1;
    let one = framed(&long);
    // A run, a frame, a run, and the digest of one segment.
    assert!(one.len() < HEADER + 3 * ENTRY + 32 + 100, "{}", one.len());
}

#[test]
fn every_flipped_bit_shows() {
    use crate::BlobReader;
    let body = body(SEGMENT + 70_000);
    let file = framed(&body);
    let mut back = vec![0; body.len()];
    // All of the header, the ends, and a sample of the rest.
    let bits = (0..HEADER * 8)
        .chain((HEADER * 8..file.len() * 8).step_by(9973))
        .chain((file.len() - 200) * 8..file.len() * 8);
    for bit in bits {
        let mut bad = file.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let read = open(&bad).and_then(|r| r.read_at(&mut back, 0));
        assert!(read.is_err(), "bit {bit}");
    }
}

#[test]
fn hostile_files_are_refused() {
    let file = framed(&body(200_000));
    for length in 0..file.len().min(400) {
        assert!(open(&file[..length]).is_err(), "{length}");
    }
    let mut long = file.clone();
    long.push(0);
    assert!(open(&long).is_err());
    // Headers that are right in themselves and lie about the rest.
    let lie = |change: &dyn Fn(&mut [u8])| {
        let mut bad = file.clone();
        change(&mut bad);
        let own = half_digest(&bad[..112]);
        bad[112..128].copy_from_slice(&own);
        open(&bad).is_err()
    };
    for at in [16, 24, 32, 40] {
        for value in [0, 1, 1 << 20, u64::MAX / 8, u64::MAX] {
            let new = u64::to_le_bytes(value);
            if file[at..at + 8] == new {
                continue;
            }
            assert!(lie(&|bad| bad[at..at + 8].copy_from_slice(&new)), "{at}");
        }
    }
    assert!(lie(&|bad| bad[8] = 2), "version");
    assert!(lie(&|bad| bad[12] = 1), "frame size");
    assert!(lie(&|bad| bad[48] = 1), "id");
}

#[test]
fn no_bytes_panic() {
    let file = framed(&body(200_000));
    let mut state = 99u64;
    for _ in 0..3000 {
        let mut bad = file.clone();
        for _ in 0..4 {
            state = state.wrapping_mul(6_364_136_223_846_793_005) | 1;
            let at = (state >> 30) as usize % bad.len();
            bad[at] = (state >> 11) as u8;
        }
        // A table that agrees with its header, whatever it says.
        let table_at = u64::from_le_bytes(bad[40..48].try_into().unwrap());
        if let Some(table) = bad.get(table_at as usize..) {
            let digest = half_digest(table);
            bad[96..112].copy_from_slice(&digest);
        }
        let own = half_digest(&bad[..112]);
        bad[112..128].copy_from_slice(&own);
        if let Ok(reader) = open(&bad) {
            use crate::BlobReader;
            let _ = reader.read_at(&mut vec![0; 300_000], 0);
        }
    }
}
