//! Whatever the program says when it does not start stands in the guide to troubleshooting.

use crate::repository::{code, read, rust_below};

/// Where settings are read, and what they name is opened.
const PLACES: [&str; 6] = [
    "crates/convergence/src/config",
    "crates/convergence/src/server.rs",
    "crates/convergence/src/inherited.rs",
    "crates/convergence/src/app",
    "crates/convergence/src/http/tls/files.rs",
    "crates/convergence/src/fleet",
];

/// How such words begin.
const CALLS: [&str; 8] =
    ["fault(", "bail!(", "ensure!(", "anyhow!(", "context(", "with_context(", "settings(", "error("];

#[test]
fn every_word_at_a_start_that_fails_is_in_the_guide() {
    let guide = read("docs/troubleshooting.md").replace('`', "");
    let guide: String = guide.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut seen = 0;
    let mut missing = Vec::new();
    for file in PLACES.iter().flat_map(|place| rust_below(place)) {
        for message in messages(&code(&file.text)) {
            seen += 1;
            let piece = longest_piece(&message);
            if !guide.contains(&piece) {
                missing.push(format!("{}: {message}", file.path));
            }
        }
    }
    assert_eq!(missing, [""; 0], "docs/troubleshooting.md does not have these");
    assert!(seen >= 50, "there were only {seen}");
}

/// The texts of more than a word that are handed to one of the calls.
fn messages(code: &str) -> Vec<String> {
    let calls = CALLS.iter().flat_map(|call| code.match_indices(call).map(|(at, call)| at + call.len()));
    let texts = calls.flat_map(|start| texts(&code[start..]));
    texts.filter(|text| text.contains(' ')).collect()
}

/// The string literals up to the parenthesis that closes the one that is open.
fn texts(code: &str) -> Vec<String> {
    let (mut texts, mut depth) = (Vec::new(), 1);
    let mut rest = code.chars();
    while let Some(c) = rest.next() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            '"' => texts.push(literal(&mut rest)),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    texts
}

/// The rest of a literal. A line that ends in a backslash goes on with the next one's first word.
fn literal(rest: &mut std::str::Chars<'_>) -> String {
    let mut text = String::new();
    while let Some(c) = rest.next().filter(|&c| c != '"') {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match rest.next() {
            Some('\n') => {
                let indented = rest.as_str();
                *rest = indented.trim_start().chars();
            }
            other => text.extend(other),
        }
    }
    text
}

/// The longest part of a message that is the same each time.
fn longest_piece(message: &str) -> String {
    let pieces = message.split('{').map(|piece| piece.split_once('}').map_or(piece, |(_, after)| after));
    let bare = |piece: &str| piece.trim_matches([' ', ':', ';', ',']).to_owned();
    pieces.map(bare).max_by_key(String::len).unwrap_or_default()
}

#[test]
fn messages_are_found_as_they_are_written() {
    let code =
        "fault(NAME, format!(\"must (not) be {a}, \\\n    or {b}\"));\nfault(\"ONE\", x(\"two words\"))";
    assert_eq!(messages(code), ["must (not) be {a}, or {b}", "two words"]);
    assert_eq!(longest_piece("must (not) be {a}, or {b}"), "must (not) be");
    assert_eq!(longest_piece("{a}: cannot be read: {b}"), "cannot be read");
}
