//! The store beside bare system calls and beside SQLite alone, in one run.
//!
//! Times on a shared machine are noise, ratios within one run are less so. So
//! the store and its peers take turns, some rounds each, and medians are
//! compared. Everything is on one file system, in a folder that vanishes.
//!
//! `cargo xtask bench store [--write] [CASE...]` runs it, and puts the page that
//! it prints into the documentation.
#![expect(clippy::print_stdout, reason = "the table is the answer")]
#![expect(clippy::print_stderr, reason = "progress is not")]

mod bytes;
mod names;
mod table;

use std::path::Path;
use std::time::{Duration, Instant};

use table::Row;

/// Rounds of each comparison.
const ROUNDS: usize = 5;
/// Rounds of what takes seconds each.
const LONG_ROUNDS: usize = 3;
/// How long a round of small operations lasts.
const ROUND: Duration = Duration::from_secs(1);

/// What one side of a comparison is called, and how it is measured: the
/// figure of one round.
type Side<'a> = (&'static str, Box<dyn FnMut() -> f64 + 'a>);

/// A comparison of the store with its peers.
struct Case {
    name: &'static str,
    run: fn(&Path) -> Vec<Row>,
}

const CASES: &[Case] = &[
    Case { name: "puts", run: names::puts },
    Case { name: "gets", run: names::gets },
    Case { name: "lists", run: names::lists },
    Case { name: "pages", run: names::pages },
    Case { name: "large", run: bytes::large },
    Case { name: "random", run: bytes::random },
];

fn main() {
    // What cargo tells every bench is no case.
    let given = std::env::args().skip(1);
    let wanted: Vec<String> = given.filter(|name| name != "--bench").collect();
    let known = |name: &String| CASES.iter().any(|case| case.name == name);
    if let Some(unknown) = wanted.iter().find(|name| !known(name)) {
        let names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
        eprintln!("no case {unknown:?}: there are {}", names.join(", "));
        std::process::exit(2);
    }
    let folder = tempfile::Builder::new()
        .prefix("bench-store")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .expect("a folder in the target folder");
    let mut rows = Vec::new();
    for case in CASES {
        if wanted.is_empty() || wanted.iter().any(|name| name == case.name) {
            eprintln!("{}", case.name);
            rows.extend((case.run)(folder.path()));
        }
    }
    print!("{}", table::page(&rows));
}

/// Lets the sides take turns, and returns the median of each.
fn compare(
    rounds: usize,
    mut sides: Vec<Side<'_>>,
) -> Vec<(&'static str, f64)> {
    let mut figures: Vec<Vec<f64>> = sides.iter().map(|_| vec![]).collect();
    for _ in 0..rounds {
        for (figures, side) in figures.iter_mut().zip(&mut sides) {
            figures.push((side.1)());
        }
    }
    sides
        .iter()
        .zip(figures)
        .map(|(side, mut figures)| {
            figures.sort_by(f64::total_cmp);
            (side.0, figures[figures.len() / 2])
        })
        .collect()
}

/// Runs an operation on some threads until the round is over; returns how
/// many were done a second. The operation gets its thread and its number.
fn per_second(threads: usize, work: impl Fn(usize, u64) + Sync) -> f64 {
    let begun = Instant::now();
    let done: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|thread| {
                let work = &work;
                scope.spawn(move || {
                    let mut done = 0;
                    while begun.elapsed() < ROUND {
                        work(thread, done);
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().expect("no panic")).sum()
    });
    done as f64 / begun.elapsed().as_secs_f64()
}

/// A small generator (splitmix64), so that runs can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
