//! Requests in, answers out. A request's way: `listener`, `connection`, `router`, `admit` (or `refuse`), its route,
//! `stamp`.

mod listener;

mod answered;
mod connection;
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

mod ext_authz;

mod admin;

mod body;
mod problem;
mod redact;

pub(crate) use admin::AdminListener;
pub(crate) use admit::{Caller, admit};
pub(crate) use body::Answer;
pub(crate) use ext_authz::{ExtAuthzListener, grpc_code};
pub(crate) use listener::Listeners;
pub(crate) use proxy::Gateway;
pub(crate) use refuse::status_and_code;
pub(crate) use router::finished;
pub(crate) use routes::status::Status;
pub(crate) use slots::Slots;
pub(crate) use stamp::{CLIENT_NAME, RequestId, request_id};
pub(crate) use webhook::Webhook;
