//! Keys that may be used in some places, in some ways or for some things only.

use std::time::Duration;

use convergence::config::{Config, Settings};
use insta::assert_snapshot;
use reqwest::Method;

use crate::support::{Answer, TestServer};

const HEADER: &str = "api_key,client_name,is_active,rate_limit,scopes,allowed_ips,methods,environment";

const ROUTES: &str = r#"
[[route]]
prefix = "/v1"
scopes = ["read"]

[[route]]
prefix = "/v1/admin"
scopes = ["read", "admin"]
"#;

fn keys(lines: &[&str]) -> String {
    [&[HEADER], lines].concat().join("\n") + "\n"
}

/// With these keys and routes.
async fn server(lines: &[&str], routes: &str, settings: &[(&str, &str)]) -> TestServer {
    let file = [("routes.toml", routes)];
    let routes = [("ROUTES_FILE", "{folder}/routes.toml")];
    TestServer::with_keys_and_files(&keys(lines), &file, &[&routes, settings].concat()).await
}

async fn send(server: &TestServer, method: Method, path: &str, lines: &[(&str, &str)]) -> Answer {
    let request = server.request(method, path).bearer_auth("k");
    let request = lines.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    server.send(request).await
}

/// What `/auth/verify` says to a proxy that was asked for this.
async fn verify(server: &TestServer, lines: &[(&str, &str)]) -> String {
    let answer = send(server, Method::GET, "/auth/verify", lines).await;
    if answer.status == 200 { "ok".to_owned() } else { answer.code() }
}

#[tokio::test]
async fn p16_p17_a_scope_that_is_missing_is_named_and_takes_nothing_from_the_window() {
    let server = server(&["k,Acme,yes,2,read,,,"], ROUTES, &[]).await;
    for _ in 0..3 {
        assert_eq!(send(&server, Method::GET, "/v1/admin/x", &[]).await.code(), "insufficient_scope");
    }
    assert_snapshot!(send(&server, Method::GET, "/v1/admin/x", &[]).await, @r#"
        403
        content-length: 160
        content-type: application/problem+json
        ratelimit-policy: "default";q=2;w=60
        ratelimit: "default";r=2;t=0
        www-authenticate: Bearer realm="convergence", error="insufficient_scope", scope="admin read"
        x-client-name: Acme

        {
          "code": "insufficient_scope",
          "detail": "this key lacks a scope that this path needs; ask whoever gave it to you",
          "status": 403,
          "title": "Not allowed for this key"
        }
    "#);
    assert_eq!(send(&server, Method::GET, "/v1/x", &[]).await.code(), "not_found", "through, to nothing");
    assert_eq!(send(&server, Method::GET, "/", &[]).await.code(), "not_found", "no route, no scopes");
    assert_eq!(send(&server, Method::GET, "/v1/x", &[]).await.code(), "rate_limit_exceeded");
}

#[tokio::test]
async fn a_key_without_scopes_passes_every_route_and_a_full_set_its_own() {
    for scopes in ["", "admin read", "\"admin,read,other\""] {
        let server = server(&[&format!("k,Acme,yes,,{scopes},,,")], ROUTES, &[]).await;
        assert_eq!(send(&server, Method::GET, "/v1/admin", &[]).await.code(), "not_found", "{scopes}");
    }
}

#[tokio::test]
async fn each_restriction_has_its_code() {
    let lines = ["k,Acme,yes,60,,192.0.2.0/24,GET,production"];
    for (settings, method, proxied, expected) in [
        (&[][..], Method::POST, "192.0.2.1", "wrong_environment"),
        (&[("ENVIRONMENT", "staging")][..], Method::POST, "192.0.2.1", "wrong_environment"),
        (&[("ENVIRONMENT", "Production")][..], Method::POST, "198.51.100.1", "address_not_allowed"),
        (&[("ENVIRONMENT", "production")][..], Method::POST, "192.0.2.1", "method_not_allowed_for_key"),
        (&[("ENVIRONMENT", "production")][..], Method::GET, "192.0.2.1", "not_found"),
        (&[("ENVIRONMENT", "production")][..], Method::GET, "192.0.2.1, garbage", "address_not_allowed"),
    ] {
        let trusted = [("TRUSTED_PROXIES", "127.0.0.0/8, ::1")];
        let server = server(&lines, ROUTES, &[settings, &trusted].concat()).await;
        let answer = send(&server, method, "/x", &[("x-forwarded-for", proxied)]).await;
        assert_eq!(answer.code(), expected);
        assert_eq!(answer.status, if expected == "not_found" { 404 } else { 403 });
        assert_eq!(answer.header("x-client-name"), Some("Acme"));
        assert!(answer.header("ratelimit").is_some(), "{answer}");
        assert_eq!(answer.header("www-authenticate"), None);
    }
}

#[tokio::test]
async fn whoever_is_not_trusted_cannot_choose_an_address() {
    let lines = ["k,Acme,yes,,,127.0.0.1,,"];
    let server = server(&lines, ROUTES, &[]).await;
    let said = [("x-forwarded-for", "203.0.113.1"), ("forwarded", "for=203.0.113.1")];
    assert_eq!(send(&server, Method::GET, "/x", &said).await.code(), "not_found", "the peer's own counts");
    server.save_keys(&keys(&["k,Acme,yes,,,203.0.113.1,,"]));
    server.until_verified("k", 403, Duration::from_millis(250)).await;
    assert_eq!(send(&server, Method::GET, "/x", &said).await.code(), "address_not_allowed");
}

#[tokio::test]
async fn a_proxy_asks_for_the_path_and_the_method_of_its_client() {
    let server = server(&["k,Acme,yes,,read,,POST,"], ROUTES, &[]).await;
    let post = ("x-forwarded-method", "POST");
    assert_eq!(verify(&server, &[post, ("x-forwarded-uri", "/v1/x?y=/v1/admin")]).await, "ok");
    assert_eq!(verify(&server, &[post, ("x-original-uri", "/v1/admin?")]).await, "insufficient_scope");
    assert_eq!(
        verify(&server, &[post, ("x-original-uri", "http://host/v1/admin")]).await,
        "insufficient_scope"
    );
    assert_eq!(verify(&server, &[post, ("x-original-uri", "/v1//admin")]).await, "ambiguous_path");
    assert_eq!(
        verify(&server, &[post]).await,
        "ambiguous_path",
        "scopes are asked for, and nobody says where"
    );
    let two = [post, ("x-original-uri", "/v1/admin"), ("x-forwarded-uri", "/v1/x")];
    assert_eq!(verify(&server, &two).await, "ambiguous_path", "one of them is the client's");
    let get = [("x-original-method", "GET"), ("x-forwarded-uri", "/v1/x")];
    assert_eq!(verify(&server, &get).await, "method_not_allowed_for_key");
    let two = [post, ("x-original-method", "GET"), ("x-forwarded-uri", "/v1/x")];
    assert_eq!(verify(&server, &two).await, "method_not_allowed_for_key");
    let elsewhere = [post, ("x-forwarded-uri", "/")];
    assert_eq!(send(&server, Method::POST, "/v1/admin", &elsewhere).await.code(), "insufficient_scope");
}

#[tokio::test]
async fn a_path_that_can_be_read_in_two_ways_is_refused_where_it_matters() {
    let server = server(&["k,Acme,yes,9,read,,,", "all,Other,yes,,,,,"], ROUTES, &[]).await;
    for path in
        ["/v1/%61dmin", "/v1/Admin", "//v1/admin", "/v1/x%2f..%2fadmin", "/v1/admin;x", "/v1/admin.json"]
    {
        let answer = send(&server, Method::GET, "/auth/verify", &[("x-forwarded-uri", path)]).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "ambiguous_path"), "{path}");
        let all =
            server.request(Method::GET, "/auth/verify").bearer_auth("all").header("x-forwarded-uri", path);
        assert_eq!(server.send(all).await.status, 200, "a key without scopes has nothing to get around");
    }
    assert_snapshot!(send(&server, Method::GET, "/v1/%61dmin", &[]).await, @r#"
        400
        content-length: 238
        content-type: application/problem+json
        ratelimit-policy: "default";q=9;w=60
        ratelimit: "default";r=9;t=0
        x-client-name: Acme

        {
          "code": "ambiguous_path",
          "detail": "this path can be read in two ways, or a proxy has not said it; write it plainly: no empty segments, dots, encoded slashes or letters, in the case of the documentation",
          "status": 400,
          "title": "Bad request"
        }
    "#);
}

#[tokio::test]
async fn routes_change_without_a_restart_and_a_bad_file_changes_nothing() {
    const LOOK: Duration = Duration::from_millis(500);
    let server = server(&["k,Acme,yes,,read,,,"], ROUTES, &[]).await;
    assert_eq!(send(&server, Method::GET, "/v1/admin", &[]).await.code(), "insufficient_scope");
    let file = server.path("routes.toml");
    std::fs::write(&file, ROUTES.replace("\"read\", \"admin\"", "\"read\"")).expect("a file");
    server.until_code("/v1/admin", "k", "not_found", LOOK).await;
    std::fs::write(&file, ROUTES.replace("\"read\"]", "\"write\"]")).expect("a file");
    server.until_code("/v1/x", "k", "insufficient_scope", LOOK).await;
    for bad in ["", "[[route]]\nprefix = \"v1\"\n", "[[route", "# none\n"] {
        std::fs::write(&file, bad).expect("a file");
        for _ in 0..8 {
            server.clock.advance(LOOK);
            assert_eq!(
                send(&server, Method::GET, "/v1/x", &[]).await.code(),
                "insufficient_scope",
                "{bad:?}"
            );
        }
    }
    std::fs::remove_file(&file).expect("a file to remove");
    server.clock.advance(LOOK);
    assert_eq!(send(&server, Method::GET, "/v1/x", &[]).await.code(), "insufficient_scope");
    std::fs::write(&file, ROUTES).expect("a file");
    server.until_code("/v1/x", "k", "not_found", LOOK).await;
}

#[tokio::test]
async fn p10_a_changed_restriction_takes_effect_and_stands_in_the_audit_file() {
    const LOOK: Duration = Duration::from_millis(250);
    let server = server(&["k,Acme,yes,,read,,,"], ROUTES, &[]).await;
    assert_eq!(send(&server, Method::GET, "/v1/x", &[]).await.code(), "not_found");
    server.save_keys(&keys(&["k,Acme,yes,,write,,\"GET, POST\","]));
    server.until_code("/v1/x", "k", "insufficient_scope", LOOK).await;
    server.save_keys(&keys(&["k,Acme,yes,,,,,"]));
    server.until_code("/v1/x", "k", "not_found", LOOK).await;
    let narrowed = r#""methods":{"old":null,"new":["GET","POST"]},"scopes":{"old":["read"],"new":["write"]}"#;
    let widened = r#""methods":{"old":["GET","POST"],"new":null},"scopes":{"old":["write"],"new":null}"#;
    server.until_file_holds("data/keys/audit.jsonl", &[narrowed, widened]).await;
}

#[test]
fn a_place_that_cannot_be_read_is_a_fault_by_name() {
    let mut settings = Settings::default();
    settings.set("ENVIRONMENT", "two words").set("TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1/24");
    let faults = Config::read(&settings).err().expect("two faults");
    let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "ENVIRONMENT: must be one word of letters, digits and -_.",
            "TRUSTED_PROXIES: must be addresses and ranges such as 10.0.0.0/8, 192.0.2.7, 2001:db8::/32, separated by commas",
        ]
    );
}

#[tokio::test]
async fn p04_a_restriction_that_cannot_be_read_refuses_the_row() {
    let lines = ["k,Acme,yes,,,10.0.0.1/8,,", "good,Other,yes,,,,,"];
    let server = server(&lines, ROUTES, &[]).await;
    assert_eq!(send(&server, Method::GET, "/x", &[]).await.code(), "inactive_api_key");
    assert_eq!(server.verify("good").await.status, 200);
}

#[tokio::test]
async fn p20_a_restart_without_the_keys_keeps_their_restrictions() {
    let mut server = server(&["k,Acme,yes,,read,127.0.0.1,GET,x"], ROUTES, &[("ENVIRONMENT", "x")]).await;
    server.until_file_holds("data/keys-snapshot.jsonl", &["\"scopes\":[\"read\"]"]).await;
    server.stop();
    std::fs::remove_file(server.path("keys.csv")).expect("a file to remove");
    server.restart_with(&[]);
    server.until("the snapshot is in use", |status| status["mode"] == "enabled").await;
    assert_eq!(send(&server, Method::GET, "/v1/admin", &[]).await.code(), "insufficient_scope");
    assert_eq!(send(&server, Method::POST, "/v1", &[]).await.code(), "method_not_allowed_for_key");
    // As it was written before there were restrictions.
    let snapshot = server.path("data/keys-snapshot.jsonl");
    let old =
        std::fs::read_to_string(&snapshot).expect("a snapshot").replace("\"version\":4", "\"version\":1");
    server.stop();
    std::fs::write(&snapshot, old).expect("a snapshot");
    server.restart_with(&[]);
    server.until("it is not used", |status| status["cache"]["last_error"].is_string()).await;
    let answer = send(&server, Method::GET, "/v1", &[]).await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "authentication_unavailable"));
}
