//! The API's documentation on the admin listener: the document, and the page that is made of it.

use std::collections::BTreeSet;

use reqwest::Method;

use crate::support::{EXAMPLE, TestServer, csv};

#[tokio::test]
async fn the_document_and_its_page_are_the_operators() {
    let server = TestServer::with_keys_and(&csv(&[EXAMPLE]), &[("ADMIN_TOKEN", "a-token")]).await;
    for path in ["/openapi.json", "/docs"] {
        let answer = server.send(server.admin(Method::GET, path)).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "admin_token_required"), "{path}");
        let answer = server.send(server.admin(Method::GET, path).bearer_auth("a-token")).await;
        assert_eq!(answer.status, 200, "{path}");
        let head = server.send(server.admin(Method::HEAD, path).bearer_auth("a-token")).await;
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(server.send(server.admin(Method::POST, path).bearer_auth("a-token")).await.status, 405);
        // On the public listener it is a path like any other, and may be the guarded API's.
        assert_eq!(server.get(path).await.code(), "authentication_required");
    }
}

#[tokio::test]
async fn the_page_needs_no_script_and_its_links_lead_somewhere() {
    let server = TestServer::with(&[]);
    let answer = server.send(server.admin(Method::GET, "/docs")).await;
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(
        answer.header("content-security-policy").is_some_and(|policy| policy.contains("default-src 'none'"))
    );
    let page = String::from_utf8(answer.body).expect("UTF-8");
    for unwanted in ["<script", "style=", "onclick", "http://fonts", "https://"] {
        assert!(!page.contains(unwanted), "{unwanted}");
    }
    let all = |attribute: &str| -> BTreeSet<String> {
        let begin = format!(" {attribute}=\"");
        let rest = page.split(&begin).skip(1);
        rest.filter_map(|rest| rest.split_once('"')).map(|(value, _)| value.to_owned()).collect()
    };
    let (links, places) = (all("href"), all("id"));
    let missing: Vec<&String> = links
        .iter()
        .filter(|link| link.strip_prefix('#').is_some_and(|place| !places.contains(place)))
        .collect();
    assert_eq!(missing, [""; 0]);
    let document = server.send(server.admin(Method::GET, "/openapi.json")).await.json();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for operation in item.as_object().expect("operations").values() {
            let id = operation["operationId"].as_str().expect("a name");
            assert!(places.contains(id) && links.contains(&format!("#{id}")), "{path}");
        }
    }
    for style in links.iter().filter(|link| link.starts_with("/assets/")) {
        assert_eq!(server.send(server.admin(Method::GET, style)).await.status, 200, "{style}");
    }
}
