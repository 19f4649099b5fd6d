//! Where the bytes of a dump come from.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use rustix::fs::SeekFrom;

/// Where the bytes of a dump come from. They may be asked for again.
pub trait Source {
    /// Opens the bytes from the start.
    ///
    /// # Errors
    ///
    /// When they cannot be opened.
    fn open(&self) -> io::Result<Box<dyn Read + '_>>;

    /// Returns their number, if it is known before they are read.
    fn length_bytes(&self) -> Option<u64>;
}

/// The bytes of a local file, as they are.
///
/// Holes are not read: a sparse core is mostly holes, and reading them would
/// fill the page cache with zeros, some seconds for each GiB.
#[derive(Clone, Debug)]
pub struct FileSource(pub PathBuf);

impl Source for FileSource {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        let file = File::open(&self.0)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Ok(Box::new(file));
        }
        let length = meta.len();
        Ok(Box::new(SparseFile { file, at: 0, length, part: Part::Unknown }))
    }

    fn length_bytes(&self) -> Option<u64> {
        let meta = std::fs::metadata(&self.0).ok()?;
        meta.is_file().then_some(meta.len())
    }
}

/// Bytes that are at hand.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl Source for Bytes<'_> {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self.0))
    }

    fn length_bytes(&self) -> Option<u64> {
        Some(self.0.len() as u64)
    }
}

/// A file read from start to end, its holes made up rather than read.
struct SparseFile {
    file: File,
    at: u64,
    length: u64,
    part: Part,
}

/// The part of the file that the reader is in, and where it ends.
#[derive(Clone, Copy)]
enum Part {
    Unknown,
    Data(u64),
    Hole(u64),
}

impl SparseFile {
    /// Returns the part at the reader's place.
    fn part(&mut self) -> Part {
        match self.part {
            Part::Data(end) | Part::Hole(end) if self.at < end => {}
            _ => self.part = self.next_part(),
        }
        self.part
    }

    fn next_part(&self) -> Part {
        match rustix::fs::seek(&self.file, SeekFrom::Data(self.at)) {
            Ok(data) if data > self.at => Part::Hole(data.min(self.length)),
            Ok(_) => {
                let end = rustix::fs::seek(&self.file, SeekFrom::Hole(self.at));
                Part::Data(end.unwrap_or(self.length).min(self.length))
            }
            // No data until the end.
            Err(rustix::io::Errno::NXIO) => Part::Hole(self.length),
            // The file system does not say.
            Err(_) => Part::Data(self.length),
        }
    }
}

impl Read for SparseFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.length {
            return Ok(0);
        }
        let part = self.part();
        let (Part::Data(end) | Part::Hole(end)) = part else { return Ok(0) };
        let left = usize::try_from(end - self.at).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let Some(buffer) = buffer.get_mut(..wanted) else { return Ok(0) };
        let read = if matches!(part, Part::Hole(_)) {
            buffer.fill(0);
            wanted
        } else {
            self.file.read_at(buffer, self.at)?
        };
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &std::path::Path) -> Vec<u8> {
        let source = FileSource(path.to_owned());
        let mut out = Vec::new();
        let mut reader = source.open().expect("open");
        reader.read_to_end(&mut out).expect("read");
        assert_eq!(source.length_bytes(), Some(out.len() as u64));
        out
    }

    #[test]
    fn holes_read_as_zeros() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("sparse");
        let file = File::create(&path).expect("create");
        let mut expected = vec![0u8; 3_000_001];
        file.set_len(3_000_001).expect("length");
        assert_eq!(read(&path), expected);
        for at in [1_000_000usize, 2_000_000] {
            expected[at..at + 5000].fill(7);
            file.write_all_at(&[7; 5000], at as u64).expect("write");
            assert!(read(&path) == expected);
        }
        expected[..10].fill(1);
        file.write_all_at(&[1; 10], 0).expect("write");
        expected.extend([9; 100]);
        file.write_all_at(&[9; 100], 3_000_001).expect("write");
        assert!(read(&path) == expected);
        file.set_len(0).expect("empty");
        assert_eq!(read(&path), [0u8; 0]);
    }

    #[test]
    fn a_folder_is_an_error() {
        let folder = tempfile::tempdir().expect("folder");
        let source = FileSource(folder.path().to_owned());
        let read = source.open().and_then(|mut reader| reader.read(&mut [0]));
        assert!(read.is_err());
    }
}
