//! What is looked up at the moment of a scrape, rather than counted where it happens.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use super::RequestCounts;
use crate::audio::Workload;
use crate::usage::{Counted, Totals};

/// How everything stands.
pub(crate) struct Scrape {
    /// Of the keys in use, in seconds; nothing before the first.
    pub(crate) directory_age: Option<i64>,
    /// Whether a refresh is held.
    pub(crate) refresh_held: bool,
    /// Why everybody is let in, if they are (P21).
    pub(crate) open_door: Option<&'static str>,
    /// How many reads of the sheet may begin at once; nothing where there is no sheet.
    pub(crate) sheet_reads_left: Option<u32>,
    /// Connections that are open.
    pub(crate) connections: usize,
    /// Whether what is counted is kept on disk.
    pub(crate) usage_durable: bool,
    /// Counts that are not in the database yet.
    pub(crate) usage_pending: usize,
    pub(crate) requests: RequestCounts,
    pub(crate) clients: Arc<Counted>,
    pub(crate) audio: Workload,
}

#[cfg(test)]
impl Scrape {
    /// That of a server which nobody has asked.
    pub(crate) fn nothing() -> Self {
        Self {
            directory_age: None,
            refresh_held: false,
            open_door: None,
            sheet_reads_left: None,
            connections: 0,
            usage_durable: true,
            usage_pending: 0,
            requests: RequestCounts::default(),
            clients: Arc::new(Counted::new(0)),
            audio: Workload::default(),
        }
    }
}

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scrape").finish_non_exhaustive()
    }
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.requests.encode(&mut encoder)?;
        clients(&self.clients, &mut encoder)?;
        let version = "Always 1, with the version of this program";
        labelled(&mut encoder, "build_info", version, [([("version", env!("CARGO_PKG_VERSION"))], 1_u32)])?;
        #[expect(clippy::cast_precision_loss, reason = "exact for ages of human kind")]
        let age = self.directory_age.map_or(f64::NAN, |age| age as f64);
        let help = "Time since the reading of the keys in use began; NaN before the first";
        gauge(&mut encoder, "directory_age", help, Some(&Unit::Seconds), age)?;
        let help = "1 while a refresh is held that has lost too many working keys at once";
        gauge(&mut encoder, "refresh_held", help, None, flag(self.refresh_held))?;
        let help = "1 while every request is allowed without a key, by why that is so";
        let reasons =
            ["disabled", "fallback"].map(|why| ([("reason", why)], flag(self.open_door == Some(why))));
        labelled(&mut encoder, "open_door", help, reasons)?;
        if let Some(left) = self.sheet_reads_left {
            let help = "Reads of the sheet that may begin at once within Google's quota of a minute";
            gauge(&mut encoder, "sheet_reads_left", help, None, left)?;
        }
        let help = "Connections of clients that are open";
        gauge(&mut encoder, "connections", help, None, self.connections)?;
        let help = "1 if what clients use is kept on disk, 0 if it is counted in memory only";
        gauge(&mut encoder, "usage_durable", help, None, flag(self.usage_durable))?;
        let help = "Counts that are not in the database yet";
        gauge(&mut encoder, "usage_pending", help, None, self.usage_pending)?;
        self.audio(&mut encoder)
    }
}

impl Scrape {
    fn audio(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let Workload { waiting, making, made, spent } = self.audio;
        let help = "Recordings that wait for their turn, and that are being made";
        let states = [([("state", "waiting")], waiting), ([("state", "making")], making)];
        labelled(encoder, "audio_recordings", help, states)?;
        let help = "How much sound was made";
        counter(encoder, "audio_output", help, &Unit::Seconds, made.as_secs_f64())?;
        let help = "How long it took to make it, so that the quotient is the real-time factor";
        counter(encoder, "audio_work", help, &Unit::Seconds, spent.as_secs_f64())
    }
}

/// What known clients have asked for. Nobody else fills the list of names.
fn clients(counted: &Counted, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let mut lines: Vec<(String, String, Totals)> = Vec::new();
    counted.each(|client, route, totals| lines.push((client.to_owned(), route.to_owned(), *totals)));
    lines.sort_unstable_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    if lines.is_empty() {
        return Ok(());
    }
    let help = "Requests with a known key by client, route and what came of them";
    let mut family = encoder.encode_descriptor("client_requests", help, None, MetricType::Counter)?;
    for (client, route, totals) in &lines {
        let by_minute = totals.rate_limited.saturating_sub(totals.quota_exceeded);
        for (outcome, number) in [
            ("admitted", totals.admitted),
            ("rate_limited", by_minute),
            ("quota_exceeded", totals.quota_exceeded),
            ("denied", totals.denied),
        ] {
            if number > 0 {
                let labels = [("client", &**client), ("route", &**route), ("outcome", outcome)];
                ConstCounter::new(number).encode(family.encode_family(&labels)?)?;
            }
        }
    }
    let help = "Admitted requests that were answered with a 5xx, by client and route";
    let mut family = encoder.encode_descriptor("client_failures", help, None, MetricType::Counter)?;
    for (client, route, totals) in &lines {
        let labels = [("client", &**client), ("route", &**route)];
        ConstCounter::new(totals.failed).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

fn flag(is: bool) -> u32 {
    u32::from(is)
}

fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    value: impl EncodeGaugeValue,
) -> fmt::Result {
    ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?)
}

fn labelled<V: EncodeGaugeValue + Copy, const N: usize>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    samples: [([(&str, &str); 1], V); N],
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    samples
        .iter()
        .try_for_each(|(labels, value)| ConstGauge::new(*value).encode(family.encode_family(labels)?))
}

fn counter(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    unit: &Unit,
    value: f64,
) -> fmt::Result {
    ConstCounter::new(value).encode(encoder.encode_descriptor(name, help, Some(unit), MetricType::Counter)?)
}
