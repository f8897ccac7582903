//! Any path and any text as a file of routes: reading them never panics, each route is found by its prefix, and no path
//! that counts as plain comes to other scopes for a program that decodes, merges slashes and walks along dots.
//!
//! `cargo +nightly fuzz run routes`. The input's first line is the path, the rest is the file; a file that is refused is
//! replaced by a good one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;

// Without the server around them, which would take minutes to build with a fuzzer's flags.
#[path = "../../crates/convergence/src/routes/file.rs"]
#[allow(dead_code)]
mod file;
#[path = "../../crates/convergence/src/routes/matching.rs"]
#[allow(dead_code)]
mod matching;

#[path = "../../crates/convergence/src/upstream/address.rs"]
#[allow(dead_code)]
mod address;
mod upstream {
    pub(crate) use super::address::{Address, EXPECTED};
}

use matching::Routes;

const GOOD: &str = r#"
route = [
    { prefix = "/", scopes = ["all"] },
    { prefix = "/admin", scopes = ["admin"] },
    { prefix = "/admin/x", scopes = ["admin", "x"] },
    { prefix = "/public" },
]
"#;

fn scopes<'a>(routes: &'a Routes, path: &str) -> Vec<&'a str> {
    routes.find(path).into_iter().flat_map(|route| &route.scopes).map(|scope| &**scope).collect()
}

/// As most servers read a path.
fn resolved(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy().replace('\\', "/");
    let mut segments: Vec<&str> = Vec::new();
    for segment in decoded.split('/') {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (path, text) = text.split_once('\n').unwrap_or((&text, ""));
    let routes = file::parse(text).unwrap_or_else(|faults| {
        let lines = text.lines().count().max(1) + 1;
        assert!(!faults.is_empty() && faults.iter().all(|fault| (1..=lines).contains(&fault.line)));
        file::parse(GOOD).expect("a good file")
    });
    assert!(routes.len() > 0);
    let Ok(route) = routes.route(path) else { return };
    assert_eq!(route, routes.find(path));
    if routes.ask_for_scopes() {
        assert_eq!(scopes(&routes, path), scopes(&routes, &resolved(path)), "{path:?}");
    }
});
