//! Tests of the module; `truth` measures against compilers' unwind tables.

pub(crate) mod image;
pub(crate) mod rows;
pub(crate) mod truth;
