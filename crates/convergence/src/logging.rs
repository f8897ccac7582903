//! The log: lines on standard error, ours at the level asked for, other people's at `warn`. Requests are logged apart from
//! it, on standard output.

mod access;
mod line;

use std::io::stderr;

use anstream::{AutoStream, ColorChoice};
use tracing_subscriber::EnvFilter;

pub(crate) use access::AccessLog;
pub(crate) use line::Form;

use crate::config::Logs;

/// Starts the log, once in a process. Libraries stay at `warn` at any level: some of them log headers and tokens.
pub(crate) fn start(logs: Logs) {
    let filter = EnvFilter::new(format!("warn,convergence={level},sheets={level}", level = logs.level));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    let started = if logs.json {
        lines.json().flatten_event(true).try_init()
    } else {
        lines.with_ansi(AutoStream::choice(&stderr()) != ColorChoice::Never).try_init()
    };
    // A process that already logs keeps its own log.
    drop(started);
}
