//! How Redis is doing, for `/auth/status`, the metrics and the log.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::trouble::Trouble;
use crate::clock::rfc3339;
use crate::config::RedisFallback;
use crate::metrics::RedisMetrics;

/// Written by the links.
pub(super) struct Health {
    metrics: RedisMetrics,
    links: Mutex<Links>,
}

/// The links of all threads.
#[derive(Default)]
struct Links {
    made: usize,
    open: usize,
    /// Since which Unix second not all of them are open, and why.
    away: Option<(i64, Trouble)>,
}

/// How Redis is doing. No address, and nothing that Redis chose.
#[derive(Serialize, ToSchema)]
#[schema(as = RedisStatus)]
pub(crate) struct Report {
    /// Whether every thread can ask it.
    connected: bool,
    /// How many servers share the limits, by what it said last.
    servers: u32,
    /// `share`, `closed` or `local`: what is done without it.
    fallback: &'static str,
    /// RFC 3339: since when not every thread can ask it.
    #[schema(required, format = DateTime)]
    away_since: Option<String>,
    /// Why not.
    #[schema(required)]
    last_error: Option<String>,
    /// Whether this server reads the sheet for all; nothing, where each has a file of its own.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    reads_sheet: Option<bool>,
}

impl Health {
    pub(super) fn new(metrics: RedisMetrics) -> Self {
        Self { metrics, links: Mutex::default() }
    }

    pub(super) fn link_made(&self) {
        let mut links = self.lock();
        links.made += 1;
        self.metrics.links(links.open, links.made);
    }

    /// A link can ask, or can no longer.
    pub(super) fn link_open(&self, open: bool) {
        let mut links = self.lock();
        links.open = if open { links.open + 1 } else { links.open.saturating_sub(1) };
        self.metrics.links(links.open, links.made);
        if links.open == links.made && links.away.take().is_some() {
            tracing::info!("Redis decides again");
        }
    }

    /// Something is wrong with a link. Said once, until all are well or something else is wrong.
    pub(super) fn failed(&self, trouble: &Trouble, unix: i64) {
        self.metrics.failed(trouble.kind());
        let mut links = self.lock();
        let known = links.away.as_ref().is_some_and(|(_, known)| known == trouble);
        let since = links.away.as_ref().map_or(unix, |(since, _)| *since);
        links.away = Some((since, trouble.clone()));
        drop(links);
        if !known {
            tracing::warn!("Redis does not decide, and this server does without: {}", trouble);
        }
    }

    /// Whether this server reads the keys for all.
    pub(super) fn is_reader(&self, is_reader: bool) {
        self.metrics.is_reader(is_reader);
    }

    /// A batch was answered, or given up.
    pub(super) fn round_trip(&self, took: Duration, answered: bool) {
        self.metrics.round_trip(took, answered);
    }

    /// Redis has decided on so many requests.
    pub(super) fn decided(&self, requests: usize) {
        self.metrics.decided(requests);
    }

    /// This server has decided on one by itself.
    pub(super) fn decided_alone(&self) {
        self.metrics.decided_alone();
    }

    pub(super) fn report(&self, servers: u32, fallback: RedisFallback, reads_sheet: Option<bool>) -> Report {
        let links = self.lock();
        let away = links.away.as_ref();
        Report {
            connected: links.made > 0 && links.open == links.made,
            servers,
            fallback: fallback.word(),
            away_since: away.map(|(since, _)| rfc3339(*since)),
            last_error: away.map(|(_, trouble)| trouble.to_string()),
            reads_sheet,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Links> {
        // Each change is one step; a thread that panicked has left nothing half done.
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
