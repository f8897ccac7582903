use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::sync::Via;
use crate::usage::Counted;

/// What is said of a metric: its type, and its labels.
type Told = BTreeMap<String, (String, BTreeSet<String>)>;

/// Every metric that there can be.
fn shown() -> Told {
    let metrics = Metrics::default();
    metrics.lag(Lag { seconds: 1.0, via: Via::Poll });
    metrics.tls_certificate(1);
    metrics.upstream_up("http://127.0.0.1:1", true);
    metrics.upstream_failures().get_or_create(&[("reason", "tls")]).inc();
    metrics.usage_written(true);
    let redis = metrics.redis("share");
    redis.is_reader(true);
    redis.failed("away");
    metrics.otlp();
    let clients = std::sync::Arc::new(Counted::example());
    let text = metrics.text(Scrape { sheet_reads_left: Some(8), clients, ..Scrape::nothing() });
    let mut told = Told::new();
    for described in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = described.split_once(' ').expect("a type");
        told.insert(name.to_owned(), (kind.to_owned(), BTreeSet::new()));
    }
    for sample in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, rest)) = sample.split_once('{') else { continue };
        let whole = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part));
        let labels = rest.split("=\"").filter_map(|part| part.rsplit(['"', ',', '{']).next());
        let labels = labels.filter(|label| *label != "le" && !label.contains('}')).map(str::to_owned);
        let (_, known) = told.get_mut(whole.unwrap_or(name)).expect("a metric that is described");
        known.extend(labels);
    }
    told
}

/// The rows of the guide.
fn described() -> Told {
    let guide = include_str!("../../../../docs/metrics.md");
    let rows = guide.lines().filter(|line| line.starts_with("| `convergence_"));
    let row = |row: &str| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let labels = cells[3].split(", ").filter(|label| !label.is_empty());
        let word = |word: &str| word.trim_matches('`').to_owned();
        (word(cells[1]), (cells[2].to_owned(), labels.map(word).collect()))
    };
    rows.map(row).collect()
}

#[test]
fn the_guide_describes_every_metric_and_no_other() {
    assert_eq!(described(), shown());
}
