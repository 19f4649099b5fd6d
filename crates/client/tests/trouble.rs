//! The client when things go wrong on the way: a server behind a proxy that
//! breaks connections where it is told to.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use thoth_client::{Blocking, Config, Retries};
use thoth_manta::{Code, Condition, Manta, MantaExt, Path, PutOptions};
use thoth_server::auth::Auth;
use thoth_server::{Server, Settings};
use thoth_store::Embedded;

/// Where a connection breaks: after so many bytes from the server, or to it.
#[derive(Clone, Copy, Debug)]
enum Break {
    Down(usize),
    Up(usize),
}

/// A server, a proxy before it, and a client that knows the proxy only.
struct World {
    client: Blocking,
    store: Arc<Embedded>,
    breaks: Arc<Mutex<Vec<Break>>>,
    connections: Arc<AtomicU64>,
    _server: Server,
    _folder: tempfile::TempDir,
}

/// Copies one direction of a connection, which breaks after `most` bytes.
fn copy(mut from: TcpStream, mut to: TcpStream, most: Option<usize>) {
    let mut left = most.unwrap_or(usize::MAX);
    let mut piece = vec![0; 16 << 10];
    while left > 0 {
        let room = piece.len().min(left);
        match from.read(&mut piece[..room]) {
            Ok(n) if n > 0 && to.write_all(&piece[..n]).is_ok() => left -= n,
            _ => {
                let _ = to.shutdown(Shutdown::Write);
                return;
            }
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// Passes connections on, and returns where it listens.
fn proxy(
    behind: std::net::SocketAddr,
    told: Arc<Mutex<Vec<Break>>>,
    counted: Arc<AtomicU64>,
) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for near in listener.incoming() {
            let Ok(near) = near else { continue };
            let Ok(far) = TcpStream::connect(behind) else { continue };
            counted.fetch_add(1, Ordering::SeqCst);
            let (up, down) = match told.lock().expect("no panics").pop() {
                None => (None, None),
                Some(Break::Down(n)) => (None, Some(n)),
                Some(Break::Up(n)) => (Some(n), None),
            };
            let clone = |s: &TcpStream| s.try_clone().expect("a handle");
            let (a, b) = (clone(&near), clone(&far));
            std::thread::spawn(move || copy(a, b, up));
            std::thread::spawn(move || copy(far, near, down));
        }
    });
    address
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let store = Embedded::open(folder.path(), "me").expect("a store");
        let store = Arc::new(store);
        let settings = Settings {
            listen: "127.0.0.1:0".parse().expect("an address"),
            ..Settings::default()
        };
        let server = Server::start(
            settings,
            folder.path(),
            Arc::clone(&store),
            Auth::insecure("me"),
        )
        .expect("a server");
        let breaks: Arc<Mutex<Vec<Break>>> = Arc::default();
        let connections: Arc<AtomicU64> = Arc::default();
        let address = proxy(
            server.address(),
            Arc::clone(&breaks),
            Arc::clone(&connections),
        );
        let client = client(&format!("http://{address}"));
        let (_server, _folder) = (server, folder);
        World { client, store, breaks, connections, _server, _folder }
    }

    /// The next new connections break so, in this order.
    fn next(&self, breaks: &[Break]) {
        let mut told = self.breaks.lock().expect("no panics");
        told.clear();
        told.extend(breaks.iter().rev());
    }

    fn stored(&self, name: &str, bytes: &[u8]) -> Path {
        let path = path(name);
        let options = PutOptions::default();
        self.store.put_bytes(&path, bytes, &options).expect("room");
        path
    }

    /// A client without any connection yet.
    fn fresh(&self) -> Blocking {
        client(&self.client.client().config().url)
    }
}

fn client(url: &str) -> Blocking {
    let mut config = Config::new(url, "me");
    config.retries = Retries {
        times: 3,
        first: Duration::from_millis(5),
        longest: Duration::from_millis(20),
    };
    Blocking::new(config).expect("a client")
}

fn path(name: &str) -> Path {
    Path::parse(&format!("/me/stor/{name}")).expect("a path")
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let words = std::iter::repeat_with(next).take(length / 8 + 1);
    let mut bytes: Vec<u8> = words.flatten().collect();
    bytes.truncate(length);
    bytes
}

/// A body that counts what is read of it, and may fail.
struct Body {
    bytes: Vec<u8>,
    at: usize,
    fail_at: Option<usize>,
}

impl Body {
    fn of(bytes: &[u8]) -> Body {
        Body { bytes: bytes.to_vec(), at: 0, fail_at: None }
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.fail_at.is_some_and(|n| self.at >= n) {
            return Err(std::io::Error::other("the disk is on fire"));
        }
        let rest = &self.bytes[self.at..];
        let n = rest.len().min(buffer.len()).min(10_000);
        buffer[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }
}

#[test]
fn a_download_goes_on_where_the_connection_broke() {
    let w = World::new();
    let bytes = noise(3_000_000);
    let path = w.stored("long", &bytes);
    w.next(&[
        Break::Down(5000),
        Break::Down(700_000),
        Break::Down(1_000_000),
        Break::Down(200_000),
    ]);
    let (info, got) = w.client.get(&path, 10_000_000).expect("all of it");
    assert!(got == bytes);
    assert_eq!(info.size_bytes, 3_000_000);
    assert!(w.connections.load(Ordering::SeqCst) >= 5);
    // What came once was not asked for again.
    let received = w.client.client().moved().received;
    assert!(received < 3_200_000, "{received}");
}

#[test]
fn a_download_of_a_version_that_is_gone_fails() {
    let w = World::new();
    let path = w.stored("f", &noise(2_000_000));
    let reader = w.client.open(&path).expect("it is there");
    let mut piece = vec![0; 1000];
    assert_eq!(reader.read_at(&mut piece, 0).expect("its beginning"), 1000);
    w.stored("f", b"another");
    let late = reader.read_at(&mut piece, 1_500_000).expect_err("gone");
    assert_eq!(late.code(), Code::PreconditionFailed);
    assert!(late.to_string().contains("no longer there"), "{late}");
}

#[test]
fn trouble_that_stays_is_told_after_a_few_tries() {
    let w = World::new();
    let path = w.stored("f", &noise(2_000_000));
    w.next(&[Break::Down(10_000); 50]);
    let reader = w.client.open(&path).expect("it is there");
    let mut all = vec![0; 2_000_000];
    // Each try brings something, so this one goes on.
    assert_eq!(reader.read_at(&mut all, 0).ok(), Some(2_000_000));
    w.next(&[Break::Down(0); 50]);
    let client = w.fresh();
    let error = client.info(&path).expect_err("nothing comes");
    assert_eq!(error.code(), Code::ServiceUnavailable);
    assert_eq!(client.client().moved().requests, 4);
    let client = self::client("http://127.0.0.1:1");
    let error = client.info(&path).expect_err("nobody is there");
    assert_eq!(error.code(), Code::ServiceUnavailable);
    assert_eq!(error.to_string(), "cannot reach http://127.0.0.1:1");
    assert_eq!(client.client().moved().requests, 4);
}

#[test]
fn small_reads_bring_little() {
    let w = World::new();
    let bytes = noise(8_000_000);
    let path = w.stored("dump", &bytes);
    let reader = w.client.open(&path).expect("it is there");
    for at in [7_999_000, 12, 4_000_000, 4_000_010, 4_031_000, 7_999_990] {
        let mut piece = [0; 100];
        let n = reader.read_at(&mut piece, at).expect("some");
        let at = usize::try_from(at).expect("small");
        assert_eq!(piece[..n], bytes[at..(at + 100).min(bytes.len())]);
    }
    let moved = w.client.client().moved();
    assert!(moved.received <= 5 * 33_000, "{moved:?}");
    // At the end, and past it.
    let mut piece = [0; 100];
    assert_eq!(reader.read_at(&mut piece, 8_000_000).expect("nothing"), 0);
    assert_eq!(reader.read_at(&mut piece, u64::MAX).expect("nothing"), 0);
    // All of it in pieces, and small ones in between.
    let mut whole = Vec::new();
    let mut piece = vec![0; 300_000];
    while whole.len() < bytes.len() {
        let at = whole.len() as u64;
        let n = reader.read_at(&mut piece, at).expect("more");
        whole.extend_from_slice(&piece[..n]);
        let mut word = [0; 8];
        reader.read_at(&mut word, 64).expect("some");
        assert_eq!(word, bytes[64..72]);
    }
    assert!(whole == bytes);
}

#[test]
fn a_refused_body_is_not_touched() {
    let w = World::new();
    for length in [None, Some(2_000_000)] {
        let mut body = Body::of(&noise(2_000_000));
        let options =
            PutOptions { length_bytes: length, ..PutOptions::default() };
        let put = w.client.put(&path("no/such/f"), &mut body, &options);
        let error = put.expect_err("no such directory");
        assert_eq!(error.code(), Code::DirectoryDoesNotExist);
        assert_eq!(body.at, 0);
    }
    w.stored("f", b"old");
    let mut body = Body::of(&noise(2_000_000));
    let options = PutOptions {
        condition: Condition::create_only(),
        ..PutOptions::default()
    };
    let error = w.client.put(&path("f"), &mut body, &options);
    assert_eq!(error.expect_err("is there").code(), Code::PreconditionFailed);
    assert_eq!(body.at, 0);
}

#[test]
fn a_body_that_breaks_off_leaves_what_was_there() {
    let w = World::new();
    let path = w.stored("f", b"old");
    let still_old = || {
        assert_eq!(w.store.get(&path, 100).expect("there").1, b"old");
    };
    for length in [None, Some(2_000_000), Some(150 << 20)] {
        let mut body = Body::of(&noise(2_000_000));
        body.fail_at = Some(1_000_000);
        let options =
            PutOptions { length_bytes: length, ..PutOptions::default() };
        let put = w.client.put(&path, &mut body, &options);
        let error = put.expect_err("it breaks off");
        assert_eq!(error.code(), Code::UploadAbandoned, "{length:?}: {error}");
        still_old();
    }
    // Every byte that was promised comes, and then no end but an error.
    let length = 128 << 20;
    let mut body = Body::of(&vec![7; length]);
    body.fail_at = Some(length);
    let options = PutOptions {
        length_bytes: Some(length as u64),
        ..PutOptions::default()
    };
    let put = w.client.put(&path, &mut body, &options);
    let error = put.expect_err("it does not end");
    assert_eq!(error.code(), Code::UploadAbandoned);
    still_old();
    // Shorter and longer than promised.
    for promised in [10, 100_000, 3_000_000, 200 << 20] {
        let mut body = Body::of(&noise(2_000_000));
        let options = PutOptions {
            length_bytes: Some(promised),
            ..PutOptions::default()
        };
        let put = w.client.put(&path, &mut body, &options);
        let error = put.expect_err("another length");
        assert_eq!(error.code(), Code::UploadAbandoned, "{promised}: {error}");
        still_old();
    }
}

#[test]
fn a_connection_that_breaks_before_the_body_costs_nothing() {
    let w = World::new();
    w.next(&[Break::Up(20), Break::Down(0)]);
    let bytes = noise(1_000_000);
    let mut body = Body::of(&bytes);
    let stored = w.client.put(&path("f"), &mut body, &PutOptions::default());
    assert_eq!(stored.expect("the third time").size_bytes, 1_000_000);
    assert!(w.store.get(&path("f"), 2_000_000).expect("there").1 == bytes);
}

#[test]
fn a_broken_connection_costs_one_part() {
    let w = World::new();
    let bytes = noise(130 << 20);
    // In the middle of parts, on the way there.
    w.next(&[
        Break::Up(100_000_000),
        Break::Up(9_000_000),
        Break::Up(30_000_000),
        Break::Up(3_000_000),
    ]);
    let mut body: &[u8] = &bytes;
    let options = PutOptions {
        length_bytes: Some(bytes.len() as u64),
        condition: Condition::create_only(),
        ..PutOptions::default()
    };
    w.client.put(&path("long"), &mut body, &options).expect("all of it");
    let got = w.store.get(&path("long"), 200 << 20).expect("there").1;
    assert!(got == bytes);
    let sent = w.client.client().moved().sent;
    assert!(sent > 131 << 20, "no part was sent again: {sent}");
    assert!(sent < 230 << 20, "{sent}");
}

#[test]
fn a_conditional_write_is_not_repeated() {
    let w = World::new();
    w.stored("f", b"1");
    let info = w.client.info(&path("f")).expect("there");
    let etag = info.object().expect("an object").etag.clone();
    let client = w.fresh();
    // The answer is lost; the write may not be.
    w.next(&[Break::Down(3)]);
    let options = PutOptions {
        condition: Condition::unchanged(etag),
        ..PutOptions::default()
    };
    let put = client.put_bytes(&path("f"), b"2", &options);
    let error = put.expect_err("its answer was lost");
    assert_eq!(error.code(), Code::ServiceUnavailable);
    assert_eq!(client.client().moved().requests, 1);
    // Without a condition it is repeated.
    w.next(&[Break::Down(3)]);
    let client = w.fresh();
    let options = PutOptions::default();
    client.put_bytes(&path("f"), b"3", &options).expect("the second time");
    assert_eq!(client.client().moved().requests, 2);
    assert_eq!(w.store.get(&path("f"), 10).expect("there").1, b"3");
}
