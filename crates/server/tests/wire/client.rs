//! A client that says exactly what it is told.

#![allow(dead_code, reason = "several test programs use parts of it")]

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The type of a directory.
pub(crate) const DIRECTORY: &str = "application/json; type=directory";
/// The type of a link.
pub(crate) const LINK: &str = "application/json; type=link";

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
        self.try_answer(is_head).expect("a whole answer")
    }

    /// Sends a request and reads its answer; an error when the connection
    /// breaks before the answer is whole.
    pub(crate) fn try_ask(&mut self, request: Ask<'_>) -> io::Result<Answer> {
        self.reader.get_mut().write_all(&request.bytes())?;
        loop {
            match self.try_answer(request.method == "HEAD")? {
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(answer) if answer.status == 100 => {}
                Some(answer) => return Ok(answer),
            }
        }
    }

    fn try_answer(&mut self, is_head: bool) -> io::Result<Option<Answer>> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if !line.ends_with('\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let status = line.split(' ').nth(1).expect("status");
        let status: u16 = status.parse().expect("a number");
        let headers = self.headers()?;
        let bodyless = is_head || matches!(status, 100 | 204 | 304);
        let length = headers.get("content-length").filter(|_| !bodyless);
        let mut body = Vec::new();
        if let Some(length) = length {
            body = vec![0; length.parse().expect("a length")];
            self.reader.read_exact(&mut body)?;
        }
        Ok(Some(Answer { status, headers, body }))
    }

    fn headers(&mut self) -> io::Result<BTreeMap<String, String>> {
        let mut headers = BTreeMap::new();
        loop {
            let mut line = Vec::new();
            self.reader.read_until(b'\n', &mut line)?;
            if line.last() != Some(&b'\n') {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            if line.is_empty() {
                return Ok(headers);
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
            Err(e) => e.kind() == io::ErrorKind::ConnectionReset,
        }
    }
}
