//! What the brute-force shield costs a decision: `cargo bench -p convergence --bench shield`.
//!
//! The library's layer around a service that does nothing is called from one thread. Prints nanoseconds a call, the least of
//! many rounds, with the shield and without in turn: a key that is let in, one that nobody knows, and one that is held back
//! at an address over the limit while another is let in there. Nothing is judged.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use convergence::{ApiKeyService, ClientAddress, Engine, Mode, Settings};
use http::{Request, Response};
use http_body_util::Empty;
use tower::{Layer, Service};

const ROUNDS: usize = 60;
const CALLS: u32 = 5_000;

/// Addresses: of a quiet client, and of one that guesses.
const QUIET: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const LOUD: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

#[derive(Clone)]
struct Nothing;

impl Service<Request<Empty<Bytes>>> for Nothing {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Empty<Bytes>>) -> Self::Future {
        ready(Ok(Response::new(Empty::new())))
    }
}

type Guarded = ApiKeyService<Nothing>;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let keys = folder.path().join("keys.csv");
    std::fs::write(
        &keys,
        "api_key,client_name,is_active\nsk-convergence-550e8400-e29b-41d4-a716-446655440000,A,TRUE\n",
    )
    .expect("a keys file");
    let engine = |limit: &str, name: &str| {
        let mut settings = Settings::default();
        settings.set("AUTH_ENABLED", "true").set("KEYS_FILE", keys.to_str().expect("UTF-8"));
        settings.set("DATA_DIR", folder.path().join(name).to_str().expect("UTF-8"));
        let engine =
            Engine::start(settings.set("AUTH_FAILURE_LIMIT", limit)).expect("settings without fault");
        while engine.status().mode() != Mode::Enabled {
            thread::sleep(Duration::from_millis(5));
        }
        engine
    };
    let (with, without) = (engine("30", "with"), engine("0", "without"));
    let (mut with, mut without) = (with.layer().layer(Nothing), without.layer().layer(Nothing));
    let good = "Bearer sk-convergence-550e8400-e29b-41d4-a716-446655440000";
    let wrong = "Bearer sk-convergence-6fa459ea-ee8a-4ca4-894e-db77e160355e";
    println!("{:<44}{:>10}{:>10}", "ns a call", "without", "with");
    let mut compare = |what: &str, from, authorization, status| {
        let (mut least, mut least_with) = (f64::MAX, f64::MAX);
        for _ in 0..ROUNDS {
            least = least.min(round(&mut without, from, authorization, None));
            least_with = least_with.min(round(&mut with, from, authorization, status));
        }
        println!("{what:<44}{least:>10.0}{least_with:>10.0}");
    };
    compare("let in, and nobody has failed", QUIET, good, Some(200));
    compare("let in at the address that fails next", LOUD, good, Some(200));
    compare("unknown; with: held back, but for the first", LOUD, wrong, None);
    compare("let in there all the same", LOUD, good, Some(200));
    compare("let in elsewhere meanwhile", QUIET, good, Some(200));
}

/// Nanoseconds a call, over many. Each answer has this status, where one is asked for.
fn round(service: &mut Guarded, from: IpAddr, authorization: &str, status: Option<u16>) -> f64 {
    let mut context = Context::from_waker(Waker::noop());
    let request = || {
        let request = Request::get("/").extension(ClientAddress(from)).header("authorization", authorization);
        request.body(Empty::new()).expect("a request")
    };
    let requests: Vec<_> = (0..CALLS).map(|_| request()).collect();
    let start = Instant::now();
    for request in requests {
        let mut answer = Box::pin(service.call(request));
        let Poll::Ready(Ok(answer)) = answer.as_mut().poll(&mut context) else { panic!("it does not wait") };
        assert!(status.is_none_or(|status| answer.status() == status), "{}", answer.status());
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
}
