//! The server as its clients see it, over real HTTP on loopback. Files mirror the routes and the promises; a promise's
//! test carries its number.

#![expect(unreachable_pub, reason = "a test binary has no public interface")]

mod support;

mod adc;
mod admin;
mod alerts;
mod apps_script;
mod audio_quota;
mod connection;
mod cors;
mod dashboard;
mod documentation;
mod ext_authz;
mod file;
mod framing;
mod generate_audio;
mod grpc;
mod guard;
mod health;
mod http1;
mod http2;
mod jobs;
mod listen;
mod me;
mod metrics;
mod models;
mod orders;
mod outline;
mod providers;
mod proxy;
mod proxy_failures;
mod proxy_streams;
mod quotas;
mod redis;
mod refusals;
mod restrictions;
mod script;
mod sheet;
mod shield;
mod speech;
mod status;
mod tls;
mod tts;
mod upstream_h2;
mod upstream_tls;
mod usage;
mod usage_edits;
mod verify;
mod webhook;
