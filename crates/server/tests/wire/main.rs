//! The protocol as clients see it, over sockets.

mod access;
mod client;
mod directories;
mod hostile;
mod objects;
mod service;
mod support;
mod tls;
mod traps;
mod uploads;
