//! Makes core dumps whose truth is known: real, damaged and synthetic.
//!
//! For development only. It uses no other crate of this project, because a
//! writer that shares the reader's structures proves nothing about either.
//!
//! - [`native`]: builds small programs, lets them crash, keeps their cores
//!   with a `truth.json` beside each.
//! - [`synth`]: writes cores from nothing, for any machine, truly or not.
//! - [`damage`]: breaks a good core or program in named ways, or by a seed.
//! - [`snapshot`]: writes a core of a crashing or living process by ptrace,
//!   where the kernel's `core_pattern` gives none.
//!
//! ```no_run
//! use thoth_corpus::native;
//!
//! let report = native::build(&native::out_dir(), &["segv", "deadlock"]);
//! for case in &report.made {
//!     println!("{} {:?}", case.core.display(), case.truth.frames);
//! }
//! assert!(report.skipped.is_empty(), "{:?}", report.skipped);
//! ```

#[cfg(feature = "cases")]
pub mod damage;
#[cfg(feature = "cases")]
pub mod native;
pub mod snapshot;
#[cfg(feature = "cases")]
pub mod synth;
