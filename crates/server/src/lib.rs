//! The object store as a service: the Manta API over HTTP.
//!
//! You give a store ([`thoth_store::Embedded`]) and settings; you get a
//! server that existing clients of that API work against.
//!
//! - [`auth`] says who asks and what they may do.

pub mod auth;
