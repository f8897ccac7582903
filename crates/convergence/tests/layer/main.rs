//! The library as its users see it: an engine, its layer around real services of axum, hyper and tonic, over real HTTP on
//! loopback.

#![expect(unreachable_pub, reason = "a test binary has no public interface")]

mod support;

mod contract;
mod examples;
mod grpc;
mod http;
mod lifecycle;
mod redis;
