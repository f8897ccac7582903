//! `convergence serve`.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use crate::clock::SystemClock;
use crate::config::Settings;
use crate::inherited::Inherited;
use crate::logging;
use crate::server::Server;

pub(super) fn run(settings: &Settings) -> anyhow::Result<()> {
    serve(settings, |_| ())
}

/// Serves until SIGTERM or SIGINT, then drains. A second signal ends the process at once. SIGHUP, which ends a process by
/// itself, is for the routes to hear, and without them for nobody.
pub(super) fn serve(settings: &Settings, ready: impl FnOnce(SocketAddr)) -> anyhow::Result<()> {
    let config = super::config(settings)?;
    logging::start(config.logs);
    warn_of_unread(settings);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Before the server starts, so that no signal after its first word is missed.
    let (mut terminate, mut interrupt, mut hangup) = {
        let _entered = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?)
    };
    let has_routes = config.routes.is_some();
    let server = Server::start_on(config, Arc::new(SystemClock::start()), Inherited::take()?)?;
    ready(server.address());
    let mut signalled = async || {
        loop {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = interrupt.recv() => return,
                _ = hangup.recv() => {
                    if !has_routes {
                        tracing::info!("SIGHUP: there is no ROUTES_FILE to read again");
                    }
                }
            }
        }
    };
    runtime.block_on(async {
        signalled().await;
        tracing::info!("stopping: no new connections; requests under way may end");
        let stopped = tokio::task::spawn_blocking(|| server.stop());
        tokio::select! {
            _ = stopped => {}
            () = signalled() => tracing::warn!("stopped at once by a second signal"),
        }
    });
    runtime.shutdown_background();
    Ok(())
}

/// Says which of the set variables nothing here reads: names in `.env` that are misspelt.
fn warn_of_unread(settings: &Settings) {
    for name in settings.unknown() {
        tracing::warn!("{name} in .env is not a setting of convergence: it has no effect");
    }
}
