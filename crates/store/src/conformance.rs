//! What every pair of engines must pass.
