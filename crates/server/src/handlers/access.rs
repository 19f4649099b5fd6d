//! Whether the caller may, by the role tags of what is there.

use std::collections::BTreeMap;

use thoth_manta::{Code, Error, Info, Manta, Path, Result};

use super::Call;
use crate::auth::{Action, ROLE_TAG, Resource};

impl Call<'_> {
    /// Refuses what the caller may not do to a resource with such tags.
    pub(super) fn allow(
        &mut self,
        action: Action,
        path: &Path,
        tags: &[String],
    ) -> Result<()> {
        let resource = Resource { path, role_tags: tags, exists: None };
        self.allow_resource(action, &resource)
    }

    /// Does so for a resource of which it is known whether it is there.
    fn allow_resource(
        &mut self,
        action: Action,
        resource: &Resource<'_>,
    ) -> Result<()> {
        self.trail.action = Some(action);
        self.trail.path = Some(resource.path.clone());
        let facts = self.request.facts();
        self.core.auth.authorize(&self.who, action, resource, &facts)
    }

    /// Does so for what was found.
    pub(super) fn allow_found(
        &mut self,
        action: Action,
        info: &Info,
    ) -> Result<()> {
        self.allow_tagged(action, info.path(), headers_of(info))
    }

    /// Does so for what has such headers.
    pub(super) fn allow_tagged(
        &mut self,
        action: Action,
        path: &Path,
        headers: &BTreeMap<String, String>,
    ) -> Result<()> {
        let tags = if self.who.needs_tags(path.account()) {
            tags_of(headers)
        } else {
            Vec::new()
        };
        let resource = Resource { path, role_tags: &tags, exists: Some(true) };
        self.allow_resource(action, &resource)
    }

    /// Does so for a new name, by the tags of the directory it is to be in.
    pub(super) fn allow_new(
        &mut self,
        action: Action,
        path: &Path,
    ) -> Result<()> {
        if !self.who.needs_tags(path.account()) {
            return self.allow(action, path, &[]);
        }
        let tags = match path.parent() {
            Some(parent) => match self.find(&parent)? {
                Some(info) => tags_of(headers_of(&info)),
                None => Vec::new(),
            },
            None => Vec::new(),
        };
        let resource = Resource { path, role_tags: &tags, exists: Some(false) };
        self.allow_resource(action, &resource)
    }

    /// Does so for a name that may be there already.
    pub(super) fn allow_put(
        &mut self,
        action: Action,
        path: &Path,
    ) -> Result<()> {
        self.allow_change(action, action, path)
    }

    /// Does so by what is there: one action for an object and for nothing,
    /// another for a directory.
    pub(super) fn allow_change(
        &mut self,
        object: Action,
        directory: Action,
        path: &Path,
    ) -> Result<()> {
        if !self.who.needs_tags(path.account()) {
            return self.allow(object, path, &[]);
        }
        match self.find(path)? {
            Some(info) if info.is_directory() => {
                self.allow_found(directory, &info)
            }
            Some(info) => self.allow_found(object, &info),
            None => self.allow_new(object, path),
        }
    }

    /// Looks a path up; `None` when nothing is there.
    pub(super) fn find(&self, path: &Path) -> Result<Option<Info>> {
        match self.core.store.info(path) {
            Ok(info) => Ok(Some(info)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the error that nothing is there, or that there is no such
    /// account.
    pub(super) fn absent(&self, path: &Path) -> Error {
        let account = Path::parse(&format!("/{}", path.account()));
        match account.map(|account| self.find(&account)) {
            Ok(Ok(None)) => Error::new(
                Code::AccountDoesNotExist,
                format!("{} does not exist", path.account()),
            ),
            _ => Error::not_found(path),
        }
    }

    /// Returns the role tags that a PUT gives, as they are kept.
    pub(super) fn new_tags(&self, path: &Path) -> Result<Option<String>> {
        let facts = self.request.facts();
        let tags = self.core.auth.role_tags(&self.who, path, &facts)?;
        Ok((!tags.is_empty()).then(|| tags.join(", ")))
    }
}

fn headers_of(info: &Info) -> &BTreeMap<String, String> {
    match info {
        Info::Object(object) => &object.metadata.headers,
        Info::Directory(directory) => &directory.headers,
    }
}

/// Returns the role tags among headers.
fn tags_of(headers: &BTreeMap<String, String>) -> Vec<String> {
    let text = headers.get(ROLE_TAG).map(String::as_str).unwrap_or_default();
    let tags = text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
    tags.map(str::to_owned).collect()
}
