//! Traces and metrics for a collector, by OTLP over HTTP (`OTEL_EXPORTER_OTLP_ENDPOINT`).
//!
//! | what | file |
//! |---|---|
//! | `traceparent` read and written; which requests are traced | `trace` |
//! | the messages of OTLP | `messages` |
//! | a finished request to spans | `spans` |
//! | what `/metrics` says to metrics | `metrics` |
//! | sent, once a second and once a minute, on the background thread | `exporter` |
//!
//! A request's spans are made when it has ended, from what is known of it then: nothing is entered and left on its way.

mod exporter;
mod messages;
mod metrics;
mod spans;
mod trace;

pub(crate) use exporter::{Exporter, Tracer};
pub(crate) use trace::Trace;
