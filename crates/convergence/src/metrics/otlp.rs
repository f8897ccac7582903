//! What becomes of what is sent to a collector. Without one none of these is shown.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// As they are registered.
#[derive(Default)]
pub(super) struct Families {
    exports: Family<[(&'static str, &'static str); 2], Counter>,
    lost: Family<[(&'static str, &'static str); 0], Counter>,
}

/// As they are written.
pub(crate) struct OtlpMetrics {
    exports: Family<[(&'static str, &'static str); 2], Counter>,
    /// Traced requests whose spans found no room or did not arrive.
    pub(crate) lost: Counter,
}

impl Families {
    pub(super) fn register(&self, registry: &mut Registry) {
        let exports = "Messages to the collector that have ended";
        registry.register("otlp_exports", exports, self.exports.clone());
        let lost = "Traced requests whose spans found no room or did not arrive";
        registry.register("otlp_lost_requests", lost, self.lost.clone());
    }

    /// From now on they are shown.
    pub(super) fn show(&self) -> OtlpMetrics {
        for signal in ["metrics", "traces"] {
            for result in ["failed", "ok"] {
                let _ = self.exports.get_or_create(&[("signal", signal), ("result", result)]);
            }
        }
        OtlpMetrics { exports: self.exports.clone(), lost: self.lost.get_or_create_owned(&[]) }
    }
}

impl OtlpMetrics {
    /// A message has arrived, or has not.
    pub(crate) fn sent(&self, signal: &'static str, ok: bool) {
        let result = if ok { "ok" } else { "failed" };
        self.exports.get_or_create(&[("signal", signal), ("result", result)]).inc();
    }
}
