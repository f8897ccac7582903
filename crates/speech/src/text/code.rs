//! Words of programs: versions, addresses of machines, hashes, flags.

use super::here::Here;
use super::names;
use super::numbers::{self, code, digits};
use super::said::Said;

pub(super) fn read(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let word = here.core();
    let known = say_uuid(word, said)
        || say_hash(word, said)
        || say_version(here, said)
        || say_address(word, said)
        || say_flag(here, said);
    known.then_some(1)
}

/// `v2.1.0` is a version; so is `2.1.0`. A fourth number makes it the address of a machine, unless a `v` says otherwise.
fn say_version(here: Here<'_>, said: &mut Said) -> bool {
    let word = here.core();
    let bare = word.strip_prefix(['v', 'V']).unwrap_or(word);
    let has_v = bare.len() < word.len();
    // What follows a dash is a pre-release: `1.0.0-beta.2`.
    let (numbers, rest) = bare.split_at(bare.find(['-', '+']).unwrap_or(bare.len()));
    let parts: Vec<&str> = numbers.split('.').collect();
    let has_numbers = parts.iter().all(|part| is_digits(part) && part.len() < 7);
    if !has_numbers || !(has_v || parts.len() == 3) || (!has_v && parts.iter().all(|part| part.len() > 1)) {
        return false;
    }
    if !rest.bytes().all(|letter| letter.is_ascii_alphanumeric() || b".-+".contains(&letter)) {
        return false;
    }
    if has_v {
        said.words("version");
    }
    said.words(&parts.iter().map(|part| numbers::whole(part)).collect::<Vec<_>>().join(" point "));
    for part in rest.split(['-', '+', '.']).filter(|part| !part.is_empty()) {
        names::say_parts(part, here.lexicons, said);
    }
    true
}

/// `192.168.0.1`, and `10.0.0.0/8`, and with a port.
fn say_address(word: &str, said: &mut Said) -> bool {
    let (address, rest) = word.split_at(word.find(['/', ':']).unwrap_or(word.len()));
    let parts: Vec<&str> = address.split('.').collect();
    if parts.len() != 4 || !parts.iter().all(|part| is_digits(part) && part.len() < 4) {
        return false;
    }
    if !rest.is_empty() && !is_digits(&rest[1..]) {
        return false;
    }
    said.words(&parts.into_iter().map(code).collect::<Vec<_>>().join(" dot "));
    if !rest.is_empty() {
        said.words(if rest.starts_with('/') { "slash" } else { "port" });
        said.words(&code(&rest[1..]));
    }
    true
}

fn say_uuid(word: &str, said: &mut Said) -> bool {
    let groups: Vec<&str> = word.split('-').collect();
    let is_uuid = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| is_hex(group));
    if is_uuid {
        for (index, group) in groups.into_iter().enumerate() {
            if index > 0 {
                said.pause(',');
            }
            say_each(group, said);
        }
    }
    is_uuid
}

/// At least six hexadecimal digits that are neither a word nor a number: letters and digits take turns.
fn say_hash(word: &str, said: &mut Said) -> bool {
    let bare = word.strip_prefix("0x").filter(|rest| is_hex(rest));
    if let Some(rest) = bare {
        said.words("zero x");
        say_each(rest, said);
        return true;
    }
    let turns = word
        .as_bytes()
        .windows(2)
        .filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit())
        .count();
    if word.len() < 6 || !is_hex(word) || turns < 2 {
        return false;
    }
    // Nobody can follow more than a few at a time.
    for (index, group) in word.as_bytes().chunks(4).enumerate() {
        if index > 0 && word.len() > 8 {
            said.pause(',');
        }
        say_each(std::str::from_utf8(group).expect("a hash is ASCII"), said);
    }
    true
}

fn say_each(text: &str, said: &mut Said) {
    for sign in text.chars() {
        if sign.is_ascii_digit() {
            said.words(&digits(sign.encode_utf8(&mut [0; 4])));
        } else {
            said.letters(sign.encode_utf8(&mut [0; 4]), "");
        }
    }
}

/// `--help` and `-v`.
fn say_flag(here: Here<'_>, said: &mut Said) -> bool {
    let word = here.core();
    let name = word.trim_start_matches('-');
    let dashes = word.len() - name.len();
    if !(1..=2).contains(&dashes) || !name.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
        return false;
    }
    said.words(["dash", "dash dash"][dashes - 1]);
    names::say_aloud(name, &[('=', "equals")], here.lexicons, said);
    true
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit())
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}
