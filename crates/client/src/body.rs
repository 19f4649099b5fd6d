//! Bodies that are sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

/// A body on its way to the server.
pub(crate) enum Outgoing {
    /// At hand, so that it can be sent again.
    Bytes(Option<Bytes>),
    /// Coming, piece by piece; of this length, if it is known.
    Pieces(mpsc::Receiver<io::Result<Bytes>>, Option<u64>),
}

impl Outgoing {
    pub(crate) fn of(bytes: &Bytes) -> Outgoing {
        Outgoing::Bytes(Some(bytes.clone()).filter(|b| !b.is_empty()))
    }

    pub(crate) fn empty() -> Outgoing {
        Outgoing::Bytes(None)
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut *self {
            Outgoing::Bytes(bytes) => {
                Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b))))
            }
            Outgoing::Pieces(pieces, left) => {
                let piece = std::task::ready!(pieces.poll_recv(context));
                if let (Some(Ok(piece)), Some(left)) = (&piece, left) {
                    *left = left.saturating_sub(piece.len() as u64);
                }
                Poll::Ready(piece.map(|p| p.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Outgoing::Bytes(bytes) => bytes.is_none(),
            Outgoing::Pieces(_, left) => *left == Some(0),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Outgoing::Bytes(bytes) => SizeHint::with_exact(
                bytes.as_ref().map_or(0, |b| b.len() as u64),
            ),
            Outgoing::Pieces(_, Some(left)) => SizeHint::with_exact(*left),
            Outgoing::Pieces(_, None) => SizeHint::default(),
        }
    }
}
