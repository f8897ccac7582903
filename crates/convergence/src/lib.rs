//! API keys that live in a Google Sheet or a CSV file, guarding an API.
//!
//! As a library: a [tower](https://docs.rs/tower) layer for services made with axum, hyper or tonic. An [`Engine`] keeps
//! the keys as their source has them; its [`layer`](Engine::layer) asks each request for one.
//!
//! ```no_run
//! use axum::routing::get;
//! use axum::{Extension, Router};
//! use convergence::{Client, Engine, Settings};
//!
//! async fn hello(Extension(client): Extension<Client>) -> String {
//!     format!("Hello, {}!\n", client.name().unwrap_or("whoever you are"))
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let mut settings = Settings::load()?; // the environment, and a file `.env`
//!     settings.set("AUTH_ENABLED", "true").set("KEYS_FILE", "keys.csv");
//!     let engine = Engine::start(&settings)?;
//!     let app = Router::new().route("/", get(hello)).layer(engine.layer());
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//!     axum::serve(listener, app).await?;
//!     engine.stop(); // writes what has been used
//!     Ok(())
//! }
//! ```
//!
//! | what | |
//! |---|---|
//! | [`Settings`] | the same variables as the server's; `docs/library.md` lists those that are read |
//! | [`Engine`] | started by them; reads keys and writes usage on a thread of its own until it is stopped |
//! | [`Status`], [`Mode`] | whether it has keys, and whether it asks for one at all |
//! | [`ApiKeyLayer`], [`ApiKeyService`] | the check, around any service over `http::Request` |
//! | [`Client`] | who has called, for handlers |
//! | [`ClientAddress`] | where a request comes from, for keys with `allowed_ips` |
//!
//! An example for each framework is in `examples/`.

pub use config::{Fault, Settings};
pub use layer::{
    ApiKeyLayer, ApiKeyService, Client, ClientAddress, Engine, Mode, ResponseBody, ResponseFuture,
    StartError, Status,
};

// Below is the server. Those of its modules that are public are so for the program and for the tests, and no part of
// the library's promise: they change as the server needs it.

#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod config;

#[doc(hidden)]
pub mod server;

mod inherited;

mod app;
mod dashboard;
mod fleet;
mod http;
mod layer;
mod routes;

mod alerts;
mod doctor;
mod keys;
mod setup;
mod sync;
mod upstream;
mod usage;
mod wire;

mod providers;

#[doc(hidden)]
pub mod audio;

#[doc(hidden)]
pub mod clock;
mod logging;
mod metrics;
mod os;

#[doc(hidden)]
pub use layer::READ_BY_A_LAYER;
