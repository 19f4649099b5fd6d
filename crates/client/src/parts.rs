//! A long body, sent in parts.
//!
//! The body is read once, in order, into parts; some are on their way at once,
//! and each is kept until the server has it. So a broken connection costs the
//! parts that were on it, and whoever supplies the body hears nothing of it.
//! The object appears when all parts are there. What fails for good aborts the
//! upload, and its parts go.

use std::collections::BTreeMap;

use bytes::Bytes;
use thoth_manta::{
    Code, Condition, Error, Etag, ObjectInfo, Path, PutOptions, Result,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::Client;
use crate::uploads::{Upload, upload_headers};

/// Parts on their way at once.
const AT_ONCE: usize = 4;
/// The usual size of a part.
const PART: u64 = 16 << 20;
/// The protocol allows ten thousand parts.
const MOST_PARTS: u64 = 10_000;

/// Returns how large the parts of a body are.
pub(crate) fn part_size(length: u64) -> usize {
    let least = length.div_ceil(MOST_PARTS);
    // Whole mebibytes.
    let size = least.max(PART).div_ceil(1 << 20).saturating_mul(1 << 20);
    usize::try_from(size).unwrap_or(usize::MAX)
}

impl Client {
    /// Stores an object whose parts come through a channel: all but the last
    /// of one size, of 5 MiB at least. An error in their place ends the upload
    /// without an object.
    ///
    /// Parts are sent side by side, and each again where its connection
    /// breaks. With a condition, the path is looked at before the first part;
    /// the condition itself travels with the commit.
    ///
    /// # Errors
    ///
    /// The server's, and trouble on the way to it; nothing is stored then.
    pub async fn put_parts(
        &self,
        path: &Path,
        mut parts: mpsc::Receiver<Result<Bytes>>,
        options: &PutOptions,
    ) -> Result<ObjectInfo> {
        self.check_target(path, &options.condition).await?;
        let upload = self.create_upload(path, upload_headers(options)).await?;
        let sent = self.send_parts(&upload, &mut parts, options).await;
        let done = match sent {
            Ok(etags) => self.finish(path, &upload, &etags, options).await,
            Err(error) => Err(error),
        };
        if done.is_err() {
            // The first failure is the one to tell.
            let _ = self.abort_upload(&upload).await;
        }
        done
    }

    /// Refuses early what is bound to be refused at the end.
    async fn check_target(
        &self,
        path: &Path,
        condition: &Condition,
    ) -> Result<()> {
        let there = match self.info(path).await {
            Ok(info) => Some(info),
            Err(error) if error.code() == Code::ResourceNotFound => None,
            Err(error) => return Err(error),
        };
        let directory = there.as_ref().is_some_and(|i| i.is_directory());
        if directory {
            let text = format!("{path} is a directory");
            let code = Code::OperationNotAllowedOnDirectory;
            return Err(Error::new(code, text));
        }
        let object = there.as_ref().and_then(|i| i.object());
        if !condition.holds_at(object.map(|o| (&o.etag, o.mtime))) {
            let text = format!("{path}: the condition does not hold");
            return Err(Error::new(Code::PreconditionFailed, text));
        }
        let parent = path.parent().filter(|p| !p.is_root());
        if let (None, Some(parent)) = (object, parent) {
            self.info(&parent).await.map_err(|error| {
                if error.code() != Code::ResourceNotFound {
                    return error;
                }
                let text = format!("{parent} does not exist");
                Error::new(Code::DirectoryDoesNotExist, text)
            })?;
        }
        Ok(())
    }

    async fn send_parts(
        &self,
        upload: &Upload,
        parts: &mut mpsc::Receiver<Result<Bytes>>,
        options: &PutOptions,
    ) -> Result<Vec<String>> {
        let mut tasks: JoinSet<Result<(u32, Etag)>> = JoinSet::new();
        let mut etags = BTreeMap::new();
        let mut length = 0u64;
        let mut number = 0u32;
        while let Some(part) = parts.recv().await {
            let part = part?;
            length = length.saturating_add(part.len() as u64);
            let (client, upload) = (self.clone(), upload.clone());
            tasks.spawn(async move {
                let etag = client.put_part(&upload, number, part).await?;
                Ok((number, etag))
            });
            number = number.saturating_add(1);
            while tasks.len() >= AT_ONCE {
                collect(&mut tasks, &mut etags).await?;
            }
        }
        while !tasks.is_empty() {
            collect(&mut tasks, &mut etags).await?;
        }
        if options.length_bytes.is_some_and(|promised| promised != length) {
            let text = format!(
                "{}: the body has {length} bytes, not as many as promised",
                upload.id
            );
            return Err(Error::new(Code::UploadAbandoned, text));
        }
        Ok(etags.into_values().collect())
    }

    async fn finish(
        &self,
        path: &Path,
        upload: &Upload,
        etags: &[String],
        options: &PutOptions,
    ) -> Result<ObjectInfo> {
        self.commit_upload(upload, etags, &options.condition).await?;
        self.object(path).await
    }
}

async fn collect(
    tasks: &mut JoinSet<Result<(u32, Etag)>>,
    etags: &mut BTreeMap<u32, String>,
) -> Result<()> {
    match tasks.join_next().await {
        None => Ok(()),
        Some(Ok(done)) => {
            let (number, etag) = done?;
            etags.insert(number, etag.as_str().to_owned());
            Ok(())
        }
        Some(Err(cause)) => {
            let text = "sending a part ended unexpectedly";
            Err(Error::new(Code::InternalError, text).because(cause))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_length_fits_into_the_parts_allowed() {
        for length in [1, PART, 200 << 30, 5 << 40] {
            let size = part_size(length) as u64;
            assert!(size >= PART && size.is_multiple_of(1 << 20));
            assert!(length.div_ceil(size) <= MOST_PARTS, "{length}");
        }
    }
}
