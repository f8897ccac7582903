//! What is sent, when, and what becomes of it. A collector that is slow or away costs what is sent to it, and nothing else.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prost::Message;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url, redirect};
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

use super::messages::{self, Resource, ResourceMetrics, ResourceSpans, ScopeMetrics, ScopeSpans, text};
use super::metrics::{Period, metrics};
use super::spans::spans;
use super::trace::{Sampler, Trace};
use crate::clock::Clock;
use crate::config::Telemetry;
use crate::http::Record;
use crate::metrics::OtlpMetrics;

/// How often spans are sent.
const SEND_EVERY: Duration = Duration::from_secs(1);

/// How long a stop waits for the last of it.
const LAST_SEND: Duration = Duration::from_secs(2);

/// How many requests wait to be sent; of more the spans are lost, and counted.
const MOST_WAITING: usize = 4_096;

/// How many requests' spans are sent in one message.
const MOST_AT_ONCE: usize = 512;

/// Where traced requests are handed in.
pub(crate) struct Tracer {
    sampler: Sampler,
    records: mpsc::Sender<Arc<Record>>,
    lost: Counter,
}

impl Tracer {
    /// The trace of a request with these values of `traceparent`, if it is recorded.
    pub(crate) fn trace<'a>(&self, parents: impl Iterator<Item = &'a [u8]>) -> Option<Trace> {
        self.sampler.trace(parents)
    }

    /// Has the spans of a traced request sent, if there is room for them.
    pub(crate) fn send(&self, record: &Arc<Record>) {
        if record.trace.is_some() && self.records.try_send(Arc::clone(record)).is_err() {
            self.lost.inc();
        }
    }
}

/// What sends them.
pub(crate) struct Exporter {
    settings: Telemetry,
    client: Client,
    clock: Arc<dyn Clock>,
    records: mpsc::Receiver<Arc<Record>>,
    outcomes: OtlpMetrics,
    resource: Resource,
    /// Since when sums are counted, in Unix nanoseconds.
    since: u64,
    /// Whether it was said that nothing arrives.
    is_ill: bool,
}

impl Exporter {
    /// # Errors
    /// There can be no TLS.
    pub(crate) fn new(
        settings: Telemetry,
        clock: Arc<dyn Clock>,
        outcomes: OtlpMetrics,
    ) -> reqwest::Result<(Self, Tracer)> {
        let client =
            Client::builder().redirect(redirect::Policy::none()).timeout(settings.timeout).build()?;
        let (sender, records) = mpsc::channel(MOST_WAITING);
        let tracer =
            Tracer { sampler: Sampler::new(settings.share), records: sender, lost: outcomes.lost.clone() };
        let resource = Resource {
            attributes: settings.resource.iter().map(|(name, value)| text(name, value.as_str())).collect(),
        };
        let since = nanoseconds(&*clock);
        let exporter = Self { settings, client, clock, records, outcomes, resource, since, is_ill: false };
        Ok((exporter, tracer))
    }

    /// Sends until the requests have ended, and then what there is. `openmetrics` is what `/metrics` says at a moment.
    pub(crate) async fn run(
        mut self,
        openmetrics: impl Fn() -> String + Send,
        mut drained: watch::Receiver<bool>,
    ) {
        info!("traces and metrics go to {}", self.settings.endpoint);
        let mut told = self.clock.uptime();
        loop {
            let is_last = tokio::select! {
                () = self.clock.sleep(SEND_EVERY) => false,
                // An error means that the server is gone.
                _ = drained.wait_for(|drained| *drained) => true,
            };
            if is_last {
                let rest = async {
                    self.send_spans().await;
                    self.send_metrics(&openmetrics()).await;
                };
                // What does not arrive in that time is lost.
                let _ = tokio::time::timeout(LAST_SEND, rest).await;
                return;
            }
            self.send_spans().await;
            let now = self.clock.uptime();
            if now >= told + self.settings.metrics_every {
                told = now;
                self.send_metrics(&openmetrics()).await;
            }
        }
    }

    async fn send_spans(&mut self) {
        let mut records = Vec::new();
        while self.records.try_recv().map(|record| records.push(record)).is_ok() {
            if records.len() == MOST_AT_ONCE {
                self.send_some(&mem::take(&mut records)).await;
            }
        }
        if !records.is_empty() {
            self.send_some(&records).await;
        }
    }

    async fn send_some(&mut self, records: &[Arc<Record>]) {
        let spans = records.iter().flat_map(|record| spans(record)).collect();
        let scope_spans = vec![ScopeSpans { scope: Some(messages::scope()), spans }];
        let resource_spans = vec![ResourceSpans { resource: Some(self.resource.clone()), scope_spans }];
        if !self.send("traces", messages::Traces { resource_spans }.encode_to_vec()).await {
            self.outcomes.lost.inc_by(records.len() as u64);
        }
    }

    async fn send_metrics(&mut self, openmetrics: &str) {
        let period = Period { from: self.since, until: nanoseconds(&*self.clock) };
        let metrics = metrics(openmetrics, period);
        let scope_metrics = vec![ScopeMetrics { scope: Some(messages::scope()), metrics }];
        let resource_metrics = vec![ResourceMetrics { resource: Some(self.resource.clone()), scope_metrics }];
        self.send("metrics", messages::Metrics { resource_metrics }.encode_to_vec()).await;
    }

    /// Whether it has arrived.
    async fn send(&mut self, signal: &'static str, body: Vec<u8>) -> bool {
        let mut url: Url = self.settings.endpoint.clone();
        url.set_path(&format!("{}/v1/{signal}", url.path().trim_end_matches('/')));
        let mut request = self.client.post(url).header(CONTENT_TYPE, "application/x-protobuf").body(body);
        for (name, value) in &self.settings.headers {
            request = request.header(name, value);
        }
        let trouble = match request.send().await {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status())),
            Err(error) => Some(error.without_url().to_string()),
        };
        self.outcomes.sent(signal, trouble.is_none());
        match &trouble {
            None if mem::take(&mut self.is_ill) => info!("traces and metrics arrive again"),
            Some(trouble) if !mem::replace(&mut self.is_ill, true) => {
                warn!("traces and metrics do not reach OTEL_EXPORTER_OTLP_ENDPOINT: {trouble}");
            }
            _ => {}
        }
        trouble.is_none()
    }
}

fn nanoseconds(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.unix_millis()).unwrap_or_default().saturating_mul(1_000_000)
}
