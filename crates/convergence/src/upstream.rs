//! Those whose API is guarded: where they are, which of them work, and the connections to them. Knows nothing of keys.
//!
//! | step | module |
//! |---|---|
//! | a URL as it is set | `address` |
//! | several that do the same; which to ask next, and which not for a while | `group` |
//! | whether each is well, found out before a request has to | `health` |
//! | one is asked: over a kept connection of this thread, or a new one | `client`, `pool`, `connect`, `tls` |
//! | the request's body, within its size and its time | `outgoing`, `patience` |
//! | a request out, an answer in | `message`, `http1`, `http2`, `exchange` |
//! | what can go wrong | `fault` |

mod address;
mod client;
mod connect;
mod exchange;
mod fault;
mod group;
mod health;
mod http1;
mod http2;
mod message;
mod outgoing;
mod patience;
mod pool;
mod tls;

pub(crate) use address::{Address, EXPECTED};
pub(crate) use client::{Patiences, ask, reach};
pub(crate) use connect::Stream;
pub(crate) use exchange::Exchange;
pub(crate) use fault::{BadAnswer, BadRequestBody, Fault};
pub(crate) use group::{Group, MakeGroups, Server};
pub(crate) use health::{Checks, Examiner};
pub(crate) use http1::Failed;
pub(crate) use message::{AnswerHead, Headers, Message};
pub(crate) use outgoing::Outgoing;
pub(crate) use pool::Pool;
pub(crate) use tls::{Trust, Unusable, said as certificate_fault};
