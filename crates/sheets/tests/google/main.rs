//! Our client against a Google that speaks HTTP and can be broken.
//!
//! The guarantee: whatever Google answers, a call ends with the values or with an error that says what to do,
//! and nothing that is printed holds a secret.

mod federation;
mod login;
mod machine;
mod network;
mod reading;
mod refusals;
mod search;
mod silence;
mod support;
mod tokens;
mod writing;
