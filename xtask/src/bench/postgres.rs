//! The core of a PostgreSQL backend that was killed in the middle of a query.

use super::subjects::plain_cores;
use crate::Result;
use crate::command::{output, run};
use crate::needs::install;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A query whose plan nests deeply, so that the stack is no short one.
const QUERY: &str = "with recursive t(n) as (select 1 union all \
    select n + 1 from t) select count(*) from (select n, \
    (select sum(x) from generate_series(1, n) x) from t) q";

/// Returns program and core; makes the core when the program is newer.
pub(crate) fn make(dir: &Path) -> Result<(PathBuf, PathBuf)> {
    let bin = match installed() {
        Some(bin) => bin,
        None => {
            install(&["postgresql"])?;
            installed().ok_or("package postgresql brings no server")?
        }
    };
    let (exe, core) = (bin.join("postgres"), dir.join("core"));
    let ctime = |path: &Path| fs::metadata(path).map(|m| m.ctime());
    let fresh = match (ctime(&exe), ctime(&core)) {
        (Ok(exe), Ok(core)) => exe < core,
        _ => false,
    };
    if !fresh {
        plain_cores()?;
        let _ = fs::remove_dir_all(dir);
        fs::create_dir_all(dir)
            .map_err(|e| format!("{}: {e}", dir.display()))?;
        crash(&bin, &core)?;
    }
    Ok((exe, core))
}

/// Finds the newest server that Debian has put under its version.
fn installed() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<(u32, PathBuf)> = versions
        .flatten()
        .filter_map(|e| {
            let version = e.file_name().to_str()?.parse().ok()?;
            Some((version, e.path().join("bin")))
        })
        .filter(|(_, bin)| bin.join("postgres").is_file())
        .collect();
    found.sort();
    found.pop().map(|(_, bin)| bin)
}

/// Starts a server in a folder of its own, and kills one of its backends.
///
/// The server refuses to run as root, so a root user lends it to `postgres`.
fn crash(bin: &Path, core: &Path) -> Result<()> {
    let home = PathBuf::from(format!("/tmp/xtask-pg-{}", std::process::id()));
    fs::create_dir_all(&home)
        .map_err(|e| format!("{}: {e}", home.display()))?;
    let made = Server { bin, home: &home }.crash(core);
    let _ = fs::remove_dir_all(&home);
    made
}

struct Server<'a> {
    bin: &'a Path,
    home: &'a Path,
}

impl Server<'_> {
    fn crash(&self, core: &Path) -> Result<()> {
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(self.home))?;
        }
        self.shell("$BIN/initdb -D data -A trust >/dev/null")?;
        self.shell(
            "ulimit -c unlimited; $BIN/pg_ctl -D data -l log -w start \
             -o \"-c listen_addresses= -c unix_socket_directories=$PWD\" \
             >/dev/null",
        )?;
        let result = self.kill_backend();
        let stopped = self.shell("$BIN/pg_ctl -D data -m immediate stop");
        result?;
        let found = self.home.join("data/core");
        if !found.exists() {
            return Err("the backend left no core in its data folder".into());
        }
        let copied = fs::copy(&found, core);
        copied.map_err(|e| format!("{}: {e}", core.display()))?;
        // It stops by itself when a backend crashes at the wrong moment.
        if let Err(problem) = stopped {
            eprintln!("xtask: stopping the server: {problem}");
        }
        Ok(())
    }

    fn kill_backend(&self) -> Result<()> {
        let mut client = self
            .command(&format!("$BIN/psql -h $PWD -c '{QUERY}' postgres"))
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("psql: {e}"))?;
        std::thread::sleep(Duration::from_secs(2));
        let asked = output(&mut self.command(
            "$BIN/psql -h $PWD -At -c \"select pid from pg_stat_activity \
             where query like 'with recursive%' and state = 'active' \
             and pid <> pg_backend_pid()\" postgres",
        ));
        let killed = asked.and_then(|pid| match pid.trim().parse::<u32>() {
            Ok(pid) => self.shell(&format!("kill -SEGV {pid}")),
            Err(_) => Err(format!("no backend runs the query: {pid:?}").into()),
        });
        // the server takes a moment to write the core and close the line
        client.wait().map_err(|e| format!("psql: {e}"))?;
        std::thread::sleep(Duration::from_secs(1));
        killed
    }

    fn shell(&self, script: &str) -> Result<()> {
        run(self.command(script).stderr(Stdio::inherit()))
    }

    /// A shell in the server's folder, as the server's user.
    fn command(&self, script: &str) -> Command {
        let mut command = match is_root() {
            true => Command::new("runuser"),
            false => Command::new("env"),
        };
        if is_root() {
            command.args(["-u", "postgres", "--", "env"]);
        }
        let bin = format!("BIN={}", self.bin.display());
        command.arg(bin).args(["sh", "-c", script]);
        command.current_dir(self.home);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }
}

fn is_root() -> bool {
    crate::needs::is_root()
}
