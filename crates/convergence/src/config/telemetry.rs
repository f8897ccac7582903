//! Where traces and metrics are sent, by the names that OpenTelemetry has given its settings.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::settings::Reader;
use crate::os;

/// A collector, and what it is sent.
pub struct Telemetry {
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`, to which `/v1/traces` and `/v1/metrics` are added.
    pub endpoint: Url,
    /// `OTEL_EXPORTER_OTLP_HEADERS`: secrets, as a rule, and marked so that nothing prints them.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// `OTEL_EXPORTER_OTLP_TIMEOUT`: for one message.
    pub timeout: Duration,
    /// `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`: what everything that is sent is about.
    pub resource: Vec<(String, String)>,
    /// `OTEL_TRACES_SAMPLER_ARG`: of the traces that begin here so many are recorded, from 0 to 1.
    pub share: f64,
    /// `OTEL_METRIC_EXPORT_INTERVAL`: between two messages of metrics.
    pub metrics_every: Duration,
}

impl Telemetry {
    /// `None` without an endpoint.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        // Others are told of these variables too; without a collector they say nothing.
        reader.text("OTEL_EXPORTER_OTLP_ENDPOINT")?;
        let expected = "an http or https URL such as http://127.0.0.1:4318, without user, query and fragment";
        let endpoint = reader.with("OTEL_EXPORTER_OTLP_ENDPOINT", expected, |text| {
            let url = Url::parse(text).ok()?;
            let is_plain = url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none();
            (matches!(url.scheme(), "http" | "https") && is_plain).then_some(url)
        });
        let expected = "http/protobuf, which is all that is spoken here; a collector takes it on port 4318";
        reader.with("OTEL_EXPORTER_OTLP_PROTOCOL", expected, |text| (text == "http/protobuf").then_some(()));
        let expected = "name=value with commas between, percent-encoded where needed";
        let headers = reader.with("OTEL_EXPORTER_OTLP_HEADERS", expected, |text| {
            let header = |(name, value): (String, String)| {
                let mut value = HeaderValue::from_str(&value).ok()?;
                value.set_sensitive(true);
                Some((HeaderName::try_from(name).ok()?, value))
            };
            pairs(text)?.into_iter().map(header).collect()
        });
        let timeout = reader.number("OTEL_EXPORTER_OTLP_TIMEOUT", 1..=600_000, 10_000);
        let mut resource = reader.with("OTEL_RESOURCE_ATTRIBUTES", expected, pairs).unwrap_or_default();
        let service = reader.text("OTEL_SERVICE_NAME").map(|name| name.trim().to_owned());
        let named = service.or_else(|| take(&mut resource, "service.name"));
        resource.retain(|(name, _)| name != "service.name");
        resource.push(("service.name".to_owned(), named.unwrap_or_else(|| "convergence".to_owned())));
        let version = ("service.version", env!("CARGO_PKG_VERSION").to_owned());
        let instance =
            ("service.instance.id", reader.text("INSTANCE").map_or_else(os::host_name, str::to_owned));
        for (name, value) in [version, instance] {
            if !resource.iter().any(|(known, _)| known == name) {
                resource.push((name.to_owned(), value));
            }
        }
        let share = reader.with("OTEL_TRACES_SAMPLER_ARG", "a number from 0 to 1", |text| {
            text.parse().ok().filter(|share| (0.0..=1.0).contains(share))
        });
        let metrics_every = reader.number("OTEL_METRIC_EXPORT_INTERVAL", 1_000..=3_600_000, 60_000);
        Some(Self {
            endpoint: endpoint?,
            headers: headers.unwrap_or_default(),
            timeout: Duration::from_millis(timeout),
            resource,
            share: share.unwrap_or(1.0),
            metrics_every: Duration::from_millis(metrics_every),
        })
    }
}

fn take(pairs: &mut Vec<(String, String)>, name: &str) -> Option<String> {
    let place = pairs.iter().position(|(known, _)| known == name)?;
    Some(pairs.swap_remove(place).1)
}

/// As W3C Baggage has them, without properties.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let one = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let decoded = percent_decode_str(value.trim()).decode_utf8().ok()?;
        (!name.trim().is_empty()).then(|| (name.trim().to_owned(), decoded.into_owned()))
    };
    text.split(',').filter(|pair| !pair.trim().is_empty()).map(one).collect()
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Fault, Settings};

    fn read(set: &[(&str, &str)]) -> Result<Config, Vec<Fault>> {
        let mut settings = Settings::default();
        for (name, value) in set {
            settings.set(name, *value);
        }
        Config::read(&settings)
    }

    #[test]
    fn what_is_set_is_read_and_without_an_endpoint_nothing_is_sent() {
        assert!(read(&[("OTEL_SERVICE_NAME", "api")]).is_ok_and(|config| config.telemetry.is_none()));
        let set = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318/otlp/"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20eA==, x-scope=a"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,deployment.environment.name=test"),
            ("OTEL_SERVICE_NAME", "api"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
            ("INSTANCE", "one"),
        ];
        let telemetry = read(&set).ok().and_then(|config| config.telemetry).expect("a collector");
        let resource: Vec<String> =
            telemetry.resource.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let expected = ["deployment.environment.name=test", "service.name=api", "service.instance.id=one"];
        assert!(expected.iter().all(|pair| resource.contains(&(*pair).to_owned())), "{resource:?}");
        assert_eq!(resource.len(), 4);
        let headers: Vec<_> =
            telemetry.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        assert_eq!(headers, [("authorization", &b"Basic eA=="[..]), ("x-scope", b"a")]);
    }

    #[test]
    fn every_fault_is_said_and_no_value_shown() {
        let faults = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4317"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "secret"),
            ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ]);
        let faults: Vec<String> = faults.err().expect("faults").iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(faults.join("\n"), @"
        OTEL_EXPORTER_OTLP_ENDPOINT: must be an http or https URL such as http://127.0.0.1:4318, without user, query and fragment
        OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf, which is all that is spoken here; a collector takes it on port 4318
        OTEL_EXPORTER_OTLP_HEADERS: must be name=value with commas between, percent-encoded where needed
        OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1
        ");
    }
}
