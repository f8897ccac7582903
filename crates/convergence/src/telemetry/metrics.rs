//! What `/metrics` says, as OTLP has it: the same names and labels, read from the very text, so that the two cannot differ.

use super::messages::{
    CUMULATIVE, Data, Gauge, Histogram, HistogramPoint, KeyValue, Metric, NumberPoint, Sum, text,
};

/// Since when sums are counted, and when they were read, in Unix nanoseconds.
#[derive(Clone, Copy)]
pub(super) struct Period {
    pub(super) from: u64,
    pub(super) until: u64,
}

/// `OpenMetrics` to metrics. The text is our own: a line that cannot be read is none.
pub(super) fn metrics(openmetrics: &str, period: Period) -> Vec<Metric> {
    let mut metrics: Vec<Metric> = Vec::new();
    for line in openmetrics.lines() {
        match line.strip_prefix("# ").and_then(|comment| comment.split_once(' ')) {
            Some(("HELP", described)) => {
                let (name, help) = described.split_once(' ').unwrap_or((described, ""));
                metrics.push(Metric {
                    name: name.to_owned(),
                    description: help.to_owned(),
                    ..Metric::default()
                });
            }
            Some(("TYPE", described)) => {
                let kind = described.rsplit(' ').next().unwrap_or_default();
                if let Some(metric) = metrics.last_mut() {
                    metric.data = Some(empty(kind));
                }
            }
            Some(("UNIT", described)) if described.ends_with(" seconds") => {
                if let Some(metric) = metrics.last_mut() {
                    "s".clone_into(&mut metric.unit);
                }
            }
            Some(_) => {}
            None => {
                let Some((metric, sample)) = metrics.last_mut().zip(Sample::read(line)) else { continue };
                add(metric, sample, period);
            }
        }
    }
    metrics
}

fn empty(kind: &str) -> Data {
    match kind {
        "counter" => Data::Sum(Sum {
            data_points: Vec::new(),
            aggregation_temporality: CUMULATIVE,
            is_monotonic: true,
        }),
        "histogram" => {
            Data::Histogram(Histogram { data_points: Vec::new(), aggregation_temporality: CUMULATIVE })
        }
        _ => Data::Gauge(Gauge { data_points: Vec::new() }),
    }
}

fn add(metric: &mut Metric, sample: Sample<'_>, Period { from, until }: Period) {
    let part = sample.name.strip_prefix(&*metric.name).unwrap_or_default();
    match &mut metric.data {
        // What is not known is not sent.
        Some(Data::Gauge(_)) if sample.value.is_nan() => {}
        Some(Data::Gauge(Gauge { data_points }) | Data::Sum(Sum { data_points, .. })) => {
            data_points.push(NumberPoint {
                start_time_unix_nano: from,
                time_unix_nano: until,
                as_double: Some(sample.value),
                attributes: sample.labels,
            });
        }
        Some(Data::Histogram(histogram)) => add_to_histogram(histogram, part, sample, Period { from, until }),
        None => {}
    }
}

/// The samples of one histogram follow each other: the sum, the number of all, and the buckets, each with those before it.
fn add_to_histogram(histogram: &mut Histogram, part: &str, sample: Sample<'_>, period: Period) {
    if part == "_sum" {
        histogram.data_points.push(HistogramPoint {
            start_time_unix_nano: period.from,
            time_unix_nano: period.until,
            sum: Some(sample.value),
            attributes: sample.labels,
            ..HistogramPoint::default()
        });
        return;
    }
    let Some(point) = histogram.data_points.last_mut() else { return };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was a u64")]
    let number = sample.value as u64;
    match (part, sample.bound) {
        ("_count", _) => point.count = number,
        (_, Some(bound)) => {
            let before: u64 = point.bucket_counts.iter().sum();
            point.bucket_counts.push(number.saturating_sub(before));
            if bound.is_finite() {
                point.explicit_bounds.push(bound);
            }
        }
        _ => {}
    }
}

/// One line, read.
struct Sample<'a> {
    name: &'a str,
    labels: Vec<KeyValue>,
    /// The label `le`, which is none of the others.
    bound: Option<f64>,
    value: f64,
}

impl<'a> Sample<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let end = line.find(['{', ' '])?;
        let (name, mut rest) = line.split_at(end);
        let (mut labels, mut bound) = (Vec::new(), None);
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside;
            while !rest.starts_with('}') {
                let (label, after) = rest.trim_start_matches(',').split_once("=\"")?;
                let (value, after) = unquoted(after)?;
                rest = after;
                if label == "le" {
                    bound = value.parse().ok();
                } else {
                    labels.push(text(label, value));
                }
            }
            rest = &rest[1..];
        }
        Some(Self { name, labels, bound, value: rest.trim().parse().ok()? })
    }
}

/// A label's value up to its closing quote, and what follows that.
fn unquoted(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((place, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &quoted[place + 1..])),
            '\\' => value.push(match letters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_read_as_it_is_written() {
        let text = "# HELP a Number.\n# TYPE a counter\na_total{client=\"My \\\"App\\\"\\n, }\",route=\"GET /\"} 3\n\
                    # HELP b_seconds Time.\n# TYPE b_seconds histogram\n# UNIT b_seconds seconds\n\
                    b_seconds_sum{via=\"x\"} 1.5\nb_seconds_count{via=\"x\"} 4\n\
                    b_seconds_bucket{le=\"0.5\",via=\"x\"} 1\nb_seconds_bucket{le=\"1.0\",via=\"x\"} 3\n\
                    b_seconds_bucket{le=\"+Inf\",via=\"x\"} 4\n# HELP c Age.\n# TYPE c gauge\nc NaN\n# EOF\n";
        let period = Period { from: 1, until: 2 };
        let [counter, histogram, gauge] = &metrics(text, period)[..] else { panic!("three of them") };
        let Some(Data::Sum(sum)) = &counter.data else { panic!("a sum") };
        assert_eq!((&*counter.name, &*counter.description, sum.is_monotonic), ("a", "Number.", true));
        let point = |value, attributes| NumberPoint {
            start_time_unix_nano: 1,
            time_unix_nano: 2,
            as_double: Some(value),
            attributes,
        };
        let labels = vec![super::text("client", "My \"App\"\n, }"), super::text("route", "GET /")];
        assert_eq!(sum.data_points, [point(3.0, labels)]);
        let Some(Data::Histogram(times)) = &histogram.data else { panic!("a histogram") };
        let expected = HistogramPoint {
            start_time_unix_nano: 1,
            time_unix_nano: 2,
            count: 4,
            sum: Some(1.5),
            bucket_counts: vec![1, 2, 1],
            explicit_bounds: vec![0.5, 1.0],
            attributes: vec![super::text("via", "x")],
        };
        assert_eq!((&*histogram.unit, &times.data_points[..]), ("s", &[expected][..]));
        // What is not known is not told.
        assert_eq!(gauge.data, Some(Data::Gauge(Gauge { data_points: Vec::new() })));
    }
}
