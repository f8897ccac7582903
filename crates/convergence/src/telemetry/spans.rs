//! A finished request to spans: its own, that of the decision, and that of the question to the upstream. Attributes have the
//! names of OpenTelemetry's semantic conventions for HTTP (1.23 and later); ours begin with `convergence.`.

use std::time::Duration;

use super::messages::{CLIENT, INTERNAL, KeyValue, SERVER, Span, Status, number, text};
use super::trace::Trace;
use crate::http::{Record, Took};

/// The spans of a request, where it was traced.
pub(super) fn spans(record: &Record) -> Vec<Span> {
    let Some(trace) = &record.trace else { return Vec::new() };
    let times = Times::of(record);
    let Took { decision, upstream, whole } = record.took;
    let is_error = record.status >= 500;
    let endpoint = record.asked.as_ref().map_or("(no request)", |asked| asked.endpoint.as_str());
    let mut spans = vec![Span {
        parent_span_id: trace.parent.map(Vec::from).unwrap_or_default(),
        attributes: attributes(record),
        status: is_error.then_some(Status { code: 2 }),
        ..times.span(trace, trace.span, endpoint, SERVER, Duration::ZERO, whole)
    }];
    let decided = decision.unwrap_or_default();
    if decision.is_some() {
        // Of nobody's business but the trace's: any other id does.
        let id = trace.span.map(|byte| !byte);
        spans.push(Span {
            attributes: vec![text("convergence.outcome", record.outcome.word())],
            ..times.child(trace, id, "decision", INTERNAL, Duration::ZERO, decided)
        });
    }
    if record.asked_upstream {
        let until = upstream.map_or(whole, |upstream| decided + upstream);
        let method = record.asked.as_ref().map_or("", |asked| asked.method.as_str());
        spans.push(Span {
            attributes: vec![text("http.request.method", method)],
            status: upstream.is_none().then_some(Status { code: 2 }),
            ..times.child(trace, trace.upstream, "upstream", CLIENT, decided, until)
        });
    }
    spans
}

fn attributes(record: &Record) -> Vec<KeyValue> {
    let mut attributes = vec![
        text("convergence.outcome", record.outcome.word()),
        text("convergence.request", record.id.to_string()),
        number("http.response.status_code", record.status.into()),
    ];
    if let Some(asked) = &record.asked {
        attributes.push(text("http.request.method", asked.method.as_str()));
        attributes.push(text("url.path", &*asked.path));
        let route = asked.endpoint.as_str().split_once(' ').map_or("", |(_, route)| route);
        attributes.push(text("http.route", route));
        attributes.extend(asked.address.map(|address| text("client.address", address.to_string())));
    }
    attributes.extend(record.client.as_deref().map(|client| text("convergence.client", client)));
    attributes.extend(record.key.map(|key| text("convergence.key", key.to_string())));
    attributes.extend(record.code.map(|code| text("convergence.code", code)));
    if record.status >= 500 {
        attributes.push(text("error.type", record.code.map_or(record.status.to_string(), str::to_owned)));
    }
    attributes
}

/// Moments of a request, in Unix nanoseconds.
struct Times {
    begun: u64,
}

impl Times {
    fn of(record: &Record) -> Self {
        let ended = u64::try_from(record.ended).unwrap_or_default().saturating_mul(1_000_000);
        Self { begun: ended.saturating_sub(nanoseconds(record.took.whole)) }
    }

    fn span(
        &self,
        trace: &Trace,
        id: [u8; 8],
        name: &str,
        kind: i32,
        from: Duration,
        until: Duration,
    ) -> Span {
        Span {
            trace_id: trace.id.to_vec(),
            span_id: id.to_vec(),
            name: name.to_owned(),
            kind,
            start_time_unix_nano: self.begun + nanoseconds(from),
            end_time_unix_nano: self.begun + nanoseconds(until),
            ..Span::default()
        }
    }

    /// Within the request's own.
    fn child(
        &self,
        trace: &Trace,
        id: [u8; 8],
        name: &str,
        kind: i32,
        from: Duration,
        until: Duration,
    ) -> Span {
        Span { parent_span_id: trace.span.to_vec(), ..self.span(trace, id, name, kind, from, until) }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
