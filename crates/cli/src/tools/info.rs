//! `minfo`: the headers of objects.

use super::connect::Connection;
use super::{Tool, paths};
use crate::error::Result;
use crate::session::Session;
use serde_json::{Map, Value, json};

/// Print the headers of objects and directories
///
/// What is not there is shown by its status, and the exit status stays 0: the
/// answer was found.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Info {
    /// Objects or directories
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,

    /// A line of JSON for each, with status and statusCode
    #[arg(short, long)]
    json: bool,

    #[command(flatten)]
    connection: Connection,
}

const MANUAL: &str = "\
Examples:
  $ minfo ~~/stor/readme.txt
  HTTP/1.1 200 OK
  etag: 0d9c4b9e-0d0c-4c3b-8d1c-0a2f6b6a3d57
  last-modified: Mon, 23 Nov 2026 09:31:00 GMT
  durability-level: 2
  content-length: 6
  content-md5: sZRqySSS0jR8YjW00mERhA==
  content-type: text/plain
  accept-ranges: bytes
  server: Manta

  $ minfo --json ~~/stor/readme.txt | json statusCode";

impl Tool for Info {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn json(&self) -> bool {
        self.json
    }

    fn run(self, session: &Session) -> Result<()> {
        for path in paths::parse_all(session, &self.paths)? {
            let head = session.backend()?.head(&path)?;
            let (status, words) = (head.status, head.words());
            if session.out.json {
                let mut line = Map::new();
                let text = format!("HTTP/1.1 {status} {words}");
                line.insert("status".into(), json!(text));
                line.insert("statusCode".into(), json!(status));
                for (name, value) in head.headers {
                    line.insert(name, Value::String(value));
                }
                session.out.json_line(&line)?;
                continue;
            }
            session.out.line(format_args!("HTTP/1.1 {status} {words}"))?;
            for (name, value) in head.headers {
                session.out.line(format_args!("{name}: {value}"))?;
            }
            session.out.line(format_args!(""))?;
        }
        Ok(())
    }
}
