//! A server in a process of its own.

use crate::client::Client;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

/// A running server, killed when it is dropped.
pub(crate) struct Serving {
    child: Child,
    out: BufReader<ChildStdout>,
    log: Option<JoinHandle<String>>,
    /// The line that it printed.
    pub(crate) line: String,
    pub(crate) address: SocketAddr,
}

impl Serving {
    /// Returns the command that serves a folder to the account `alice`.
    pub(crate) fn command(data: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thoth"));
        command.arg("serve").arg("--data").arg(data);
        command.arg("--insecure-no-auth=alice");
        if !args.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.args(args).env_clear().stdin(Stdio::null());
        command
    }

    pub(crate) fn start(data: &Path, args: &[&str]) -> Serving {
        Serving::start_with(Serving::command(data, args))
    }

    pub(crate) fn start_with(mut command: Command) -> Serving {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program");
        let mut out = BufReader::new(child.stdout.take().expect("stdout"));
        let mut stderr = child.stderr.take().expect("stderr");
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            let _ = stderr.read_to_string(&mut log);
            log
        });
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        let mut address = line.split("http://").nth(1).map(str::trim);
        if line.starts_with('{') {
            address = address.and_then(|a| a.split('"').next());
        }
        let Some(address) = address else {
            let _ = child.kill();
            panic!("it did not start: {}", log.join().expect("log"));
        };
        let address = address.parse().expect("an address");
        Serving { child, out, log: Some(log), line, address }
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("it lives");
    }

    /// Waits for its end; returns its status, stdout and stderr.
    pub(crate) fn wait(&mut self) -> (Option<i32>, String, String) {
        let status = self.child.wait().expect("its end").code();
        let mut out = std::mem::take(&mut self.line);
        self.out.read_to_string(&mut out).expect("stdout");
        let log = self.log.take().map(|log| log.join().expect("log"));
        (status, out, log.unwrap_or_default())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
