//! The whole server, started and stopped: request threads, one thread for everything in the background, and one for the
//! operator.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::LocalOptions;
use tokio::sync::watch;

use crate::app::{App, Background, Task};
use crate::clock::Clock;
use crate::config::{Admin, Config, Listen, Logs, Telemetry, Tls as TlsSettings};
use crate::http::{AdminListener, ExtAuthzListener, Listeners, RedirectListener, Tls, openmetrics};
use crate::inherited::Inherited;
use crate::logging::{AccessLog, Form};
use crate::os;
use crate::telemetry::Exporter;

/// How long a thread that has waited for the disk is kept for the next work of that kind. Each holds on to memory that it has
/// freed; those that a start needs at once would take turns at what comes twice a second, and none of them would ever end.
const DISK_THREADS_KEPT: Duration = Duration::from_millis(100);

/// How long the last write of usage may take.
const LAST_WRITE: Duration = Duration::from_secs(5);

/// A server that runs. Dropping it leaves it running; [`Server::stop`] ends it.
pub struct Server {
    address: SocketAddr,
    admin_address: SocketAddr,
    ext_authz_address: Option<SocketAddr>,
    redirect_address: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    drained: watch::Sender<bool>,
    requests: Vec<JoinHandle<()>>,
    beside: Vec<JoinHandle<()>>,
    app: Arc<App>,
}

impl Server {
    /// Binds, starts the threads, and returns while the keys are still being read.
    ///
    /// # Errors
    /// The address cannot be bound, a thread cannot be made, or no keys are configured and `AUTH_FALLBACK=closed`.
    pub fn start(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        Self::start_on(config, clock, Inherited::default())
    }

    /// The same on sockets that are there already; those that are not are bound.
    pub(crate) fn start_on(
        mut config: Config,
        clock: Arc<dyn Clock>,
        inherited: Inherited,
    ) -> anyhow::Result<Self> {
        let listen = config.listen;
        let (logs, telemetry) = (config.logs, config.telemetry.take());
        let listeners = public(&listen, &inherited.public)?;
        let address = listeners.address();
        let admin = self::admin(&config.admin, inherited.admin)?;
        let admin_address = admin.address()?;
        let ext_authz = config.ext_authz.map(|at| bind_ext_authz(at.address(address.ip()))).transpose()?;
        let ext_authz_address = ext_authz.as_ref().map(ExtAuthzListener::address).transpose()?;
        let tls = config.tls.clone();
        let redirect = redirect(tls.as_ref(), address)?;
        let redirect_address = redirect.as_ref().map(RedirectListener::address).transpose()?;
        let tls = tls.map(|tls| Tls::load(&tls)).transpose().map_err(|fault| anyhow::anyhow!("{fault}"))?;
        os::make_room_for_connections(listen.max_connections);
        let (stop, stopped) = watch::channel(false);
        let (drained, has_drained) = watch::channel(false);
        let (app, Background { mut tasks, last }) =
            App::build(config, Arc::clone(&clock), has_drained.clone())
                .map_err(|fault| anyhow::anyhow!("{fault}"))?;
        let tls = tls.map(|(tls, loaded)| {
            let tls = Arc::new(tls);
            if let Some(fetcher) = tls.fetcher(&clock) {
                tasks.push(Box::pin(fetcher.run()));
            }
            tasks.push(Box::pin(Arc::clone(&tls).watch(loaded, clock, Arc::clone(&app.metrics))));
            tls
        });
        if let Some(missing) = app.studio.voice_fault() {
            tracing::warn!("conversations cannot be spoken: {missing}");
        }
        log_requests(&app, logs)?;
        let telling =
            telemetry.map(|telemetry| exporter(&app, telemetry, has_drained.clone())).transpose()?;
        let last = both(last, telling);
        let background = beside("background", tasks, last, has_drained)?;
        let admin: Task = Box::pin(admin.serve(Arc::clone(&app)));
        // Apart from the background, where parsing a large sheet takes a while.
        let admin = beside(
            "admin",
            std::iter::once(admin).chain(app.fleet_tasks()).collect(),
            None,
            stopped.clone(),
        )?;
        let mut beside = vec![background, admin];
        if let Some(redirect) = redirect {
            beside.push(self::beside("redirect", vec![Box::pin(redirect.serve())], None, stopped.clone())?);
        }
        let mut requests =
            listeners.serve(&app, tls.as_ref(), &stopped).context("the request threads cannot be started")?;
        if let Some(ext_authz) = ext_authz {
            let thread = ext_authz.serve(&app, &stopped).context("the ext_authz thread cannot be started")?;
            requests.push(thread);
        }
        let scheme = if tls.is_some() { "https" } else { "http" };
        tracing::info!("listening on {scheme}://{address}");
        tracing::info!("admin at http://{admin_address}");
        if let Some(address) = ext_authz_address {
            tracing::info!("ext_authz for Envoy (gRPC) at {address}");
        }
        Ok(Self {
            address,
            admin_address,
            ext_authz_address,
            redirect_address,
            stop,
            drained,
            requests,
            beside,
            app,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the operator's requests are taken.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// Where Envoy asks, if `EXT_AUTHZ_PORT` is set.
    pub fn ext_authz_address(&self) -> Option<SocketAddr> {
        self.ext_authz_address
    }

    /// Where clients are sent from http to https.
    pub fn redirect_address(&self) -> Option<SocketAddr> {
        self.redirect_address
    }

    /// Takes no more connections, lets requests end for at most `DRAIN_TIMEOUT` and what they have used be written for at
    /// most 5 s, and returns when all threads have ended.
    pub fn stop(self) {
        self.stop.send_replace(true);
        for thread in self.requests {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
        self.drained.send_replace(true);
        for thread in self.beside {
            let _ = thread.join();
        }
        self.app.recorders.finish_log();
    }
}

/// Has each request logged, where that is wanted.
fn log_requests(app: &App, logs: Logs) -> anyhow::Result<()> {
    if logs.access {
        let form = if logs.json { Form::Json } else { Form::Text };
        let log = AccessLog::start(form, std::io::stdout(), app.metrics.log_lost());
        app.recorders.log_to(log.context("the thread of the access log cannot be started")?);
    }
    Ok(())
}

/// What sends traces and metrics. It ends by itself, soon after the last request has.
fn exporter(app: &Arc<App>, telemetry: Telemetry, drained: watch::Receiver<bool>) -> anyhow::Result<Task> {
    let (exporter, tracer) = Exporter::new(telemetry, Arc::clone(&app.clock), app.metrics.otlp())
        .context("OTEL_EXPORTER_OTLP_ENDPOINT: there can be no TLS")?;
    app.recorders.trace_by(tracer);
    let app = Arc::clone(app);
    Ok(Box::pin(exporter.run(move || openmetrics(&app), drained)))
}

/// One task that ends with both.
fn both(one: Option<Task>, other: Option<Task>) -> Option<Task> {
    match (one, other) {
        (Some(one), Some(other)) => Some(Box::pin(async {
            tokio::join!(one, other);
        })),
        (one, other) => one.or(other),
    }
}

/// The public listener, bound unless it has been handed over.
fn public(listen: &Listen, inherited: &[TcpListener]) -> anyhow::Result<Listeners> {
    if inherited.is_empty() {
        return Listeners::bind(listen.address, listen.threads)
            .with_context(|| format!("API_HOST and API_PORT: cannot listen on {}", listen.address));
    }
    tracing::info!("the public socket was handed over (LISTEN_FDS): API_HOST and API_PORT have no effect");
    Listeners::on(inherited, listen.threads).context("LISTEN_FDS: the public socket cannot be used")
}

/// The admin listener, in the same way. Nobody's socket takes it off loopback without a token.
fn admin(admin: &Admin, inherited: Option<TcpListener>) -> anyhow::Result<AdminListener> {
    let Some(socket) = inherited else {
        return AdminListener::bind(admin.address)
            .with_context(|| format!("ADMIN_HOST and ADMIN_PORT: cannot listen on {}", admin.address));
    };
    let address = socket.local_addr()?;
    anyhow::ensure!(
        address.ip().is_loopback() || admin.token.is_some(),
        "ADMIN_TOKEN: must be set where the socket named admin is not on a loopback address, as {address} is not"
    );
    tracing::info!("the admin socket was handed over (LISTEN_FDS): ADMIN_HOST and ADMIN_PORT have no effect");
    Ok(AdminListener::on(socket))
}

fn bind_ext_authz(address: SocketAddr) -> anyhow::Result<ExtAuthzListener> {
    ExtAuthzListener::bind(address)
        .with_context(|| format!("EXT_AUTHZ_HOST and EXT_AUTHZ_PORT: cannot listen on {address}"))
}

/// The listener that sends clients to https, at the address of the public one.
fn redirect(tls: Option<&TlsSettings>, public: SocketAddr) -> anyhow::Result<Option<RedirectListener>> {
    let Some(redirect) = tls.and_then(|tls| tls.redirect) else { return Ok(None) };
    let address = SocketAddr::new(public.ip(), redirect.port);
    let listener = RedirectListener::bind(address, redirect.to.unwrap_or(public.port()));
    Ok(Some(listener.with_context(|| format!("TLS_REDIRECT_PORT: cannot listen on {address}"))?))
}

/// A thread beside the requests, which go first. It ends when `stopped` turns true and `last` has ended or run out of time.
pub(crate) fn beside(
    name: &str,
    tasks: Vec<Task>,
    last: Option<Task>,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        os::let_requests_go_first();
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        // Local, since an answer's body belongs to its thread.
        runtime.enable_all().thread_keep_alive(DISK_THREADS_KEPT);
        let runtime = match runtime.build_local(LocalOptions::default()) {
            Ok(runtime) => runtime,
            Err(error) => {
                return tracing::error!("what runs beside the requests could not be started: {error}");
            }
        };
        runtime.block_on(async {
            for task in tasks {
                tokio::spawn(task);
            }
            let last = last.map(tokio::spawn);
            // An error means that the server is gone, which is as good a reason to end.
            let _ = stopped.wait_for(|stopped| *stopped).await;
            if let Some(last) = last
                && tokio::time::timeout(LAST_WRITE, last).await.is_err()
            {
                tracing::warn!("the last usage is not written everywhere: that took longer than 5 s");
            }
        });
        runtime.shutdown_background();
    })?;
    Ok(thread)
}
