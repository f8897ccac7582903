//! What `GET /metrics` shows, in the `OpenMetrics` text format. No label holds a key, a client or a sheet's id.

mod durations;
mod redis;
mod requests;

use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

pub(crate) use self::redis::RedisMetrics;
pub(crate) use self::requests::RequestCounts;
use crate::sync::Lag;

/// What each name begins with.
const PREFIX: &str = "convergence";

/// Label sets of one label with a word that is ours.
type Label = [(&'static str, &'static str); 1];

/// Where the TLS certificate is from. A family without members is not shown, so without TLS there is none.
const FILES: &Label = &[("source", "files")];
/// Failures of upstreams, by reason.
pub(crate) type UpstreamFailures = Family<Label, Counter>;

/// Upper bounds in seconds, from what the webhook takes to what polling takes.
const LAGS: [f64; 12] = [0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0];

/// Upper bounds in seconds; one answer of Google may take 30.
const DURATIONS: [f64; 10] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Written where things happen, and read by whoever scrapes.
pub(crate) struct Metrics {
    registry: Registry,
    directory_age: Gauge<f64, std::sync::atomic::AtomicU64>,
    directory_keys: Gauge,
    directory_problems: Gauge,
    refresh_held: Gauge,
    usage_durable: Gauge,
    refreshes: Family<Label, Counter>,
    refresh_duration: Histogram,
    lag: Family<Label, Histogram, fn() -> Histogram>,
    sheet_reads: Counter,
    webhooks: Family<Label, Counter>,
    attempts: Family<Label, Counter>,
    tls_certificate: Family<Label, Gauge>,
    tls_refused: Family<Label, Gauge>,
    shadow_refusals: Counter,
    upstream_up: Family<[(&'static str, String); 1], Gauge>,
    upstream_failures: UpstreamFailures,
    redis: redis::Families,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix(PREFIX),
            directory_age: Gauge::default(),
            directory_keys: Gauge::default(),
            directory_problems: Gauge::default(),
            refresh_held: Gauge::default(),
            usage_durable: Gauge::default(),
            refreshes: Family::default(),
            refresh_duration: Histogram::new(DURATIONS),
            lag: Family::new_with_constructor(|| Histogram::new(LAGS)),
            sheet_reads: Counter::default(),
            webhooks: Family::default(),
            attempts: Family::default(),
            tls_certificate: Family::default(),
            tls_refused: Family::default(),
            shadow_refusals: Counter::default(),
            upstream_up: Family::default(),
            upstream_failures: Family::default(),
            redis: redis::Families::default(),
        };
        metrics.register();
        // Before the first read, and without one: no number is the truth.
        metrics.directory_age.set(f64::NAN);
        for result in ["ok", "failed"] {
            let _ = metrics.refreshes.get_or_create(&[("result", result)]);
        }
        for result in WebhookResult::ALL {
            let _ = metrics.webhooks.get_or_create(&[("result", result.name())]);
        }
        for result in AttemptResult::ALL {
            let _ = metrics.attempts.get_or_create(&[("result", result.name())]);
        }
        metrics
    }
}

/// What became of a call of the webhook.
#[derive(Clone, Copy)]
pub(crate) enum WebhookResult {
    Accepted,
    Repeated,
    Refused,
}

impl WebhookResult {
    const ALL: [Self; 3] = [Self::Accepted, Self::Repeated, Self::Refused];

    fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Repeated => "repeated",
            Self::Refused => "refused",
        }
    }
}

/// What became of an attempt without a known key.
#[derive(Clone, Copy)]
pub(crate) enum AttemptResult {
    /// It was told so.
    Failed,
    /// It was not looked up.
    HeldBack,
}

impl AttemptResult {
    const ALL: [Self; 2] = [Self::Failed, Self::HeldBack];

    fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::HeldBack => "held_back",
        }
    }
}

impl Metrics {
    /// A read of the source has ended.
    pub(crate) fn read_ended(&self, ok: bool, took: Duration, keys: usize, problems: usize) {
        self.refreshes.get_or_create(&[("result", if ok { "ok" } else { "failed" })]).inc();
        self.refresh_duration.observe(took.as_secs_f64());
        self.in_use(keys, problems);
    }

    /// So many keys are in use, and their table has so many problems.
    pub(crate) fn in_use(&self, keys: usize, problems: usize) {
        self.directory_keys.set(i64::try_from(keys).unwrap_or(i64::MAX));
        self.directory_problems.set(i64::try_from(problems).unwrap_or(i64::MAX));
    }

    /// A change has had its effect.
    pub(crate) fn lag(&self, lag: Lag) {
        self.lag.get_or_create(&[("via", lag.via.name())]).observe(lag.seconds);
    }

    pub(crate) fn webhook(&self, result: WebhookResult) {
        self.webhooks.get_or_create(&[("result", result.name())]).inc();
    }

    pub(crate) fn attempt(&self, result: AttemptResult) {
        self.attempts.get_or_create(&[("result", result.name())]).inc();
    }

    /// A request was let through that its key's shadow limit would have refused.
    pub(crate) fn shadow_refused(&self) {
        self.shadow_refusals.inc();
    }

    /// Counts requests that use up Google's quota of reads.
    pub(crate) fn sheet_reads(&self) -> Counter {
        self.sheet_reads.clone()
    }

    /// A TLS certificate is in use that is valid until then, in Unix seconds.
    pub(crate) fn tls_certificate(&self, until: i64) {
        self.tls_certificate.get_or_create(FILES).set(until);
        self.tls_refused(false);
    }

    /// Whether the TLS files hold what cannot be used, so that the old is.
    pub(crate) fn tls_refused(&self, refused: bool) {
        self.tls_refused.get_or_create(FILES).set(i64::from(refused));
    }

    /// Counts what upstreams fail in.
    pub(crate) fn upstream_failures(&self) -> UpstreamFailures {
        self.upstream_failures.clone()
    }

    /// Counts what becomes of the questions to Redis. `alone` is what a server is called that decides without it.
    pub(crate) fn redis(&self, alone: &'static str) -> RedisMetrics {
        self.redis.show(alone)
    }

    /// Whether an upstream is asked like any other. `shown` is its address without a secret.
    pub(crate) fn upstream_up(&self, shown: &str, up: bool) {
        self.upstream_up.get_or_create(&[("upstream", shown.to_owned())]).set(i64::from(up));
    }

    /// Whether what is counted is kept on disk.
    pub(crate) fn usage_durable(&self, durable: bool) {
        self.usage_durable.set(i64::from(durable));
    }

    /// All of them. `age` is that of the keys in use, in seconds; `held` whether a refresh is held.
    pub(crate) fn text(&self, age: Option<i64>, held: bool, requests: RequestCounts) -> String {
        self.refresh_held.set(i64::from(held));
        #[expect(clippy::cast_precision_loss, reason = "exact for ages of human kind")]
        self.directory_age.set(age.map_or(f64::NAN, |age| age as f64));
        let mut text = String::new();
        // What is added up at this moment has a registry of this moment.
        let mut sums = Registry::with_prefix(PREFIX);
        sums.register_collector(Box::new(requests));
        let written = text::encode_registry(&mut text, &self.registry)
            .and_then(|()| text::encode_registry(&mut text, &sums))
            .and_then(|()| text::encode_eof(&mut text));
        written.expect("writing to a string cannot fail");
        text
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register_with_unit(
            "directory_age",
            "Time since the reading of the keys in use began; NaN before the first",
            Unit::Seconds,
            self.directory_age.clone(),
        );
        registry.register(
            "usage_durable",
            "1 if what clients use is kept on disk, 0 if it is counted in memory only",
            self.usage_durable.clone(),
        );
        registry.register(
            "directory_keys",
            "Keys in use, refused ones included",
            self.directory_keys.clone(),
        );
        let problems = "Problems that the last reading found in the table of keys";
        registry.register("directory_problems", problems, self.directory_problems.clone());
        let held = "1 while a refresh is held that has lost too many working keys at once";
        registry.register("refresh_held", held, self.refresh_held.clone());
        registry.register("refreshes", "Readings of the keys that have ended", self.refreshes.clone());
        registry.register_with_unit(
            "refresh_duration",
            "How long readings of the keys took",
            Unit::Seconds,
            self.refresh_duration.clone(),
        );
        registry.register_with_unit(
            "revocation_lag",
            "From a change of the sheet to its effect; but for the webhook, the longest it can have been",
            Unit::Seconds,
            self.lag.clone(),
        );
        let reads = "Requests that used up Google's quota of reads";
        registry.register("sheet_reads", reads, self.sheet_reads.clone());
        registry.register("webhooks", "Calls of POST /hooks/sheet-changed", self.webhooks.clone());
        let attempts =
            "Requests with an Authorization that was no known key, and those held back by the shield";
        registry.register("auth_attempts", attempts, self.attempts.clone());
        registry.register_with_unit(
            "tls_certificate_not_after_timestamp",
            "When the TLS certificate in use expires, in Unix time",
            Unit::Seconds,
            self.tls_certificate.clone(),
        );
        let refused = "1 while the TLS files hold what cannot be used, so that the old certificate still is";
        registry.register("tls_files_refused", refused, self.tls_refused.clone());
        let shadow = "Requests let through that a shadow_rate_limit would have refused";
        registry.register("shadow_refusals", shadow, self.shadow_refusals.clone());
        let up = "1 while an upstream is asked in its turn, 0 while it is asked last";
        registry.register("upstream_up", up, self.upstream_up.clone());
        let failures = "Failures of upstreams to be reached, to answer, or to end their answers";
        registry.register("upstream_failures", failures, self.upstream_failures.clone());
        self.redis.register(registry);
    }
}
