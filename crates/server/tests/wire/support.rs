//! A server in this process, and a client that says exactly what it is told.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use thoth_server::auth::Auth;
use thoth_server::{Server, Settings};
use thoth_store::{Embedded, EmbeddedOptions};

/// The type of a directory.
pub(crate) const DIRECTORY: &str = "application/json; type=directory";
/// The type of a link.
pub(crate) const LINK: &str = "application/json; type=link";

/// A server on a folder of its own.
pub(crate) struct Site {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: Arc<Embedded>,
    server: Option<Server>,
}

impl Site {
    /// Starts one in which everybody holds the account `alice`.
    pub(crate) fn new() -> Site {
        Site::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Site {
        Site::with_auth(change, |_| Auth::insecure("alice"))
    }

    pub(crate) fn with_auth(
        change: impl FnOnce(&mut Settings),
        auth: impl FnOnce(&Arc<Embedded>) -> Auth,
    ) -> Site {
        let folder = tempfile::tempdir().expect("folder");
        let options = EmbeddedOptions::default();
        let store =
            Embedded::open_bare(folder.path(), &options).expect("store");
        let store = Arc::new(store);
        for account in ["alice", "bob"] {
            store.create_account(account).expect("account");
        }
        let mut settings = Settings {
            listen: "127.0.0.1:0".parse().expect("address"),
            ..Settings::default()
        };
        change(&mut settings);
        let auth = auth(&store);
        let server =
            Server::start(settings, folder.path(), Arc::clone(&store), auth);
        let server = Some(server.expect("server"));
        Site { folder, store, server }
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().expect("running")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server().address()
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address())
    }

    /// Sends one request on a connection of its own.
    pub(crate) fn ask(&self, request: Ask<'_>) -> Answer {
        self.client().ask(request)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(Ask::new("GET", path))
    }

    pub(crate) fn head(&self, path: &str) -> Answer {
        self.ask(Ask::new("HEAD", path))
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.ask(Ask::new("DELETE", path))
    }

    /// Puts an object, which must succeed; returns the answer.
    pub(crate) fn put(&self, path: &str, body: &[u8]) -> Answer {
        let answer = self.ask(Ask::new("PUT", path).body(body));
        assert_eq!(answer.status, 204, "{path}: {answer:?}");
        answer
    }

    /// Makes a directory, which must succeed.
    pub(crate) fn mkdir(&self, path: &str) {
        let ask = Ask::new("PUT", path)
            .with("content-type", DIRECTORY)
            .with("content-length", "0");
        assert_eq!(self.ask(ask).status, 204, "{path}");
    }

    /// Stops the server; tells whether all requests ended.
    pub(crate) fn stop(&mut self) -> bool {
        self.server.take().is_some_and(Server::stop)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Ask<'a> {
    method: &'a str,
    path: &'a str,
    headers: Vec<(&'a str, String)>,
    body: Option<&'a [u8]>,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(method: &'a str, path: &'a str) -> Ask<'a> {
        Ask { method, path, headers: Vec::new(), body: None }
    }

    pub(crate) fn with(
        mut self,
        name: &'a str,
        value: impl Into<String>,
    ) -> Ask<'a> {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, body: &'a [u8]) -> Ask<'a> {
        self.body = Some(body);
        self.with("content-length", body.len().to_string())
    }

    /// Returns the request as it goes on the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut head =
            format!("{} {} HTTP/1.1\r\nhost: t\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(self.body.unwrap_or_default());
        bytes
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Returns a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Returns the code of an error.
    pub(crate) fn code(&self) -> String {
        match serde_json::from_slice::<serde_json::Value>(&self.body) {
            Ok(body) => body["code"].as_str().unwrap_or("").to_owned(),
            Err(_) => String::new(),
        }
    }

    /// Returns the names of a listing.
    pub(crate) fn names(&self) -> Vec<String> {
        self.text()
            .lines()
            .map(|line| {
                let line: serde_json::Value =
                    serde_json::from_str(line).expect("a line of JSON");
                line["name"].as_str().expect("name").to_owned()
            })
            .collect()
    }

    /// Checks status and code, and that the body is as errors are.
    #[track_caller]
    pub(crate) fn fails(&self, status: u16, code: &str) {
        assert_eq!((self.status, &*self.code()), (status, code), "{self:?}");
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.header("content-md5"), md5(&self.body));
        assert_eq!(self.header("server"), "Manta");
        assert!(!self.json()["message"].as_str().expect("text").is_empty());
    }
}

pub(crate) fn md5(bytes: &[u8]) -> String {
    use base64::Engine;
    use md5::Digest;
    base64::engine::general_purpose::STANDARD.encode(md5::Md5::digest(bytes))
}

/// A connection.
pub(crate) struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).expect("connect");
        let patience = Some(Duration::from_secs(60));
        stream.set_read_timeout(patience).expect("timeout");
        stream.set_nodelay(true).expect("nodelay");
        Client { reader: BufReader::new(stream) }
    }

    pub(crate) fn ask(&mut self, request: Ask<'_>) -> Answer {
        self.send(&request.bytes());
        self.answer(request.method == "HEAD")
    }

    /// Sends bytes; a server that has closed is not the client's to report.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.reader.get_mut().write_all(bytes);
    }

    /// Says that nothing more comes.
    pub(crate) fn finish(&mut self) {
        let _ = self.reader.get_ref().shutdown(std::net::Shutdown::Write);
    }

    /// Reads an answer, going past `100 Continue`.
    pub(crate) fn answer(&mut self, is_head: bool) -> Answer {
        loop {
            let answer = self.next_answer(is_head).expect("an answer");
            if answer.status != 100 {
                return answer;
            }
        }
    }

    /// Reads an answer, whichever; `None` when the connection is closed.
    pub(crate) fn next_answer(&mut self, is_head: bool) -> Option<Answer> {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line).unwrap_or(0);
        if read == 0 {
            return None;
        }
        let status = line.split(' ').nth(1).expect("status");
        let status: u16 = status.parse().expect("a number");
        let headers = self.headers();
        let bodyless = is_head || matches!(status, 100 | 204 | 304);
        let length = headers.get("content-length");
        let body = match length {
            _ if bodyless => Vec::new(),
            Some(length) => {
                let mut body = vec![0; length.parse().expect("a length")];
                self.reader.read_exact(&mut body).expect("the body");
                body
            }
            None => Vec::new(),
        };
        Some(Answer { status, headers, body })
    }

    fn headers(&mut self) -> BTreeMap<String, String> {
        let mut headers = BTreeMap::new();
        loop {
            let mut line = Vec::new();
            self.reader.read_until(b'\n', &mut line).expect("a header");
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            if line.is_empty() {
                return headers;
            }
            let (name, value) = line.split_once(": ").expect("name: value");
            let name = name.to_ascii_lowercase();
            let twice = headers.insert(name, value.to_owned());
            assert!(twice.is_none(), "{line}: twice");
        }
    }

    /// Waits for the end of the connection; tells whether anything came
    /// before.
    pub(crate) fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.reader.read_to_end(&mut rest) {
            Ok(_) => rest.is_empty(),
            Err(e) => e.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}
