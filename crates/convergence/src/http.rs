//! Requests in, answers out. A request's way: `listener`, `connection`, `router`, `admit` (or `refuse`), its route,
//! `stamp`.

mod listener;

mod connection;
mod date;
mod farewell;
mod framing;
mod life;
mod lives;
mod rewound;
mod sent;
mod side;
mod slots;
mod tls;
mod tunnel;
mod watched;

mod reply;
mod request;
mod router;

mod admit;
mod asked;
mod cors;
mod count;
mod endpoint;
mod refuse;
mod shield;
mod stamp;

mod live;
mod record;
mod recorder;
mod underway;

mod routes;

mod proxy;
mod webhook;

mod ext_authz;

mod admin;

mod body;
mod code;
mod openapi;
mod problem;
mod redact;

pub(crate) use admin::AdminListener;
pub(crate) use admit::{Admission, Caller, Pending, Refused, begin};
pub(crate) use body::Answer;
pub(crate) use count::Account;
pub(crate) use endpoint::Endpoints;
pub(crate) use ext_authz::{ExtAuthzListener, grpc_code};
pub(crate) use listener::Listeners;
pub(crate) use live::Live;
pub(crate) use openapi::text as openapi;
pub(crate) use proxy::{Gateway, loosely};
pub(crate) use record::{Outcome, Took};
pub(crate) use recorder::Recorders;
pub(crate) use refuse::status_and_code;
pub(crate) use router::finished;
pub(crate) use routes::audio_quota::Promises;
pub(crate) use routes::status::Status;
pub(crate) use shield::Shield;
pub(crate) use slots::Slots;
pub(crate) use stamp::{CLIENT_NAME, RequestId, request_id};
pub(crate) use tls::{RedirectListener, Tls};
pub(crate) use webhook::Webhook;
