//! Requests in, answers out. A request's way: `listener`, `connection`, `router`, `admit` (or `refuse`), its route,
//! `stamp`.

mod listener;

mod connection;
mod life;
mod lives;
mod rewound;
mod sent;
mod slots;
mod tls;
mod tunnel;
mod watched;

mod router;

mod admit;
mod refuse;
mod stamp;

mod routes;
mod webhook;

mod admin;

mod body;
mod problem;
mod redact;

pub(crate) use admin::AdminListener;
pub(crate) use listener::Listeners;
pub(crate) use refuse::status_and_code;
pub(crate) use slots::Slots;
pub(crate) use stamp::RequestId;
pub(crate) use tls::{RedirectListener, Tls};
pub(crate) use webhook::Webhook;
