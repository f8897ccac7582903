//! The server as its clients see it, over real HTTP on loopback. Files mirror the routes and the promises; a promise's
//! test carries its number.

#![expect(unreachable_pub, reason = "a test binary has no public interface")]

mod support;

mod adc;
mod admin;
mod apps_script;
mod connection;
mod file;
mod generate_audio;
mod guard;
mod health;
mod listen;
mod orders;
mod refusals;
mod sheet;
mod status;
mod upstream_h2;
mod upstream_tls;
mod usage;
mod usage_edits;
mod verify;
mod webhook;
