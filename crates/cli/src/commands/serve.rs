//! `thoth serve`: the store as a service.
//!
//! Settings come from a file, then from the environment, then from options;
//! each replaces single fields of what came before. All three are TOML values
//! in one table, which becomes the server's own settings in one place, so that
//! a name that nobody knows is told wherever it stands.

use crate::config::variable;
use crate::error::{Error, Failure, Kind, Result, io_error};
use crate::output::{Text, line};
use crate::session::Session;
use serde::Serialize;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thoth_server::auth::Auth;
use thoth_server::{Server, Settings};
use thoth_store::{Embedded, EmbeddedOptions};
use toml::{Table, Value};

/// Serve the store to other machines
///
/// Speaks the Manta API over HTTP. Prints one line when it accepts requests;
/// logs go to stderr, one JSON object a line. SIGTERM and SIGINT let requests
/// under way end, then it stops.
#[derive(Debug, clap::Args)]
#[command(after_long_help = manual())]
pub(crate) struct Serve {
    /// Folder of the store [default: store in $THOTH_HOME]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Settings in TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,

    /// Address and port of /metrics and /ping
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<SocketAddr>,

    /// Certificate and those above it, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The certificate's private key, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Set any of the settings below
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,

    /// Events to log: off, error, warn, info, debug, or a filter such as
    /// thoth_server::audit=info
    #[arg(long, value_name = "WHICH", default_value = "info")]
    log: String,

    /// Look at no credentials: whoever reaches the address holds ACCOUNT and
    /// is an operator. For development, on loopback only
    #[arg(
        long,
        value_name = "ACCOUNT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "me"
    )]
    insecure_no_auth: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  $ thoth serve --data /srv/thoth --listen 127.0.0.1:8080
  listening on http://127.0.0.1:8080

  $ thoth serve --data /srv/thoth --config /etc/thoth/serve.toml
  $ THOTH_SERVE_MAX_CONNECTIONS=200 thoth serve --data /srv/thoth

Settings, as they stand in the file; THOTH_SERVE_ and the name in capitals in
the environment overrides the file, options override both:
";

fn manual() -> String {
    let mut text = EXAMPLES.to_owned();
    for (name, default, meaning) in Settings::TABLE {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {name} = {default}\n      {meaning}");
    }
    text.truncate(text.trim_end().len());
    text
}

/// Where the server is, ready to show.
#[derive(Serialize)]
struct Listening {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin: Option<String>,
}

impl Listening {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        match &self.admin {
            None => line!(text, "listening on {}", self.url),
            Some(admin) => {
                line!(text, "listening on {}, admin {admin}", self.url)
            }
        }
    }
}

impl Serve {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let settings = self.settings()?;
        let folder = match &self.data {
            Some(folder) => folder.clone(),
            None => session.home()?.join("store"),
        };
        // Before the first thread: a signal must not find the default action.
        let mut signals = Signals::catch()?;
        self.start_log()?;
        let options = EmbeddedOptions::default();
        let store = Embedded::open_bare(&folder, &options)
            .map_err(|error| Failure::new(Kind::User, error))?;
        let store = Arc::new(store);
        let auth = self.auth(&store, &settings)?;
        let scheme = if settings.tls_cert.is_some() { "https" } else { "http" };
        let server = Server::start(settings, &folder, store, auth)
            .map_err(|error| Failure::new(Kind::User, error))?;
        let listening = Listening {
            url: format!("{scheme}://{}", server.address()),
            admin: server.admin_address().map(|a| format!("http://{a}")),
        };
        // One line in either form: whoever starts a server waits for it.
        if session.out.json {
            let mut line = serde_json::to_vec(&listening)?;
            line.push(b'\n');
            session.out.raw(&line)?;
        } else {
            session.out.text(|text| listening.render(text))?;
        }
        signals.wait();
        if !server.stop() {
            session.out.warning(format_args!(
                "requests under way did not end in time"
            ));
        }
        Ok(())
    }

    fn auth(&self, store: &Arc<Embedded>, settings: &Settings) -> Result<Auth> {
        let Some(account) = &self.insecure_no_auth else {
            let auth = Auth::new(Arc::clone(store) as Arc<_>)
                .map_err(|error| Failure::new(Kind::User, error))?;
            return Ok(auth.requiring_tls(settings.require_tls));
        };
        store
            .create_account(account)
            .map_err(|error| Failure::new(Kind::User, error))?;
        Ok(Auth::insecure(account))
    }

    /// Starts writing the log, which is the executable's to decide.
    fn start_log(&self) -> Result<()> {
        let filter = tracing_subscriber::EnvFilter::try_new(&self.log)
            .map_err(|error| {
                Error::Usage(format!("--log {}: {error}", self.log))
            })?;
        let started = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_env_filter(filter)
            .with_writer(io::stderr)
            .try_init();
        started.map_err(|error| {
            let text = format!("cannot start the log: {error}");
            Error::Environment(text).into()
        })
    }

    fn settings(&self) -> Result<Settings> {
        let mut table = match &self.config {
            None => Table::new(),
            Some(file) => read_table(file)?,
        };
        for (name, ..) in Settings::TABLE {
            let from = format!("THOTH_SERVE_{}", name.to_ascii_uppercase());
            if let Some(value) = variable(&from) {
                let value = value.to_string_lossy();
                table.insert((*name).to_owned(), value_of(&value));
            }
        }
        for (name, value) in self.options() {
            table.insert(name.to_owned(), Value::String(value));
        }
        for pair in &self.set {
            let (name, value) = pair.split_once('=').ok_or_else(|| {
                Error::Usage(format!("--set {pair}: expected NAME=VALUE"))
            })?;
            table.insert(name.trim().to_owned(), value_of(value.trim()));
        }
        let settings: Settings = table.try_into().map_err(wrong)?;
        settings
            .check()
            .map_err(|text| Error::Environment(text).into())
            .map(|()| settings)
    }

    fn options(&self) -> Vec<(&'static str, String)> {
        let address = |a: &SocketAddr| a.to_string();
        let file = |f: &PathBuf| f.display().to_string();
        [
            ("listen", self.listen.as_ref().map(address)),
            ("admin", self.admin.as_ref().map(address)),
            ("tls_cert", self.tls_cert.as_ref().map(file)),
            ("tls_key", self.tls_key.as_ref().map(file)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

fn wrong(error: toml::de::Error) -> Failure {
    let text = format!("settings: {}", error.message().replace('\n', " "));
    Failure::from(Error::Environment(text))
        .hint("thoth serve --help lists the settings")
}

fn read_table(file: &Path) -> Result<Table> {
    let text = std::fs::read_to_string(file).map_err(io_error("read", file))?;
    text.parse::<Table>().map_err(|error| {
        let place = error.span().map_or(0, |span| span.start);
        let before = text.get(..place).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let what = format!(
            "{}, line {line}: {}",
            file.display(),
            error.message().replace('\n', " ")
        );
        Error::Environment(what).into()
    })
}

/// Reads a value as TOML; what is none is a text.
fn value_of(text: &str) -> Value {
    let table = format!("value = {text}").parse::<Table>();
    table
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Signals that end the server.
struct Signals(signal_hook::iterator::Signals);

impl Signals {
    fn catch() -> Result<Signals> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])
            .map(Signals)
            .map_err(|e| io_error("catch signals in", Path::new("thoth"))(e))
    }

    fn wait(&mut self) {
        self.0.forever().next();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_toml_or_text() {
        assert_eq!(value_of("7"), Value::Integer(7));
        assert_eq!(value_of("true"), Value::Boolean(true));
        assert_eq!(
            value_of("127.0.0.1:80"),
            Value::String("127.0.0.1:80".into())
        );
        assert_eq!(value_of("[\"a\"]"), Value::Array(vec!["a".into()]));
    }

    #[test]
    fn options_override_the_file_and_slips_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("serve.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:1\"\nmax_uploads = 3\n")
            .unwrap();
        let serve = |set: &[&str]| Serve {
            data: None,
            config: Some(file.clone()),
            listen: Some("127.0.0.1:2".parse().unwrap()),
            admin: None,
            tls_cert: None,
            tls_key: None,
            set: set.iter().map(|s| (*s).to_owned()).collect(),
            log: "off".into(),
            insecure_no_auth: None,
        };
        let settings = serve(&["idle_seconds=9"]).settings().unwrap();
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.max_uploads, 3);
        assert_eq!(settings.idle_seconds, 9);
        for slip in ["max_uplods=3", "max_uploads=0", "max_uploads=x", "x"] {
            assert!(serve(&[slip]).settings().is_err(), "{slip}");
        }
    }
}
