//! Directories, links, listings: what is about names.

use bytes::Bytes;
use http::Method;
use thoth_manta::signature::encode_strictly;
use thoth_manta::{
    Code, Condition, DirectoryOptions, Error, Info, Kinds, LinkOptions,
    ListOptions, Listing, Metadata, ObjectInfo, Order, Path, Result,
};

use crate::transport::{Call, Client, Head};
use crate::wire;

impl Client {
    /// Returns the answer to the question what is there, be it that nothing
    /// is.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn head(&self, path: &Path) -> Result<Head> {
        let call = Call::new(Method::HEAD, path.to_encoded());
        let retries = self.shared.config.retries;
        let mut tries = 1;
        let response = loop {
            let sent =
                match self.request(&call, crate::body::Outgoing::empty()).await
                {
                    Ok(request) => self.exchange(request).await,
                    Err(failed) => Err(failed),
                };
            match sent {
                Ok(response) => break response,
                Err(failed) if failed.may_pass && tries <= retries.times => {
                    tokio::time::sleep(retries.wait(tries)).await;
                    tries += 1;
                }
                Err(failed) => return Err(failed.error),
            }
        };
        let shown = |value: &http::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        Ok(Head {
            status: response.status().as_u16(),
            headers: response
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), shown(value)))
                .collect(),
        })
    }

    /// Returns what the server knows about a path.
    ///
    /// # Errors
    ///
    /// The server's, and trouble on the way to it.
    pub async fn info(&self, path: &Path) -> Result<Info> {
        let call = Call::new(Method::HEAD, path.to_encoded());
        let response = self.send(&call).await?;
        wire::info(path, response.headers())
    }

    /// Lists part of a directory.
    ///
    /// # Errors
    ///
    /// The server's, and trouble on the way to it.
    pub async fn list(
        &self,
        path: &Path,
        options: &ListOptions,
    ) -> Result<Listing> {
        let mut target =
            format!("{}?limit={}", path.to_encoded(), options.limit);
        if let Some(marker) = &options.marker {
            target.push_str("&marker=");
            target.push_str(&encode_strictly(marker));
        }
        target.push_str(match options.order {
            Order::Name => "",
            Order::NameReversed => "&sort_order=reverse",
            Order::Newest => "&sort=mtime",
            Order::Oldest => "&sort=mtime&sort_order=reverse",
        });
        target.push_str(match options.kinds {
            Kinds::All => "",
            Kinds::Directories => "&dir=true",
            Kinds::Objects => "&obj=true",
        });
        let call = Call::new(Method::GET, target);
        let response = self.send(&call).await?;
        let kind = wire::text(response.headers(), "content-type");
        if !kind.unwrap_or_default().contains("type=directory") {
            let text = format!("{path} is an object, not a directory");
            return Err(Error::new(Code::ParentNotDirectory, text));
        }
        let total = wire::text(response.headers(), "result-set-size")
            .and_then(|n| n.parse().ok());
        let body = self.read_all(response).await?;
        let entries = body
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| wire::listed(path, line))
            .collect::<Result<Vec<Info>>>()?;
        let total = total.unwrap_or(entries.len() as u64);
        Ok(Listing { entries, total })
    }

    /// Deletes an object, or a directory that is empty.
    ///
    /// # Errors
    ///
    /// The server's, and trouble on the way to it.
    pub async fn delete(
        &self,
        path: &Path,
        condition: &Condition,
    ) -> Result<()> {
        let call = Call::new(Method::DELETE, path.to_encoded())
            .header("content-length", "0")
            .repeatable(*condition == Condition::none());
        let call = wire::with_condition(call, condition);
        match self.send_counted(&call).await {
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes a directory, or gives one that is there other headers.
    ///
    /// The protocol has no word for "unless it is there already": that is
    /// looked at first, unless headers are to be replaced.
    ///
    /// # Errors
    ///
    /// The server's, and trouble on the way to it.
    pub async fn mkdir(
        &self,
        path: &Path,
        options: &DirectoryOptions,
    ) -> Result<()> {
        if options.headers.is_none() || !options.replace_object {
            match self.info(path).await {
                Ok(Info::Directory(_)) if options.headers.is_none() => {
                    return Ok(());
                }
                Ok(Info::Object(_)) if !options.replace_object => {
                    let text = format!("{path} is an object, not a directory");
                    return Err(Error::new(Code::ParentNotDirectory, text));
                }
                Err(error) if error.code().status() != 404 => {
                    return Err(error);
                }
                _ => {}
            }
        }
        let call = Call::new(Method::PUT, path.to_encoded())
            .header("content-type", "application/json; type=directory")
            .header("content-length", "0")
            .repeatable(true);
        let headers = options.headers.clone().unwrap_or_default();
        self.send(&wire::with_kept(call, &headers)).await?;
        Ok(())
    }

    /// Gives the version that `source` has a second name.
    ///
    /// # Errors
    ///
    /// The server's, and trouble on the way to it.
    pub async fn link(
        &self,
        source: &Path,
        path: &Path,
        options: &LinkOptions,
    ) -> Result<ObjectInfo> {
        let call = Call::new(Method::PUT, path.to_encoded())
            .header("content-type", "application/json; type=link")
            .header("content-length", "0")
            .header("location", source.to_encoded())
            .repeatable(options.condition == Condition::none());
        let call = wire::with_condition(call, &options.condition);
        self.send(&wire::with_kept(call, &options.headers)).await?;
        self.object(path).await
    }

    /// Replaces what is attached to an object's name.
    ///
    /// # Errors
    ///
    /// The server's, and trouble on the way to it.
    pub async fn set_metadata(
        &self,
        path: &Path,
        metadata: &Metadata,
        condition: &Condition,
    ) -> Result<ObjectInfo> {
        let target = format!("{}?metadata=true", path.to_encoded());
        let mut call = Call::new(Method::PUT, target)
            .header("content-type", metadata.content_type.as_str())
            .header("content-length", "0")
            .repeatable(*condition == Condition::none());
        call.body = Bytes::new();
        let call = wire::with_condition(call, condition);
        self.send(&wire::with_kept(call, &metadata.headers)).await?;
        self.object(path).await
    }

    /// Returns what the server knows about an object.
    pub(crate) async fn object(&self, path: &Path) -> Result<ObjectInfo> {
        match self.info(path).await? {
            Info::Object(object) => Ok(object),
            Info::Directory(_) => Err(Error::new(
                Code::OperationNotAllowedOnDirectory,
                format!("{path} is a directory"),
            )),
        }
    }
}
