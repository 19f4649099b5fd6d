//! The server is killed again and again in the middle of everything.
//!
//! Several clients change names, each in a directory of its own, and each
//! remembers what every name may hold: after an answer exactly one thing,
//! while there is none what was there before or what was asked for. After
//! each kill a new server must show nothing else, with the right digests.
//!
//! `THOTH_KILL_ROUNDS` says how often; a long run takes 1000.

use crate::client::{Answer, Ask, Client, DIRECTORY, LINK, md5};
use crate::process::Serving;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use thoth_store::{Embedded, EmbeddedOptions, ScrubOptions};

const WORKERS: u64 = 5;
const ROUNDS: u64 = 50;
const NAMES: u64 = 6;
/// The least that a part but the last may have.
const PART: usize = 5 << 20;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn body(&mut self, length: usize) -> Vec<u8> {
        let mut body = Vec::with_capacity(length + 8);
        while body.len() < length {
            body.extend(self.next().to_le_bytes());
        }
        body.truncate(length);
        body
    }
}

/// What a name may hold: the digest of a body, or nothing.
type May = Vec<Option<String>>;

/// One client, and what it knows.
struct Worker {
    number: u64,
    random: Random,
    names: BTreeMap<String, May>,
    acknowledged: u64,
}

/// The connection broke: whether it was done is not known.
struct Broken;

impl Worker {
    fn new(number: u64) -> Worker {
        let random = Random(0x9e37_79b9_7f4a_7c15 ^ (number + 1));
        let names = BTreeMap::new();
        Worker { number, random, names, acknowledged: 0 }
    }

    fn directory(&self) -> String {
        format!("/alice/stor/w{}", self.number)
    }

    fn name(&mut self) -> String {
        let n = self.random.below(NAMES);
        format!("{}/n{n}", self.directory())
    }

    fn holds(&self, name: &str) -> May {
        self.names.get(name).cloned().unwrap_or_else(|| vec![None])
    }

    /// Says what a change makes of a name, around the request that asks for
    /// it.
    fn change(
        &mut self,
        name: &str,
        to: Option<String>,
        ask: impl FnOnce(&mut Random) -> Result<u16, Broken>,
    ) -> Result<(), Broken> {
        let before = self.holds(name);
        let mut may = before.clone();
        may.push(to.clone());
        self.names.insert(name.to_owned(), may);
        let status = ask(&mut self.random)?;
        let after = match status {
            201 | 204 => vec![to],
            // Deleting, or linking from, what is not there.
            404 => before,
            other => panic!("{name}: status {other}"),
        };
        self.acknowledged += u64::from(status != 404);
        self.names.insert(name.to_owned(), after);
        Ok(())
    }

    /// Works until the server is gone.
    fn work(&mut self, address: SocketAddr) {
        let mut client = Client::connect(address);
        while self.step(&mut client).is_ok() {}
    }

    fn step(&mut self, client: &mut Client) -> Result<(), Broken> {
        match self.random.below(20) {
            0..=8 => self.put(client),
            9..=12 => self.delete(client),
            13..=16 => self.link(client),
            17 => self.upload(client),
            _ => self.read(client),
        }
    }

    fn put(&mut self, client: &mut Client) -> Result<(), Broken> {
        let name = self.name();
        let length = match self.random.below(10) {
            0 => 0,
            1..=6 => self.random.below(16_000),
            7 | 8 => self.random.below(300_000),
            _ => self.random.below(3_000_000),
        };
        let body = self.random.body(length as usize);
        self.change(&name, Some(md5(&body)), |_| {
            let ask = Ask::new("PUT", &name).body(&body);
            status(client.try_ask(ask))
        })
    }

    fn delete(&mut self, client: &mut Client) -> Result<(), Broken> {
        let name = self.name();
        self.change(&name, None, |_| {
            status(client.try_ask(Ask::new("DELETE", &name)))
        })
    }

    fn link(&mut self, client: &mut Client) -> Result<(), Broken> {
        let (source, name) = (self.name(), self.name());
        let [held] = self.holds(&source).try_into().unwrap_or([None]);
        // What the source holds is only known where it was acknowledged.
        let Some(digest) = held else { return Ok(()) };
        self.change(&name, Some(digest), |_| {
            let ask = Ask::new("PUT", &name)
                .with("content-type", LINK)
                .with("location", source)
                .with("content-length", "0");
            status(client.try_ask(ask))
        })
    }

    fn upload(&mut self, client: &mut Client) -> Result<(), Broken> {
        let name = self.name();
        let document = format!("{{\"objectPath\":\"{name}\"}}");
        let ask = Ask::new("POST", "/alice/uploads").body(document.as_bytes());
        let made = whole(client.try_ask(ask))?;
        assert_eq!(made.status, 201, "{made:?}");
        let parts = made.json()["partsDirectory"].clone();
        let parts = parts.as_str().expect("a directory").to_owned();
        let several = self.random.below(2) == 0;
        let mut sizes = vec![self.random.below(100_000) as usize];
        if several {
            sizes.insert(0, PART);
        }
        let (mut etags, mut body) = (Vec::new(), Vec::new());
        for (number, size) in sizes.into_iter().enumerate() {
            let part = self.random.body(size);
            let path = format!("{parts}/{number}");
            let ask = Ask::new("PUT", &path).body(&part);
            let put = whole(client.try_ask(ask))?;
            assert_eq!(put.status, 204, "{put:?}");
            etags.push(put.header("etag").to_owned());
            body.extend(part);
        }
        let commit = serde_json::json!({ "parts": etags }).to_string();
        let path = format!("{parts}/commit");
        self.change(&name, Some(md5(&body)), |_| {
            let ask = Ask::new("POST", &path).body(commit.as_bytes());
            status(client.try_ask(ask))
        })
    }

    fn read(&mut self, client: &mut Client) -> Result<(), Broken> {
        let name = self.name();
        let held = found(&whole(client.try_ask(Ask::new("GET", &name)))?);
        assert!(self.holds(&name).contains(&held), "{name}: {held:?}");
        Ok(())
    }

    /// Compares everything with what there may be, which from then on is
    /// what there is.
    fn verify(&mut self, address: SocketAddr) {
        let mut client = Client::connect(address);
        let listing = client.ask(Ask::new("GET", &self.directory()));
        assert_eq!(listing.status, 200, "{listing:?}");
        let listed = listing.names();
        let names: Vec<String> = self.names.keys().cloned().collect();
        let mut there = Vec::new();
        for name in names {
            let held = found(&client.ask(Ask::new("GET", &name)));
            let may = self.holds(&name);
            assert!(may.contains(&held), "{name}: {held:?}, may be {may:?}");
            if held.is_some() {
                let last = name.rsplit('/').next().expect("a name");
                there.push(last.to_owned());
            }
            self.names.insert(name, vec![held]);
        }
        assert_eq!(listed, there, "what is listed is what is there");
    }
}

fn whole(answer: std::io::Result<Answer>) -> Result<Answer, Broken> {
    answer.map_err(|_| Broken)
}

fn status(answer: std::io::Result<Answer>) -> Result<u16, Broken> {
    whole(answer).map(|answer| answer.status)
}

/// Returns the digest of what was read, which must be the announced one.
fn found(answer: &Answer) -> Option<String> {
    match answer.status {
        404 => None,
        200 => {
            let digest = md5(&answer.body);
            assert_eq!(answer.header("content-md5"), digest);
            Some(digest)
        }
        other => panic!("status {other}: {answer:?}"),
    }
}

#[test]
fn acknowledged_changes_survive_kills() {
    let rounds = std::env::var("THOTH_KILL_ROUNDS");
    let rounds = rounds.map_or(ROUNDS, |n| n.parse().expect("a number"));
    let folder = tempfile::tempdir().expect("folder");
    let mut workers: Vec<Worker> = (0..WORKERS).map(Worker::new).collect();
    let mut random = Random(0x7468_6f74);
    for round in 0..=rounds {
        let mut serving = Serving::start(folder.path(), &["--log", "warn"]);
        let address = serving.address;
        if round == 0 {
            for worker in &workers {
                let path = worker.directory();
                let ask = Ask::new("PUT", &path)
                    .with("content-type", DIRECTORY)
                    .with("content-length", "0");
                assert_eq!(serving.client().ask(ask).status, 204);
            }
        }
        std::thread::scope(|scope| {
            for worker in &mut workers {
                scope.spawn(move || worker.verify(address));
            }
        });
        if round == rounds {
            break;
        }
        let pause = Duration::from_millis(20 + random.below(300));
        std::thread::scope(|scope| {
            for worker in &mut workers {
                scope.spawn(move || worker.work(address));
            }
            std::thread::sleep(pause);
            serving.signal(rustix::process::Signal::KILL);
        });
        let (_, _, log) = serving.wait();
        assert!(!log.contains("panicked"), "round {round}: {log}");
        if round % 50 == 49 {
            // A long run would fill the disk with what no name has.
            leaves_no_orphan(folder.path());
        }
    }
    let acknowledged: u64 = workers.iter().map(|w| w.acknowledged).sum();
    println!("{rounds} kills, {acknowledged} acknowledged changes");
    assert!(acknowledged > rounds, "{acknowledged}: hardly anything was done");
    leaves_no_orphan(folder.path());
}

/// Everything that no name has goes, and what is left is whole.
fn leaves_no_orphan(folder: &std::path::Path) {
    let options = EmbeddedOptions::default();
    let store = Embedded::open_bare(folder, &options).expect("open");
    let zero = Duration::ZERO;
    store.sweep_uploads("alice", zero).expect("sweep uploads");
    store.maintain_after(zero, zero).expect("sweep");
    let again = store.maintain_after(zero, zero).expect("sweep again");
    assert_eq!(again.orphans, 0);
    let scrubbed = store.scrub(&ScrubOptions::default(), &mut |_| {});
    let scrubbed = scrubbed.expect("scrub");
    assert!(scrubbed.bad.is_empty(), "{:?}", scrubbed.bad);
    let usage = store.usage("alice").expect("usage");
    let mut files = 0;
    for shard in std::fs::read_dir(folder.join("objects")).expect("shards") {
        let shard = shard.expect("shard").path();
        files += std::fs::read_dir(shard).expect("files").count() as u64;
    }
    // Small ones have no file, long ones may have a second.
    assert!(files <= 2 * usage.objects, "{files} files, {usage:?}");
}
