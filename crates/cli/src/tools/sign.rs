//! `msign`: addresses that carry their own permission.

use super::connect::Connection;
use super::{Tool, paths, usage};
use crate::error::{Failure, Kind, Result};
use crate::session::Session;
use jiff::Timestamp;
use std::path::PathBuf;
use thoth_manta::signature::{Algorithm, UrlToSign};

/// Print addresses that anyone may use for a while
///
/// They are made with your key, on this machine; the server is not asked.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Sign {
    /// Objects or directories
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,

    /// Until then, in seconds since 1970 [default: in an hour]
    #[arg(short, long, value_name = "SECONDS")]
    expires: Option<i64>,

    /// So long: a number and s, m, h, d, w or y
    #[arg(short = 'E', long, value_name = "TIME", conflicts_with = "expires")]
    expires_relative: Option<String>,

    /// File of the private key
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Algorithm, which must be the key's own
    #[arg(short = 'g', long, value_name = "ALGORITHM")]
    algorithm: Option<String>,

    /// Method that is allowed; may be repeated
    #[arg(short, long, value_name = "METHOD", default_value = "GET")]
    method: Vec<String>,

    /// Role tags for what is put by it
    #[arg(long, value_name = "TAG,TAG...", value_delimiter = ',')]
    role_tag: Vec<String>,

    #[command(flatten)]
    connection: Connection,
}

const MANUAL: &str = "\
Examples:
  $ msign ~~/stor/report.pdf
  $ msign -E 2w ~~/stor/report.pdf
  $ msign -m PUT -E 10m ~~/stor/inbox/upload
  $ curl -O \"$(msign ~~/stor/report.pdf)\"";

/// What may be allowed.
const METHODS: &[&str] = &["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"];

impl Tool for Sign {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn run(self, session: &Session) -> Result<()> {
        let Some(url) = session.url() else {
            return Err(usage("url is a required argument")
                .hint("MANTA_URL or --url names the server"));
        };
        let url = url.trim_end_matches('/');
        let host = url.split_once("://").map_or(url, |(_, rest)| rest);
        let host = host.split('/').next().unwrap_or(host);
        if let Some(wrong) =
            self.method.iter().find(|m| !METHODS.contains(&m.as_str()))
        {
            return Err(usage(format!("method invalid: {wrong}")));
        }
        let expires = self.until(Timestamp::now().as_second())?;
        let paths = paths::parse_all(session, &self.paths)?;
        let Some(signer) = session.signer_from(self.file.clone())? else {
            return Err(usage(
                "MANTA_NO_AUTH is set: there is no key to sign with",
            ));
        };
        let refused = |e| Failure::new(Kind::User, e);
        if let Some(label) = &self.algorithm {
            let algorithm = Algorithm::parse(label).map_err(refused)?;
            let own = signer.key().public().kind().algorithm();
            if algorithm != own {
                return Err(usage(format!(
                    "the key signs by {}, not by {label}",
                    own.as_str()
                )));
            }
        }
        for path in &paths {
            let signed = UrlToSign {
                methods: self.method.clone(),
                host: host.to_owned(),
                path: path.to_encoded(),
                expires,
                roles: session.roles(),
                role_tags: self.role_tag.clone(),
                query: Vec::new(),
            };
            let resource = signed.sign(&signer).map_err(refused)?;
            session.out.line(format_args!("{url}{resource}"))?;
        }
        Ok(())
    }
}

impl Sign {
    fn until(&self, now: i64) -> Result<i64> {
        if let Some(expires) = self.expires {
            return Ok(expires);
        }
        let Some(text) = &self.expires_relative else {
            return Ok(now.saturating_add(3600));
        };
        let wrong = || usage(format!("invalid expires: {text}"));
        let unit = text.chars().last().ok_or_else(wrong)?;
        let number = text.strip_suffix(unit).unwrap_or_default();
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 7 * 86_400,
            'y' => 365 * 86_400,
            _ => return Err(wrong()),
        };
        let plain = number.bytes().all(|b| b.is_ascii_digit());
        if !plain || number.starts_with('0') {
            return Err(wrong());
        }
        let number: i64 = number.parse().map_err(|_| wrong())?;
        let span = number.checked_mul(seconds).ok_or_else(wrong)?;
        now.checked_add(span).ok_or_else(wrong)
    }
}
