//! Objects: sending them, and opening them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::EXPECT;
use http::{Method, Response};
use hyper::body::Incoming;
use thoth_manta::{
    Code, Error, Etag, Md5, ObjectInfo, Path, PutOptions, Result, Timestamp,
};
use tokio::sync::{Notify, mpsc};

use crate::body::Outgoing;
use crate::download::Download;
use crate::transport::{Call, Client};
use crate::wire;

/// How long the server may take to say that it wants the body. A server that
/// never says so gets it all the same.
const PATIENCE: Duration = Duration::from_secs(30);

/// A body that comes piece by piece.
pub(crate) struct Pieces {
    pub(crate) from: mpsc::Receiver<io::Result<Bytes>>,
    /// Told when the first piece is wanted.
    pub(crate) wanted: Arc<Notify>,
}

impl Client {
    /// Stores bytes that are at hand.
    ///
    /// # Errors
    ///
    /// The server's, and trouble on the way to it.
    pub async fn put_bytes(
        &self,
        path: &Path,
        bytes: Bytes,
        options: &PutOptions,
    ) -> Result<ObjectInfo> {
        let size = bytes.len() as u64;
        check_length(path, size, options)?;
        let mut call = put_call(path, options, Some(size));
        call.body = bytes;
        let response = self.send(&call).await?;
        stored(path, &response, options, size)
    }

    /// Stores what comes through a channel. Nothing need be put into it before
    /// `wanted` is told, and nothing is taken of a body that is refused.
    pub(crate) async fn put_pieces(
        &self,
        path: &Path,
        pieces: Pieces,
        options: &PutOptions,
    ) -> Result<ObjectInfo> {
        let length = options.length_bytes;
        let call = put_call(path, options, length);
        let call = match length {
            Some(0) => call,
            _ => call.header(EXPECT, "100-continue"),
        };
        let body = Outgoing::Pieces(pieces.from, length);
        let request = self.request(&call, body).await;
        let mut request = request.map_err(|failed| failed.error)?;
        let wanted = Arc::clone(&pieces.wanted);
        hyper::ext::on_informational(&mut request, move |response| {
            if response.status() == http::StatusCode::CONTINUE {
                wanted.notify_one();
            }
        });
        let patience = tokio::spawn({
            let wanted = Arc::clone(&pieces.wanted);
            async move {
                tokio::time::sleep(PATIENCE).await;
                wanted.notify_one();
            }
        });
        let exchanged = self.exchange(request).await;
        patience.abort();
        let judged = match exchanged {
            Ok(response) => self.judged(&call, response).await,
            Err(failed) => Err(failed),
        };
        let response = judged.map_err(|failed| failed.error)?;
        let size = length.unwrap_or(0);
        stored(path, &response, options, size)
    }

    /// Opens the present version of an object.
    ///
    /// # Errors
    ///
    /// The server's, and trouble on the way to it.
    pub async fn get(&self, path: &Path) -> Result<Download> {
        let info = self.object(path).await?;
        let end = info.size_bytes;
        Ok(Download::new(self.clone(), Arc::new(info), 0, end))
    }

    /// Asks for part of a version, from `at` up to `end`.
    pub(crate) async fn ask_range(
        &self,
        info: &ObjectInfo,
        at: u64,
        end: u64,
    ) -> Result<Response<Incoming>> {
        let mut call = Call::new(Method::GET, info.path.to_encoded())
            .header("if-match", info.etag.as_str());
        if at > 0 || end < info.size_bytes {
            let last = end.saturating_sub(1);
            call = call.header("range", format!("bytes={at}-{last}"));
        }
        self.send(&call).await.map_err(|error| match error.code() {
            Code::PreconditionFailed | Code::ResourceNotFound => {
                let text = format!(
                    "{}: the version {} is no longer there",
                    info.path, info.etag
                );
                Error::new(error.code(), text)
            }
            _ => error,
        })
    }
}

/// Refuses a body whose length is not the one promised.
pub(crate) fn check_length(
    path: &Path,
    size: u64,
    options: &PutOptions,
) -> Result<()> {
    if let Some(promised) = options.length_bytes.filter(|n| *n != size) {
        let text = format!("{path}: {size} bytes, promised were {promised}");
        return Err(Error::new(Code::UploadAbandoned, text));
    }
    if let Some(max) = options.max_bytes.filter(|max| size > *max) {
        let text = format!("{path}: {size} bytes, expected at most {max}");
        return Err(Error::new(Code::MaxContentLengthExceeded, text));
    }
    Ok(())
}

fn put_call(path: &Path, options: &PutOptions, length: Option<u64>) -> Call {
    let mut call = Call::new(Method::PUT, path.to_encoded())
        .header("content-type", options.metadata.content_type.as_str())
        .repeatable(options.condition == thoth_manta::Condition::none());
    // Parts of an upload have none of their own.
    if options.durability > 0 {
        let copies = options.durability.to_string();
        call = call.header("durability-level", copies);
    }
    call = match length {
        Some(length) => call.header("content-length", length.to_string()),
        None => call.header("transfer-encoding", "chunked"),
    };
    if let Some(max) = options.max_bytes {
        call = call.header("max-content-length", max.to_string());
    }
    if let Md5::Promised(md5) = options.md5 {
        call = call.header("content-md5", wire::base64(&md5));
    }
    let call = wire::with_condition(call, &options.condition);
    wire::with_kept(call, &options.metadata.headers)
}

/// Returns what is stored, by the answer to a PUT.
fn stored(
    path: &Path,
    response: &Response<Incoming>,
    options: &PutOptions,
    size_bytes: u64,
) -> Result<ObjectInfo> {
    let headers = response.headers();
    let etag = wire::text(headers, "etag").and_then(|e| Etag::parse(e).ok());
    let etag = etag.ok_or_else(|| {
        let text = format!("{path}: the server's answer has no etag");
        Error::new(Code::InternalError, text)
    })?;
    let mtime = wire::text(headers, "last-modified")
        .and_then(thoth_manta::signature::parse_http_date);
    Ok(ObjectInfo {
        path: path.clone(),
        etag,
        size_bytes,
        stored_bytes: None,
        digest: None,
        md5: wire::md5(headers, "computed-md5"),
        mtime: mtime.unwrap_or_else(Timestamp::now),
        durability: options.durability,
        metadata: options.metadata.clone(),
    })
}
