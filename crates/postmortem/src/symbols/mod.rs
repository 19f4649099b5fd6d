//! Names, lines and inline frames for addresses.
//!
//! # Method
//! Addresses come in batches: all distinct ones of all stacks. For names that
//! turns the usual way round: instead of sorting a symbol table (half a million
//! entries for a large program) to look up forty addresses, the addresses are
//! sorted and the table is read once, each symbol asking which addresses it
//! covers. Nothing is copied but the winners' names.
//!
//! # Which symbol wins
//! Sized ones that cover the address before sizeless ones that precede it;
//! among those the one that starts last, then global before local, then a
//! shorter name. `@VERSION` is cut off. Tables, best first: `.symtab`, that of
//! the separate debug file, `.gnu_debugdata`, `.dynsym`.
//!
//! # Lines
//! DWARF through `addr2line`, split files (`.dwo`, `.dwp`) included. A frame
//! may stand for several functions inlined into one another; each is given.

mod demangle;
mod lines;
mod table;

pub use demangle::demangle;
pub(crate) use lines::{Lines, Place};
pub(crate) use table::{Symbol, find_by_name, find_object, resolve};
