//! The engine without the server: a tower layer for services of others. It decides by `http::admit`, as every listener of
//! the server does, and knows no socket.

mod body;
mod client;
mod engine;
mod future;
mod grpc;
mod service;
mod settings;
mod status;

pub use body::ResponseBody;
pub use client::{Client, ClientAddress};
pub use engine::{Engine, StartError};
pub use future::ResponseFuture;
pub use service::{ApiKeyLayer, ApiKeyService};
pub use settings::READ_BY_A_LAYER;
pub use status::{Mode, Status};
