use proptest::prelude::*;

use super::*;

fn route(prefix: &str, scopes: &[&str]) -> Route {
    let scopes = scopes.iter().map(|scope| Box::from(*scope)).collect();
    Route { prefix: prefix.into(), scopes, timeout: None, max_body_bytes: None, upstream: None }
}

fn routes(list: &[(&str, &[&str])]) -> Routes {
    Routes::new(list.iter().map(|(prefix, scopes)| route(prefix, scopes)).collect(), Vec::new())
}

fn prefix(found: Option<&Route>) -> &str {
    found.map_or("none", |route| &route.prefix)
}

#[test]
fn the_longest_prefix_wins_on_whole_segments() {
    let routes = routes(&[("/v1", &[]), ("/v1/admin", &[]), ("/v2/x", &[])]);
    let expected = [
        ("/v1", "/v1"),
        ("/v1/", "/v1"),
        ("/v1/x", "/v1"),
        ("/v1x", "none"),
        ("/v1/admin", "/v1/admin"),
        ("/v1/admin/x/y", "/v1/admin"),
        ("/v1/administrator", "/v1"),
        ("/v2", "none"),
        ("/", "none"),
        ("*", "none"),
        ("", "none"),
    ];
    for (path, expected) in expected {
        assert_eq!(prefix(routes.find(path)), expected, "{path}");
    }
    let with_root = super::tests::routes(&[("/v1", &[]), ("", &[])]);
    assert_eq!(["/v1/x", "/x", "/"].map(|path| prefix(with_root.find(path))), ["/v1", "", ""]);
}

#[test]
fn a_path_that_may_be_another_ones_is_ambiguous() {
    let guarded = routes(&[("/admin", &["admin"]), ("/files", &["files"]), ("/v1.0", &["v1"]), ("/v1", &[])]);
    let ambiguous = [
        "//admin",
        "/./admin",
        "/x/../admin",
        "/x/%2e%2E/admin",
        "/x/.%2e/admin",
        "/%2e/admin",
        "/x/..;/admin",
        "/;/admin",
        "/x/..;a=b/admin",
        "/x/..%3b/admin",
        "/x%2fadmin",
        "/x%2F..%2Fadmin",
        "/x%5cadmin",
        "/x\\admin",
        "/%61dmin",
        "/%2561dmin",
        "/adm%69n/x",
        "/Admin",
        "/ADMIN/x",
        "/admin;x",
        "/admin;x=y/z",
        "/admin.json",
        "/admin%20",
        "/admin%00",
        "/x%0a",
        "/x%",
        "/x%4",
        "/x%zz",
        "/x%ff",
        "/x%c0%af",
        "/admin%3bx",
        "/admin%2ejson",
        "/x/.../y",
        "/x/%20/y",
        "/x#y",
        "*",
        "",
        "admin",
        "/files//x",
        "/files/../admin",
        "/admin/./x",
        "/admin//",
    ];
    for path in ambiguous {
        assert_eq!(guarded.route(path), Err(Ambiguous), "{path}");
    }
    let plain = [
        ("/admin", "/admin"),
        ("/admin/", "/admin"),
        ("/admin/a%20b", "/admin"),
        ("/files/x.json;v=2", "/files"),
        ("/files/100%25", "/files"),
        ("/files/caf%C3%A9", "/files"),
        ("/files/a%2eb", "/files"),
        ("/files/X", "/files"),
        ("/files/.hidden", "/files"),
        ("/files/a..b", "/files"),
        ("/adminx", "none"),
        ("/", "none"),
        ("/x/admin", "none"),
        ("/v1.0/x", "/v1.0"),
        ("/v1/x", "/v1"),
        ("/V1/x", "/v1x"),
        ("/administrator.json", "none"),
    ];
    for (path, expected) in plain {
        // Another spelling of a route that asks for nothing is none of its business.
        let expected = if expected == "/v1x" { "none" } else { expected };
        assert_eq!(guarded.route(path).map(prefix), Ok(expected), "{path}");
    }
}

#[test]
fn where_nothing_asks_for_scopes_nothing_is_ambiguous() {
    let open = routes(&[("/v1", &[])]);
    for path in ["//v1", "/v1/../x", "/%76%31", "/v1%2fx", "*"] {
        assert!(open.route(path).is_ok(), "{path}");
    }
    assert_eq!(open.find("/v1/../x").map(|route| &*route.prefix), Some("/v1"));
}

/// What programs behind this one may do to a path before they look for its route. Written from what servers are known
/// to do, and without a look at the matcher.
const READERS: [fn(&str) -> String; 9] = [
    |path| path.to_owned(),
    |path| decode(path),
    |path| decode(&decode(path)),
    |path| path.to_ascii_lowercase(),
    |path| resolve(&decode(path)),
    |path| resolve(&decode(&without_parameters(path)).replace('\\', "/")),
    |path| resolve(&without_parameters(&decode(path))).to_ascii_lowercase(),
    |path| without_extensions(&resolve(&decode(path))),
    |path| path.split('\0').next().unwrap_or_default().split("%00").next().unwrap_or_default().to_owned(),
];

fn decode(path: &str) -> String {
    percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned()
}

/// Merges slashes and walks along dots.
fn resolve(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

fn each_segment(path: &str, change: impl Fn(&str) -> String) -> String {
    path.split('/').map(change).collect::<Vec<_>>().join("/")
}

fn without_parameters(path: &str) -> String {
    each_segment(path, |segment| segment.split(';').next().unwrap_or_default().to_owned())
}

fn without_extensions(path: &str) -> String {
    each_segment(path, |segment| segment.trim_end().split('.').next().unwrap_or_default().to_owned())
}

/// The longest of the prefixes that a path is below, by hand.
fn scopes_by_hand<'a>(
    list: &'a [(String, Vec<&'static str>)],
    path: &str,
    any_case: bool,
) -> &'a [&'static str] {
    let below = |prefix: &str| {
        let prefix = if any_case { prefix.to_ascii_lowercase() } else { prefix.to_owned() };
        path == prefix || path.starts_with(&format!("{prefix}/"))
    };
    let longest = list.iter().filter(|(prefix, _)| below(prefix)).max_by_key(|(prefix, _)| prefix.len());
    longest.map_or(&[], |(_, scopes)| scopes)
}

fn segment() -> impl Strategy<Value = String> {
    let odd = "(a|b|A|%61|%62|%2561|%41|\\.|%2e|%2E|/|%2f|%5c|\\\\|;|%3b|x|%20|%25|%00|%|\u{e9}|%ff|\\.json|%c3%a9)";
    prop_oneof![3 => "(a|b|ab)", 4 => proptest::string::string_regex(&format!("{odd}{{0,4}}")).unwrap()]
}

fn list() -> impl Strategy<Value = Vec<(String, Vec<&'static str>)>> {
    let prefix = "(/(a|b|ab|A)){0,3}";
    let scopes = prop::sample::subsequence(vec!["read", "write"], 0..=2);
    prop::collection::vec((prefix, scopes), 0..5).prop_map(|mut list| {
        let mut seen: Vec<String> = Vec::new();
        list.retain(|(prefix, _)| {
            let folded = prefix.to_ascii_lowercase();
            let is_new = !seen.contains(&folded);
            seen.push(folded);
            is_new
        });
        list
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn no_reader_takes_a_path_to_other_scopes(list in list(), segments in prop::collection::vec(segment(), 1..5)) {
        let path = format!("/{}", segments.join("/"));
        let routes = Routes::new(list.iter().map(|(prefix, scopes)| route(prefix, scopes)).collect(), Vec::new());
        if let Ok(found) = routes.route(&path) {
            let scopes: Vec<&str> = found.iter().flat_map(|route| &route.scopes).map(|scope| &**scope).collect();
            if list.iter().any(|(_, scopes)| !scopes.is_empty()) {
                for (number, reader) in READERS.iter().enumerate() {
                    let read = reader(&path);
                    let any_case = reader("/A") == "/a";
                    let by_hand = scopes_by_hand(&list, &read, any_case);
                    prop_assert_eq!(&scopes, by_hand, "reader {}: {} is {}", number, path, read);
                }
            }
        }
    }

    #[test]
    fn plain_paths_are_never_ambiguous(list in list(), path in "(/(a|b|ab|c|x-y_z~|d9)){1,5}/?") {
        let lower: Vec<_> = list.iter().filter(|(prefix, _)| !prefix.contains('A')).cloned().collect();
        let routes = Routes::new(lower.iter().map(|(prefix, scopes)| route(prefix, scopes)).collect(), Vec::new());
        let found = routes.route(&path).map(|found| found.map(|route| route.scopes.clone()));
        let found = found.expect("plain").unwrap_or_default();
        let found: Vec<&str> = found.iter().map(|scope| &**scope).collect();
        prop_assert_eq!(found, scopes_by_hand(&lower, &path, false));
    }
}
