//! `bench serve`: the server beside nginx, on the same machine in one run.
//!
//! nginx serves static files by sendfile and takes PUTs by its DAV module,
//! which flushes nothing: it is what HTTP and the file system cost, without
//! digests, names in a database or durability. Both have two workers; wrk and
//! curl ask, over loopback, in turns.

use super::page;
use super::release;
use crate::Result;
use crate::command::{find, output, run, target_dir};
use crate::needs::install;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

const GIB: u64 = 1 << 30;
/// Turns that both take at reading and writing a large object.
const TURNS: usize = 3;
/// Entries of the directory that is listed.
const ENTRIES: u64 = 1_000_000;
/// Clients that move large objects at once, half of them each way.
const MOVERS: usize = 64;

const PUT_SMALL: &str = r#"
local tid, n, body = 0, 0, string.rep("x", 1024)
function setup(thread) tid = tid + 1; thread:set("id", tid) end
function request()
  n = n + 1
  return wrk.format("PUT", PREFIX .. id .. "-" .. n, nil, body)
end
"#;

/// Runs the bench, prints its section, and writes it when told to.
pub(crate) fn serve(args: &[&str]) -> Result<()> {
    let (write, entries) = match args {
        [] => (false, ENTRIES),
        ["--write"] => (true, ENTRIES),
        [entries] => (false, entries.parse()?),
        _ => return Err("bench serve [--write | ENTRIES]".into()),
    };
    if ["wrk", "nginx", "curl"].iter().any(|tool| find(tool).is_none()) {
        install(&["wrk", "nginx-light", "curl"])?;
    }
    let thoth = release()?;
    let dir = target_dir()?.join("bench/serve");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(dir.join("www"))?;
    let pair = Pair::start(&thoth, &dir)?;
    let mut text = OPENING.to_owned();
    for row in [pair.small_gets()?, pair.gets()?, pair.small_puts()?] {
        text.push_str(&row);
    }
    text.push_str(&pair.large()?);
    drop(pair);
    text.push_str(&listing(&thoth, &dir, entries)?);
    text.push_str(&memory(&thoth, &dir)?);
    let _ = fs::remove_dir_all(&dir);
    println!("{text}");
    if write { page::put("serve", &text) } else { Ok(()) }
}

const OPENING: &str = "\
# The server beside nginx

`thoth serve` and nginx in one run, over loopback: static files by sendfile,
PUTs by its DAV module, which neither flushes nor works out digests. Every PUT
of ours is durable, with MD5 and BLAKE3, before it is answered. Bodies are
random bytes.

| case | nginx | thoth | thoth / nginx |
| --- | --- | --- | --- |
";

/// A process that ends with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // By a signal that nginx hands on to its workers.
        let pid = self.0.id().to_string();
        let _ = Command::new("kill").arg(pid).stderr(Stdio::null()).status();
        let _ = self.0.wait();
    }
}

/// A server of ours on an empty folder; returns its URL too.
fn start(thoth: &Path, data: &Path) -> Result<(Running, String)> {
    let _ = fs::remove_dir_all(data);
    let mut child = Command::new(thoth)
        .args(["serve", "--listen", "127.0.0.1:0", "--log", "error"])
        .args(["--insecure-no-auth=alice", "--data"])
        .arg(data)
        .stdout(Stdio::piped())
        .spawn()?;
    let out = child.stdout.take().ok_or("no stdout")?;
    let running = Running(child);
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line)?;
    let url = line.trim().strip_prefix("listening on ");
    let url = url.ok_or("the server did not start")?.to_owned();
    Ok((running, url))
}

/// Both servers, running.
struct Pair {
    dir: PathBuf,
    _ours: Running,
    _peer: Running,
    ours: String,
    peer: String,
}

impl Pair {
    fn start(thoth: &Path, dir: &Path) -> Result<Pair> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let shown = dir.display();
        let config = format!(
            "daemon off; worker_processes 2; pid {shown}/pid;\n\
             error_log {shown}/error.log; user root;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log off; sendfile on; client_max_body_size 0;\n\
             client_body_temp_path {shown}/tmp;\n\
             server {{ listen 127.0.0.1:{port}; root {shown}/www;\n\
             dav_methods PUT; create_full_put_path on; }} }}\n"
        );
        fs::write(dir.join("nginx.conf"), config)?;
        let peer = Command::new("nginx")
            .arg("-c")
            .arg(dir.join("nginx.conf"))
            .stderr(Stdio::null())
            .spawn()?;
        let peer_url = format!("http://127.0.0.1:{port}");
        let (running, ours) = start(thoth, &dir.join("data"))?;
        random(&dir.join("1g"), GIB)?;
        for (name, length) in [("1k", 1024), ("1m", 1 << 20)] {
            random(&dir.join("www").join(name), length)?;
            put(
                &dir.join("www").join(name),
                &format!("{ours}/alice/stor/{name}"),
            )?;
        }
        make_directory(&format!("{ours}/alice/stor/b"))?;
        Ok(Pair {
            dir: dir.to_owned(),
            _ours: running,
            _peer: Running(peer),
            ours: format!("{ours}/alice/stor"),
            peer: peer_url,
        })
    }

    fn small_gets(&self) -> Result<String> {
        self.compare("GET 1 KiB, 16 connections, each second", "1k")
    }

    fn gets(&self) -> Result<String> {
        self.compare("GET 1 MiB, 16 connections, each second", "1m")
    }

    fn compare(&self, what: &str, name: &str) -> Result<String> {
        let rate = |url: &str| wrk(16, 5, &[&format!("{url}/{name}")]);
        let (peer, ours) = (rate(&self.peer)?, rate(&self.ours)?);
        row(what, peer, ours, ours / peer)
    }

    fn small_puts(&self) -> Result<String> {
        let script = self.dir.join("put.lua");
        let mut rates = [0.0; 2];
        let places = [(&self.peer, "/b/"), (&self.ours, "/alice/stor/b/")];
        for (rate, (url, prefix)) in rates.iter_mut().zip(places) {
            let text = PUT_SMALL.replace("PREFIX", &format!("{prefix:?}"));
            fs::write(&script, text)?;
            let shown = script.display().to_string();
            *rate = wrk(16, 5, &["-s", &shown, url])?;
        }
        let what = "PUT 1 KiB, 16 connections, each second";
        row(what, rates[0], rates[1], rates[1] / rates[0])
    }

    fn large(&self) -> Result<String> {
        let file = self.dir.join("1g");
        let mut took: [Vec<f64>; 4] = Default::default();
        for _ in 0..TURNS {
            for (n, url) in [&self.peer, &self.ours].into_iter().enumerate() {
                let url = format!("{url}/1g");
                took[n].push(put(&file, &url)?);
                // The first brings it back into memory.
                get(&url)?;
                took[2 + n].push(get(&url)?);
            }
        }
        let [peer_put, ours_put, peer_get, ours_get] =
            took.map(|t| GIB as f64 / 1e6 / super::median(t));
        let mut text =
            row("PUT 1 GiB, MB/s", peer_put, ours_put, ours_put / peer_put)?;
        text +=
            &row("GET 1 GiB, MB/s", peer_get, ours_get, ours_get / peer_get)?;
        Ok(text)
    }
}

fn row(what: &str, peer: f64, ours: f64, ratio: f64) -> Result<String> {
    let line = format!("| {what} | {peer:.0} | {ours:.0} | {ratio:.2} |\n");
    eprint!("{line}");
    Ok(line)
}

/// Fills a directory and lists it through.
fn listing(thoth: &Path, dir: &Path, entries: u64) -> Result<String> {
    let (_running, url) = start(thoth, &dir.join("data"))?;
    make_directory(&format!("{url}/alice/stor/b"))?;
    let script = dir.join("fill.lua");
    let text = PUT_SMALL.replace("PREFIX", "\"/alice/stor/b/\"");
    let mut there = 0;
    let mut slice = 0;
    while there < entries.min(ENTRIES) {
        slice += 1;
        let text = text
            .replace("1024", "0")
            .replace("\"-\"", &format!("\"-{slice}-\""));
        fs::write(&script, text)?;
        let shown = script.display().to_string();
        let left = (entries - there).div_ceil(15_000).clamp(1, 10);
        // A directory takes no more than a million: then some are refused.
        asked(64, left, &["-s", &shown, &url])?;
        there = list(&url, "limit=1", &mut 0)?.1;
    }
    let begun = Instant::now();
    let (mut seen, mut marker) = (0u64, String::new());
    loop {
        let query = format!("limit=1024&marker={marker}");
        let mut lines = 0;
        let (last, _) = list(&url, &query, &mut lines)?;
        // The marker is listed again.
        seen += lines - u64::from(!marker.is_empty());
        if lines < 1024 {
            break;
        }
        marker = last;
    }
    let took = begun.elapsed().as_secs_f64();
    if seen != there {
        return Err(format!("{seen} entries listed, expected {there}").into());
    }
    let rate = seen as f64 / took;
    let line = format!(
        "\nA directory of {seen} entries is listed through, in pages of \
         1,024, in {took:.1} s: {rate:.0} entries/s.\n"
    );
    eprint!("{line}");
    Ok(line)
}

/// Asks for a page; returns the last name in it and how many entries there
/// are, and counts the page's lines.
fn list(url: &str, query: &str, lines: &mut u64) -> Result<(String, u64)> {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "GET /alice/stor/b?{query} HTTP/1.1\r\nhost: t\r\n\
         connection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    if !head.starts_with("HTTP/1.1 200") {
        return Err(head.to_owned().into());
    }
    let total = head
        .lines()
        .find_map(|line| line.strip_prefix("result-set-size: "))
        .ok_or("no result-set-size")?
        .parse()?;
    *lines = body.lines().count() as u64;
    let last = body.lines().last().and_then(|line| line.split('"').nth(3));
    Ok((last.unwrap_or_default().to_owned(), total))
}

/// Has many clients move large objects at once.
fn memory(thoth: &Path, dir: &Path) -> Result<String> {
    let (running, url) = start(thoth, &dir.join("data"))?;
    let large = dir.join("1g");
    put(&large, &format!("{url}/alice/stor/1g"))?;
    let small = dir.join("100m");
    random(&small, 100_000_000)?;
    let mut movers = Vec::new();
    for n in 0..MOVERS / 2 {
        let to = format!("{url}/alice/stor/{n}");
        let mut put = curl();
        movers.push(Running(put.arg("-T").arg(&small).arg(to).spawn()?));
        let mut get = curl();
        get.args(["--limit-rate", "100M", "-r", "0-299999999"]);
        movers.push(Running(get.arg(format!("{url}/alice/stor/1g")).spawn()?));
    }
    for mut mover in movers {
        mover.0.wait()?;
    }
    let status = format!("/proc/{}/status", running.0.id());
    let status = fs::read_to_string(status)?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|p| p.split_whitespace().next());
    let peak: f64 = peak.ok_or("no peak")?.parse()?;
    let line = format!(
        "\n{MOVERS} clients move large objects at once, half of them each \
         way: {:.0} MB resident at most.\n",
        peak * 1024.0 / 1e6
    );
    eprint!("{line}");
    Ok(line)
}

fn curl() -> Command {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--output", "/dev/null"]);
    command.arg("--noproxy").arg("*");
    command
}

fn timed(command: &mut Command) -> Result<f64> {
    let format = "%{http_code} %{time_total}";
    let said = output(command.args(["--write-out", format]))?;
    let (status, time) = said.split_once(' ').ok_or("curl said nothing")?;
    if !status.starts_with('2') {
        return Err(format!("status {status}").into());
    }
    Ok(time.trim().parse()?)
}

fn put(file: &Path, url: &str) -> Result<f64> {
    timed(curl().arg("-T").arg(file).arg(url))
}

fn get(url: &str) -> Result<f64> {
    timed(curl().arg(url))
}

fn make_directory(url: &str) -> Result<()> {
    let kind = "content-type: application/json; type=directory";
    let mut command = curl();
    command.args(["-X", "PUT", "-H", kind, "-H", "content-length: 0", url]);
    timed(&mut command).map(|_| ())
}

/// Runs wrk; returns what it said.
fn asked(connections: u32, seconds: u64, args: &[&str]) -> Result<String> {
    let mut command = Command::new("wrk");
    command.arg("-t2").arg(format!("-c{connections}"));
    output(command.arg(format!("-d{seconds}s")).args(args))
}

/// Runs wrk; returns the requests that it made each second.
fn wrk(connections: u32, seconds: u64, args: &[&str]) -> Result<f64> {
    let said = asked(connections, seconds, args)?;
    if said.contains("Non-2xx") {
        return Err(format!("wrk: not all answers were fine\n{said}").into());
    }
    let rate = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("Requests/sec:"))
        .ok_or("wrk told no rate")?;
    Ok(rate.trim().parse()?)
}

fn random(file: &Path, length: u64) -> Result<()> {
    let mut text = String::new();
    write!(text, "head -c {length} /dev/urandom > \"$1\"")?;
    run(Command::new("sh").args(["-c", &text, "sh"]).arg(file))
}
