//! A client and an upstream of HTTP/2 with nothing between them but requests that are passed on: what gRPC needs.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::{LocalSet, spawn_local};

use crate::metrics::UpstreamFailures;
use crate::upstream::{Address, Exchange, Group, Message, Outgoing, Patiences, Pool, ask};
use crate::wire::RequestBody;

/// What the upstream was asked, or told by a reset.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Asked { te: Option<HeaderValue>, authority: Option<String> },
    Reset(Reason),
}

fn grpc(code: &'static str) -> HeaderMap {
    HeaderMap::from_iter([("grpc-status".parse().expect("a name"), HeaderValue::from_static(code))])
}

/// An upstream: `/echo` gives each piece back as it comes, `/none` fails without a body, and `/wait` waits to be reset.
async fn upstream() -> (SocketAddr, mpsc::UnboundedReceiver<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (tell, seen) = mpsc::unbounded_channel();
    spawn_local(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
        while let Some(Ok((request, answer))) = connection.accept().await {
            let te = request.headers().get("te").cloned();
            let authority = request.uri().authority().map(ToString::to_string);
            tell.send(Seen::Asked { te, authority }).expect("somebody listens");
            spawn_local(serve(request, answer, tell.clone()));
        }
    });
    (address, seen)
}

async fn serve(
    request: Request<RecvStream>,
    mut answer: SendResponse<Bytes>,
    tell: mpsc::UnboundedSender<Seen>,
) {
    let head = Response::builder().header("content-type", "application/grpc");
    match request.uri().path() {
        "/none" => {
            let mut head = head.body(()).expect("a head");
            head.headers_mut().extend(grpc("5"));
            answer.send_response(head, true).expect("an answer");
        }
        "/wait" => {
            let mut stream = answer.send_response(head.body(()).expect("a head"), false).expect("a head");
            let reset = std::future::poll_fn(|context| stream.poll_reset(context)).await;
            tell.send(Seen::Reset(reset.expect("a reset"))).expect("somebody listens");
        }
        _ => {
            let mut stream = answer.send_response(head.body(()).expect("a head"), false).expect("a head");
            let mut body = request.into_body();
            while let Some(data) = body.data().await {
                let data = data.expect("a piece");
                let _ = body.flow_control().release_capacity(data.len());
                stream.send_data(data, false).expect("room");
            }
            stream.send_trailers(grpc("0")).expect("trailers");
        }
    }
}

/// Passes requests on to this upstream. The client's end of the connection.
async fn gateway(address: SocketAddr) -> SendRequest<Bytes> {
    let url = format!("h2c://{address}");
    let group = Group::new(Address::read(&url), None, &UpstreamFailures::default());
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let pool: Rc<Pool> = Rc::default();
    let service = service_fn(move |request: Request<Incoming>| {
        let (pool, server) = (Rc::clone(&pool), std::sync::Arc::clone(&group.servers()[0]));
        async move {
            let (mut parts, body) = request.into_parts();
            parts.headers.insert(HOST, server.address.host.clone());
            let time = Duration::from_secs(20);
            let body = Outgoing::new(RequestBody::Http2(body), u64::MAX, time);
            let patiences = Patiences { connect: time, answer: time };
            let target = parts.uri.path_and_query().expect("a path");
            let target = server.address.target(target);
            let message = Message { method: &parts.method, target: &target, headers: &parts.headers };
            match ask(&pool, &server, &message, false, body, patiences).await {
                Ok((head, exchange)) => {
                    let mut answer = Response::new(Passed(exchange));
                    *answer.status_mut() = head.status;
                    *answer.headers_mut() = head.fields.into_map();
                    Ok(answer)
                }
                Err(failed) => Err(io::Error::other(failed.fault)),
            }
        }
    });
    spawn_local(async move {
        let http = hyper::server::conn::http2::Builder::new(Local);
        http.serve_connection(TokioIo::new(theirs), service).await
    });
    let (send, connection) = h2::client::handshake(ours).await.expect("HTTP/2");
    spawn_local(connection);
    send
}

struct Passed(Exchange);

impl Body for Passed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.0.poll_frame(context).map_err(io::Error::other)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_over()
    }
}

#[derive(Clone)]
struct Local;

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for Local {
    fn execute(&self, task: F) {
        spawn_local(task);
    }
}

fn call(path: &str) -> Request<()> {
    let uri = format!("http://gateway{path}");
    let request = Request::builder().method(Method::POST).uri(uri).header("te", "trailers");
    request.header("content-type", "application/grpc").body(()).expect("a request")
}

async fn piece(body: &mut RecvStream) -> Option<Bytes> {
    let data = body.data().await?.expect("a piece");
    let _ = body.flow_control().release_capacity(data.len());
    Some(data)
}

#[tokio::test]
async fn a_unary_call_ends_with_its_status() {
    let calls = async {
        let (address, mut seen) = upstream().await;
        let mut client = gateway(address).await;
        let (answer, mut body) = client.send_request(call("/echo"), false).expect("a stream");
        body.send_data(Bytes::from_static(b"\0\0\0\0\x02hi"), true).expect("room");
        let mut answer = answer.await.expect("an answer").into_body();
        assert_eq!(piece(&mut answer).await.as_deref(), Some(&b"\0\0\0\0\x02hi"[..]));
        assert_eq!(piece(&mut answer).await, None);
        assert_eq!(answer.trailers().await.expect("no fault"), Some(grpc("0")));
        let te = Some(HeaderValue::from_static("trailers"));
        let asked = Seen::Asked { te, authority: Some(address.to_string()) };
        assert_eq!(seen.recv().await, Some(asked));

        let (answer, _) = client.send_request(call("/none"), true).expect("a stream");
        let answer = answer.await.expect("an answer");
        assert_eq!(answer.headers()["grpc-status"], "5");
        assert!(answer.body().is_end_stream());
    };
    LocalSet::new().run_until(calls).await;
}

#[tokio::test]
async fn both_sides_of_a_call_stream_at_once() {
    let calls = async {
        let (address, _seen) = upstream().await;
        let mut client = gateway(address).await;
        let (answer, mut body) = client.send_request(call("/echo"), false).expect("a stream");
        let mut answer = answer.await.expect("an answer before the body").into_body();
        for word in ["one", "two", "three"] {
            body.send_data(Bytes::from_static(word.as_bytes()), false).expect("room");
            assert_eq!(piece(&mut answer).await.as_deref(), Some(word.as_bytes()));
        }
        body.send_trailers(HeaderMap::new()).expect("an end");
        assert_eq!(piece(&mut answer).await, None);
        assert_eq!(answer.trailers().await.expect("no fault"), Some(grpc("0")));
    };
    LocalSet::new().run_until(calls).await;
}

#[tokio::test]
async fn a_call_that_is_cancelled_is_cancelled_at_the_upstream() {
    let calls = async {
        let (address, mut seen) = upstream().await;
        let mut client = gateway(address).await;
        let (answer, body) = client.send_request(call("/wait"), false).expect("a stream");
        let answer = answer.await.expect("a head");
        assert!(matches!(seen.recv().await, Some(Seen::Asked { .. })));
        drop((answer, body));
        assert_eq!(seen.recv().await, Some(Seen::Reset(Reason::CANCEL)));
        // The connections go on.
        let (answer, _) = client.send_request(call("/none"), true).expect("a stream");
        assert_eq!(answer.await.expect("an answer").headers()["grpc-status"], "5");
    };
    LocalSet::new().run_until(calls).await;
}
