//! Bodies, between the connection and the threads that block.
//!
//! The store reads and writes by blocking calls, the connection by turns. A
//! body that comes in passes through a channel of a few pieces: the thread
//! takes one when it wants one, and while the channel is full nobody reads
//! from the connection, so the sender is held back by TCP. Nothing is read,
//! and `100 Continue` is not sent, before the thread asks for the first piece.
//!
//! A body that goes out is read piece by piece. What the system has in memory
//! is read where it is sent, without changing threads, into buffers that have
//! been sent before; where a disk would have to be waited for, or bytes be
//! expanded, a thread reads the next piece while one is on its way. A client
//! that does not read holds a few pieces and no thread.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use thoth_manta::{Code, Error, ObjectReader};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Pieces of a body that wait for the thread.
const WAITING: usize = 2;
/// Bytes of an object that are read at a time.
const PIECE: usize = 256 * 1024;
/// Buffers that an object keeps for its next pieces.
const SPARE: usize = 3;

/// Why a body did not come whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Nothing came for too long.
    Stalled,
    /// The client went away, or sent less than it said.
    Abandoned,
    /// The chunks are no chunks.
    Malformed,
}

enum Piece {
    Bytes(Bytes),
    End,
    Broken(Broken),
}

/// The thread's end of a body.
pub(crate) struct Upload {
    start: Option<oneshot::Sender<()>>,
    pieces: mpsc::Receiver<Piece>,
    current: Bytes,
    received: u64,
    ended: bool,
    broken: Option<Broken>,
}

impl Upload {
    /// Returns the two ends of a body: what the thread reads, and what the
    /// connection has to run meanwhile.
    pub(crate) fn channel(
        body: Incoming,
        stall: Duration,
    ) -> (Upload, impl Future<Output = ()> + Send) {
        let (start, started) = oneshot::channel();
        let (sender, pieces) = mpsc::channel(WAITING);
        let upload = Upload {
            start: Some(start),
            pieces,
            current: Bytes::new(),
            received: 0,
            ended: body.is_end_stream(),
            broken: None,
        };
        (upload, pump(body, stall, started, sender))
    }

    /// Tells whether all of it has been taken from the connection.
    pub(crate) fn is_finished(&self) -> bool {
        self.ended
    }

    /// Returns how many bytes came.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Returns the error to answer with, where the body is why something
    /// failed.
    pub(crate) fn explain(&self, error: Error) -> Error {
        match (self.broken, error.code()) {
            (Some(Broken::Stalled), _) => Error::new(
                Code::UploadTimeout,
                "no data of the body came for too long",
            ),
            (Some(Broken::Malformed), _) => {
                Error::new(Code::BadRequest, "the body's chunks are malformed")
            }
            _ => error,
        }
    }

    /// Reads a body of at most `max` bytes whole.
    pub(crate) fn read_all(&mut self, max: usize) -> Result<Vec<u8>, Error> {
        let mut all = Vec::new();
        let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
        let read = self.by_ref().take(limit).read_to_end(&mut all);
        if let Err(error) = read {
            let text = "the body could not be read";
            let error = Error::new(Code::UploadAbandoned, text).because(error);
            return Err(self.explain(error));
        }
        if all.len() > max {
            return Err(Error::new(
                Code::MaxContentLengthExceeded,
                format!("the body is longer than {max} bytes"),
            ));
        }
        Ok(all)
    }

    fn fill(&mut self) -> io::Result<()> {
        while self.current.is_empty() && !self.ended {
            if let Some(start) = self.start.take() {
                // The other end is gone when the client is; that shows next.
                let _ = start.send(());
            }
            let broken = match self.pieces.blocking_recv() {
                Some(Piece::Bytes(bytes)) => {
                    self.received =
                        self.received.saturating_add(bytes.len() as u64);
                    self.current = bytes;
                    continue;
                }
                Some(Piece::End) => {
                    self.ended = true;
                    return Ok(());
                }
                Some(Piece::Broken(broken)) => broken,
                None => Broken::Abandoned,
            };
            self.broken.get_or_insert(broken);
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("the body is broken: {broken:?}"),
            ));
        }
        Ok(())
    }
}

impl Read for Upload {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fill()?;
        let read = self.current.len().min(buffer.len());
        if let (Some(to), Some(from)) =
            (buffer.get_mut(..read), self.current.get(..read))
        {
            to.copy_from_slice(from);
        }
        self.current.advance(read);
        Ok(read)
    }
}

/// Carries a body from the connection to the thread, once it is wanted.
async fn pump(
    mut body: Incoming,
    stall: Duration,
    started: oneshot::Receiver<()>,
    sender: mpsc::Sender<Piece>,
) {
    if started.await.is_err() {
        return;
    }
    loop {
        let piece = match tokio::time::timeout(stall, body.frame()).await {
            Err(_) => Piece::Broken(Broken::Stalled),
            Ok(None) => Piece::End,
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) if data.is_empty() => continue,
                Ok(data) => Piece::Bytes(data),
                // Trailers say nothing to us.
                Err(_) => continue,
            },
            Ok(Some(Err(error))) => Piece::Broken(if is_absence(&error) {
                Broken::Abandoned
            } else {
                Broken::Malformed
            }),
        };
        let last = !matches!(piece, Piece::Bytes(_));
        if sender.send(piece).await.is_err() || last {
            return;
        }
    }
}

/// Tells whether the client is gone, rather than sending nonsense.
fn is_absence(error: &hyper::Error) -> bool {
    use std::error::Error;
    let kind = error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .map(io::Error::kind);
    error.is_incomplete_message()
        || error.is_canceled()
        || error.is_closed()
        || matches!(
            kind,
            Some(
                io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe
                    | io::ErrorKind::TimedOut
            )
        )
}

/// The body of an answer, on its way out.
pub(crate) enum Outgoing {
    Bytes(Option<Bytes>),
    Object(ObjectStream),
}

/// Part of an object to be sent.
pub(crate) struct ObjectPart {
    pub(crate) reader: Box<dyn ObjectReader>,
    /// The same bytes as a file of this machine, where there is one.
    pub(crate) file: Option<File>,
    pub(crate) range: Range<u64>,
}

impl ObjectPart {
    /// Returns a part of an opened object.
    pub(crate) fn new(
        reader: Box<dyn ObjectReader>,
        range: Range<u64>,
    ) -> ObjectPart {
        // The reader goes on where the name of the file has gone.
        let file = reader.local_file().and_then(|f| File::open(f).ok());
        ObjectPart { reader, file, range }
    }

    pub(crate) fn length(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }
}

/// An object that is read as it is sent.
pub(crate) struct ObjectStream {
    reader: Arc<dyn ObjectReader>,
    file: Option<File>,
    /// What is still to be read.
    rest: Range<u64>,
    /// What is still to be sent.
    unsent: u64,
    reading: Option<JoinHandle<Result<Bytes, Error>>>,
    /// Buffers that are used again once they have been sent.
    spare: VecDeque<Bytes>,
}

impl Outgoing {
    pub(crate) fn object(part: ObjectPart) -> Outgoing {
        let unsent = part.length();
        Outgoing::Object(ObjectStream {
            reader: Arc::from(part.reader),
            file: part.file,
            rest: part.range,
            unsent,
            reading: None,
            spare: VecDeque::new(),
        })
    }
}

impl ObjectStream {
    /// Has the next piece read, unless one is being read or none is left.
    fn read_ahead(&mut self) {
        if self.reading.is_some() || self.rest.is_empty() {
            return;
        }
        let start = self.rest.start;
        let end = self.rest.end.min(start.saturating_add(PIECE as u64));
        self.rest.start = end;
        let reader = Arc::clone(&self.reader);
        self.reading = Some(tokio::task::spawn_blocking(move || {
            read_piece(reader.as_ref(), start..end)
        }));
    }

    /// Reads what the system has in memory, without waiting for a disk;
    /// `None` when that is nothing.
    fn read_now(&mut self) -> Option<Bytes> {
        let file = self.file.as_ref()?;
        if self.rest.is_empty() || self.reading.is_some() {
            return None;
        }
        let used = self.spare.pop_front().map(Bytes::try_into_mut);
        let mut buffer = match used {
            Some(Ok(buffer)) => buffer,
            Some(Err(in_use)) => {
                self.spare.push_front(in_use);
                BytesMut::zeroed(PIECE)
            }
            None => BytesMut::zeroed(PIECE),
        };
        let left = self.rest.end.saturating_sub(self.rest.start);
        let wanted = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let into = buffer.get_mut(..wanted)?;
        let read = rustix::io::preadv2(
            file,
            &mut [io::IoSliceMut::new(into)],
            self.rest.start,
            rustix::io::ReadWriteFlags::NOWAIT,
        );
        let buffer = buffer.freeze();
        let piece = match read {
            Ok(read) if read > 0 => Some(buffer.slice(..read)),
            _ => None,
        };
        if self.spare.len() < SPARE {
            self.spare.push_back(buffer);
        }
        let read = piece.as_ref().map_or(0, |piece| piece.len() as u64);
        self.rest.start = self.rest.start.saturating_add(read);
        piece
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(bytes) = self.read_now() {
            self.unsent = self.unsent.saturating_sub(bytes.len() as u64);
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        self.read_ahead();
        let Some(reading) = &mut self.reading else {
            return Poll::Ready(None);
        };
        let read = std::task::ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        let read = read.unwrap_or_else(|_| {
            Err(Error::new(Code::InternalError, "reading an object ended"))
        });
        if let Ok(bytes) = &read {
            self.unsent = self.unsent.saturating_sub(bytes.len() as u64);
            if self.file.is_none() {
                // Of a file the system reads ahead.
                self.read_ahead();
            }
        }
        Poll::Ready(Some(read.map(Frame::data)))
    }
}

/// Reads a range of an object whole.
pub(crate) fn read_piece(
    reader: &dyn ObjectReader,
    range: Range<u64>,
) -> Result<Bytes, Error> {
    let ends = |at: u64| {
        Error::new(
            Code::InternalError,
            format!("{}: ends at byte {at}", reader.info().path),
        )
    };
    let length = range.end.saturating_sub(range.start);
    let length = usize::try_from(length).map_err(|_| ends(range.start))?;
    let mut bytes = vec![0; length];
    let mut done = 0;
    while let Some(rest) = bytes.get_mut(done..).filter(|r| !r.is_empty()) {
        let at = range.start.saturating_add(done as u64);
        match reader.read_at(rest, at)? {
            0 => return Err(ends(at)),
            read => done += read,
        }
    }
    Ok(bytes.into())
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.get_mut() {
            Outgoing::Bytes(bytes) => {
                Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b))))
            }
            Outgoing::Object(stream) => stream.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Outgoing::Bytes(bytes) => bytes.is_none(),
            Outgoing::Object(stream) => stream.unsent == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Outgoing::Bytes(bytes) => {
                bytes.as_ref().map_or(0, |b| b.len() as u64)
            }
            Outgoing::Object(stream) => stream.unsent,
        })
    }
}
