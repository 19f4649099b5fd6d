//! A download that goes on when its connection breaks.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use md5::Digest;
use thoth_manta::{Code, Error, ObjectInfo, Result};

use crate::Client;

/// Part of a version of an object, or all of it, on its way.
///
/// Where the connection breaks, the rest is asked for, of the same version; if
/// that is no longer there, the download fails. A download of the whole ends
/// with an error when its MD5 is not the one that the server knows.
pub struct Download {
    client: Client,
    info: Arc<ObjectInfo>,
    at: u64,
    end: u64,
    body: Option<Incoming>,
    md5: Option<md5::Md5>,
    /// Breaks since anything came.
    breaks: u32,
}

impl Download {
    pub(crate) fn new(
        client: Client,
        info: Arc<ObjectInfo>,
        at: u64,
        end: u64,
    ) -> Download {
        let whole = at == 0 && end == info.size_bytes;
        let md5 = (whole && info.md5.is_some()).then(md5::Md5::new);
        Download { client, info, at, end, body: None, md5, breaks: 0 }
    }

    /// Returns what the server knew when the object was opened.
    pub fn info(&self) -> &ObjectInfo {
        &self.info
    }

    /// Returns where the next piece begins.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// Returns the next piece; `None` at the end.
    ///
    /// # Errors
    ///
    /// Trouble that trying again did not help, and bytes that are not those
    /// stored.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        let retries = self.client.config().retries;
        while self.at < self.end {
            let broken = match self.piece().await {
                Ok(Some(piece)) => {
                    self.breaks = 0;
                    return self.take(piece).map(Some);
                }
                Ok(None) => {
                    let text = format!(
                        "{}: the server's answer ends at byte {}, expected {}",
                        self.info.path, self.at, self.end
                    );
                    Error::new(Code::ServiceUnavailable, text)
                }
                Err(error) => error,
            };
            self.body = None;
            self.breaks += 1;
            let passing = broken.code() == Code::ServiceUnavailable;
            if !passing || self.breaks > retries.times {
                return Err(broken);
            }
            tokio::time::sleep(retries.wait(self.breaks)).await;
        }
        self.check()?;
        Ok(None)
    }

    async fn piece(&mut self) -> Result<Option<Bytes>> {
        let stall = self.client.config().stall_timeout;
        let body = match &mut self.body {
            Some(body) => body,
            None => {
                let response = self
                    .client
                    .ask_range(&self.info, self.at, self.end)
                    .await?;
                let whole = response.status() == http::StatusCode::OK;
                if whole && self.at > 0 {
                    let text = format!(
                        "{}: the server does not do ranges",
                        self.info.path
                    );
                    return Err(Error::new(Code::NotImplemented, text));
                }
                self.body.insert(response.into_body())
            }
        };
        loop {
            let frame = match tokio::time::timeout(stall, body.frame()).await {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(cause))) => {
                    let text = format!(
                        "{}: the connection broke at byte {}",
                        self.info.path, self.at
                    );
                    let error = Error::new(Code::ServiceUnavailable, text);
                    return Err(error.because(cause));
                }
                Err(_) => {
                    let text = format!(
                        "{}: nothing came for {} s",
                        self.info.path,
                        stall.as_secs()
                    );
                    return Err(Error::new(Code::ServiceUnavailable, text));
                }
            };
            if let Ok(data) = frame.into_data()
                && data.has_remaining()
            {
                return Ok(Some(data));
            }
        }
    }

    fn take(&mut self, mut piece: Bytes) -> Result<Bytes> {
        self.client.count_received(piece.len());
        let left = self.end.saturating_sub(self.at);
        if piece.len() as u64 > left {
            piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        }
        self.at = self.at.saturating_add(piece.len() as u64);
        if let Some(md5) = &mut self.md5 {
            md5.update(&piece);
        }
        Ok(piece)
    }

    fn check(&mut self) -> Result<()> {
        let Some(md5) = self.md5.take() else { return Ok(()) };
        let found: [u8; 16] = md5.finalize().into();
        if self.info.md5 == Some(found) {
            return Ok(());
        }
        Err(Error::new(
            Code::ContentMd5Mismatch,
            format!(
                "{}: the bytes that came are not stored so",
                self.info.path
            ),
        ))
    }
}
