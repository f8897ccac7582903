//! The files of the repository, as text.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A text file: its path from the root, and what is in it.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("a crate lies in crates/")
}

/// The text of one file, by its path from the root.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file whose name ends in one of these, in the order of their paths.
pub(crate) fn files(endings: &[&str]) -> Vec<File> {
    let mut found = Vec::new();
    walk(root(), &mut found);
    let mut files: Vec<File> = found
        .into_iter()
        .map(|path| path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned())
        .filter(|path| endings.iter().any(|ending| path.ends_with(ending)))
        .map(|path| File { text: read(&path), path })
        .collect();
    assert!(!files.is_empty(), "no {endings:?} in {}", root().display());
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The Rust files below a folder.
pub(crate) fn rust_below(folder: &str) -> Vec<File> {
    let files: Vec<File> = files(&[".rs"]).into_iter().filter(|file| file.path.starts_with(folder)).collect();
    assert!(!files.is_empty(), "no Rust in {folder}");
    files
}

/// The names of all functions, tests included.
pub(crate) fn functions() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in files(&[".rs"]) {
        for rest in file.text.split("fn ").skip(1) {
            names.insert(rest.chars().take_while(|&c| is_word(c)).collect());
        }
    }
    names
}

/// Rust without its comments and without the tests at its end.
pub(crate) fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().map(|line| {
        let comment = line.trim_start().starts_with("//");
        if comment { "" } else { line.split(" // ").next().unwrap_or_default() }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether `name` stands in `text` and is not the end of a longer name.
pub(crate) fn mentions(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| !text[..at].ends_with(is_word))
}

/// Whether a character may stand in a name.
pub(crate) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// What stands between backticks, outside of fenced blocks.
pub(crate) fn code_spans(markdown: &str) -> Vec<String> {
    let prose: String = prose(markdown);
    prose.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// A document without its fenced blocks.
pub(crate) fn prose(markdown: &str) -> String {
    let mut inside = false;
    let lines = markdown.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !fence && !inside
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The fenced blocks of one language.
pub(crate) fn fenced(markdown: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in markdown.lines() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(name), None) => open = Some((name.trim() == language, String::new())),
            (Some(_), Some(_)) => {
                blocks.extend(open.take().filter(|(wanted, _)| *wanted).map(|(_, block)| block));
            }
            (None, Some((_, block))) => {
                block.push_str(line.trim_start());
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fenced block does not end");
    blocks
}

/// Build products, other people's code and version control are not ours to check.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let top = path.parent() == Some(root());
        let skipped =
            name == ".git" || name == "target" || (top && (name.starts_with("target") || name == "data"));
        match path.is_dir() {
            true if skipped => {}
            true => walk(&path, found),
            false => found.push(path),
        }
    }
}
