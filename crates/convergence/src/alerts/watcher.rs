//! Looks once a minute, keeps on disk what came of it, and sends it. Requests never wait for it, and it never waits for them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, info, warn};

use super::facts::Watched;
use super::hook::Hook;
use super::memory::Memory;
use super::others::Others;
use crate::clock::Clock;
use crate::config::Thresholds;
use crate::sync::{Complaint, back_off, replace};

/// How often facts are looked at.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// When other servers are asked again which keys they have seen used.
const ASK_AGAIN: Duration = Duration::from_hours(1);

/// What is told, kept in `DATA_DIR`.
const FILE: &str = "alerts.json";

/// Tells the webhook what deserves a look.
pub(crate) struct Watcher {
    sources: Watched,
    thresholds: Arc<Thresholds>,
    hook: Hook,
    /// Where servers share a Redis.
    others: Option<Others>,
    clock: Arc<dyn Clock>,
    file: PathBuf,
    memory: Memory,
    /// Not before this uptime is it looked when keys were used.
    uses_at: Duration,
    /// What is in the file.
    kept: Vec<u8>,
    disk: Complaint,
    counts: Complaint,
    webhook: Complaint,
}

impl Watcher {
    pub(crate) fn new(
        sources: Watched,
        thresholds: Thresholds,
        hook: Hook,
        others: Option<Others>,
        clock: Arc<dyn Clock>,
        data_dir: &Path,
    ) -> Self {
        Self {
            sources,
            thresholds: Arc::new(thresholds),
            hook,
            others,
            uses_at: Duration::ZERO,
            clock,
            file: data_dir.join(FILE),
            memory: Memory::default(),
            kept: Vec::new(),
            disk: Complaint::default(),
            counts: Complaint::default(),
            webhook: Complaint::default(),
        }
    }

    /// Runs until the server ends.
    pub(crate) async fn run(mut self) {
        self.restore().await;
        let started = self.clock.now().uptime;
        let (mut look_at, mut send_at, mut failures) = (started, started, 0);
        loop {
            let now = self.clock.now().uptime;
            if now >= look_at {
                self.look(started).await;
                look_at = now + LOOK_EVERY;
            }
            if now >= send_at
                && let Some(pause) = self.send(failures).await
            {
                failures = if pause.is_zero() { 0 } else { failures + 1 };
                send_at = self.clock.now().uptime + pause;
            }
            let next = if self.memory.news().is_some() { look_at.min(send_at) } else { look_at };
            self.clock.sleep(next.saturating_sub(self.clock.now().uptime)).await;
        }
    }

    async fn look(&mut self, started: Duration) {
        let (sources, thresholds, now) =
            (self.sources.clone(), Arc::clone(&self.thresholds), self.clock.now());
        let asks_for_uses = self.memory.asks_for_uses(&thresholds, now.unix) && now.uptime >= self.uses_at;
        let look = move || sources.facts(&thresholds, asks_for_uses, now, started);
        // A panic in there has been said.
        let Ok(mut facts) = tokio::task::spawn_blocking(look).await else { return };
        if let Some(others) = &self.others
            && let Err(trouble) = others.share_uses(&mut facts, &self.thresholds, now.unix).await
        {
            debug!("which keys other servers have seen used is not known: {trouble}");
            facts.last_uses = None;
            self.uses_at = now.uptime + ASK_AGAIN;
        }
        let (mut memory, thresholds) = (self.memory.clone(), Arc::clone(&self.thresholds));
        let look = move || {
            memory.look(&facts, &thresholds, now.unix);
            (memory, facts.trouble)
        };
        // The next look begins where this one did.
        let Ok((memory, trouble)) = tokio::task::spawn_blocking(look).await else { return };
        self.memory = memory;
        if let Some(trouble) = trouble {
            let words = format!("alerts know nothing of usage, since it cannot be read: {trouble}");
            self.counts.say(now.uptime, &words);
        } else if self.counts.end() {
            info!("alerts know of usage again");
        }
        self.keep().await;
    }

    /// Sends what waits, if anything does, and says how long not to; after so many failures in a row.
    async fn send(&mut self, failures: u32) -> Option<Duration> {
        self.claim().await;
        let (alerts, left_out) = self.memory.news()?;
        let number = alerts.len();
        let sent = self.hook.send(alerts, left_out, self.clock.now().unix).await;
        let Err(not_taken) = sent else {
            debug!(alerts = number, "told the alert webhook");
            if self.webhook.end() {
                info!("the alert webhook takes messages again");
            }
            self.memory.sent();
            self.keep().await;
            return Some(Duration::ZERO);
        };
        let words =
            format!("the alert webhook has not taken a message: {}; it is tried again", not_taken.why);
        self.webhook.say(self.clock.now().uptime, &words);
        let pause = back_off(failures.saturating_add(1), LOOK_EVERY);
        Some(pause.max(not_taken.again_after))
    }

    /// Leaves to others what they have claimed. While nobody can be asked, all tell.
    async fn claim(&mut self) {
        let (Some(others), Some((alerts, _))) = (&self.others, self.memory.news()) else { return };
        let now = self.clock.now().unix;
        let kept = |until: i64| Duration::from_secs(u64::try_from(until - now).unwrap_or_default());
        let matters: Vec<(&str, Duration)> =
            alerts.iter().map(|alert| (alert.id.as_str(), kept(alert.until))).collect();
        match others.claims.claim(&others.name, &matters).await {
            Ok(own) => {
                self.memory.leave_to_others(&own);
                self.keep().await;
            }
            Err(trouble) => debug!("whether another server tells the same is not known: {trouble}"),
        }
    }

    async fn restore(&mut self) {
        let file = self.file.clone();
        let read = tokio::task::spawn_blocking(move || std::fs::read(file)).await;
        match read.map_err(std::io::Error::other).flatten() {
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(memory) => (self.memory, self.kept) = (memory, bytes.trim_ascii_end().to_vec()),
                Err(error) => warn!(
                    "{} cannot be read, so what was told before is told again: {error}",
                    self.file.display()
                ),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => warn!("what was told before is told again: {}: {error}", self.file.display()),
        }
    }

    /// Replaces the file, if anything has changed.
    async fn keep(&mut self) {
        let bytes = serde_json::to_vec(&self.memory).expect("plain members, and keys that are text");
        if bytes == self.kept {
            return;
        }
        let (file, written) = (self.file.clone(), bytes.clone());
        let write = move || replace(&file, 0o600, |out| std::io::Write::write_all(out, &written));
        let written = tokio::task::spawn_blocking(write).await;
        match written.map_err(std::io::Error::other).flatten() {
            Ok(()) => {
                self.kept = bytes;
                if self.disk.end() {
                    info!("what is told is kept on disk again");
                }
            }
            Err(error) => {
                let words =
                    format!("what is told is not kept, and may be told again after a restart: {error}");
                self.disk.say(self.clock.now().uptime, &words);
            }
        }
    }
}
