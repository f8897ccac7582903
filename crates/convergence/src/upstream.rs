//! Those whose API is guarded: where they are, which of them work, and the connections to them. Knows nothing of keys.
//!
//! | step | module |
//! |---|---|
//! | a URL as it is set | `address` |
//! | several that do the same; which to ask next, and which not for a while | `group` |
//! | a kept connection of this thread, or a new one | `pool`, `connect` |
//! | the request's body, within its size and its time | `outgoing`, `patience` |
//! | a request out, an answer in | `message`, `http1` |
//! | what can go wrong | `fault` |

mod address;
mod connect;
mod fault;
mod group;
mod http1;
mod message;
mod outgoing;
mod patience;
mod pool;

pub(crate) use address::{Address, EXPECTED};
pub(crate) use connect::Stream;
pub(crate) use fault::{BadAnswer, BadRequestBody, Fault};
pub(crate) use group::{Group, Server};
pub(crate) use http1::{Exchange, Failed, Link};
pub(crate) use message::{Headers, Message};
pub(crate) use outgoing::Outgoing;
pub(crate) use pool::Pool;
