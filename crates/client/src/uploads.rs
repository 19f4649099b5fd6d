//! Multipart uploads: an object sent in parts, and ended by one request.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use thoth_manta::{
    Code, Condition, Error, Etag, Md5, Path, PutOptions, Result,
};

use crate::transport::{Call, Client};
use crate::wire;

/// An upload that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: String,
    /// Where its parts are.
    pub directory: Path,
}

impl Client {
    /// Begins an upload of an object, which is to have these headers.
    ///
    /// # Errors
    ///
    /// The server's, and trouble on the way to it.
    pub async fn create_upload(
        &self,
        path: &Path,
        headers: serde_json::Map<String, Value>,
    ) -> Result<Upload> {
        let document =
            json!({ "objectPath": path.to_encoded(), "headers": headers });
        let target = format!("/{}/uploads", self.shared.config.account);
        let answer = self.post(target, &document, false, None).await?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        let odd = || {
            let text = "the server's answer to a new upload has no id";
            Error::new(Code::InternalError, text)
        };
        let id = text("id").ok_or_else(odd)?.to_owned();
        let directory = text("partsDirectory").ok_or_else(odd)?;
        let directory = Path::parse_encoded(directory)?;
        Ok(Upload { id, directory })
    }

    /// Returns an upload by its id.
    ///
    /// # Errors
    ///
    /// `ResourceNotFound` when there is none, and trouble on the way.
    pub async fn find_upload(&self, id: &str) -> Result<Upload> {
        let account = Path::parse(&format!(
            "/{}/uploads/{id}",
            self.shared.config.account
        ))?;
        let head = self.head(&account).await?;
        let location = head.headers.iter().find(|(n, _)| n == "location");
        let Some((_, location)) = location else {
            return Err(Error::not_found(&account));
        };
        let directory = Path::parse_encoded(location)?;
        Ok(Upload { id: id.to_owned(), directory })
    }

    /// Sends a part, or another in its place; returns its etag.
    ///
    /// # Errors
    ///
    /// The server's, and trouble on the way to it.
    pub async fn put_part(
        &self,
        upload: &Upload,
        number: u32,
        bytes: Bytes,
    ) -> Result<Etag> {
        let path = upload.directory.join(&number.to_string())?;
        let mut call = Call::new(Method::PUT, path.to_encoded())
            .header("content-type", "application/octet-stream")
            .header("content-length", bytes.len().to_string())
            .repeatable(true);
        call.body = bytes;
        let response = self.send(&call).await?;
        let etag = wire::text(response.headers(), "etag")
            .and_then(|etag| Etag::parse(etag).ok());
        etag.ok_or_else(|| {
            let text = format!("{path}: the server's answer has no etag");
            Error::new(Code::InternalError, text)
        })
    }

    /// Returns the server's document about an upload.
    ///
    /// # Errors
    ///
    /// The server's, and trouble on the way to it.
    pub async fn upload_state(&self, upload: &Upload) -> Result<Value> {
        let target = format!("{}/state", upload.directory.to_encoded());
        let response = self.send(&Call::new(Method::GET, target)).await?;
        let body = self.read_all(response).await?;
        serde_json::from_slice(&body).map_err(|e| {
            let text = format!("upload {}: no JSON document", upload.id);
            Error::new(Code::InternalError, text).because(e)
        })
    }

    /// Makes the object of the parts with these etags, in this order.
    ///
    /// The condition is judged when the object is made, by servers that know
    /// conditions of commits; others ignore it.
    ///
    /// # Errors
    ///
    /// The server's, and trouble on the way to it.
    pub async fn commit_upload(
        &self,
        upload: &Upload,
        parts: &[String],
        condition: &Condition,
    ) -> Result<()> {
        let target = format!("{}/commit", upload.directory.to_encoded());
        let document = json!({ "parts": parts });
        // The same list twice is the same commit.
        self.post(target, &document, true, Some(condition)).await?;
        Ok(())
    }

    /// Ends an upload without an object.
    ///
    /// # Errors
    ///
    /// The server's, and trouble on the way to it.
    pub async fn abort_upload(&self, upload: &Upload) -> Result<()> {
        let target = format!("{}/abort", upload.directory.to_encoded());
        self.post(target, &json!({}), true, None).await?;
        Ok(())
    }

    async fn post(
        &self,
        target: String,
        document: &Value,
        repeatable: bool,
        condition: Option<&Condition>,
    ) -> Result<Value> {
        use md5::Digest as _;
        let body = Bytes::from(document.to_string());
        let md5: [u8; 16] = md5::Md5::digest(&body).into();
        let mut call = Call::new(Method::POST, target)
            .header("content-type", "application/json")
            .header("content-length", body.len().to_string())
            .header("content-md5", wire::base64(&md5))
            .repeatable(repeatable);
        if let Some(condition) = condition {
            call = wire::with_condition(call, condition);
        }
        call.body = body;
        let response = self.send(&call).await?;
        let body = self.read_all(response).await?;
        Ok(serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}

/// Returns what the object is to have, as the protocol wants it.
pub(crate) fn upload_headers(
    options: &PutOptions,
) -> serde_json::Map<String, Value> {
    let mut headers = serde_json::Map::new();
    let mut add = |name: &str, value: Value| {
        headers.insert(name.to_owned(), value);
    };
    if let Some(length) = options.length_bytes {
        add("content-length", json!(length));
    }
    add("durability-level", json!(options.durability));
    add("content-type", json!(options.metadata.content_type));
    if let Md5::Promised(md5) = options.md5 {
        add("content-md5", json!(wire::base64(&md5)));
    }
    for (name, value) in &options.metadata.headers {
        add(name, json!(value));
    }
    headers
}
