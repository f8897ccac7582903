//! What a proxy has to do that asks Convergence, whichever it is.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::program::{Behind, DEADLINE, Proxy, Running};
use crate::support::{Answer, TestServer, csv};
use crate::upstream::{GREETING, Upstream};

const LINES: &[&str] = &[
    "sk-alpha,Caf\u{e9} Alpha,,,TRUE,1000",
    "sk-free,Free,,,TRUE,",
    "sk-two,Two A Minute,,,TRUE,2",
    "sk-none,None Allowed,,,TRUE,0",
    "sk-old,Old,,2025-11-30,TRUE,5",
    "sk-off,Off,,,FALSE,5",
];

/// What the client gets when it is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Refusals {
    /// Convergence's answer, byte for byte.
    Verbatim,
    /// Its status and headers, one challenge of the two, and a body with its title.
    Rewritten,
}

/// What a proxy can do.
pub struct Expected {
    pub refusals: Refusals,
    /// Whether answers of the API name the client and what is left of its limit.
    pub stamps_answers: bool,
    /// What two `Authorization` headers are answered with.
    pub repeated: u16,
    /// The status while Convergence is down.
    pub without_convergence: u16,
}

/// One proxy between a client, Convergence and an API.
struct Chain<'a> {
    convergence: TestServer,
    upstream: Upstream,
    proxy: Running,
    client: Client,
    expected: &'a Expected,
}

/// Everything, in one run of the program.
pub async fn holds(proxy: &Proxy, expected: &Expected) {
    let convergence = TestServer::with_keys_and(&csv(LINES), &[("EXT_AUTHZ_PORT", "0")]).await;
    let upstream = Upstream::start(200).await;
    let behind = Behind {
        convergence: port(&convergence.url),
        ext_authz: convergence.ext_authz().port(),
        api: upstream.port,
    };
    let proxy = Running::start(proxy, &behind).await;
    let client = Client::builder().no_proxy().build().expect("a client");
    let mut chain = Chain { convergence, upstream, proxy, client, expected };
    chain.refuses_as_convergence_does().await;
    chain.lets_the_admitted_pass_without_their_key().await;
    chain.replaces_a_forged_name().await;
    chain.passes_bodies_on().await;
    chain.lets_a_websocket_pass().await;
    chain.counts_each_request_once().await;
    chain.is_shut_without_keys().await;
    chain.is_shut_without_convergence().await;
}

/// Something else stands in the place of Convergence: it is told of the request itself, and none of its answers lets anybody pass.
pub async fn asks_about_the_request_itself(proxy: &Proxy) {
    let (instead, upstream) = (Upstream::start(401).await, Upstream::start(200).await);
    let behind = Behind { convergence: instead.port, ext_authz: instead.port, api: upstream.port };
    let proxy = Running::start(proxy, &behind).await;
    let client = Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
    for status in [401, 403, 404, 302, 500, 502] {
        instead.answer_with(status);
        instead.take();
        let forged = client.delete(format!("{}/a%2Fb?c=d", proxy.url)).bearer_auth("sk-free");
        let names = ["method", "uri", "for", "host"].map(|what| format!("x-forwarded-{what}"));
        let others = ["x-original-uri", "x-original-method", "x-real-ip", "forwarded"].map(str::to_owned);
        let names = names.iter().chain(&others);
        let forged = names.fold(forged, |request, name| request.header(name, "forged"));
        let answer = forged.send().await.expect("an answer");
        assert!(!answer.status().is_success(), "{status} became {}", answer.status());
        let seen = instead.take();
        let [seen] = &seen[..] else { panic!("asked {} times", seen.len()) };
        assert_eq!(seen.target, "/auth/verify");
        assert_eq!((seen.values("authorization"), seen.body.len()), (vec!["Bearer sk-free"], 0));
        assert_eq!(seen.values("x-forwarded-method"), ["DELETE"]);
        assert_eq!(seen.values("x-forwarded-for"), ["127.0.0.1"]);
        let paths = [seen.values("x-original-uri"), seen.values("x-forwarded-uri")].concat();
        assert_eq!(paths, ["/a%2Fb?c=d"], "by one name or the other");
        let all = format!("{:?}", seen.headers);
        assert!(!all.contains("forged"), "{all}");
    }
    assert_eq!(upstream.take().len(), 0, "nobody was admitted");
    // As where authentication is off: everybody may pass, and nobody has a name.
    instead.answer_with(200);
    let forged = client.get(&proxy.url).header("x-client-name", "Admin");
    assert_eq!(forged.send().await.expect("an answer").status(), 200);
    let names = upstream.take()[0].values("x-client-name").concat();
    assert_eq!(names, "", "an empty one is none");
}

impl Chain<'_> {
    async fn refuses_as_convergence_does(&self) {
        for authorization in
            [None, Some("Basic abc"), Some("Bearer sk-nobody"), Some("Bearer sk-old"), Some("Bearer sk-off")]
        {
            assert_eq!(self.same_refusal(authorization).await.status, 401, "{authorization:?}");
        }
        assert_eq!(self.same_refusal(Some("Bearer sk-none")).await.header("retry-after"), Some("60"));
        for _ in 0..2 {
            assert_eq!(self.send(self.request(Method::GET, "/").bearer_auth("sk-two")).await.status, 200);
        }
        self.upstream.take();
        let refused = self.same_refusal(Some("Bearer sk-two")).await;
        assert_eq!((refused.status, refused.header("retry-after")), (429, Some("61")));
        let two = self.request(Method::GET, "/").bearer_auth("sk-free").bearer_auth("sk-alpha");
        assert_eq!(self.send(two).await.status, self.expected.repeated);
        assert_eq!(self.upstream.take().len(), 0, "the API never sees what is refused");
    }

    /// Asks the proxy and Convergence itself: a refusal changes nothing, so both say the same.
    async fn same_refusal(&self, authorization: Option<&str>) -> Answer {
        let with = |request: RequestBuilder| match authorization {
            Some(value) => request.header("authorization", value),
            None => request,
        };
        let direct = with(self.convergence.request(Method::GET, "/auth/verify"));
        let direct = self.convergence.send(direct).await;
        let through = self.send(with(self.request(Method::POST, "/a?b=c")).body("a body")).await;
        assert_eq!(through.status, direct.status, "{authorization:?}: {through}");
        for name in ["content-type", "retry-after", "x-client-name", "ratelimit-policy", "ratelimit"] {
            assert_eq!(values(&through, name), values(&direct, name), "{authorization:?}, {name}");
        }
        let (given, wanted) = (values(&through, "www-authenticate"), values(&direct, "www-authenticate"));
        match self.expected.refusals {
            Refusals::Verbatim => {
                assert_eq!((through.json(), given), (direct.json(), wanted), "{authorization:?}");
                assert_eq!(through.body, direct.body, "{authorization:?}");
            }
            Refusals::Rewritten => {
                assert_eq!(through.json()["title"], direct.json()["title"], "{authorization:?}");
                let code = &through.json()["code"];
                assert!(*code == Value::Null || *code == direct.json()["code"], "{authorization:?}: {code}");
                assert_eq!(given.first(), wanted.first(), "{authorization:?}");
            }
        }
        through
    }

    async fn lets_the_admitted_pass_without_their_key(&self) {
        for (key, name) in [("sk-alpha", "Caf%C3%A9 Alpha"), ("sk-free", "Free")] {
            let answer = self.send(self.request(Method::DELETE, "/a%2Fb?c=%20&d").bearer_auth(key)).await;
            assert_eq!((answer.status, &answer.body[..]), (200, GREETING.as_bytes()), "{answer}");
            let seen = self.upstream.take();
            let [seen] = &seen[..] else { panic!("{} requests at the API", seen.len()) };
            assert_eq!((seen.method.as_str(), seen.target.as_str()), ("DELETE", "/a%2Fb?c=%20&d"));
            assert_eq!(seen.values("x-client-name"), [name]);
            assert_eq!(seen.values("authorization"), [""; 0]);
            let all = format!("{:?}", seen.headers);
            assert!(!all.contains(key), "the key is in {all}");
            if self.expected.stamps_answers {
                assert_eq!(values(&answer, "x-client-name"), [name]);
                let limited = key == "sk-alpha";
                assert_eq!(values(&answer, "ratelimit-policy").len(), usize::from(limited));
                assert_eq!(values(&answer, "ratelimit").len(), usize::from(limited));
            }
        }
    }

    async fn replaces_a_forged_name(&self) {
        let forged = self.request(Method::GET, "/").bearer_auth("sk-free");
        let forged = forged.header("x-client-name", "Admin").header("X-CLIENT-NAME", "Root");
        // To CGI and its heirs a dash and an underscore are the same.
        let forged = ["X_Client_Name", "X_Client-Name", "x-client_name"]
            .iter()
            .fold(forged, |request, name| request.header(*name, "Guest"));
        assert_eq!(self.send(forged).await.status, 200);
        let seen = self.upstream.take();
        let names =
            seen[0].headers.iter().filter(|(name, _)| name.as_str().replace('_', "-") == "x-client-name");
        assert_eq!(names.map(|(_, value)| value).collect::<Vec<_>>(), ["Free"]);
    }

    async fn passes_bodies_on(&self) {
        let body: Vec<u8> = (0..200_000_u32).map(|number| number.to_le_bytes()[0] ^ 0x5a).collect();
        let request = self.request(Method::POST, "/upload").bearer_auth("sk-free").body(body.clone());
        assert_eq!(self.send(request).await.status, 200);
        let seen = self.upstream.take();
        assert_eq!((seen.len(), seen[0].method.as_str()), (1, "POST"));
        assert!(seen[0].body == body, "{} bytes of {}", seen[0].body.len(), body.len());
    }

    async fn lets_a_websocket_pass(&self) {
        let refused = self.websocket("sk-nobody").await.1;
        assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
        let (mut stream, admitted) = self.websocket("sk-free").await;
        assert!(admitted.starts_with("HTTP/1.1 101 "), "{admitted}");
        stream.write_all(b"any bytes").await.expect("they go out");
        let mut echo = [0; 9];
        within(stream.read_exact(&mut echo)).await.expect("they come back");
        assert_eq!(&echo, b"any bytes");
        assert_eq!(self.upstream.take().len(), 1);
    }

    /// Asks for one (RFC 6455, 1.3), and returns what is answered.
    async fn websocket(&self, key: &str) -> (TcpStream, String) {
        let address = self.proxy.url.trim_start_matches("http://");
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("it goes out");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(within(stream.read_u8()).await.expect("an answer"));
        }
        (stream, String::from_utf8(head).expect("ASCII"))
    }

    /// One request has been made with this key; here are more, and `/auth/verify` tells what is left after its own.
    async fn counts_each_request_once(&self) {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT] {
            let request = self.request(method, "/").bearer_auth("sk-alpha").body("x");
            assert_eq!(self.send(request).await.status, 200);
        }
        let left = self.convergence.verify("sk-alpha").await;
        assert_eq!(left.header("ratelimit"), Some("\"default\";r=994;t=60"), "1000, less 1, 4 and this one");
        self.upstream.take();
    }

    /// Convergence answers, and has no keys that it may decide by.
    async fn is_shut_without_keys(&self) {
        std::fs::remove_file(self.convergence.path("keys.csv")).expect("a keys file");
        let gone = |status: &Value| status["mode"] == "unavailable";
        self.convergence.until_by("the keys are too old", Duration::from_hours(1), gone).await;
        let refused = self.same_refusal(Some("Bearer sk-free")).await;
        assert_eq!(refused.status, 503);
        assert!(refused.header("retry-after").is_some());
        assert_eq!(self.upstream.take().len(), 0);
    }

    async fn is_shut_without_convergence(&mut self) {
        self.convergence.stop();
        // The first may meet a connection that was left open, the second meets none.
        for _ in 0..2 {
            let answer = self.send(self.request(Method::GET, "/").bearer_auth("sk-free")).await;
            assert_eq!(answer.status, self.expected.without_convergence, "{answer}");
        }
        assert_eq!(self.upstream.take().len(), 0, "what nobody was asked about is refused");
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.proxy.url))
    }

    async fn send(&self, request: RequestBuilder) -> Answer {
        match request.send().await {
            Ok(answer) => Answer::read(answer).await,
            Err(error) => panic!("{error:?}; the proxy says:\n{}", self.proxy.log()),
        }
    }
}

/// Every value of a header.
fn values<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    answer.headers.get_all(name).iter().map(|value| value.to_str().expect("ASCII")).collect()
}

/// What has to happen before the test is called broken.
async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.expect("it happens")
}

fn port(url: &str) -> u16 {
    url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a URL with a port")
}
