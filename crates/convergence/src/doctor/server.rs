//! What a server that runs on this machine says of itself.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, HOST};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::config::{Admin, AdminToken, Config};

/// For a server on this machine to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The largest answer that is read, in bytes.
const LARGEST: usize = 256 << 10;

/// The name of the histogram of lags in `/metrics`.
const LAG: &str = "convergence_revocation_lag_seconds_";

/// `/auth/status`; `None` if it is not one of ours, or does not answer.
pub(super) async fn status(address: SocketAddr) -> Option<Value> {
    let body = get(address, "/auth/status", None).await?;
    let status: Value = serde_json::from_slice(&body).ok()?;
    status["mode"].is_string().then_some(status)
}

/// Whether the server that these settings describe answers here; why not, if it does not. With TLS a client may need a
/// certificate, so the admin listener is asked instead.
pub(crate) async fn answers(config: &Config) -> Result<(), String> {
    let (at, answers) = match &config.tls {
        Some(_) => (config.admin.address, is_ours(&config.admin).await),
        None => (config.listen.address, get(config.listen.address, "/health", None).await.is_some()),
    };
    if answers { Ok(()) } else { Err(format!("no server answers on {at}")) }
}

/// Whether the admin listener is one of ours.
pub(super) async fn is_ours(admin: &Admin) -> bool {
    let body = get(admin.address, "/metrics", admin.token.as_ref()).await;
    body.is_some_and(|body| body.starts_with(b"# HELP convergence_"))
}

/// How long changes took to have their effect since the server started, in words; `None` if none has, or it does not say.
pub(super) async fn lags(admin: &Admin) -> Option<String> {
    let body = get(admin.address, "/metrics", admin.token.as_ref()).await?;
    let lags = read_lags(std::str::from_utf8(&body).ok()?);
    let words = lags.iter().map(|(via, lag)| {
        let Lags { count, sum, .. } = lag;
        #[expect(clippy::cast_precision_loss, reason = "for people, to a tenth of a second")]
        let average = sum / *count as f64;
        let bound = lag.bound().map_or(String::new(), |bound| format!(", none over {bound} s"));
        format!("{count} via {via}, {average:.1} s on average{bound}")
    });
    let words: Vec<String> = words.collect();
    let what =
        "measured since the server started, from a change to its effect (an upper bound unless via webhook)";
    (!words.is_empty()).then(|| format!("{what}: {}", words.join("; ")))
}

/// The lags of the changes that came to notice in one way.
#[derive(Debug, Default)]
struct Lags {
    count: u64,
    /// Of all of them, in seconds.
    sum: f64,
    /// Upper bounds in seconds, and how many are not over each.
    buckets: Vec<(f64, u64)>,
}

impl Lags {
    /// The least bound of them all, in seconds; `None` where the longest is beyond the last bucket.
    fn bound(&self) -> Option<f64> {
        let of_all = self.buckets.iter().filter(|(bound, count)| *count == self.count && bound.is_finite());
        of_all.map(|(bound, _)| *bound).min_by(f64::total_cmp)
    }
}

/// Reads the histogram out of the `OpenMetrics` text, by what brought the changes to notice. Only words of letters are
/// taken for one: the server may be anybody's.
fn read_lags(metrics: &str) -> BTreeMap<&str, Lags> {
    let mut lags: BTreeMap<&str, Lags> = BTreeMap::new();
    for line in metrics.lines() {
        let Some((name, rest)) = line.strip_prefix(LAG).and_then(|rest| rest.split_once('{')) else {
            continue;
        };
        let Some((labels, value)) = rest.split_once("} ") else { continue };
        let label = |name: &str| {
            labels.split(',').find_map(|pair| pair.strip_prefix(name)?.strip_prefix("=\"")?.strip_suffix('"'))
        };
        let Some(via) = label("via") else { continue };
        if !via.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_') {
            continue;
        }
        let lag = lags.entry(via).or_default();
        match name {
            "count" => lag.count = value.parse().unwrap_or_default(),
            "sum" => lag.sum = value.parse().unwrap_or_default(),
            _ => lag.buckets.extend(label("le").and_then(|le| Some((le.parse().ok()?, value.parse().ok()?)))),
        }
    }
    lags.retain(|_, lag| lag.count > 0);
    lags
}

async fn get(address: SocketAddr, path: &str, token: Option<&AdminToken>) -> Option<Bytes> {
    tokio::time::timeout(PATIENCE, exchange(address, path, token)).await.ok().flatten()
}

/// One request on a connection of its own; `None` for anything but a whole answer with success.
async fn exchange(mut address: SocketAddr, path: &str, token: Option<&AdminToken>) -> Option<Bytes> {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    let stream = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let mut request = Request::get(path).header(HOST, address.to_string());
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, token.credentials());
    }
    let request = request.body(Empty::<Bytes>::new()).ok()?;
    let answer = async {
        let answer = sender.send_request(request).await.ok()?;
        let success = answer.status().is_success();
        let body = Limited::new(answer.into_body(), LARGEST).collect().await.ok()?;
        success.then(|| body.to_bytes())
    };
    // The connection moves only while it is polled, and its end is none of the answer's.
    let connection = async {
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        body = answer => body,
        () = connection => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Metrics, Scrape};
    use crate::sync::{Lag, Via};

    #[test]
    fn the_lags_are_read_as_the_metrics_write_them() {
        let metrics = Metrics::default();
        for (seconds, via) in
            [(0.3, Via::Webhook), (0.5, Via::Webhook), (4.0, Via::Poll), (2_000.0, Via::Refresh)]
        {
            metrics.lag(Lag { seconds, via });
        }
        let text = metrics.text(Scrape::nothing());
        let lags = read_lags(&text);
        let read = lags.iter().map(|(via, lag)| (*via, lag.count, lag.sum.round(), lag.bound()));
        let expected =
            [("poll", 1, 4.0, Some(5.0)), ("refresh", 1, 2_000.0, None), ("webhook", 2, 1.0, Some(0.5))];
        assert_eq!(read.collect::<Vec<_>>(), expected);
        assert!(read_lags("convergence_revocation_lag_seconds_count{via=\"a b\"} 1\n").is_empty());
    }
}
