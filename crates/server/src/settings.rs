//! What can be set about the service, in a file or by whoever starts it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

/// The settings of a server. Each has a row in [`Settings::TABLE`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where requests are accepted; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where metrics and health are told; `None`: on `listen`, the metrics
    /// to callers of this machine only.
    pub admin: Option<SocketAddr>,
    /// What the server calls itself in `x-server-name`; `None`: the host's
    /// name.
    pub name: Option<String>,
    /// PEM file of the certificate and those that lead from it to a root.
    pub tls_cert: Option<PathBuf>,
    /// PEM file of the certificate's private key.
    pub tls_key: Option<PathBuf>,
    /// Whether signed requests are refused without TLS.
    pub require_tls: bool,
    /// Connections at once; further ones wait to be accepted.
    pub max_connections: usize,
    /// Bodies received at once; further ones get 503.
    pub max_uploads: usize,
    /// Bytes that the head of a request may have.
    pub max_header_bytes: usize,
    /// Seconds without a byte of the body after which an upload ends.
    pub body_stall_seconds: u64,
    /// Seconds that a connection may be silent, or take to send a head, or
    /// not read what it asked for.
    pub idle_seconds: u64,
    /// Seconds that requests under way have to end when the server stops.
    pub drain_seconds: u64,
    /// Bytes of a body without a length, unless the request says less.
    pub max_chunked_bytes: u64,
    /// Copies that may be asked for.
    pub max_durability: u8,
    /// Requests a second that an account may make; 0: no limit.
    pub requests_per_second: u32,
    /// Requests that an account may make at once on top of that.
    pub request_burst: u32,
    /// Accounts that may make no links.
    pub snaplinks_disabled: Vec<String>,
    /// Hours for which the state of an ended upload can be asked for.
    pub upload_grace_hours: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            admin: None,
            name: None,
            tls_cert: None,
            tls_key: None,
            require_tls: false,
            max_connections: 1024,
            max_uploads: 256,
            max_header_bytes: 64 * 1024,
            body_stall_seconds: 45,
            idle_seconds: 75,
            drain_seconds: 30,
            max_chunked_bytes: 5 << 30,
            max_durability: 9,
            requests_per_second: 0,
            request_burst: 100,
            snaplinks_disabled: Vec::new(),
            upload_grace_hours: 24,
        }
    }
}

impl Settings {
    /// Name, default and meaning of every setting, for help texts.
    pub const TABLE: &'static [(&'static str, &'static str, &'static str)] = &[
        (
            "listen",
            "\"127.0.0.1:8080\"",
            "address and port; port 0 takes a free one",
        ),
        (
            "admin",
            "none",
            "address of /metrics and /ping; without one they are on listen, metrics for this machine only",
        ),
        ("name", "host name", "x-server-name of every answer"),
        ("tls_cert", "none", "PEM file: certificate, then those above it"),
        ("tls_key", "none", "PEM file: its private key"),
        ("require_tls", "false", "refuse signed requests without TLS"),
        ("max_connections", "1024", "connections at once; more wait"),
        ("max_uploads", "256", "bodies received at once; more get 503"),
        (
            "max_header_bytes",
            "65536",
            "longest head of a request (at least 8192)",
        ),
        (
            "body_stall_seconds",
            "45",
            "silence within a body that ends it with 408",
        ),
        ("idle_seconds", "75", "silence that ends a connection"),
        (
            "drain_seconds",
            "30",
            "time that SIGTERM leaves to requests under way",
        ),
        ("max_chunked_bytes", "5368709120", "longest body of unknown length"),
        ("max_durability", "9", "most copies that may be asked for"),
        (
            "requests_per_second",
            "0",
            "rate of requests for each account; 0: any",
        ),
        ("request_burst", "100", "requests beyond that rate at once"),
        ("snaplinks_disabled", "[]", "accounts that may make no links"),
        (
            "upload_grace_hours",
            "24",
            "how long ended multipart uploads can be asked about",
        ),
    ];

    /// Tells what is wrong with the settings, if something is.
    ///
    /// # Errors
    ///
    /// The text names the setting, what it is and what was expected.
    pub fn check(&self) -> Result<(), String> {
        let within = |name: &str, is: u64, least: u64, most: u64| {
            if (least..=most).contains(&is) {
                return Ok(());
            }
            Err(format!("{name} = {is}: expected {least} to {most}"))
        };
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            return Err("tls_cert and tls_key: expected both or none, found \
                        one"
            .to_owned());
        }
        if self.require_tls && self.tls_cert.is_none() {
            return Err(
                "require_tls = true: expected tls_cert and tls_key too"
                    .to_owned(),
            );
        }
        within("max_connections", self.max_connections as u64, 1, 100_000)?;
        within("max_uploads", self.max_uploads as u64, 1, 10_000)?;
        let header = self.max_header_bytes as u64;
        within("max_header_bytes", header, 8192, 1 << 24)?;
        within("body_stall_seconds", self.body_stall_seconds, 1, 86_400)?;
        within("idle_seconds", self.idle_seconds, 1, 86_400)?;
        within("drain_seconds", self.drain_seconds, 0, 86_400)?;
        within("max_durability", self.max_durability.into(), 1, 9)?;
        Ok(())
    }

    pub(crate) fn body_stall(&self) -> Duration {
        Duration::from_secs(self.body_stall_seconds)
    }

    pub(crate) fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds)
    }

    pub(crate) fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_a_row() {
        // The names that the deserializer knows stand in its complaint.
        let complaint = serde_json::from_str::<Settings>("{\"x\": 1}")
            .expect_err("unknown")
            .to_string();
        let named: Vec<&str> =
            complaint.split('`').skip(3).step_by(2).collect();
        let rows: Vec<&str> = Settings::TABLE.iter().map(|row| row.0).collect();
        assert_eq!(named, rows);
    }

    #[test]
    fn wrong_settings_are_named() {
        assert_eq!(Settings::default().check(), Ok(()));
        let wrong = [
            Settings { tls_cert: Some("c".into()), ..Settings::default() },
            Settings { require_tls: true, ..Settings::default() },
            Settings { max_connections: 0, ..Settings::default() },
            Settings { max_durability: 10, ..Settings::default() },
        ];
        for settings in wrong {
            assert!(settings.check().is_err(), "{settings:?}");
        }
    }
}
