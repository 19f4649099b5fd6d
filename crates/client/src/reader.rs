//! Reading an object anywhere, by ranges.
//!
//! Two ways of reading have to be quick. A debugger reads a few bytes here and
//! there: each read fetches a block, and blocks are kept, so that what lies
//! near was fetched already. A copy reads all in order: when a read goes on
//! where the last one ended and is not small, one request brings everything
//! from there on, and goes on as long as the reads do.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use thoth_manta::{ObjectInfo, ObjectReader, Result};
use tokio::runtime::Handle;

use crate::{Client, Download};

/// What is fetched for a small read.
const BLOCK: u64 = 32 << 10;
/// Blocks that are kept: 32 MiB.
const KEPT: usize = 1024;
/// A read of this many bytes is one of a copy, if it goes on where the last
/// one ended.
const LARGE: usize = 128 << 10;

/// An open version of an object at a server.
pub(crate) struct Reader {
    client: Client,
    runtime: Handle,
    info: Arc<ObjectInfo>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    blocks: BTreeMap<u64, Bytes>,
    /// In the order in which they came.
    order: VecDeque<u64>,
    /// What brings the rest, and what it brought that nobody took yet.
    stream: Option<(Download, Bytes)>,
    /// Where the last read ended.
    end_of_last: u64,
}

impl Reader {
    pub(crate) fn new(
        client: Client,
        runtime: Handle,
        info: ObjectInfo,
    ) -> Reader {
        let state = Mutex::new(State::default());
        Reader { client, runtime, info: Arc::new(info), state }
    }

    fn size(&self) -> u64 {
        self.info.size_bytes
    }

    fn download(&self, at: u64, end: u64) -> Download {
        Download::new(self.client.clone(), Arc::clone(&self.info), at, end)
    }

    /// Reads on from where a copy is.
    fn read_on(
        &self,
        state: &mut State,
        buffer: &mut [u8],
        offset: u64,
    ) -> Result<usize> {
        let fits = state.stream.as_ref().is_some_and(|(download, rest)| {
            download.position() == offset.saturating_add(rest.len() as u64)
        });
        if !fits {
            let download = self.download(offset, self.size());
            state.stream = Some((download, Bytes::new()));
        }
        let Some((download, rest)) = &mut state.stream else { return Ok(0) };
        let mut done = 0;
        while let Some(to) = buffer.get_mut(done..).filter(|b| !b.is_empty()) {
            if rest.is_empty() {
                match self.runtime.block_on(download.next()) {
                    Ok(Some(piece)) => *rest = piece,
                    Ok(None) => break,
                    Err(error) => {
                        state.stream = None;
                        return Err(error);
                    }
                }
            }
            let n = to.len().min(rest.len());
            let piece = rest.split_to(n);
            if let Some(to) = to.get_mut(..n) {
                to.copy_from_slice(&piece);
            }
            done += n;
        }
        // At the end the digest is looked at, though nobody asks for more.
        if download.position() >= self.size() && rest.is_empty() {
            let checked = self.runtime.block_on(download.next());
            state.stream = None;
            checked?;
        }
        Ok(done)
    }

    /// Fetches bytes in one request.
    fn fetch(&self, at: u64, end: u64) -> Result<Vec<u8>> {
        let mut download = self.download(at, end);
        self.runtime.block_on(async {
            let mut bytes = Vec::new();
            while let Some(piece) = download.next().await? {
                bytes.extend_from_slice(&piece);
            }
            Ok(bytes)
        })
    }

    /// Reads by blocks, fetching those in a row that are missing at once.
    fn read_blocks(
        &self,
        state: &mut State,
        buffer: &mut [u8],
        offset: u64,
    ) -> Result<usize> {
        let end = offset.saturating_add(buffer.len() as u64).min(self.size());
        let mut at = offset;
        while at < end {
            let number = at / BLOCK;
            if !state.blocks.contains_key(&number) {
                let last = end.saturating_sub(1) / BLOCK;
                let missing = (number..=last)
                    .take_while(|n| !state.blocks.contains_key(n))
                    .count() as u64;
                // More at once than is kept would push itself out.
                let missing = missing.min(KEPT as u64 / 2);
                self.fetch_blocks(state, number, missing)?;
            }
            let Some(block) = state.blocks.get(&number) else { break };
            let within = usize::try_from(at - number * BLOCK).unwrap_or(0);
            let from = block.get(within..).unwrap_or_default();
            let done = usize::try_from(at - offset).unwrap_or(usize::MAX);
            let Some(to) = buffer.get_mut(done..) else { break };
            let n = from.len().min(to.len());
            let (Some(to), Some(from)) = (to.get_mut(..n), from.get(..n))
            else {
                break;
            };
            if n == 0 {
                break;
            }
            to.copy_from_slice(from);
            at = at.saturating_add(n as u64);
        }
        Ok(usize::try_from(at - offset).unwrap_or(0))
    }

    fn fetch_blocks(
        &self,
        state: &mut State,
        first: u64,
        count: u64,
    ) -> Result<()> {
        let start = first.saturating_mul(BLOCK);
        let end =
            start.saturating_add(count.saturating_mul(BLOCK)).min(self.size());
        let bytes = Bytes::from(self.fetch(start, end)?);
        let length = usize::try_from(BLOCK).unwrap_or(usize::MAX);
        let mut rest = bytes;
        for number in first.. {
            if rest.is_empty() {
                break;
            }
            // A copy: a block must not keep its neighbours alive.
            let n = rest.len().min(length);
            let block = Bytes::copy_from_slice(&rest.split_to(n));
            if state.blocks.insert(number, block).is_none() {
                state.order.push_back(number);
            }
            while state.order.len() > KEPT {
                if let Some(old) = state.order.pop_front() {
                    state.blocks.remove(&old);
                }
            }
        }
        Ok(())
    }
}

impl ObjectReader for Reader {
    fn info(&self) -> &ObjectInfo {
        &self.info
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        if offset >= self.size() || buffer.is_empty() {
            return Ok(0);
        }
        let mut state =
            self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let all = offset == 0 && buffer.len() as u64 >= self.size();
        let goes_on = offset == state.end_of_last;
        let copying = all || (goes_on && buffer.len() >= LARGE);
        let read = if copying {
            self.read_on(&mut state, buffer, offset)
        } else {
            self.read_blocks(&mut state, buffer, offset)
        }?;
        state.end_of_last = offset.saturating_add(read as u64);
        Ok(read)
    }

    fn local_file(&self) -> Option<std::path::PathBuf> {
        None
    }
}
