//! Directories: PUT, and their listings.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::StatusCode;
use thoth_manta::{
    Code, DirectoryInfo, DirectoryOptions, Error, Info, Kinds, ListOptions,
    Manta, ObjectInfo, Order, Path, Result,
};

use super::Call;
use crate::auth::Action;
use crate::headers;
use crate::reply::{Reply, ReplyBody};

/// The type of a listing. Clients compare it as a whole.
const LISTING: &str = "application/x-json-stream; type=directory";
/// Entries of a page where the request does not say.
const USUAL_LIMIT: u32 = 256;

impl Call<'_> {
    pub(super) fn put_directory(&mut self, path: &Path) -> Result<Reply> {
        self.allow_put(Action::PutDirectory, path)?;
        let options = DirectoryOptions {
            headers: Some(self.new_headers(path)?),
            replace_object: true,
        };
        self.skip_body()?;
        self.core.store.mkdir_with(path, &options)?;
        Ok(Reply::no_content())
    }

    /// Answers what is asked of an account itself.
    pub(super) fn account(&mut self, path: &Path) -> Result<Reply> {
        use http::Method;
        let method = &self.request.method;
        match *method {
            Method::GET | Method::HEAD => {
                self.allow(Action::GetDirectory, path, &[])?;
                match self.find(path)? {
                    Some(Info::Directory(directory)) => self.list(&directory),
                    _ => Err(self.absent(path)),
                }
            }
            Method::PUT | Method::POST | Method::DELETE => {
                self.allow(Action::PutDirectory, path, &[])?;
                Err(Error::new(
                    Code::OperationNotAllowedOnRootDirectory,
                    format!("{method} is not allowed on {path}"),
                ))
            }
            _ => Err(super::method_not_allowed(self.request)),
        }
    }

    /// Answers with a page of a directory. Conditions are not looked at: a
    /// directory's time stays when its entries change.
    pub(super) fn list(&self, directory: &DirectoryInfo) -> Result<Reply> {
        let options = self.list_options()?;
        let mut reply = Reply::new(StatusCode::OK);
        reply.set("content-type", LISTING);
        reply.set_modified(directory.mtime);
        headers::send(&directory.headers, self.request, &mut reply);
        if self.request.is_head() {
            reply.set("result-set-size", &directory.entries.to_string());
            return Ok(reply);
        }
        let path = &directory.path;
        let listing = self.core.store.list(path, &options)?;
        reply.set("result-set-size", &listing.total.to_string());
        let mut page = Vec::with_capacity(listing.entries.len() * 256);
        for entry in &listing.entries {
            // Of an account's directories the marker itself is not shown.
            let is_marker = path.parent().is_none()
                && options.marker.as_deref() == Some(entry.path().name());
            if !is_marker {
                write_entry(&mut page, entry);
            }
        }
        reply.body = ReplyBody::Bytes(page.into());
        Ok(reply)
    }

    fn list_options(&self) -> Result<ListOptions> {
        let query = &self.query;
        if !self.who.is_operator {
            self.refuse_for_operators()?;
        }
        let limit = match query.get("limit") {
            None => USUAL_LIMIT,
            Some(text) => {
                let limit = text.parse().ok();
                limit.filter(|l| (1..=1024).contains(l)).ok_or_else(|| {
                    Error::new(
                        Code::InvalidArgument,
                        format!(
                            "limit={text} is invalid: must be between [1, \
                             1024]"
                        ),
                    )
                })?
            }
        };
        let reverse = query.get("sort_order") == Some("reverse");
        let order = match (query.get("sort"), reverse) {
            (None | Some("name" | "none"), false) => Order::Name,
            (None | Some("name" | "none"), true) => Order::NameReversed,
            (Some("mtime"), false) => Order::Newest,
            (Some("mtime"), true) => Order::Oldest,
            (Some(other), _) => {
                return Err(Error::new(
                    Code::InvalidParameter,
                    format!("\"{other}\" is invalid for \"sort\""),
                ));
            }
        };
        let directories = query.has("dir") || query.has("directory");
        let objects = query.has("obj") || query.has("object");
        let kinds = match (directories, objects) {
            (true, false) => Kinds::Directories,
            (false, true) => Kinds::Objects,
            _ => Kinds::All,
        };
        let marker = query.get("marker").filter(|marker| !marker.is_empty());
        Ok(ListOptions {
            marker: marker.map(str::to_owned),
            limit,
            order,
            kinds,
        })
    }

    fn refuse_for_operators(&self) -> Result<()> {
        let forbidden = if self.query.get("sort") == Some("none") {
            "sort=none"
        } else if self.query.is_true("skip_owner_check") {
            "skip_owner_check=true"
        } else {
            return Ok(());
        };
        Err(Error::new(
            Code::QueryParameterForbidden,
            format!("{forbidden} is for operators"),
        ))
    }
}

/// Writes the line of an entry.
fn write_entry(out: &mut Vec<u8>, entry: &Info) {
    // Writing to memory does not fail, and a text is always JSON.
    let _ = match entry {
        Info::Object(object) => write_object(out, object),
        Info::Directory(directory) => write!(
            out,
            "{{\"name\":{},\"type\":\"directory\",\"mtime\":\"{:.3}\"}}",
            json(directory.path.name()),
            directory.mtime
        ),
    };
    out.push(b'\n');
}

fn write_object(out: &mut Vec<u8>, object: &ObjectInfo) -> std::io::Result<()> {
    write!(
        out,
        "{{\"name\":{},\"etag\":{},\"size\":{},\"type\":\"object\",\
         \"contentType\":{}",
        json(object.path.name()),
        json(object.etag.as_str()),
        object.size_bytes,
        json(&object.metadata.content_type),
    )?;
    if let Some(md5) = object.md5 {
        write!(out, ",\"contentMD5\":\"{}\"", BASE64.encode(md5))?;
    }
    if let Some(text) = object.metadata.headers.get("content-disposition") {
        write!(out, ",\"contentDisposition\":{}", json(text))?;
    }
    write!(
        out,
        ",\"mtime\":\"{:.3}\",\"durability\":{}}}",
        object.mtime, object.durability
    )
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
