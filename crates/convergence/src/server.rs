//! The whole server, started and stopped: request threads, one thread for everything in the background, and one for the
//! operator.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::Context;
use tokio::sync::watch;

use crate::app::{App, Task};
use crate::clock::Clock;
use crate::config::Config;
use crate::http::{AdminListener, Listeners};
use crate::os;

/// A server that runs. Dropping it leaves it running; [`Server::stop`] ends it.
pub struct Server {
    address: SocketAddr,
    admin_address: SocketAddr,
    stop: watch::Sender<bool>,
    requests: Vec<JoinHandle<()>>,
    beside: [JoinHandle<()>; 2],
}

impl Server {
    /// Binds, starts the threads, and returns while the keys are still being read.
    ///
    /// # Errors
    /// The address cannot be bound, a thread cannot be made, or no keys are configured and `AUTH_FALLBACK=closed`.
    pub fn start(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let listen = config.listen;
        let listeners = Listeners::bind(listen.address, listen.threads)
            .with_context(|| format!("API_HOST and API_PORT: cannot listen on {}", listen.address))?;
        let address = listeners.address();
        let admin = config.admin.address;
        let admin = AdminListener::bind(admin)
            .with_context(|| format!("ADMIN_HOST and ADMIN_PORT: cannot listen on {admin}"))?;
        let admin_address = admin.address()?;
        os::make_room_for_connections(listen.max_connections);
        let (app, tasks) = App::build(config, clock).map_err(|fault| anyhow::anyhow!("{fault}"))?;
        let (stop, stopped) = watch::channel(false);
        let background = beside("background", tasks, stopped.clone())?;
        let admin: Task = Box::pin(admin.serve(Arc::clone(&app)));
        // Apart from the background, where parsing a large sheet takes a while.
        let admin = beside("admin", vec![admin], stopped.clone())?;
        let requests = listeners.serve(&app, &stopped).context("the request threads cannot be started")?;
        tracing::info!("listening on http://{address}");
        tracing::info!("admin at http://{admin_address}");
        Ok(Self { address, admin_address, stop, requests, beside: [background, admin] })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the operator's requests are taken.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// Takes no more connections, lets requests end for at most `DRAIN_TIMEOUT`, and returns when all threads have
    /// ended.
    pub fn stop(self) {
        self.stop.send_replace(true);
        for thread in self.requests.into_iter().chain(self.beside) {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

/// A thread beside the requests, which go first.
fn beside(
    name: &str,
    tasks: Vec<Task>,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        os::let_requests_go_first();
        runtime.block_on(async {
            for task in tasks {
                tokio::spawn(task);
            }
            // An error means that the server is gone, which is as good a reason to end.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        });
        runtime.shutdown_background();
    })?;
    Ok(thread)
}
