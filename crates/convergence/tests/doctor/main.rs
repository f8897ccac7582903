//! `convergence doctor` as an operator runs it: the program itself, against testkit's Google over real HTTP.

#![expect(unreachable_pub, reason = "a test binary has no public interface")]

#[path = "../api/support/authority.rs"]
mod authority;
mod support;

mod account;
mod alerts;
mod certificate;
mod file;
mod machine;
mod providers;
mod redis;
mod refusals;
mod sheet;
mod upstream;
