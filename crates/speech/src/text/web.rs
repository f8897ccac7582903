//! URLs, mail addresses and hosts.

use super::here::Here;
use super::names::say_aloud;
use super::said::Said;

/// An address in full, without its scheme and `www`, which nobody says.
pub(super) fn read(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let word = here.core();
    if !is_address(word) {
        return None;
    }
    let bare = word.split_once("://").map_or(word, |(_, rest)| rest);
    let bare = bare.strip_prefix("mailto:").unwrap_or(bare);
    let bare = bare.strip_prefix("www.").unwrap_or(bare).trim_end_matches('/');
    let (host, path) = bare.split_at(bare.find(['/', ':', '?', '#']).unwrap_or(bare.len()));
    match host.rsplit_once('.') {
        // The domain of a country is spelled: `.io`, `.uk`.
        Some((name, top)) if top.len() == 2 && is_letters(top) && top != "co" => {
            say_aloud(name, NAMES, here.lexicons, said);
            said.words("dot");
            said.letters(top, "");
        }
        _ => say_aloud(host, NAMES, here.lexicons, said),
    }
    // A colon names a port behind a host, and nothing in a path.
    let path = match path.strip_prefix(':') {
        Some(port) => {
            said.words("port");
            port
        }
        None => path,
    };
    say_aloud(path, NAMES, here.lexicons, said);
    Some(1)
}

/// Domains that are met so often that a host under one is known without a scheme.
const TOPS: [&str; 22] = [
    "com", "org", "net", "edu", "gov", "io", "dev", "app", "ai", "co", "uk", "de", "eu", "us", "info",
    "cloud", "xyz", "example", "test", "fr", "tech", "local",
];

fn is_address(word: &str) -> bool {
    let is_host = |host: &str| {
        let labels = host.rsplit_once('.');
        labels.is_some_and(|(name, top)| {
            top.len() > 1
                && is_letters(top)
                && name.split('.').all(|label| {
                    !label.is_empty()
                        && label.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-')
                })
        })
    };
    if let Some((scheme, rest)) = word.split_once("://") {
        return is_letters(scheme.trim_matches(['+', '.'])) && !rest.is_empty();
    }
    if let Some((user, host)) = word.rsplit_once('@') {
        return !user.is_empty() && is_host(host);
    }
    let host = &word[..word.find(['/', ':', '?']).unwrap_or(word.len())];
    let is_port = |port: &str| port.starts_with(|digit: char| digit.is_ascii_digit());
    let has_port = word.strip_prefix(host).and_then(|rest| rest.strip_prefix(':')).is_some_and(is_port);
    let is_known = host.rsplit_once('.').is_some_and(|(_, top)| TOPS.contains(&top));
    (is_host(host) && (is_known || has_port)) || word.starts_with("www.") || (host == "localhost" && has_port)
}

fn is_letters(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_alphabetic())
}

const NAMES: &[(char, &str)] = &[
    ('.', "dot"),
    ('/', "slash"),
    (':', "colon"),
    ('?', "question mark"),
    ('=', "equals"),
    ('&', "and"),
    ('#', "hash"),
    ('-', "dash"),
    ('_', "underscore"),
    ('@', "at"),
    ('%', "percent"),
    ('~', "tilde"),
    ('+', "plus"),
];
