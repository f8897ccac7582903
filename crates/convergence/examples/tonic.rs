//! A tonic service that asks for API keys: whatever your `.proto` has, here the standard health service. With the keys in a
//! file:
//!
//! ```sh
//! AUTH_ENABLED=true KEYS_FILE=keys.csv cargo run -p convergence --example tonic
//! grpcurl -plaintext -proto health.proto -H "Authorization: Bearer sk-convergence-abc123xyz" \
//!     127.0.0.1:3000 grpc.health.v1.Health/Check
//! ```

use std::error::Error;

use convergence::{Client, Engine, Settings};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

struct Healthy;

#[tonic::async_trait]
impl Health for Healthy {
    type WatchStream = tonic::codegen::BoxStream<HealthCheckResponse>;

    /// It knows one service: the client's own name.
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let client = request.extensions().get::<Client>().and_then(Client::name).unwrap_or_default();
        match request.get_ref().service.as_str() {
            "" => {}
            service if service == client => {}
            _ => return Err(Status::not_found("this service is not yours")),
        }
        Ok(Response::new(HealthCheckResponse { status: ServingStatus::Serving.into() }))
    }

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("ask again instead"))
    }
}

pub(crate) async fn serve(
    engine: &Engine,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<(), Box<dyn Error>> {
    Server::builder()
        .layer(engine.layer())
        .add_service(HealthServer::new(Healthy))
        .serve_with_incoming_shutdown(TcpIncoming::from(listener), stop)
        .await?;
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
