//! This server and hyper read the same requests: what is legal is taken, and of whatever is, both see the same ends.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::rc::Rc;

use http::Response;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::{LocalOptions, LocalRuntime};

use super::*;
use crate::config::{Config, Settings};
use crate::http::body::Answer;
use crate::http::connection::http1;
use crate::http::date::Date;
use crate::http::lives::Lives;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::stamp::Stamp;
use crate::http::underway::Underway;

/// A request as its reader sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Read {
    method: String,
    target: String,
    body: Vec<u8>,
}

/// The requests that hyper reads whole from these bytes, and whether it would read more: it found no fault, and none asked
/// for an end.
fn by_hyper(bytes: Vec<u8>) -> (Vec<Read>, bool) {
    let (read, last) = (Rc::new(RefCell::new(Vec::new())), Rc::new(Cell::new(false)));
    let content = local_runtime().block_on(async {
        let (client, server) = duplex(1 << 20);
        let (sink, is_last) = (Rc::clone(&read), Rc::clone(&last));
        let service = service_fn(move |request: http::Request<Incoming>| {
            let (sink, last) = (Rc::clone(&sink), Rc::clone(&is_last));
            async move {
                let (method, target) = (request.method().to_string(), request.uri().to_string());
                let connection =
                    request.headers().get("connection").map_or(&b""[..], |value| value.as_bytes());
                if request.version() == http::Version::HTTP_10 && connection != b"keep-alive" {
                    last.set(true);
                }
                if let Ok(body) = request.into_body().collect().await {
                    sink.borrow_mut().push(Read { method, target, body: body.to_bytes().to_vec() });
                }
                Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
            }
        });
        let mut builder = Builder::new();
        builder.half_close(true);
        let serving = builder.serve_connection(TokioIo::new(server), service);
        tokio::join!(send(client, vec![bytes]), serving).1.is_ok()
    });
    (Rc::into_inner(read).expect("all is over").into_inner(), content && !last.get())
}

/// The requests that this server reads whole from these pieces, and whether it found a fault.
fn by_us(pieces: Vec<Vec<u8>>) -> (Vec<Read>, Option<Fault>) {
    let config = Config::read(&Settings::default()).unwrap_or_else(|_| panic!("no setting has no fault"));
    let (life, read) = (Lives::new(&config.listen).begin(), RefCell::new((Vec::new(), None)));
    local_runtime().block_on(async {
        let (client, server) = duplex(1 << 20);
        let answer = async |request: Result<Request, Fault>| {
            match request {
                Ok(Request { head, body }) => {
                    let target = head.authority.map_or(String::new(), |host| format!("http://{host}"));
                    let target = format!("{target}{}", head.target);
                    if let Ok(body) = body.collect().await {
                        let body = body.to_bytes().to_vec();
                        read.borrow_mut().0.push(Read { method: head.method.to_string(), target, body });
                    }
                }
                Err(fault) => read.borrow_mut().1 = Some(fault),
            }
            let stamp = Stamp::own(Underway::nobodys());
            Reply::new(Response::new(Answer::empty()), stamp)
        };
        let date = Date::at(0);
        let serving = http1::drive(&life, &config.listen, &date, server, Bytes::new(), answer);
        // What is cut in the middle of a request is an error.
        let _ = tokio::join!(send(client, pieces), serving);
    });
    read.into_inner()
}

/// Whoever serves hangs up when it is not content.
async fn send(mut client: DuplexStream, pieces: Vec<Vec<u8>>) {
    for piece in pieces {
        let _ = client.write_all(&piece).await;
        tokio::task::yield_now().await;
    }
    let _ = client.shutdown().await;
    let _ = client.read_to_end(&mut Vec::new()).await;
}

fn local_runtime() -> LocalRuntime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build_local(LocalOptions::default()).expect("a runtime")
}

/// A legal request: its bytes, and what they say.
fn request() -> impl Strategy<Value = (Vec<u8>, Read)> {
    let method = select(vec!["GET", "POST", "DELETE", "get", "X-a!", "OPTIONS"]);
    let target = select(vec!["/", "/a/b?c=d", "//x", "http://y/z", "/%0a%0d"]);
    let version = select(vec!["HTTP/1.1\r\n", "HTTP/1.0\r\nconnection: keep-alive\r\n"]);
    let host = select(vec!["host: x\r\n", "Host:x:80\r\n", "HOST: \t[::1]:1 \r\n", "host:\r\n"]);
    let field = select(vec![
        "a: b\r\n",
        "X_y:\r\n",
        "b: \u{e9} , \t c\r\n",
        "te: trailers\r\n",
        "Content-Lengths: 1\r\n",
    ]);
    let fields = (host, vec(field, 0..4), select(vec!["", "\r\n"]));
    (method, target, version, fields, body()).prop_map(
        |(method, target, version, (host, fields, blank), body)| {
            let (framing, sent, read) = body;
            // HTTP/1.0 has no chunks.
            let version = if framing.contains("chunked") || framing.contains("CHUNKED") {
                "HTTP/1.1\r\n"
            } else {
                version
            };
            let head = format!("{blank}{method} {target} {version}{host}{}{framing}\r\n", fields.concat());
            let bytes = [head.as_bytes(), &sent].concat();
            (bytes, Read { method: method.to_owned(), target: target.to_owned(), body: read })
        },
    )
}

/// A body: the field that frames it, its bytes on the wire, and the body itself.
fn body() -> impl Strategy<Value = (String, Vec<u8>, Vec<u8>)> {
    let bytes = vec(select(b"\r\n 0a:;GET / HTTP/1.1\0\xff".to_vec()), 0..40);
    let chunk = (vec(any::<u8>(), 1..40), select(vec!["", ";a", " ; a=\"b c\"", ";a=b ;c"]), any::<bool>());
    let trailers = vec(select(vec!["x: y\r\n", "checksum:\r\n", "hosts: z\r\n"]), 0..3);
    let coding = select(vec!["transfer-encoding: chunked\r\n", "Transfer-Encoding:\tCHUNKED \r\n"]);
    prop_oneof![
        Just((String::new(), Vec::new(), Vec::new())),
        bytes.prop_map(|body| (format!("content-length: {}\r\n", body.len()), body.clone(), body)),
        (coding, vec(chunk, 0..4), trailers).prop_map(|(coding, chunks, trailers)| {
            let (mut sent, mut body) = (Vec::new(), Vec::new());
            for (bytes, extension, upper) in chunks {
                let size = if upper { format!("0{:X}", bytes.len()) } else { format!("{:x}", bytes.len()) };
                sent.extend_from_slice(format!("{size}{extension}\r\n").as_bytes());
                sent.extend_from_slice(&bytes);
                sent.extend_from_slice(b"\r\n");
                body.extend_from_slice(&bytes);
            }
            sent.extend_from_slice(format!("0\r\n{}\r\n", trailers.concat()).as_bytes());
            (coding.to_owned(), sent, body)
        }),
    ]
}

/// Cuts bytes at these places.
fn cut(bytes: &[u8], places: &[Index]) -> Vec<Vec<u8>> {
    let mut places: Vec<usize> = places.iter().map(|place| place.index(bytes.len() + 1)).collect();
    places.sort_unstable();
    let starts = std::iter::once(0).chain(places.iter().copied());
    let ends = places.iter().copied().chain(std::iter::once(bytes.len()));
    starts.zip(ends).map(|(start, end)| bytes[start..end].to_vec()).collect()
}

/// A small change that may make a request illegal, or another one.
fn change(bytes: &mut Vec<u8>, place: Index, kind: u8, byte: u8) {
    let at = place.index(bytes.len());
    match kind {
        0 => bytes.insert(at, byte),
        1 => drop(bytes.remove(at)),
        2 => bytes[at] = byte,
        _ => {
            // A line twice, or its CR lost.
            let start = bytes[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |lf| lf + 1);
            let end =
                bytes[at..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |lf| at + lf + 1);
            if kind == 3 {
                bytes.splice(start..start, bytes[start..end].to_vec());
            } else if end >= 2 && end - 2 >= start {
                bytes.remove(end - 2);
            }
        }
    }
}

proptest! {
    #[test]
    fn legal_requests_pass_and_are_read_as_they_were_sent(
        requests in vec(request(), 1..5),
        places in vec(any::<Index>(), 0..12),
    ) {
        let bytes: Vec<u8> = requests.iter().flat_map(|(bytes, _)| bytes.clone()).collect();
        let pieces = cut(&bytes, &places);
        let told = told(pieces.iter().map(Vec::as_slice));
        prop_assert_eq!((told.used, told.fault), (bytes.len(), None));
        let wanted: Vec<Read> = requests.into_iter().map(|(_, read)| read).collect();
        prop_assert_eq!(by_us(pieces), (wanted, None));
    }

    #[test]
    fn whatever_passes_is_read_by_both_in_the_same_way(
        requests in vec(request(), 1..4),
        places in vec(any::<Index>(), 0..8),
        changes in vec((any::<Index>(), 0_u8..5, select(b"\r\n \t:;,0a\0\x0b\xe9".to_vec())), 0..3),
    ) {
        let mut bytes: Vec<u8> = requests.into_iter().flat_map(|(bytes, _)| bytes).collect();
        for (place, kind, byte) in &changes {
            change(&mut bytes, *place, *kind, *byte);
        }
        let slowly = told(bytes.chunks(1));
        let in_pieces = told(cut(&bytes, &places).iter().map(Vec::as_slice));
        let at_once = told([&bytes[..]]);
        prop_assert_eq!(slowly.fault.is_some(), in_pieces.fault.is_some());
        prop_assert_eq!(slowly.fault.is_some(), at_once.fault.is_some());
        // Never a request more than the one that is broken off.
        prop_assert!(slowly.used >= at_once.used && at_once.used >= slowly.ends.last().copied().unwrap_or(0));
        let (read, _) = by_us(cut(&bytes, &places));
        prop_assert!(read.len() <= slowly.ends.len(), "{:?}", read);
        for (number, &end) in slowly.ends.iter().enumerate() {
            for (cut, wanted) in [(end - 1, number), (end, number + 1)] {
                let (read, content) = by_hyper(bytes[..cut].to_vec());
                // Where hyper finds a fault of its own, or closes, it reads none of what follows.
                let is_right = read.len() == wanted || (read.len() < wanted && !content);
                prop_assert!(is_right, "{} {} {:?}", cut, wanted, read);
            }
        }
        // Of what is behind the last end, hyper reads nothing whole.
        let (read, _) = by_hyper(bytes[..slowly.used].to_vec());
        prop_assert!(read.len() <= slowly.ends.len(), "{:?}", read);
    }
}
