//! `outline_url`: fetched from where it may be, and no way into a network (P25).

use serde_json::json;

use super::script::post;
use crate::support::provider::{Provider, Reply};
use crate::support::{Answer, EXAMPLE, TestServer, csv};

async fn generate(hosts: &str, url: &str) -> Answer {
    let server = TestServer::with_keys_and(&csv(&[EXAMPLE]), &[("OUTLINE_HOSTS", hosts)]).await;
    server.send(post(&server, &json!({"outline_url": url, "duration": 1}))).await
}

#[tokio::test]
async fn p25_an_outline_is_fetched_and_spoken_of() {
    let web = Provider::start(|asked, _| match &*asked.path {
        "/a" => Reply::of("text/markdown", "# Keys\n- one for each"),
        "/b" => Reply::of("text/html; charset=utf-8", "<h1>Keys</h1><ul><li>one for each</li></ul>"),
        "/docx" => Reply::of(
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            include_bytes!("../../src/providers/testdata/outline.docx").to_vec(),
        ),
        _ => Reply::json(302, &json!({})).with("location", "/a"),
    })
    .await;
    let host = format!("127.0.0.1:{}", web.port);
    for path in ["/a", "/b", "/c"] {
        let told = generate(&host, &web.url(path)).await.json();
        let points: Vec<_> = told["outline_coverage"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|point| point["point"].clone())
            .collect();
        assert_eq!(
            (&told["script_source"], points),
            (&json!("outline"), vec![json!("Keys"), json!("one for each")]),
            "{path}: {told}"
        );
    }
    let told = generate(&host, &web.url("/docx")).await.json();
    let points = told["outline_coverage"].as_array().expect("points");
    assert_eq!((points.len(), &points[1]["point"]), (14, &json!("Keys & doors")), "{told}");
}

#[tokio::test]
async fn p25_no_outline_comes_from_inside() {
    let secret = Provider::start(|_, _| Reply::of("text/plain", "inside")).await;
    let inside = secret.url("/");
    let web =
        Provider::start(move |_, _| Reply::json(302, &json!({})).with("location", inside.clone())).await;
    let host = format!("127.0.0.1:{}", web.port);
    for url in [
        secret.url("/"),
        web.url("/"),
        "http://169.254.169.254/latest/meta-data/".into(),
        "http://[::1]/".into(),
    ] {
        let answer = generate(&host, &url).await;
        let told = answer.json();
        assert_eq!(
            (answer.status, &told["errors"][0]["member"]),
            (422, &json!("outline_url")),
            "{url}: {answer}"
        );
        assert!(told["detail"].as_str().is_some_and(|detail| detail.contains("OUTLINE_HOSTS")), "{answer}");
        assert!(!answer.to_string().contains("169.254"), "{answer}");
    }
    assert_eq!(secret.asked().len(), 0);
}

#[tokio::test]
async fn p25_what_is_no_outline_is_said() {
    let web = Provider::start(|asked, _| match &*asked.path {
        "/pdf" => Reply::of("application/pdf", "%PDF-1.7"),
        "/damaged" => Reply::of("application/vnd.oasis.opendocument.text", "PK"),
        "/large" => Reply::of("text/plain", "a ".repeat(1 << 20)),
        "/empty" => Reply::of("text/plain", "---"),
        "/many" => Reply::of("text/plain", "- a\n".repeat(301)),
        "/gone" => Reply::json(404, &json!({})),
        _ => Reply::json(500, &json!({})),
    })
    .await;
    let host = format!("127.0.0.1:{}", web.port);
    for (path, status, code, detail) in [
        ("/pdf", 415, "outline_media_type", "text/markdown"),
        ("/damaged", 422, "invalid_request", "damaged"),
        ("/large", 422, "invalid_request", "larger than"),
        ("/empty", 422, "invalid_request", "has no point"),
        ("/many", 422, "invalid_request", "301 points"),
        ("/gone", 422, "invalid_request", "404"),
        ("/ill", 502, "outline_unavailable", "cannot be reached"),
    ] {
        let answer = generate(&host, &web.url(path)).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{path}: {answer}");
        let told = answer.json()["detail"].as_str().expect("a detail").to_owned();
        assert!(told.starts_with("outline_url: ") && told.contains(detail), "{told}");
    }
    let answer = generate("", "ftp://example.com/a").await;
    assert!(answer.json()["detail"].as_str().is_some_and(|told| told.contains("http or https")), "{answer}");
}
