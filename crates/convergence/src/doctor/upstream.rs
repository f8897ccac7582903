//! The upstreams: each is connected to as a request would, and asked for the path of its health check if there is one.

use std::sync::Arc;

use tokio::task::LocalSet;

use super::Report;
use super::report::Check;
use crate::config;
use crate::http::Gateway;
use crate::metrics::Metrics;
use crate::upstream::{Fault, MakeGroups, Server};

pub(super) async fn examine(report: &mut Report, upstream: config::Upstream) {
    let failures = Metrics::default().upstream_failures();
    let make = MakeGroups { trust: upstream.trust.clone(), failures };
    let gateway = match Gateway::new(upstream, &make) {
        Ok(gateway) => gateway,
        Err(fault) => return report.fail(Check::Upstream, format!("{}: {fault}", fault.variable)),
    };
    // Connections of HTTP/2 are driven by tasks of this thread.
    let tasks = LocalSet::new();
    let findings = tasks.run_until(async {
        let mut findings = Vec::new();
        for server in gateway.servers() {
            findings.push(find(&gateway, server).await);
        }
        findings
    });
    for finding in findings.await {
        match finding {
            Ok(what) => report.ok(Check::Upstream, what),
            Err(wrong) => report.fail(Check::Upstream, wrong),
        }
    }
}

/// What works, or what does not.
async fn find(gateway: &Gateway, server: &Arc<Server>) -> Result<String, String> {
    let shown = &server.address.shown;
    let version =
        gateway.reach(server).await.map_err(|fault| format!("{shown}: {fault}{}", advice(&fault)))?;
    let reached = format!("{shown} is reached, and speaks {version}");
    let Some(examiner) = gateway.examiner() else { return Ok(reached) };
    let path = &examiner.checks.path;
    match examiner.examine(server).await {
        Ok(status) => Ok(format!("{reached}; it answers {path} with {status}")),
        Err(wrong) => Err(format!("{reached}, but {wrong}; look there, or set another UPSTREAM_HEALTH_PATH")),
    }
}

fn advice(fault: &Fault) -> &'static str {
    match fault {
        Fault::Connect(_) | Fault::ConnectTimeout(_) => "; start it, or correct UPSTREAM_URL",
        Fault::NotHttp2 => {
            "; without TLS its address begins with http://, unless it speaks nothing but HTTP/2"
        }
        // Their words say it already.
        _ => "",
    }
}
