//! Names: durable puts, gets, listings.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path as FsPath;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel, sync_channel};

use rusqlite::{Connection, params};
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use thoth_manta::{ListOptions, Manta, MantaExt, Path, PutOptions};
use thoth_store::Embedded;

use crate::table::Row;
use crate::{LONG_ROUNDS, ROUNDS, Random, compare, per_second};

/// A record of usual length.
const BODY: &[u8] = &[b'x'; 200];
/// Names that are there when reading begins.
const NAMES: u64 = 100_000;
/// Directories that they lie in.
const DIRECTORIES: u64 = 40;

fn path(text: &str) -> Path {
    Path::parse(&format!("/me/stor/{text}")).expect("valid path")
}

/// SQLite alone with one committer: what group commit can reach at best.
struct Alone {
    queue: Sender<(String, std::sync::mpsc::SyncSender<()>)>,
}

fn connect(file: &FsPath) -> Connection {
    let sql = Connection::open(file).expect("database");
    sql.execute_batch(
        "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;",
    )
    .expect("settings");
    sql
}

impl Alone {
    fn start(folder: &FsPath) -> Alone {
        let sql = connect(&folder.join("alone.db"));
        sql.execute_batch(
            "CREATE TABLE IF NOT EXISTS entry(
                 dir INTEGER NOT NULL, name BLOB NOT NULL, body BLOB,
                 PRIMARY KEY(dir, name)) WITHOUT ROWID",
        )
        .expect("table");
        let (queue, requests) =
            channel::<(String, std::sync::mpsc::SyncSender<()>)>();
        std::thread::spawn(move || {
            while let Ok(first) = requests.recv() {
                let mut batch = vec![first];
                batch.extend(requests.try_iter().take(511));
                sql.execute_batch("BEGIN IMMEDIATE").expect("begin");
                let mut insert = sql
                    .prepare_cached(
                        "INSERT OR REPLACE INTO entry VALUES(1,?,?)",
                    )
                    .expect("insert");
                for (name, _) in &batch {
                    insert
                        .execute(params![name.as_bytes(), BODY])
                        .expect("put");
                }
                sql.execute_batch("COMMIT").expect("commit");
                for (_, answer) in batch {
                    let _ = answer.send(());
                }
            }
        });
        Alone { queue }
    }

    fn put(&self, name: String) {
        let (answer, done) = sync_channel(1);
        self.queue.send((name, answer)).expect("committer");
        done.recv().expect("committed");
    }
}

/// One small file, made as durably as the store makes a blob.
fn bare_put(shard: &File, folder: &FsPath, name: &str) {
    let flags = OFlags::TMPFILE | OFlags::WRONLY;
    let fd = rustix::fs::open(folder, flags, Mode::RUSR).expect("open");
    let file = File::from(fd);
    file.write_all_at(BODY, 0).expect("write");
    file.sync_data().expect("flush");
    let own = format!("/proc/self/fd/{}", file.as_raw_fd());
    let follow = AtFlags::SYMLINK_FOLLOW;
    rustix::fs::linkat(CWD, own, CWD, folder.join(name), follow).expect("link");
    shard.sync_all().expect("flush");
}

/// Durable puts of small objects.
pub(crate) fn puts(folder: &FsPath) -> Vec<Row> {
    let folder = folder.join("puts");
    let store = Embedded::open(&folder, "me").expect("store");
    for n in 0..DIRECTORIES {
        store.mkdir(&path(&format!("d{n}"))).expect("directory");
    }
    let alone = Alone::start(&folder);
    let bare = folder.join("bare");
    std::fs::create_dir(&bare).expect("folder");
    let shard = File::open(&bare).expect("folder");
    let next = AtomicU64::new(0);
    let fresh = || next.fetch_add(1, Ordering::Relaxed);
    let log = File::options()
        .create(true)
        .truncate(true)
        .write(true)
        .open(folder.join("flushes"))
        .expect("file");
    log.write_all_at(&[0; 1 << 20], 0).expect("write");
    let mut rows = Vec::new();
    for (threads, goal) in [(1, None), (16, Some(12_000.0)), (64, None)] {
        let figures = compare(
            ROUNDS,
            vec![
                (
                    "store",
                    Box::new(|| {
                        per_second(threads, |_, _| {
                            let n = fresh();
                            let name =
                                path(&format!("d{}/n{n}", n % DIRECTORIES));
                            let options = PutOptions::default();
                            store
                                .put_bytes(&name, BODY, &options)
                                .expect("put");
                        })
                    }),
                ),
                (
                    "SQLite alone",
                    Box::new(|| {
                        per_second(threads, |_, _| {
                            alone.put(format!("n{}", fresh()));
                        })
                    }),
                ),
                (
                    "one file each, bare calls",
                    Box::new(|| {
                        per_second(threads, |_, _| {
                            bare_put(&shard, &bare, &format!("n{}", fresh()));
                        })
                    }),
                ),
                (
                    "flushes of 8 KiB, one after another",
                    Box::new(|| {
                        per_second(1, |_, n| {
                            let at = n % 128 * 8192;
                            log.write_all_at(&[n as u8; 8192], at)
                                .expect("write");
                            log.sync_data().expect("flush");
                        })
                    }),
                ),
            ],
        );
        rows.push(row(
            format!("durable puts of 200 bytes, {threads} at a time"),
            goal,
            &figures,
        ));
    }
    rows
}

fn row(
    what: String,
    goal: Option<f64>,
    figures: &[(&'static str, f64)],
) -> Row {
    Row {
        what,
        unit: "/s",
        goal,
        store: figures[0].1,
        peers: figures[1..].to_vec(),
    }
}

/// A store and a table with the same names in them.
fn filled(folder: &FsPath) -> (Embedded, Vec<Connection>) {
    let folder = folder.join("reads");
    let there = folder.exists();
    let store = Embedded::open(&folder, "me").expect("store");
    let file = folder.join("alone.db");
    let sql = connect(&file);
    if !there {
        for n in 0..DIRECTORIES {
            store.mkdir(&path(&format!("d{n}"))).expect("directory");
        }
        std::thread::scope(|scope| {
            for thread in 0..64 {
                let store = &store;
                scope.spawn(move || {
                    for n in (thread..NAMES).step_by(64) {
                        let name = path(&name_of(n));
                        let options = PutOptions::default();
                        store.put_bytes(&name, BODY, &options).expect("put");
                    }
                });
            }
        });
        sql.execute_batch(
            "CREATE TABLE entry(
                 dir INTEGER NOT NULL, name BLOB NOT NULL, body BLOB,
                 PRIMARY KEY(dir, name)) WITHOUT ROWID;
             BEGIN",
        )
        .expect("table");
        for n in 0..NAMES {
            let name = name_of(n);
            let (dir, name) = name.split_once('/').expect("two parts");
            sql.prepare_cached("INSERT INTO entry VALUES(?, ?, ?)")
                .and_then(|mut insert| {
                    let dir: i64 = dir[1..].parse().expect("number");
                    insert.execute(params![dir, name.as_bytes(), BODY])
                })
                .expect("insert");
        }
        sql.execute_batch("COMMIT").expect("commit");
    }
    (store, (0..2).map(|_| connect(&file)).collect())
}

fn name_of(n: u64) -> String {
    format!("d{}/core.{n:07}.json", n % DIRECTORIES)
}

/// Reading one small object, two threads.
pub(crate) fn gets(folder: &FsPath) -> Vec<Row> {
    let (store, alone) = filled(folder);
    let alone: Vec<_> = alone.into_iter().map(std::sync::Mutex::new).collect();
    let pick =
        |thread: usize, n: u64| Random(n * 7919 + thread as u64).below(NAMES);
    let figures = compare(
        ROUNDS,
        vec![
            (
                "info",
                Box::new(|| {
                    per_second(2, |thread, n| {
                        let name = path(&name_of(pick(thread, n)));
                        store.info(&name).expect("info");
                    })
                }),
            ),
            (
                "SQLite alone",
                Box::new(|| {
                    per_second(2, |thread, n| {
                        let n = pick(thread, n);
                        let name = format!("core.{n:07}.json");
                        let sql = alone[thread].lock().expect("lock");
                        let body: Vec<u8> = sql
                            .prepare_cached(
                                "SELECT body FROM entry WHERE dir=? AND name=?",
                            )
                            .and_then(|mut q| {
                                let dir = n % DIRECTORIES;
                                let key = params![dir, name.as_bytes()];
                                q.query_row(key, |row| row.get(0))
                            })
                            .expect("get");
                        assert_eq!(body.len(), BODY.len());
                    })
                }),
            ),
            (
                "get",
                Box::new(|| {
                    per_second(2, |thread, n| {
                        let name = path(&name_of(pick(thread, n)));
                        store.get(&name, 1000).expect("get");
                    })
                }),
            ),
        ],
    );
    let [info, alone, get] = figures[..] else { return Vec::new() };
    let goal = Some(100_000.0);
    vec![
        row("info of an object, 2 at a time".to_owned(), goal, &[info, alone]),
        row("get of 200 bytes, 2 at a time".to_owned(), goal, &[get, alone]),
    ]
}

/// Listing 256 entries, two threads.
pub(crate) fn lists(folder: &FsPath) -> Vec<Row> {
    let (store, alone) = filled(folder);
    let alone: Vec<_> = alone.into_iter().map(std::sync::Mutex::new).collect();
    let pick = |thread: usize, n: u64| {
        let mut random = Random(n * 7919 + thread as u64);
        let n = random.below(NAMES / 2);
        (n % DIRECTORIES, format!("core.{n:07}.json"))
    };
    let figures = compare(
        ROUNDS,
        vec![
            (
                "store",
                Box::new(|| {
                    per_second(2, |thread, n| {
                        let (dir, marker) = pick(thread, n);
                        let options = ListOptions {
                            marker: Some(marker),
                            limit: 256,
                            ..ListOptions::default()
                        };
                        let page = store
                            .list(&path(&format!("d{dir}")), &options)
                            .expect("list");
                        assert_eq!(page.entries.len(), 256);
                    })
                }),
            ),
            (
                "SQLite alone, names only",
                Box::new(|| {
                    per_second(2, |thread, n| {
                        let (dir, marker) = pick(thread, n);
                        let sql = alone[thread].lock().expect("lock");
                        let names: Vec<Vec<u8>> = sql
                            .prepare_cached(
                                "SELECT name FROM entry
                             WHERE dir=? AND name>=? ORDER BY name LIMIT 256",
                            )
                            .and_then(|mut q| {
                                let key = params![dir, marker.as_bytes()];
                                q.query_map(key, |row| row.get(0))
                                    .and_then(Iterator::collect)
                            })
                            .expect("list");
                        assert_eq!(names.len(), 256);
                    })
                }),
            ),
        ],
    );
    let what = "listing 256 entries, 2 at a time".to_owned();
    vec![row(what, Some(8_000.0), &figures)]
}

/// Entries of a directory that is as full as one may be.
const FULL: u64 = 1_000_000;

/// Makes a full directory. Putting a million objects would take a minute, so
/// its entries, which all name one version, are written past the store.
fn full(folder: &FsPath) -> Embedded {
    let folder = folder.join("pages");
    let store = Embedded::open(&folder, "me").expect("store");
    store.mkdir(&path("full")).expect("directory");
    let first = path("full/0000000");
    store.put_bytes(&first, BODY, &PutOptions::default()).expect("put");
    let sql = connect(&folder.join("store.db"));
    sql.execute_batch(&format!(
        "BEGIN IMMEDIATE;
         WITH RECURSIVE n(n) AS
             (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {FULL} - 1)
         INSERT INTO entry SELECT dir, CAST(printf('%07d', n) AS BLOB), child,
             object, mtime + n, durability, id, size, stored, digest, md5,
             content_type, headers
         FROM n, (SELECT * FROM entry WHERE name = x'30303030303030');
         UPDATE dir SET entries = {FULL} WHERE id = (SELECT dir FROM entry
             WHERE name = x'30303030303030');
         UPDATE object SET names = {FULL};
         COMMIT;"
    ))
    .expect("a million entries");
    store
}

/// Listing a directory of a million entries through, in pages of 1,024.
pub(crate) fn pages(folder: &FsPath) -> Vec<Row> {
    let store = full(folder);
    let sql = connect(&folder.join("pages/store.db"));
    let figures = compare(
        LONG_ROUNDS,
        vec![
            (
                "store",
                Box::new(|| {
                    let begun = std::time::Instant::now();
                    let mut seen = 0u64;
                    store
                        .list_all(&path("full"), &mut |entry| {
                            assert_eq!(entry.path().name().len(), 7);
                            seen += 1;
                            Ok(())
                        })
                        .expect("list");
                    assert_eq!(seen, FULL);
                    FULL as f64 / begun.elapsed().as_secs_f64()
                }),
            ),
            (
                "SQLite alone, names only",
                Box::new(|| {
                    let begun = std::time::Instant::now();
                    let mut seen = 0u64;
                    let mut marker = Vec::new();
                    loop {
                        let names: Vec<Vec<u8>> = sql
                            .prepare_cached(
                                "SELECT name FROM entry WHERE dir =
                                     (SELECT max(dir) FROM entry)
                                     AND name > ? ORDER BY name LIMIT 1024",
                            )
                            .and_then(|mut q| {
                                q.query_map([&marker], |row| row.get(0))
                                    .and_then(Iterator::collect)
                            })
                            .expect("list");
                        seen += names.len() as u64;
                        match names.into_iter().last() {
                            Some(last) => marker = last,
                            None => break,
                        }
                    }
                    assert_eq!(seen, FULL);
                    FULL as f64 / begun.elapsed().as_secs_f64()
                }),
            ),
        ],
    );
    let what = "a directory of 1,000,000 entries, listed through in pages of \
                1,024"
        .to_owned();
    vec![Row { unit: "entries/s", ..row(what, Some(100_000.0), &figures) }]
}
