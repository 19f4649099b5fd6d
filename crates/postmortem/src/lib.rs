//! Reads ELF cores of Linux processes and answers questions about them.
//!
//! You give: a dump ([`bytes::open`] or any [`bytes::ReadAt`]) and a
//! [`modules::FileFinder`] that names candidate files. You get: facts, memory,
//! modules, threads with stacks, and verdicts, as data. Not for: printing,
//! fetching files over a network, or live processes.
//!
//! Everything inferred carries its trust, and *unknown*, *not in the dump* and
//! *unreadable* are three answers.

pub mod addr;
pub mod arch;
pub mod bytes;
pub mod core;
#[doc(hidden)]
pub mod fuzz;
pub mod insn;
pub mod memory;
pub mod modules;
pub mod process;
pub mod stack;
mod symbols;
pub mod unwind;
pub mod verdict;

pub use addr::{Addr, BuildId, Offset};
pub use process::Process;
pub use symbols::demangle;
