//! Documents name only what there is: files, tests, links.

use std::collections::BTreeSet;
use std::path::Path;

use crate::repository::{code_spans, files, functions, prose, read, root};

const MAPS: [&str; 2] = ["ARCHITECTURE.md", "docs/LIFE_OF_A_REQUEST.md"];

#[test]
fn every_file_that_a_map_names_exists() {
    for document in MAPS {
        for span in code_spans(&read(document)) {
            let is_path = Path::new(&span).extension().is_some_and(|extension| extension == "rs");
            if is_path && span.contains('/') {
                let there =
                    [span.clone(), format!("crates/{span}")].iter().any(|path| root().join(path).is_file());
                assert!(there, "{document}: {span} does not exist");
            }
        }
    }
}

#[test]
fn every_test_that_a_map_names_exists() {
    let functions = functions();
    for document in MAPS {
        let is_test = |span: &str| {
            span.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
                && (span.matches('_').count() >= 3 || span == "gate_is_pure")
        };
        let missing: Vec<String> = code_spans(&read(document))
            .into_iter()
            .filter(|span| is_test(span) && !functions.contains(span))
            .collect();
        assert_eq!(missing, [""; 0], "{document} names tests that do not exist");
    }
}

#[test]
fn the_code_map_is_the_tree() {
    let mapped: BTreeSet<String> = code_spans(&read("ARCHITECTURE.md")).into_iter().collect();
    let missing: Vec<String> = files(&[".rs"])
        .into_iter()
        .map(|file| file.path)
        .filter(|path| path.starts_with("crates/") && path.contains("/src/") && !mapped.contains(path))
        .collect();
    assert_eq!(missing, [""; 0], "ARCHITECTURE.md has no line for these");
}

#[test]
fn relative_links_lead_somewhere() {
    let mut wrong = Vec::new();
    for file in files(&[".md"]) {
        for link in links(&file.text) {
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            if path.contains("://") || path.starts_with("mailto:") {
                continue;
            }
            let folder = root().join(&file.path).parent().map(Path::to_owned).unwrap_or_default();
            let target = if path.is_empty() { root().join(&file.path) } else { folder.join(path) };
            let text = std::fs::read_to_string(&target).unwrap_or_default();
            if !target.exists() || (!anchor.is_empty() && !anchors(&text).contains(anchor)) {
                wrong.push(format!("{}: {link}", file.path));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

/// Of the guide that this product is built after.
const HEADINGS: [&str; 28] = [
    "API Key Management",
    "Overview",
    "Setup",
    "1. Create Google Sheet",
    "2. Google Cloud Setup",
    "3. Environment Configuration",
    "Using API Keys",
    "Authentication Headers",
    "Example Request",
    "Security Features",
    "Automatic Expiration",
    "Rate Limiting",
    "Client Identification",
    "Caching",
    "Fallback Behavior",
    "Managing Keys",
    "Adding a New Key",
    "Revoking a Key",
    "Setting Expiration",
    "Best Practices",
    "Key Format",
    "Security Tips",
    "Rate Limit Guidelines",
    "Troubleshooting",
    "Common Issues",
    "Debug Mode",
    "Public Endpoints",
    "Next Steps",
];

#[test]
fn every_heading_of_the_guide_is_one_of_ours() {
    let ours = prose(&read("docs/api-keys.md"));
    let ours: Vec<&str> = ours
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim())
        .collect();
    let missing: Vec<&str> = HEADINGS.into_iter().filter(|heading| !ours.contains(heading)).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn the_index_names_every_document() {
    let index = links(&read("docs/README.md"));
    let named = |path: &str| {
        let name = path.trim_start_matches("docs/");
        index.iter().any(|link| link.split('#').next() == Some(name))
    };
    let is_one = |path: &String| path.starts_with("docs/") && path.matches('/').count() == 1;
    let missing: Vec<String> = files(&[".md"])
        .into_iter()
        .map(|file| file.path)
        .filter(is_one)
        .filter(|path| path != "docs/README.md" && !named(path))
        .collect();
    assert_eq!(missing, [""; 0], "docs/README.md leads to none of these");
}

/// Whoever comes sees what it is, and has read it in a few minutes.
#[test]
fn the_readme_is_short_and_has_pictures() {
    let readme = read("README.md");
    assert!(readme.lines().count() <= 210, "{} lines: move detail to docs/", readme.lines().count());
    let pictures = readme.matches("![").count();
    assert!(pictures >= 2, "the sheet or the dashboard is missing");
}

#[test]
fn what_is_not_built_is_not_promised() {
    let readme = read("README.md");
    let not_yet =
        readme.split("## Not yet").nth(1).unwrap_or_default().split("\n## ").next().unwrap_or_default();
    for part in ["Redis", "PDF"] {
        assert!(not_yet.contains(part), "README.md does not say that {part} is not there yet");
    }
}

/// The targets of `[text](target)`.
fn links(markdown: &str) -> Vec<String> {
    let prose = prose(markdown);
    prose
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(link, _)| link.to_owned())
        .collect()
}

/// The anchors of a document's headings, as forges make them.
fn anchors(markdown: &str) -> BTreeSet<String> {
    let anchor = |heading: &str| {
        let lower = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = lower.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    prose(markdown).lines().filter(|line| line.starts_with('#')).map(anchor).collect()
}
