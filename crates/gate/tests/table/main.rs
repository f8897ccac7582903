//! Reading a keys table: each way in which people break one, the promises, and properties of any grid.
//!
//! The guarantee: a bad cell never opens a door, one bad row never loses the others, and every problem is told
//! with its place and without the key.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod breakages;
mod fixture;
mod promises;
mod properties;
mod scale;
mod times;
