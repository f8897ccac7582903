//! One HTTP exchange: its time limits, its size limit, and where it may not go.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, RequestBuilder, Url, redirect};
use serde::de::DeserializeOwned;

use crate::connect::ConnectFault;
use crate::error::{Error, Service};

/// How long a connection may take, name resolution and TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The same for a server on this machine or beside it, which answers at once or is not there.
const CONNECT_TIMEOUT_NEARBY: Duration = Duration::from_secs(2);

/// What bounds an exchange.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// From the start of the request to the last byte of the answer.
    pub(crate) total: Duration,
    /// The largest body taken, in bytes after decompression.
    pub(crate) body: usize,
}

impl Limits {
    /// 30 s, and 64 MiB: some 500 000 rows of keys, and little enough to hold in memory twice.
    pub(crate) const USUAL: Self = Self { total: Duration::from_secs(30), body: 64 << 20 };

    /// 10 s and 1 MiB, for a token from nearby.
    const NEARBY: Self = Self { total: Duration::from_secs(10), body: 1 << 20 };
}

/// A client for both of Google's servers.
pub(crate) struct Transport {
    client: Client,
    limits: Limits,
    /// Of the last answer that had a date. Locked to copy or to replace them.
    clocks: Mutex<Option<Clocks>>,
}

/// Two clocks at the moment at which an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// This machine's.
    pub ours: SystemTime,
    /// The answering server's, by its `Date` header: whole seconds, and older by the way back.
    pub theirs: SystemTime,
}

impl Clocks {
    /// Ours minus theirs, in whole seconds: positive where this machine is ahead.
    pub fn skew(&self) -> i64 {
        let seconds = |difference: Duration| i64::try_from(difference.as_secs()).unwrap_or(i64::MAX);
        match self.ours.duration_since(self.theirs) {
            Ok(ahead) => seconds(ahead),
            Err(behind) => -seconds(behind.duration()),
        }
    }
}

/// A whole answer, of any status.
pub(crate) struct Answer {
    pub(crate) service: Service,
    pub(crate) status: u16,
    headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Transport {
    pub(crate) fn new(endpoint: &Url, limits: Limits) -> Result<Self, Error> {
        let builder = builder(limits).connect_timeout(CONNECT_TIMEOUT);
        // A proxy set for the way to the internet cannot reach this machine's loopback.
        let builder = if is_loopback(endpoint) { builder.no_proxy() } else { builder };
        Self::build(builder, limits)
    }

    /// For a server on this machine or beside it: no proxy, and not much time.
    pub(crate) fn direct() -> Result<Self, Error> {
        let limits = Limits::NEARBY;
        Self::build(builder(limits).connect_timeout(CONNECT_TIMEOUT_NEARBY).no_proxy(), limits)
    }

    fn build(builder: ClientBuilder, limits: Limits) -> Result<Self, Error> {
        let client = builder.build().map_err(|error| Error::Setup(Arc::new(error)))?;
        Ok(Self { client, limits, clocks: Mutex::default() })
    }

    /// The client, to begin a request with.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Both clocks at the last answer that had a date.
    pub(crate) fn clocks(&self) -> Option<Clocks> {
        *self.clocks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request and reads the whole answer; the status is for the caller to judge.
    pub(crate) async fn exchange(&self, service: Service, request: RequestBuilder) -> Result<Answer, Error> {
        let failed = |error| self.network_error(service, error);
        let mut response = request.send().await.map_err(failed)?;
        let mut body = Vec::new();
        // By chunks, since neither the length announced nor the compressed length says how much will come.
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if chunk.len() > self.limits.body - body.len() {
                return Err(Error::TooLarge { service, limit: self.limits.body });
            }
            body.extend_from_slice(&chunk);
        }
        let headers = std::mem::take(response.headers_mut());
        let answer = Answer { service, status: response.status().as_u16(), headers, body };
        if let Some(theirs) = answer.date() {
            let clocks = Clocks { ours: SystemTime::now(), theirs };
            *self.clocks.lock().unwrap_or_else(PoisonError::into_inner) = Some(clocks);
        }
        Ok(answer)
    }

    fn network_error(&self, service: Service, error: reqwest::Error) -> Error {
        if error.is_connect() {
            // Its text would name the address, and the spreadsheet's id is part of that.
            let source = error.without_url();
            Error::Connect { service, fault: ConnectFault::of(&source), source: Arc::new(source) }
        } else if error.is_timeout() {
            Error::Timeout { service, limit: self.limits.total }
        } else {
            Error::Interrupted { service }
        }
    }
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Reads the body as JSON. JSON that ends too early means that the answer did.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let service = self.service;
        serde_json::from_slice(&self.body).map_err(|error| {
            if error.is_eof() {
                Error::Interrupted { service }
            } else {
                Error::Unreadable { service, status: self.status }
            }
        })
    }

    /// `Retry-After`, in either of its forms: seconds, or a date to be compared with `now`.
    pub(crate) fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        let value = self.header(RETRY_AFTER)?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        httpdate::parse_http_date(value).ok()?.duration_since(now).ok()
    }

    /// The `Date` header: what the other side's clock says.
    pub(crate) fn date(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(self.header(DATE)?).ok()
    }

    /// A header of another kind, as text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

fn builder(limits: Limits) -> ClientBuilder {
    Client::builder()
        .timeout(limits.total)
        // Google's servers do not redirect. Following one could carry a token to another host.
        .redirect(redirect::Policy::none())
        .user_agent(concat!("convergence-sheets/", env!("CARGO_PKG_VERSION")))
}

/// Whether an address is within this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
impl Answer {
    /// An answer as if it had come, for the tests of what reads one.
    pub(crate) fn made(service: Service, status: u16, headers: &[(HeaderName, &str)], body: &str) -> Self {
        let headers =
            headers.iter().map(|(name, value)| (name.clone(), value.parse().expect("a header value")));
        Self { service, status, headers: headers.collect(), body: body.as_bytes().to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_from_elsewhere() {
        let loopback = |url: &str| is_loopback(&Url::parse(url).expect("a URL"));
        for url in ["http://127.0.0.1:9", "http://127.8.8.8", "http://[::1]:9", "http://localhost:9/x"] {
            assert!(loopback(url), "{url}");
        }
        for url in ["https://sheets.googleapis.com", "http://10.0.0.1", "http://localhost.example.com"] {
            assert!(!loopback(url), "{url}");
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let after =
            |value: &str| Answer::made(Service::Sheets, 503, &[(RETRY_AFTER, value)], "").retry_after(now);
        assert_eq!(after("120"), Some(Duration::from_mins(2)));
        assert_eq!(after("Sun, 06 Nov 1994 08:49:47 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(after("Sun, 06 Nov 1994 08:49:27 GMT"), None, "the past asks for nothing");
        assert_eq!(after("soon"), None);
        assert_eq!(Answer::made(Service::Sheets, 503, &[], "").retry_after(now), None);
    }
}
