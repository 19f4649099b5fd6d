//! Hostile files: every named defect, cuts at every kind of place, and seeded
//! mutations. Each must come back, soon, without a panic.

use postmortem::bytes::{self, OpenOptions, ReadAt};
use postmortem::core::Core;
use postmortem::modules::LocalFiles;
use postmortem::stack::StackOptions;
use postmortem::unwind::Trust;
use postmortem::{Process, fuzz};
use std::sync::Arc;
use std::time::{Duration, Instant};
use thoth_corpus::damage::{self, ALL, ALL_PROGRAM, Damage};
use thoth_corpus::native;
use thoth_postmortem as postmortem;

/// Far above what any of these needs, far below a hang.
const LIMIT: Duration = Duration::from_secs(20);

fn core_of(case: &str) -> Vec<u8> {
    let report = native::build(&native::out_dir(), &[case]);
    let case = report.find(case).expect("the case is made");
    std::fs::read(&case.core).expect("its core is there")
}

fn timed(what: &str, run: impl FnOnce()) {
    let start = Instant::now();
    run();
    let took = start.elapsed();
    assert!(took < LIMIT, "{what} took {took:?}");
}

/// Opens bytes as a user's file would be, through decompression.
fn open(data: &[u8], limit: u64) -> Result<Arc<dyn ReadAt>, String> {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let path = dir.path().join("core");
    std::fs::write(&path, data).expect("room for it");
    let mut options = OpenOptions::new(dir.path());
    options.expand_limit = limit;
    bytes::open(&path, &options).map(|f| f.bytes).map_err(|e| {
        let cause = std::error::Error::source(&e);
        format!("{e}: {}", cause.map_or(String::new(), |c| c.to_string()))
    })
}

#[test]
fn every_named_defect_of_a_core() {
    let good = core_of("segv");
    let files = || Box::new(LocalFiles::system());
    for defect in ALL {
        let bad = defect.apply(&good);
        timed(defect.name(), || match open(&bad, 128 << 20) {
            Ok(bytes) => {
                let taken = fuzz::with_files(Arc::clone(&bytes), files());
                if !taken {
                    let e = Core::parse(bytes).err().expect("it was refused");
                    assert!(e.to_string().len() > 10, "{e}");
                }
            }
            Err(e) => assert!(e.contains("core"), "{e}"),
        });
    }
}

#[test]
fn a_bomb_is_refused_at_the_limit_and_says_so() {
    let good = core_of("segv");
    for defect in ALL.iter().filter(|d| d.is_bomb()) {
        let said = open(&defect.apply(&good), 64 << 20).err();
        let said = said.unwrap_or_else(|| {
            panic!("{} was expanded past the limit", defect.name())
        });
        assert!(said.contains("limit of 67108864 bytes"), "{said}");
    }
}

#[test]
fn every_named_defect_of_a_program() {
    let report = native::build(&native::out_dir(), &["segv", "inlined"]);
    for case in &report.made {
        let core: Arc<dyn ReadAt> =
            Arc::new(std::fs::read(&case.core).expect("its core"));
        let good = std::fs::read(case.dir.join("prog")).expect("its program");
        for defect in ALL_PROGRAM {
            let root = tempfile::tempdir().expect("a scratch folder");
            let exe = case.truth.exe.trim_start_matches('/');
            let place = root.path().join(exe);
            let dir = place.parent().expect("it has a folder");
            std::fs::create_dir_all(dir).expect("room for it");
            std::fs::write(&place, defect.apply(&good)).expect("room for it");
            let mut files = LocalFiles::none();
            files.roots.push(root.path().to_owned());
            timed(defect.name(), || {
                let taken =
                    fuzz::with_files(Arc::clone(&core), Box::new(files));
                assert!(taken, "{}: the core itself is good", defect.name());
            });
        }
    }
}

#[test]
fn cut_anywhere() {
    let good = core_of("threads200");
    let heads = (0..good.len().min(9000)).step_by(293);
    let rest = (9000..good.len()).step_by(good.len() / 15);
    for len in heads.chain(rest) {
        timed("a cut", || {
            let taken = fuzz::core(&good[..len]);
            assert!(taken || len < 64, "a core cut at {len} is still a core");
        });
    }
}

#[test]
fn a_cut_core_says_what_is_missing_and_makes_nothing_up() {
    let good = core_of("segv");
    let whole = stack(&good);
    for len in (4096..good.len()).step_by(good.len() / 30) {
        let bytes: Arc<dyn ReadAt> = Arc::new(good[..len].to_vec());
        let core = Core::parse(bytes).expect("its headers are there");
        let c = core.completeness();
        assert!(!c.complete, "{len}");
        assert_eq!(c.present_bytes, len as u64);
        assert_eq!(c.expected_bytes, good.len() as u64);
        assert!(c.reason.is_some());
        let cut = stack(&good[..len]);
        // What is shown without a mark is a beginning of the true stack.
        let sure = cut.iter().take_while(|f| f.1 != Trust::Scan).count();
        assert!(sure <= whole.len(), "{len}: longer than the whole");
        for (a, b) in cut[..sure].iter().zip(&whole) {
            assert_eq!(a.0, b.0, "cut at {len}");
        }
    }
}

fn stack(data: &[u8]) -> Vec<(u64, Trust)> {
    let bytes: Arc<dyn ReadAt> = Arc::new(data.to_vec());
    let core = Core::parse(bytes).expect("its headers are there");
    let process = Process::load(core, Box::new(LocalFiles::system()));
    let stacks = process.stacks(&StackOptions::default());
    let frames = stacks.first().map(|s| s.frames.clone());
    frames.into_iter().flatten().map(|f| (f.pc.0, f.trust)).collect()
}

#[test]
fn seeded_mutations() {
    let rounds: u64 = match std::env::var("THOTH_MUTATIONS") {
        Ok(n) => n.parse().expect("THOTH_MUTATIONS is a number"),
        Err(_) => 24,
    };
    for case in ["segv", "sigframe", "deadlock", "cxx-exception", "dlopen"] {
        let good = core_of(case);
        for seed in 0..rounds {
            timed(&format!("{case}, seed {seed}"), || {
                let bad = damage::mutate(seed, &good);
                fuzz::core(&bad);
                fuzz::demangle(&bad[..bad.len().min(2000)]);
                let files = Box::new(LocalFiles::system());
                fuzz::with_files(Arc::new(bad), files);
            });
        }
    }
}

#[test]
fn a_cyclic_link_map_is_named() {
    let bad = Damage::by_name("link-map-cycle").expect("its name");
    let bytes: Arc<dyn ReadAt> = Arc::new(bad.apply(&core_of("segv")));
    let core = Core::parse(bytes).expect("only memory is damaged");
    let process = Process::load(core, Box::new(LocalFiles::system()));
    let said = process.facts().problems.join("\n");
    assert!(said.contains("the link map turns back"), "{said}");
}
