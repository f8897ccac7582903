use axum::routing::get;
use axum::{Extension, Router};
use convergence::{Client, Engine, Settings};

async fn hello(Extension(client): Extension<Client>) -> String {
    format!("Hello, {}!\n", client.name().unwrap_or("whoever you are"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut settings = Settings::load()?;
    settings.set("AUTH_ENABLED", "true").set("KEYS_FILE", "keys.csv");
    let engine = Engine::start(&settings)?;
    let app = Router::new().route("/", get(hello)).layer(engine.layer());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app).await?;
    engine.stop();
    Ok(())
}
