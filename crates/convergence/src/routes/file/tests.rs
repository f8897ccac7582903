use std::time::Duration;

use insta::assert_snapshot;

use super::*;

fn faults(text: &str) -> String {
    let faults = parse(text).expect_err("a file with faults");
    let lines: Vec<_> = faults.iter().map(|Fault { line, wrong }| format!("{line}: {wrong}")).collect();
    lines.join("\n")
}

#[test]
fn a_file_is_read_whole() {
    let routes = parse(
        r#"
        [[route]]
        prefix = "/v1/"
        scopes = ["read", "jobs:write"]
        timeout = 30
        max_body_bytes = 0x1_0000
        upstream = "jobs"

        [[route]]
        prefix = "/"

        [upstream.jobs]
        urls = ["http://127.0.0.1:9000", "http://[::1]/base", "unix:/run/jobs.sock"]
        health_path = "/healthz"
        "#,
    )
    .expect("a good file");
    let v1 = Route {
        prefix: "/v1".into(),
        scopes: ["jobs:write", "read"].map(Into::into).into(),
        timeout: Some(Duration::from_secs(30)),
        max_body_bytes: Some(65_536),
        upstream: Some("jobs".into()),
    };
    let rest =
        Route { prefix: "".into(), scopes: [].into(), timeout: None, max_body_bytes: None, upstream: None };
    assert_eq!((routes.find("/v1/x"), routes.find("/v2")), (Some(&v1), Some(&rest)));
    let [jobs] = routes.upstreams() else { panic!("one upstream") };
    let urls: Vec<&str> = jobs.addresses.iter().map(|address| address.shown.as_str()).collect();
    assert_eq!(urls, ["http://127.0.0.1:9000", "http://[::1]", "unix:/run/jobs.sock"]);
    assert_eq!((&*jobs.name, jobs.health_path.as_ref().map(http::Uri::path)), ("jobs", Some("/healthz")));
}

#[test]
fn everything_that_is_wrong_is_said_at_once_with_its_line() {
    let file = r#"timeout = 3

[[route]]
prefix = "/v1"
scope = ["read"]
timeout = 0

[[route]]
prefix = "/V1/"
scopes = "read"
upstream = "elsewhere"

[[route]]
prefix = "/a/../b"
scopes = ["two words", 3]
max_body_bytes = "1 MB"

[[route]]
scopes = []

[upstream.jobs]
urls = ["ftp://x", "http://", "http://user:word@host", "unix:/"]
health_path = "healthz"

[upstream.none]
"#;
    assert_snapshot!(faults(file), @r#"
        1: the file has no member timeout; there are route, upstream
        5: a route has no member scope; there are prefix, scopes, timeout, max_body_bytes, upstream
        6: timeout must be a whole number of seconds from 1 to 86400
        9: the route of line 4 has this prefix already, or one that differs by the case of its letters; join the two
        10: scopes must be a list, each a scope: one word of visible ASCII without quotes, commas and backslashes
        11: there is no [upstream.elsewhere] in this file; add it, or mend the name
        14: prefix must be a path such as /v1, of letters, digits and -._~!$&'()*+,=:@, without empty parts or dots alone; write it as it is decoded
        15: each of scopes must be a scope: one word of visible ASCII without quotes, commas and backslashes
        16: max_body_bytes must be a whole number from 0 to 1099511627776
        18: it has no prefix; add prefix = "/v1", or "/" for every path
        19: scopes is empty; leave it out, or list a scope: one word of visible ASCII without quotes, commas and backslashes
        22: each of urls must be http://host:port, https://host:port, h2c://host:port (HTTP/2 without TLS), or unix:/path/to/socket; with a path if each request's path is to begin with it, without user, query or fragment
        23: health_path must be a path such as /health
        25: it has no urls; add urls = ["http://127.0.0.1:9000"]
    "#);
}

#[test]
fn prefixes_are_spelt_in_one_way() {
    for right in ["/", "/v1", "/v1/", "/v1.0/a_b-c~d", "/users/@me", "/a:b", "/.well-known", "/..a"] {
        assert!(is_prefix(right), "{right}");
    }
    let wrong = [
        "",
        "v1",
        "//",
        "/a//b",
        "/a/.",
        "/../a",
        "/...",
        "/a.",
        "/a%2fb",
        "/%61",
        "/a;b",
        "/a b",
        "/a?b",
        "/a#b",
        "/a\\b",
        "/caf\u{e9}",
        "/a//",
    ];
    for wrong in wrong {
        assert!(!is_prefix(wrong), "{wrong}");
    }
}

#[test]
fn what_is_no_toml_or_holds_no_route_is_refused() {
    assert_snapshot!(faults("[[route]]\nprefix = /v1\n\n[route\n"), @r#"
        2: not TOML: string values must be quoted, expected literal string
        4: not TOML: duplicate key
        4: not TOML: unclosed table, expected `]`
    "#);
    assert_snapshot!(faults("[[route]]\nprefix = \"/v1\"\nprefix = \"/v2\"\n"), @"3: not TOML: duplicate key");
    assert_snapshot!(faults("# nothing yet\n"), @"1: there is no [[route]] in it; to have no routes, leave ROUTES_FILE unset");
    assert_snapshot!(faults("route = 3\nupstream = 4\n"), @r#"
        1: routes are an array of tables: [[route]]
        2: upstreams are tables: [upstream.NAME]
    "#);
    assert_snapshot!(faults("route = [3]\n[upstream]\nx = 4\n"), @r#"
        1: a route is a table: [[route]]
        3: an upstream is a table: [upstream.x]
    "#);
}
