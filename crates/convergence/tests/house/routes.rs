//! The API's document has every route, and no other.

use std::collections::BTreeSet;

use serde_json::Value;
use syn::visit::{self, Visit};

use crate::repository::read;

/// Where paths are looked at.
const ROUTERS: [&str; 6] = [
    "http/router.rs",
    "http/routes/download.rs",
    "http/routes/jobs.rs",
    "http/routes/sheet_changed.rs",
    "http/routes/speech.rs",
    "http/admin.rs",
];

/// What is for a browser alone, and the beginning of routes.
const NO_API: [&str; 5] = ["/login", "/logout", "/dashboard/use", "/dashboard/live", "/convergence/"];

/// The texts in some Rust that are paths, those in attributes and tests left out.
#[derive(Default)]
struct Paths(BTreeSet<String>);

impl Visit<'_> for Paths {
    fn visit_attribute(&mut self, _: &syn::Attribute) {}

    fn visit_lit_str(&mut self, text: &syn::LitStr) {
        let text = text.value();
        if text.starts_with('/') && text.len() > 1 {
            self.0.insert(text);
        }
    }

    fn visit_macro(&mut self, _: &syn::Macro) {}

    fn visit_item_mod(&mut self, item: &syn::ItemMod) {
        if item.ident != "tests" {
            visit::visit_item_mod(self, item);
        }
    }
}

/// The paths that the code knows. What follows a prefix is a parameter, or one of these ends of it.
fn known() -> (BTreeSet<String>, &'static str) {
    let mut paths = Paths::default();
    for file in ROUTERS {
        let text = read(&format!("crates/convergence/src/{file}"));
        paths.visit_file(&syn::parse_file(&text).unwrap_or_else(|error| panic!("{file}: {error}")));
    }
    let end = "/events";
    assert!(paths.0.remove(end), "the end of a job's path");
    paths.0.retain(|path| !NO_API.contains(&path.as_str()));
    (paths.0, end)
}

/// A documented path without its parameter, and without the end behind that.
fn beginning<'a>(path: &'a str, end: &str) -> &'a str {
    path.strip_suffix(end).unwrap_or(path).split('{').next().unwrap_or_default()
}

#[test]
fn every_route_is_documented_and_nothing_else() {
    let document: Value = serde_json::from_str(&read("docs/openapi.json")).expect("JSON");
    let documented: Vec<&String> = document["paths"].as_object().expect("paths").keys().collect();
    let (known, end) = known();
    // `/v1/models/` is `/v1/models` with a slash behind it.
    let same = |known: &str, path: &str| known == path || path.strip_suffix('/') == Some(known);
    let undocumented: Vec<&String> = known
        .iter()
        .filter(|known| !documented.iter().any(|path| same(known, beginning(path, end))))
        .collect();
    assert_eq!(
        undocumented, [""; 0],
        "routes without #[utoipa::path]; or add them to NO_API, if they are pages"
    );
    let gone: Vec<&String> = documented
        .iter()
        .copied()
        .filter(|path| !known.iter().any(|known| same(known, beginning(path, end))))
        .collect();
    assert_eq!(gone, [""; 0], "documented, and no route");
}
