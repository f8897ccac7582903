//! Paths and names of files.

use super::here::Here;
use super::names::say_aloud;
use super::said::Said;

/// A path with each of its slashes, as one dictates it.
pub(super) fn read(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let word = here.core();
    if !is_path(word) && !is_file(word) {
        return None;
    }
    match word.strip_prefix("/etc/") {
        // Administrators do not say `et cetera`.
        Some(rest) => {
            said.words("slash etsy slash");
            say_aloud(rest, NAMES, here.lexicons, said);
        }
        None => say_aloud(word, NAMES, here.lexicons, said),
    }
    Some(1)
}

fn is_path(word: &str) -> bool {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "._-~".contains(letter);
    let from_root = word.strip_prefix('/').is_some_and(|rest| rest.starts_with(is_name));
    let on_drive =
        word.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && word[1..].starts_with(":\\");
    let relative = ["~/", "./", "../", "\\\\"].iter().any(|start| word.starts_with(start));
    // `src/main.rs` and `a/b_c/d` are paths; `and/or`, `km/h` and `1/2` are not.
    let slashes = word.matches('/').count();
    let has_letters = word.contains(|letter: char| letter.is_ascii_alphabetic());
    let inner = word.chars().all(|letter| is_name(letter) || letter == '/')
        && has_letters
        && ((slashes > 1 && word.contains(['.', '_', '-', '~']))
            || (slashes == 1 && word.rsplit('/').next().is_some_and(is_file)));
    from_root || on_drive || relative || inner
}

/// A name with an ending that is known.
fn is_file(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(name, ending)| {
        ENDINGS.contains(&ending)
            && name.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"._-".contains(&letter))
    })
}

const ENDINGS: &[&str] = &[
    "bash", "c", "cfg", "conf", "cpp", "css", "csv", "db", "doc", "env", "exe", "gif", "go", "gz", "h",
    "html", "ini", "jpg", "js", "json", "lock", "log", "md", "mp3", "mp4", "pdf", "pem", "php", "png", "py",
    "rb", "rs", "sh", "sql", "svg", "tar", "toml", "ts", "txt", "wav", "xml", "yaml", "yml", "zip",
];

const NAMES: &[(char, &str)] = &[
    ('.', "dot"),
    ('/', "slash"),
    ('\\', "backslash"),
    (':', "colon"),
    ('-', "dash"),
    ('_', "underscore"),
    ('~', "tilde"),
    ('*', "star"),
    ('+', "plus"),
    ('@', "at"),
    ('&', "and"),
    ('=', "equals"),
    ('%', "percent"),
    ('$', "dollar"),
    ('#', "hash"),
];
