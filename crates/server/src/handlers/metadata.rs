//! Replacing what is attached to a name, without its bytes.

use thoth_manta::{Code, DirectoryOptions, Error, Info, Manta, Path, Result};

use super::Call;
use crate::auth::Action;
use crate::reply::Reply;
use crate::{conditions, headers};

impl Call<'_> {
    pub(super) fn put_metadata(&mut self, path: &Path) -> Result<Reply> {
        self.allow_put(Action::PutObject, path)?;
        self.refuse_fixed()?;
        match self.find(path)? {
            None => Err(self.absent(path)),
            Some(Info::Directory(directory)) => {
                // What a directory has no use for is no mistake.
                headers::disposition(self.request)?;
                let headers = self.new_headers(path)?;
                let options = DirectoryOptions {
                    headers: Some(headers),
                    replace_object: false,
                };
                self.skip_body()?;
                self.core.store.mkdir_with(&directory.path, &options)?;
                Ok(Reply::no_content())
            }
            Some(Info::Object(object)) => {
                let content_type = match self.request.header("content-type") {
                    Some(text) => headers::content_type(Some(text)),
                    None => object.metadata.content_type,
                };
                let metadata = self.new_metadata(path, content_type)?;
                let condition = conditions::of_request(self.request);
                self.skip_body()?;
                let info = self
                    .core
                    .store
                    .set_metadata(path, &metadata, &condition)?;
                let mut reply = Reply::no_content();
                reply.set_etag(&info.etag);
                reply.set_modified(info.mtime);
                Ok(reply)
            }
        }
    }

    /// Refuses headers that say something about the bytes.
    fn refuse_fixed(&self) -> Result<()> {
        let request = self.request;
        let length = request.content_length().is_some_and(|l| l > 0);
        let named = ["content-md5", "durability-level", "x-durability-level"];
        let fixed = if length {
            Some("content-length")
        } else {
            named.into_iter().find(|name| request.has(name))
        };
        match fixed {
            None => Ok(()),
            Some(name) => Err(Error::new(
                Code::InvalidUpdate,
                format!("overwrite of \"{name}\" forbidden"),
            )),
        }
    }
}
