//! HTTP/2 without TLS, by clients that know before that the server speaks it (RFC 9113, section 3.3).

mod frames;
mod limits;

use std::process::Command;

use reqwest::{Client, Method, Version};

use crate::support::{Answer, EXAMPLE, KEY, TestServer, csv};

fn http2() -> Client {
    Client::builder().no_proxy().http2_prior_knowledge().build().expect("a client")
}

async fn over(client: &Client, server: &TestServer, method: Method, path: &str, key: &str) -> Answer {
    let request = client.request(method, format!("{}{path}", server.url)).bearer_auth(key);
    Answer::read(request.send().await.expect("an answer")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_the_same_as_over_http_1() {
    let unlimited = EXAMPLE.replace(",60", ",");
    let server = TestServer::with_keys(&csv(&[&unlimited])).await;
    let (one, two) = (Client::builder().no_proxy().build().expect("a client"), http2());
    let requests = [
        (Method::GET, "/health", KEY),
        (Method::HEAD, "/health", KEY),
        (Method::POST, "/health", KEY),
        (Method::GET, "/auth/verify", KEY),
        (Method::HEAD, "/auth/verify", KEY),
        (Method::GET, "/auth/verify", "unknown"),
        (Method::HEAD, "/auth/verify", "unknown"),
        (Method::POST, "/convergence/generate-audio", KEY),
        (Method::GET, "/convergence/download/nothing.wav", KEY),
        (Method::GET, "/nowhere", KEY),
    ];
    for (method, path, key) in requests {
        let first = over(&one, &server, method.clone(), path, key).await;
        let second = over(&two, &server, method.clone(), path, key).await;
        // HTTP/2 says in another way that there is no body.
        let first = first.to_string().replace("content-length: 0\n", "");
        assert_eq!(first, second.to_string(), "{method} {path}");
        assert!(second.header("connection").is_none() && second.header("x-request-id").is_some());
    }
}

// A client on a thread of its own hears the server go while that is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn p11_the_limit_holds_over_both_versions_and_streams_at_once() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    let client = http2();
    let asked: Vec<_> = (0..90)
        .map(|_| {
            let (client, url) = (client.clone(), server.url.clone());
            tokio::spawn(async move {
                let answer = client.get(format!("{url}/auth/verify")).bearer_auth(KEY).send().await;
                let answer = answer.expect("an answer");
                assert_eq!(answer.version(), Version::HTTP_2);
                answer.status().as_u16()
            })
        })
        .collect();
    let mut admitted = 0;
    for answer in asked {
        admitted += usize::from(answer.await.expect("no panic") == 200);
    }
    assert_eq!((admitted, server.verify(KEY).await.status), (60, 429));
}

#[test]
fn curl_speaks_it_and_may_upload_and_leave_out_a_body() {
    let server = TestServer::with(&[]);
    let curl = |arguments: &[&str]| {
        let path = arguments.last().expect("a path");
        let output = Command::new("curl")
            .args(["--silent", "--noproxy", "*", "--http2-prior-knowledge", "--max-time", "20"])
            .args(["--write-out", "\n%{http_version} %{http_code}"])
            .args(&arguments[..arguments.len() - 1])
            .arg(format!("{}{path}", server.url))
            .output()
            .expect("curl");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{output:?}");
        text
    };
    assert!(curl(&["/health"]).ends_with("\n2 200"));
    let head = curl(&["--head", "/health"]);
    assert!(head.starts_with("HTTP/2 200") && head.contains("content-length: "), "{head}");
    // More than one window of it.
    let body = format!("{{\"prompt\": \"{}\"}}", "x".repeat(600_000));
    std::fs::write(server.path("body"), body).expect("a file");
    let body = format!("@{}", server.path("body").display());
    let json = ["--header", "content-type: application/json"];
    let path = "/convergence/generate-audio";
    let refused = curl(&[json[0], json[1], "--data", &body, path]);
    assert!(refused.ends_with("\n2 422"), "{refused}");
    // A request of HTTP/1 that asks for HTTP/2 gets HTTP/1 (RFC 9113 has done away with that upgrade).
    assert!(curl(&["--http2", "/health"]).ends_with("\n1.1 200"));
}
