//! Options of connection, which every tool has.

use clap::Args;
use std::path::PathBuf;

const HEADING: &str = "Connection";

/// Whose objects, where, and who asks. What is not said here is looked for in
/// the environment.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Connection {
    /// Account (login name) [env: MANTA_USER]
    #[arg(short, long, value_name = "ACCOUNT", help_heading = HEADING)]
    pub(crate) account: Option<String>,

    /// User of the account (login name) [env: MANTA_SUBUSER]
    #[arg(
        long,
        visible_alias = "user",
        value_name = "USER",
        help_heading = HEADING
    )]
    pub(crate) subuser: Option<String>,

    /// Assume a role; several times, or once with a list [env: MANTA_ROLE]
    #[arg(
        long,
        value_name = "ROLE,ROLE,...",
        value_delimiter = ',',
        help_heading = HEADING
    )]
    pub(crate) role: Vec<String>,

    /// Do not check the server's certificate [env: MANTA_TLS_INSECURE]
    #[arg(short, long, help_heading = HEADING)]
    pub(crate) insecure: bool,

    /// Fingerprint of the key to sign with [env: MANTA_KEY_ID]
    #[arg(
        short,
        long = "keyId",
        visible_alias = "key",
        value_name = "FINGERPRINT",
        help_heading = HEADING
    )]
    pub(crate) key_id: Option<String>,

    /// Server [env: MANTA_URL; without one the store of this machine]
    #[arg(short, long, value_name = "URL", help_heading = HEADING)]
    pub(crate) url: Option<String>,

    /// Folder of this machine's store [env: THOTH_HOME]
    #[arg(long, value_name = "DIR", help_heading = HEADING)]
    pub(crate) home: Option<PathBuf>,

    /// Say on stderr what is done; may be repeated
    #[arg(
        short,
        long,
        action = clap::ArgAction::Count,
        help_heading = HEADING
    )]
    pub(crate) verbose: u8,

    /// Print completions for bash
    #[arg(long, hide = true)]
    pub(crate) completion: bool,
}
