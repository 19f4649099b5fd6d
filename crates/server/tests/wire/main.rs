//! The protocol as clients see it, over sockets.

mod directories;
mod hostile;
mod objects;
mod service;
mod support;
mod traps;
mod uploads;
