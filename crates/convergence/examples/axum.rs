//! An axum service that asks for API keys, and a page of it that does not. With the keys in a file:
//!
//! ```sh
//! AUTH_ENABLED=true KEYS_FILE=keys.csv cargo run -p convergence --example axum
//! curl http://127.0.0.1:3000/hello -H "Authorization: Bearer sk-convergence-abc123xyz"
//! ```

use std::error::Error;

use axum::routing::get;
use axum::{Extension, Router};
use convergence::{Client, Engine, Settings};
use tokio::net::TcpListener;

/// What handlers are told of who calls.
async fn hello(Extension(client): Extension<Client>) -> String {
    format!("Hello, {}!\n", client.name().unwrap_or("whoever you are"))
}

/// `route_layer` guards the routes above it; those below need no key. With `layer`, unknown paths would need one too.
fn service(engine: &Engine) -> Router {
    let guarded = Router::new().route("/hello", get(hello)).route_layer(engine.layer());
    guarded.route("/health", get(async || "ok\n"))
}

pub(crate) async fn serve(
    engine: &Engine,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Box<dyn Error>> {
    axum::serve(listener, service(engine)).with_graceful_shutdown(stop).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::start(&Settings::load()?)?;
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    serve(&engine, listener, async { tokio::signal::ctrl_c().await.unwrap_or_default() }).await?;
    engine.stop();
    Ok(())
}
