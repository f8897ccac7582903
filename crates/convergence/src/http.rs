//! Requests in, answers out. A request's way: `listener`, `connection`, `router`, `admit` (or `refuse`), its route,
//! `stamp`.

mod listener;

mod connection;
mod framing;
mod life;
mod lives;
mod sent;
mod slots;
mod tunnel;
mod watched;

mod router;

mod admit;
mod refuse;
mod stamp;

mod routes;

mod proxy;
mod webhook;

mod admin;

mod body;
mod problem;
mod redact;

pub(crate) use admin::AdminListener;
pub(crate) use listener::Listeners;
pub(crate) use proxy::Gateway;
pub(crate) use refuse::status_and_code;
pub(crate) use slots::Slots;
pub(crate) use stamp::RequestId;
pub(crate) use webhook::Webhook;
