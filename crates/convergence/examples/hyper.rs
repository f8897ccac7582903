//! A hyper service that asks for API keys, put together with tower. With the keys in a file:
//!
//! ```sh
//! AUTH_ENABLED=true KEYS_FILE=keys.csv cargo run -p convergence --example hyper
//! curl http://127.0.0.1:3000/ -H "Authorization: Bearer sk-convergence-abc123xyz"
//! ```

use std::convert::Infallible;
use std::error::Error;
use std::pin::pin;

use bytes::Bytes;
use convergence::{Client, Engine, Settings};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::ServiceBuilder;

/// Any tower service over `http::Request`.
async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let client = request.extensions().get::<Client>().and_then(Client::name);
    let hello = format!("Hello, {}!\n", client.unwrap_or("whoever you are"));
    Ok(Response::new(Full::from(hello)))
}

pub(crate) async fn serve(
    engine: &Engine,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<(), Box<dyn Error>> {
    let service = ServiceBuilder::new().layer(engine.layer()).service_fn(hello);
    let mut stop = pin!(stop);
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted?,
            () = &mut stop => return Ok(()),
        };
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            // A client that breaks off is no fault of this service.
            let _ = connection.await;
        });
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::start(&Settings::load()?)?;
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    serve(&engine, listener, async { tokio::signal::ctrl_c().await.unwrap_or_default() }).await?;
    engine.stop();
    Ok(())
}
