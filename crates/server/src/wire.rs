//! The connection below HTTP: what the library writes of its own accord, and
//! clients that do not read.
//!
//! A head that does not parse never becomes a request: hyper answers it by
//! itself, without the headers and the body that every answer of ours has. It
//! writes such an answer at once and only at the beginning of a write, so it
//! is recognised there, by what it lacks, and replaced.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use thoth_manta::{Code, Error};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::reply::{Reply, ReplyBody, http_date};

/// A connection, plain or encrypted.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection as hyper gets it.
pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    name: String,
    /// An answer in place of hyper's: what of it is still to be written, and
    /// how many bytes hyper believes it writes.
    instead: Option<(Vec<u8>, usize)>,
    stall: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    pub(crate) fn new(
        stream: Box<dyn Stream>,
        name: String,
        stall: Duration,
    ) -> Wire {
        Wire { stream, name, instead: None, stall, stalled: None }
    }

    /// Fails once nothing could be written for too long.
    fn check_stall(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let stall = self.stall;
        let stalled = self.stalled.get_or_insert_with(|| {
            Box::pin(tokio::time::sleep_until(Instant::now() + stall))
        });
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client does not read",
        )))
    }

    fn write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Pending => self.check_stall(cx),
            done => {
                self.stalled = None;
                done
            }
        }
    }

    fn write_instead(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        while let Some((rest, believed)) = self.instead.take() {
            if rest.is_empty() {
                return Poll::Ready(Ok(believed));
            }
            match self.write(cx, &rest) {
                Poll::Ready(Ok(written)) => {
                    let rest = rest.get(written..).unwrap_or_default();
                    self.instead = Some((rest.to_vec(), believed));
                }
                Poll::Pending => {
                    self.instead = Some((rest, believed));
                    return Poll::Pending;
                }
                failed => return failed,
            }
        }
        Poll::Ready(Ok(0))
    }
}

/// Returns the status of an answer that hyper made by itself.
fn own_status(bytes: &[u8]) -> Option<u16> {
    let head = bytes.strip_prefix(b"HTTP/1.1 4")?;
    // Ours begin with the header that says whose they are.
    let names = |window: &[u8]| window.eq_ignore_ascii_case(b"\r\nserver:");
    if bytes.windows(9).any(names) {
        return None;
    }
    let digits = std::str::from_utf8(head.get(..2)?).ok()?;
    Some(400 + digits.parse::<u16>().ok()?)
}

/// Returns the answer to a head that does not parse.
fn malformed(status: u16, name: &str) -> Vec<u8> {
    let (code, text) = match status {
        414 => (Code::InvalidResource, "the path is too long"),
        431 => (Code::BadRequest, "the head of the request is too long"),
        _ => (Code::BadRequest, "the head of the request is malformed"),
    };
    let reply = Reply::error(&Error::new(code, text));
    let mut out = format!("HTTP/1.1 {}\r\n", reply.status);
    let mut header = |name: &str, value: &str| {
        out.push_str(&format!("{name}: {value}\r\n"));
    };
    header("server", "Manta");
    header("date", &http_date(thoth_manta::Timestamp::now()));
    header("x-request-id", &crate::fresh_uuid().unwrap_or_default());
    header("x-response-time", "0");
    header("x-server-name", name);
    header("connection", "close");
    for (name, value) in &reply.headers {
        header(name.as_str(), value.to_str().unwrap_or_default());
    }
    if let ReplyBody::Bytes(body) = reply.body {
        header("content-length", &body.len().to_string());
        out.push_str("\r\n");
        out.push_str(&String::from_utf8_lossy(&body));
    }
    out.into_bytes()
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.instead.is_none() {
            match own_status(bytes) {
                None => return this.write(cx, bytes),
                Some(status) => {
                    let text = malformed(status, &this.name);
                    this.instead = Some((text, bytes.len()));
                }
            }
        }
        this.write_instead(cx)
    }

    fn poll_flush(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = bufs.iter().find(|buf| !buf.is_empty());
        let first: &[u8] = first.map_or(&[], |buf| buf);
        if self.instead.is_some() || own_status(first).is_some() {
            return self.poll_write(cx, first);
        }
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_write_vectored(cx, bufs) {
            Poll::Pending => this.check_stall(cx),
            done => {
                this.stalled = None;
                done
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_the_library_are_recognised() {
        let own = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(own_status(own), Some(400));
        let ours = b"HTTP/1.1 404 Not Found\r\nServer: Manta\r\n\r\n";
        assert_eq!(own_status(ours), None);
        assert_eq!(own_status(b"HTTP/1.1 100 Continue\r\n\r\n"), None);
        assert_eq!(own_status(b"HTTP/1.1 4"), None);
        assert_eq!(own_status(b""), None);
        let text = String::from_utf8(malformed(431, "n")).expect("text");
        assert!(text.contains("\r\nserver: Manta\r\n"), "{text}");
        assert!(text.ends_with('}'), "{text}");
    }
}
