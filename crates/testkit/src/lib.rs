//! What tests need from the outside world, made to be broken. Only ever a dev-dependency.
//!
//! [`Google`] is a Google Sheets and its token endpoint on a loopback port: it checks the assertion a client
//! signs, answers in the bodies Google was recorded to send, and fails on demand ([`Fault`], [`Times`]).
//!
//! [`Identity`] is the servers that give tokens in other ways ([`Desk`]): the metadata server, the token exchange, the
//! IAM API, logins, and a workload's own identity provider.
//!
//! [`usage()`] is what a server has counted, as the command line tells it.
//!
//! [`Authority`] signs certificates.
//!
//! [`Redis`] is a real Redis on a loopback port, to be killed and paused; [`Chaos`] a proxy that keeps, delays and cuts
//! ([`Weather`]).
//!
//! It knows nothing of our client, of keys or of the server under test. It signs and verifies with another
//! library than the client does, so that an error in one of them cannot agree with itself.

mod authority;
mod chaos;
mod google;
mod identity;
mod redis;
mod usage;

pub use authority::{Authority, Pair, VALID, Years};
pub use chaos::{Chaos, Weather};
pub use google::{Fault, Google, Request, Times, date_cell};
pub use identity::{Desk, Identity};
pub use redis::Redis;
pub use usage::usage;
