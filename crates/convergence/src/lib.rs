//! Serves: API keys that live in a Google Sheet, guarding an API.
//!
//! The only crate that knows HTTP servers, the command line and the environment; where `gate`, which decides, and
//! `sheets`, which calls Google, meet. `ARCHITECTURE.md` has the map.

pub mod cli;
pub mod config;

pub mod server;

mod inherited;

mod app;
mod http;
mod routes;

mod doctor;
mod keys;
mod setup;
mod sync;
mod upstream;
mod usage;

pub mod audio;

pub mod clock;
mod logging;
mod metrics;
mod os;
