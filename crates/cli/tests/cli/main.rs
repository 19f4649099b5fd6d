//! The program from outside: its outputs, exit statuses, and what it leaves.
//!
//! - [`golden`]: a matrix of commands and dumps, as text that must not change
//!   by accident. Dumps written from nothing are compared as they are; those
//!   of real programs with addresses and thread ids taken out.
//! - [`status`]: what each exit status is for.
//! - [`store`]: uploads, listings, changes.
//! - [`shape`]: the JSON that others rely on.
//! - [`hostile`]: names with control characters.
//! - [`keeping`]: history, removal, files beside dumps, settings.
//! - [`library`]: sessions with every command that keeps dumps, as text.
//! - [`places`]: data folders that are not fit, said by name.
//! - [`story`]: two hundred dumps, and a way through them.
//! - [`faults`]: uploads at once, killed, on a full disk.
//! - [`demo`]: the demo, and that it cleans up.

mod demo;
mod faults;
mod golden;
mod hostile;
mod keeping;
mod library;
mod places;
mod shape;
mod status;
mod store;
mod story;
mod support;
