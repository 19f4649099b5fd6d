//! Objects and directories as the protocol shows them: headers of a response,
//! lines of a listing.

use super::headers::{base64, to_http_date};
use serde_json::{Map, Value, json};
use thoth_manta::{Info, ObjectInfo, Path, Timestamp};

/// Type of a directory's listing.
pub(super) const DIRECTORY_TYPE: &str =
    "application/x-json-stream; type=directory";

/// A response to the question what is there.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    /// The status.
    pub(crate) status: u16,
    /// The headers, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    /// Returns what a server would say of something that is there.
    pub(crate) fn of(info: &Info) -> Self {
        let mut headers: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, value: String| {
            headers.push((name.to_owned(), value));
        };
        match info {
            Info::Object(object) => {
                add("etag", object.etag.as_str().to_owned());
                add("last-modified", to_http_date(object.mtime));
                add("durability-level", object.durability.to_string());
                add("content-length", object.size_bytes.to_string());
                if let Some(md5) = &object.md5 {
                    add("content-md5", base64(md5));
                }
                add("content-type", object.metadata.content_type.clone());
                add("accept-ranges", "bytes".to_owned());
                for (name, value) in &object.metadata.headers {
                    add(name, value.clone());
                }
            }
            Info::Directory(directory) => {
                add("last-modified", to_http_date(directory.mtime));
                add("content-type", DIRECTORY_TYPE.to_owned());
                add("result-set-size", directory.entries.to_string());
                for (name, value) in &directory.headers {
                    add(name, value.clone());
                }
            }
        }
        add("server", "Manta".to_owned());
        Self { status: 200, headers }
    }

    /// Returns what a server would say of a failure.
    pub(crate) fn failed(error: &thoth_manta::Error) -> Self {
        let server = ("server".to_owned(), "Manta".to_owned());
        Self { status: error.code().status(), headers: vec![server] }
    }

    /// Returns the words that go with the status.
    pub(super) fn words(&self) -> &'static str {
        match self.status {
            200 => "OK",
            304 => "Not Modified",
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            406 => "Not Acceptable",
            409 => "Conflict",
            412 => "Precondition Failed",
            413 => "Payload Too Large",
            416 => "Range Not Satisfiable",
            500 => "Internal Server Error",
            503 => "Service Unavailable",
            507 => "Insufficient Storage",
            _ => "",
        }
    }
}

/// Writes a time as listings do: UTC, milliseconds.
pub(super) fn iso_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Returns the directory that something is in.
pub(super) fn parent_of(path: &Path) -> String {
    path.parent().map_or_else(String::new, |p| p.as_str().to_owned())
}

/// Returns an entry as a line of a listing has it, and where it is.
pub(super) fn listed(info: &Info) -> Map<String, Value> {
    let mut line = Map::new();
    let mut add = |name: &str, value: Value| {
        line.insert(name.to_owned(), value);
    };
    add("name", json!(info.path().name()));
    match info {
        Info::Object(object) => {
            add("etag", json!(object.etag.as_str()));
            add("size", json!(object.size_bytes));
            add("type", json!("object"));
            add("contentType", json!(object.metadata.content_type));
            let disposition = "content-disposition";
            if let Some(value) = object.metadata.headers.get(disposition) {
                add("contentDisposition", json!(value));
            }
            if let Some(md5) = &object.md5 {
                add("contentMD5", json!(base64(md5)));
            }
            add("mtime", json!(iso_time(object.mtime)));
            add("durability", json!(object.durability));
        }
        Info::Directory(directory) => {
            add("type", json!("directory"));
            add("mtime", json!(iso_time(directory.mtime)));
        }
    }
    line
}

/// Returns an object as a tool shows the only one it was asked for.
pub(super) fn alone(object: &ObjectInfo) -> Map<String, Value> {
    let mut line = Map::new();
    let mut add = |name: &str, value: Value| {
        line.insert(name.to_owned(), value);
    };
    let kind = &object.metadata.content_type;
    add("name", json!(object.path.name()));
    add("extension", json!(extension_of(kind)));
    add("type", json!(kind));
    add("etag", json!(object.etag.as_str()));
    if let Some(md5) = &object.md5 {
        add("md5", json!(base64(md5)));
    }
    add("size", json!(object.size_bytes));
    line
}

/// Returns the usual ending of files of a type.
fn extension_of(content_type: &str) -> String {
    let known = mime_guess::get_mime_extensions_str(
        content_type.split(';').next().unwrap_or_default().trim(),
    );
    // Of the many endings of these, the table's first is a rare one.
    match content_type {
        "text/plain" => return "txt".to_owned(),
        "application/octet-stream" => return "bin".to_owned(),
        "image/jpeg" => return "jpeg".to_owned(),
        "text/html" => return "html".to_owned(),
        _ => {}
    }
    if let Some(first) = known.and_then(|list| list.first()) {
        return (*first).to_owned();
    }
    let parameter = content_type.split(';').nth(1);
    let value = parameter.and_then(|p| p.split_once('='));
    value.map_or("bin".to_owned(), |(_, v)| v.trim().to_owned())
}

/// Returns the type that a name's ending stands for.
pub(super) fn type_of_name(name: &str) -> String {
    let guess = mime_guess::from_path(name).first_raw();
    guess.unwrap_or("application/octet-stream").to_owned()
}
