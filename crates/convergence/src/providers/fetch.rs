//! An outline from an address that a client has chosen. Only public addresses are connected to, or hosts that the operator has
//! named: by name, at every redirect, and at the very address that was looked at.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use reqwest::{Client, ClientBuilder, Response, Url, redirect};
use tokio::sync::{OnceCell, Semaphore};
use tracing::warn;

use super::document::{self, Kind};
use super::guard;

/// For everything, from the wait for a place to the last byte of the last hop.
const TOTAL: Duration = Duration::from_secs(10);
/// How often a redirect is followed.
const REDIRECTS: usize = 5;
/// Documents fetched at a time: more wait.
const AT_A_TIME: usize = 4;

/// Why there is no document, in words for the client. They say nothing of what lies behind a name that is not public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("must be an http or https URL without user and password")]
    Address,
    #[error("leads to a host that is not on the public internet; the operator can allow it by OUTLINE_HOSTS")]
    NotPublic,
    #[error("redirects more than {REDIRECTS} times, or to no address")]
    Redirects,
    #[error("answers with status {0}")]
    Status(u16),
    #[error("is larger than {0} bytes")]
    TooLarge(usize),
    #[error(
        "must be text/markdown, text/plain, text/html, a .docx or an .odt; send other documents, such as PDF, as text in `outline`"
    )]
    MediaType,
    #[error("is not the document that its media type says, or is damaged")]
    Damaged,
    #[error("must be in UTF-8")]
    NotUtf8,
    #[error("cannot be reached; try again later, or send the text in `outline`")]
    Away,
    #[error("was not fetched within {} s; send the text in `outline`", TOTAL.as_secs())]
    TimedOut,
}

/// Fetches documents.
pub(crate) struct Fetcher {
    names: Arc<dyn Names>,
    /// Hosts that the operator has named, each on one port or on all.
    named: Vec<(String, Option<u16>)>,
    /// Made when the first document is wanted: it takes the system's certificates, which not every server has.
    clients: OnceCell<Clients>,
    places: Semaphore,
}

struct Clients {
    /// Connects to public addresses only.
    guarded: Client,
    /// Connects to the hosts that the operator has named.
    open: Client,
}

impl Fetcher {
    pub(super) fn new(named: Vec<(String, Option<u16>)>) -> Self {
        Self::with_names(named, Arc::new(System))
    }

    fn with_names(named: Vec<(String, Option<u16>)>, resolver: Arc<dyn Names>) -> Self {
        Self { names: resolver, named, clients: OnceCell::new(), places: Semaphore::new(AT_A_TIME) }
    }

    /// The text of a document.
    ///
    /// # Errors
    /// What the client should be told.
    pub(crate) async fn fetch(&self, url: &str) -> Result<String, FetchError> {
        let url = Url::parse(url).map_err(|_| FetchError::Address)?;
        let fetched = tokio::time::timeout(TOTAL, self.follow(url)).await;
        let (kind, body) = fetched.map_err(|_| FetchError::TimedOut)??;
        // The whole megabyte of it would hold other requests up.
        let text = tokio::task::spawn_blocking(move || document::text(kind, body)).await;
        text.map_err(|_| FetchError::Away)?
    }

    async fn follow(&self, mut url: Url) -> Result<(Kind, Vec<u8>), FetchError> {
        let _place = self.places.acquire().await.map_err(|_| FetchError::Away)?;
        let clients = self.clients.get_or_try_init(|| Clients::new(&self.names)).await?;
        for _ in 0..=REDIRECTS {
            // Office programs' documents are among the last.
            let accept = "text/markdown, text/plain, text/html;q=0.9, */*;q=0.1";
            let client = if self.is_open_to(&url)? { &clients.open } else { &clients.guarded };
            let request = client.get(url.clone()).header(ACCEPT, accept);
            let response = request.send().await.map_err(|error| fault(&error))?;
            let status = response.status().as_u16();
            match status {
                200..=299 => return take(response).await,
                301 | 302 | 303 | 307 | 308 => {
                    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
                    let next = location.and_then(|location| url.join(location).ok());
                    url = next.ok_or(FetchError::Redirects)?;
                }
                500..=599 => return Err(FetchError::Away),
                status => return Err(FetchError::Status(status)),
            }
        }
        Err(FetchError::Redirects)
    }

    /// Whether the operator has named this host. Where not, an address in the URL is looked at here, and a name when it is
    /// looked up.
    fn is_open_to(&self, url: &Url) -> Result<bool, FetchError> {
        let is_plain = url.username().is_empty() && url.password().is_none();
        if !is_plain || !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Address);
        }
        let host = url.host_str().ok_or(FetchError::Address)?;
        let is_named = |(name, port): &(String, Option<u16>)| {
            name == host && port.is_none_or(|port| Some(port) == url.port_or_known_default())
        };
        if self.named.iter().any(is_named) {
            return Ok(true);
        }
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) if !guard::is_public(address) => Err(FetchError::NotPublic),
            _ => Ok(false),
        }
    }
}

impl Clients {
    /// Reads certificates from the disk, which is not for the threads that serve requests.
    async fn new(names: &Arc<dyn Names>) -> Result<Self, FetchError> {
        let names = Arc::clone(names);
        let made = tokio::task::spawn_blocking(move || {
            let guarded = client().dns_resolver(Guarded(Arc::clone(&names))).build()?;
            Ok(Self { guarded, open: client().dns_resolver(Open(names)).build()? })
        });
        let made: reqwest::Result<Self> = made.await.map_err(|_| FetchError::Away)?;
        made.map_err(|error| {
            warn!("no outline can be fetched: {error}");
            FetchError::Away
        })
    }
}

fn client() -> ClientBuilder {
    Client::builder()
        .timeout(TOTAL)
        .connect_timeout(TOTAL / 2)
        // Each hop is looked at before it is taken.
        .redirect(redirect::Policy::none())
        // A proxy would connect to what nobody has looked at.
        .no_proxy()
        .pool_max_idle_per_host(0)
        .user_agent(concat!("convergence/", env!("CARGO_PKG_VERSION")))
}

/// The body, if it is of a kind and a size that is taken.
async fn take(mut response: Response) -> Result<(Kind, Vec<u8>), FetchError> {
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = Kind::of(content_type.unwrap_or_default()).ok_or(FetchError::MediaType)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| fault(&error))? {
        if chunk.len() > kind.most() - body.len() {
            return Err(FetchError::TooLarge(kind.most()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((kind, body))
}

fn fault(error: &reqwest::Error) -> FetchError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return FetchError::NotPublic;
        }
        cause = error.source();
    }
    if error.is_timeout() { FetchError::TimedOut } else { FetchError::Away }
}

/// What a name leads to has no public address.
#[derive(Debug, thiserror::Error)]
#[error("no public address")]
struct NotPublic;

/// Looks names up.
trait Names: Send + Sync {
    fn look_up(&self, host: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// As the machine does.
struct System;

impl Names for System {
    fn look_up(&self, host: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let host = host.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// The public ones among a name's addresses. What is returned here is what is connected to: nothing looks the name up again.
struct Guarded(Arc<dyn Names>);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.0.look_up(name.as_str());
        Box::pin(async move {
            let mut addresses = found.await?;
            addresses.retain(|address| guard::is_public(*address));
            if addresses.is_empty() { Err(NotPublic.into()) } else { Ok(sockets(addresses)) }
        })
    }
}

/// All of a name's addresses.
struct Open(Arc<dyn Names>);

impl Resolve for Open {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.0.look_up(name.as_str());
        Box::pin(async move { Ok(sockets(found.await?)) })
    }
}

/// The port comes from the URL.
fn sockets(addresses: Vec<IpAddr>) -> Addrs {
    Box::new(addresses.into_iter().map(|address| (address, 0).into()))
}

#[cfg(test)]
mod tests;
