//! `/auth/verify` and `ext_authz` behind the proxies of others: each program runs the very configuration that
//! `docs/forward-auth/` has, with other ports. What every one of them has to do is in `contract`; what it cannot do is said here,
//! and in `docs/forward-auth.md`. And the gateway between a WebSocket client and a WebSocket server of others, in `websocket`.

#![expect(unreachable_pub, reason = "a test binary has no public interface")]

mod contract;
mod program;
mod upstream;
mod websocket;

#[path = "../api/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the tests of the API, which use more of it")]
mod support;

use contract::{Expected, Refusals};
use program::Proxy;

/// What a proxy does that lacks nothing.
const COMPLETE: Expected =
    Expected { refusals: Refusals::Verbatim, stamps_answers: true, repeated: 400, without_convergence: 503 };

/// Two `Authorization` headers are nginx's own 400.
#[tokio::test]
async fn nginx_passes_refusals_on_as_they_are() {
    let nginx = Proxy::nginx("nginx.conf");
    contract::holds(&nginx, &COMPLETE).await;
    contract::asks_about_the_request_itself(&nginx).await;
}

#[tokio::test]
async fn nginx_with_auth_request_rewrites_refusals() {
    let expected = Expected { refusals: Refusals::Rewritten, ..COMPLETE };
    let nginx = Proxy::nginx("nginx-auth-request.conf");
    contract::holds(&nginx, &expected).await;
    contract::asks_about_the_request_itself(&nginx).await;
}

#[tokio::test]
async fn caddy_passes_refusals_on_as_they_are() {
    contract::holds(&Proxy::caddy(), &COMPLETE).await;
    contract::asks_about_the_request_itself(&Proxy::caddy()).await;
}

/// Traefik has no way to put headers of the decision into the API's answer.
#[tokio::test]
async fn traefik_passes_refusals_on_as_they_are() {
    let expected = Expected { stamps_answers: false, without_convergence: 500, ..COMPLETE };
    contract::holds(&Proxy::traefik(), &expected).await;
    contract::asks_about_the_request_itself(&Proxy::traefik()).await;
}

#[tokio::test]
async fn haproxy_passes_refusals_on_as_they_are() {
    contract::holds(&Proxy::haproxy(), &COMPLETE).await;
    contract::asks_about_the_request_itself(&Proxy::haproxy()).await;
}

/// Envoy joins two `Authorization` headers before anybody is asked, and the outcome is no key.
#[tokio::test]
async fn envoy_passes_refusals_on_as_they_are() {
    contract::holds(&Proxy::envoy(), &Expected { repeated: 401, ..COMPLETE }).await;
}
