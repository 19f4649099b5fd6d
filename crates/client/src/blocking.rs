//! The client as a [`Manta`], for code that waits.
//!
//! A runtime of its own works in the background. A body is read by the calling
//! thread, which is the only one that may, and handed over piece by piece; the
//! first piece is read when the server has said that it wants the body. So a
//! refused body has not been touched, as the contract says.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use thoth_manta::{
    Code, Condition, DirectoryOptions, Error, Etag, Info, LinkOptions,
    ListOptions, Listing, Manta, Metadata, ObjectInfo, ObjectReader, Path,
    PutOptions, Result,
};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, mpsc};

use crate::objects::{Pieces, check_length};
use crate::parts::part_size;
use crate::reader::Reader;
use crate::transport::Head;
use crate::{Client, Config, Upload};

/// Bytes read from a body at once.
const PIECE: usize = 256 << 10;
/// A body up to here is read whole and can be sent again.
const SHORT: u64 = 64 << 10;
/// A body from here on is sent in parts.
const LONG: u64 = 128 << 20;

/// A client that waits until things are done.
pub struct Blocking {
    client: Client,
    runtime: Arc<Runtime>,
}

impl fmt::Debug for Blocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blocking({:?})", self.client)
    }
}

/// A read with as much as there is.
fn fill(body: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|r| !r.is_empty()) {
        match body.read(rest) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

fn unreadable(path: &Path, cause: io::Error) -> Error {
    let text = format!("{path}: cannot read the body");
    Error::new(Code::UploadAbandoned, text).because(cause)
}

impl Blocking {
    /// Returns a client with a runtime of its own.
    ///
    /// # Errors
    ///
    /// Those of [`Client::new`], and a system without room for two threads.
    pub fn new(config: Config) -> Result<Blocking> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("thoth-client")
            .enable_all()
            .build()
            .map_err(|e| {
                let text = "cannot start threads for the client";
                Error::new(Code::InternalError, text).because(e)
            })?;
        let runtime = Arc::new(runtime);
        Ok(Blocking { client: Client::new(config)?, runtime })
    }

    /// Returns the client itself.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Waits until something is done.
    pub fn wait<T>(&self, doing: impl Future<Output = T>) -> T {
        self.runtime.block_on(doing)
    }

    /// Returns the answer to the question what is there.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub fn head(&self, path: &Path) -> Result<Head> {
        self.wait(self.client.head(path))
    }

    /// Sends a part of an upload as it comes; returns its etag.
    ///
    /// # Errors
    ///
    /// The server's, and trouble on the way to it.
    pub fn put_part(
        &self,
        upload: &Upload,
        number: u32,
        body: &mut dyn Read,
        length: Option<u64>,
    ) -> Result<Etag> {
        let path = upload.directory.join(&number.to_string())?;
        let options = PutOptions {
            length_bytes: length,
            durability: 0,
            ..PutOptions::default()
        };
        Ok(self.put_streamed(&path, body, &options)?.etag)
    }

    fn put_short(
        &self,
        path: &Path,
        body: &mut dyn Read,
        length: u64,
        options: &PutOptions,
    ) -> Result<ObjectInfo> {
        // One more than promised tells that there is more.
        let room = usize::try_from(length).unwrap_or(usize::MAX);
        let mut bytes = vec![0; room.saturating_add(1)];
        let read = fill(body, &mut bytes).map_err(|e| unreadable(path, e))?;
        bytes.truncate(read);
        check_length(path, read as u64, options)?;
        self.wait(self.client.put_bytes(path, bytes.into(), options))
    }

    /// Sends a body of which the first pieces may be needed for ever.
    fn put_streamed(
        &self,
        path: &Path,
        body: &mut dyn Read,
        options: &PutOptions,
    ) -> Result<ObjectInfo> {
        let retries = self.client.config().retries;
        let mut tries = 1;
        loop {
            let mut sent = 0;
            let done = self.put_once(path, body, options, &mut sent);
            match done {
                // The body has not been touched: the same again.
                Err(error)
                    if sent == 0
                        && error.code() == Code::ServiceUnavailable
                        && tries <= retries.times =>
                {
                    std::thread::sleep(retries.wait(tries));
                    tries += 1;
                }
                Ok(mut info) => {
                    info.size_bytes = sent;
                    return Ok(info);
                }
                other => return other,
            }
        }
    }

    fn put_once(
        &self,
        path: &Path,
        body: &mut dyn Read,
        options: &PutOptions,
        sent: &mut u64,
    ) -> Result<ObjectInfo> {
        let (give, from) = mpsc::channel::<io::Result<Bytes>>(4);
        let wanted = Arc::new(Notify::new());
        let pieces = Pieces { from, wanted: Arc::clone(&wanted) };
        let (client, to) = (self.client.clone(), path.clone());
        let options_there = options.clone();
        let mut task = self.runtime.spawn(async move {
            client.put_pieces(&to, pieces, &options_there).await
        });
        let ended = self.wait(async {
            tokio::select! {
                done = &mut task => Some(done),
                () = wanted.notified() => None,
            }
        });
        if let Some(done) = ended {
            return joined(done);
        }
        let fed = self.feed(path, body, options, &give, sent);
        if fed.is_err() {
            // Breaks the request off, so that nothing is stored.
            let broken = io::Error::other("the body broke off");
            let _ = give.blocking_send(Err(broken));
        }
        drop(give);
        let done = joined(self.wait(task));
        // Why the body ended early is what matters then.
        fed.and(done)
    }

    /// Reads the body and hands it over, as long as it is wanted.
    ///
    /// A piece is handed over when it is known that another follows or that
    /// none does: the last byte that was promised would make the server store
    /// a body that is in truth longer.
    fn feed(
        &self,
        path: &Path,
        body: &mut dyn Read,
        options: &PutOptions,
        give: &mpsc::Sender<io::Result<Bytes>>,
        sent: &mut u64,
    ) -> Result<()> {
        let mut held = Bytes::new();
        loop {
            let mut piece = BytesMut::zeroed(PIECE);
            let read = match body.read(&mut piece) {
                Ok(read) => read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(unreadable(path, e)),
            };
            *sent = sent.saturating_add(read as u64);
            let promised = options.length_bytes;
            let wrong = promised.is_some_and(|n| *sent > n)
                || (read == 0 && promised.is_some_and(|n| *sent < n));
            if wrong {
                return check_length(path, *sent, options);
            }
            if !held.is_empty() {
                self.client.count_sent(held.len());
                // Where nobody takes it, the server has answered already.
                if give.blocking_send(Ok(held)).is_err() {
                    return Ok(());
                }
            }
            if read == 0 {
                return Ok(());
            }
            piece.truncate(read);
            held = piece.freeze();
        }
    }

    fn put_long(
        &self,
        path: &Path,
        body: &mut dyn Read,
        length: u64,
        options: &PutOptions,
    ) -> Result<ObjectInfo> {
        // One waits while the others are on their way.
        let (give, parts) = mpsc::channel::<Result<Bytes>>(1);
        let (client, to) = (self.client.clone(), path.clone());
        let options_there = options.clone();
        let task = self.runtime.spawn(async move {
            client.put_parts(&to, parts, &options_there).await
        });
        let size = part_size(length);
        // Nothing is read before the upload has been begun, which may be
        // refused.
        while let Ok(permit) = self.wait(give.reserve()) {
            let mut part = BytesMut::zeroed(size);
            match fill(body, &mut part) {
                Ok(0) => break,
                Ok(read) => {
                    part.truncate(read);
                    permit.send(Ok(part.freeze()));
                    if read < size {
                        break;
                    }
                }
                Err(cause) => {
                    permit.send(Err(unreadable(path, cause)));
                    break;
                }
            }
        }
        drop(give);
        joined(self.wait(task))
    }
}

fn joined(
    done: std::result::Result<Result<ObjectInfo>, tokio::task::JoinError>,
) -> Result<ObjectInfo> {
    done.unwrap_or_else(|cause| {
        let text = "sending the body ended unexpectedly";
        Err(Error::new(Code::InternalError, text).because(cause))
    })
}

impl Manta for Blocking {
    fn put(
        &self,
        path: &Path,
        body: &mut dyn Read,
        options: &PutOptions,
    ) -> Result<ObjectInfo> {
        if let (Some(length), Some(max)) =
            (options.length_bytes, options.max_bytes)
            && length > max
        {
            return check_length(path, length, options)
                .and_then(|()| Err(Error::not_found(path)));
        }
        match options.length_bytes {
            Some(length) if length <= SHORT => {
                self.put_short(path, body, length, options)
            }
            Some(length) if length >= LONG => {
                self.put_long(path, body, length, options)
            }
            _ => self.put_streamed(path, body, options),
        }
    }

    fn open(&self, path: &Path) -> Result<Box<dyn ObjectReader>> {
        let info = self.wait(self.client.object(path))?;
        let runtime = self.runtime.handle().clone();
        Ok(Box::new(Reader::new(self.client.clone(), runtime, info)))
    }

    fn info(&self, path: &Path) -> Result<Info> {
        self.wait(self.client.info(path))
    }

    fn list(&self, path: &Path, options: &ListOptions) -> Result<Listing> {
        self.wait(self.client.list(path, options))
    }

    fn delete(&self, path: &Path, condition: &Condition) -> Result<()> {
        self.wait(self.client.delete(path, condition))
    }

    fn mkdir_with(
        &self,
        path: &Path,
        options: &DirectoryOptions,
    ) -> Result<()> {
        self.wait(self.client.mkdir(path, options))
    }

    fn set_metadata(
        &self,
        path: &Path,
        metadata: &Metadata,
        condition: &Condition,
    ) -> Result<ObjectInfo> {
        self.wait(self.client.set_metadata(path, metadata, condition))
    }

    fn link_with(
        &self,
        source: &Path,
        path: &Path,
        options: &LinkOptions,
    ) -> Result<ObjectInfo> {
        self.wait(self.client.link(source, path, options))
    }
}
