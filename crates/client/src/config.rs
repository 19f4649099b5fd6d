//! What a client is told before it begins.

use std::sync::Arc;
use std::time::Duration;

use thoth_manta::signature::Signer;

/// How often, and after which waits, something is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Times after the first.
    pub times: u32,
    /// The first wait; each is about twice the one before.
    pub first: Duration,
    /// No wait is longer.
    pub longest: Duration,
}

impl Default for Retries {
    fn default() -> Retries {
        Retries {
            times: 3,
            first: Duration::from_millis(500),
            longest: Duration::from_secs(4),
        }
    }
}

impl Retries {
    /// Returns how long to wait before try `n` (the second is 1): between half
    /// of the time and all of it, so that clients do not come in step.
    pub(crate) fn wait(&self, n: u32) -> Duration {
        let doubled = 1u32 << n.saturating_sub(1).min(16);
        let longest = self.first.saturating_mul(doubled).min(self.longest);
        longest.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

/// Where a server is, who asks, and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server, such as `https://manta.example.com`.
    pub url: String,
    /// The account.
    pub account: String,
    /// Roles to act in; none are the defaults.
    pub roles: Vec<String>,
    /// Signs requests; `None` asks anonymously.
    pub signer: Option<Arc<Signer>>,
    /// Whether any certificate is accepted.
    pub insecure_tls: bool,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long the server may say nothing while an answer is due.
    pub stall_timeout: Duration,
    /// How often things are tried again.
    pub retries: Retries,
    /// What the client calls itself.
    pub user_agent: String,
}

impl Config {
    /// Returns what is usual, for a server and an account.
    pub fn new(url: &str, account: &str) -> Config {
        Config {
            url: url.trim_end_matches('/').to_owned(),
            account: account.to_owned(),
            roles: Vec::new(),
            signer: None,
            insecure_tls: false,
            connect_timeout: Duration::from_secs(4),
            stall_timeout: Duration::from_secs(60),
            retries: Retries::default(),
            user_agent: concat!("thoth/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_vary_within_bounds() {
        let retries = Retries::default();
        for n in 1..40 {
            let wait = retries.wait(n);
            assert!(wait >= Duration::from_millis(250), "{wait:?}");
            assert!(wait <= retries.longest, "{wait:?}");
        }
        assert!(retries.wait(1) <= Duration::from_millis(500));
        assert!(retries.wait(4) >= Duration::from_secs(2));
    }
}
