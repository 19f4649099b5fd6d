//! SnapLinks: a second name for the version that an object has now.

use thoth_manta::{Code, Error, Info, LinkOptions, Manta, Path, Result};

use super::Call;
use crate::auth::Action;
use crate::conditions;
use crate::reply::Reply;

impl Call<'_> {
    pub(super) fn put_link(&mut self, path: &Path) -> Result<Reply> {
        let account = path.account();
        if self.core.settings.snaplinks_disabled.iter().any(|a| a == account) {
            return Err(Error::new(
                Code::SnaplinksDisabled,
                format!("links are disabled for {account}"),
            ));
        }
        self.allow_put(Action::PutLink, path)?;
        if path.is_root() {
            return Err(Error::new(
                Code::OperationNotAllowedOnRootDirectory,
                format!("PUT is not allowed on {path}"),
            ));
        }
        let source = self.source()?;
        let from = self.readable_source(&source)?;
        // The rules of its place are those of any object.
        let metadata = self.new_metadata(path, String::new())?;
        let options = LinkOptions {
            condition: conditions::of_request(self.request),
            headers: metadata.headers,
        };
        self.skip_body()?;
        let info = self.core.store.link_with(&source, path, &options)?;
        let mut reply = Reply::no_content();
        reply.set_etag(&info.etag);
        // The source may have changed since it was looked up; then only the
        // time of the link is known.
        let same = from.filter(|(etag, _)| *etag == info.etag);
        reply.set_modified(same.map_or(info.mtime, |(_, mtime)| mtime));
        Ok(reply)
    }

    /// Returns the path that `Location` names.
    fn source(&self) -> Result<Path> {
        if !self.request.has("location") {
            let text = "location: expected the path of an object, found none";
            return Err(Error::new(Code::LocationRequired, text));
        }
        let bad = |text: &str| {
            Error::new(
                Code::InvalidLink,
                format!("location \"{text}\" is no path of an object"),
            )
        };
        let text = self.request.header("location").unwrap_or_default();
        let raw = match text.split_once("://") {
            Some((_, rest)) => {
                let path = rest.find('/').and_then(|at| rest.get(at..));
                path.unwrap_or_default()
            }
            None => text,
        };
        let raw = raw.split(['?', '#']).next().unwrap_or_default();
        match crate::target::Target::parse(raw) {
            Ok(crate::target::Target::Tree(path)) => Ok(path),
            _ => Err(bad(text)),
        }
    }

    /// Makes sure that the caller may read the source; returns its version
    /// and time.
    fn readable_source(
        &mut self,
        source: &Path,
    ) -> Result<Option<(thoth_manta::Etag, thoth_manta::Timestamp)>> {
        let found = self.find(source)?;
        let trail = (self.trail.action, self.trail.path.clone());
        match &found {
            Some(info) => self.allow_found(Action::GetObject, info)?,
            None => self.allow_new(Action::GetObject, source)?,
        }
        // What is being done is the link.
        (self.trail.action, self.trail.path) = trail;
        Ok(match found {
            Some(Info::Object(object)) => Some((object.etag, object.mtime)),
            _ => None,
        })
    }
}
