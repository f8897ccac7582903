//! The cells that restrict a key: words, addresses and methods, separated by blanks or commas.
//!
//! Only text is read. Sheets turns `10` and `1.5` into numbers, `2026-01` into a date and `TRUE` into a box, and what the
//! person typed cannot be told from them.

use super::text;
use super::value::Value;
use crate::network::{Network, NotANetwork};

/// Longest list, in items; longest word, in bytes. More is a paste into the wrong column.
const MOST_ITEMS: usize = 1_000;
const LONGEST_WORD: usize = 256;

/// What a `scopes` cell must be.
pub(super) const SCOPES: &str = "a list of scopes: plain text, words separated by blanks or commas";
/// What an `allowed_ips` cell must be.
pub(super) const ADDRESSES: &str =
    "a list of addresses: plain text such as 10.0.0.0/8, 192.0.2.7, 2001:db8::/32";
/// The same where a range has bits that it should not have.
pub(super) const RANGES: &str =
    "a list of addresses: in a range, no bit is set behind the shared ones; write 10.0.0.0/8, not 10.0.0.1/8";
/// What a `methods` cell must be.
pub(super) const METHODS: &str = "a list of methods: plain text such as GET, POST";
/// What an `environment` cell must be.
pub(super) const ENVIRONMENTS: &str = "an environment: plain text such as production, or several";

type List<T> = Result<Box<[T]>, &'static str>;

/// RFC 6749, 3.3: visible ASCII but quotes and backslashes.
pub(super) fn scopes(value: Value<'_>) -> List<Box<str>> {
    let is_scope = |byte: u8| byte.is_ascii_graphic() && !b"\"\\".contains(&byte);
    read(value, SCOPES, |word| word.bytes().all(is_scope).then(|| word.into()).ok_or(SCOPES))
}

pub(super) fn methods(value: Value<'_>) -> List<Box<str>> {
    let is_method = |byte: u8| byte.is_ascii_alphabetic() || b"-_".contains(&byte);
    let read_one =
        |word: &str| word.bytes().all(is_method).then(|| word.to_ascii_uppercase().into()).ok_or(METHODS);
    read(value, METHODS, read_one)
}

pub(super) fn environments(value: Value<'_>) -> List<Box<str>> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let read_one =
        |word: &str| word.bytes().all(is_name).then(|| word.to_ascii_lowercase().into()).ok_or(ENVIRONMENTS);
    read(value, ENVIRONMENTS, read_one)
}

pub(super) fn networks(value: Value<'_>) -> List<Network> {
    let read_one = |word: &str| {
        word.parse().map_err(|fault| match fault {
            NotANetwork::Unreadable => ADDRESSES,
            NotANetwork::HostBits => RANGES,
        })
    };
    read(value, ADDRESSES, read_one)
}

/// What stands between two items.
pub(super) fn is_between(c: char) -> bool {
    c == ',' || c.is_whitespace() || text::is_zero_width(c)
}

/// Reads a cell that is not empty. One without an item restricts to nothing that a person could have meant.
fn read<T: Ord>(
    value: Value<'_>,
    wanted: &'static str,
    read_one: impl Fn(&str) -> Result<T, &'static str>,
) -> List<T> {
    let Value::Text(text) = value else { return Err(wanted) };
    if value.is_formula_error() {
        return Err(wanted);
    }
    let mut list = Vec::new();
    for word in text.split(is_between).filter(|word| !word.is_empty()) {
        if list.len() == MOST_ITEMS || word.len() > LONGEST_WORD {
            return Err(wanted);
        }
        list.push(read_one(word)?);
    }
    list.sort_unstable();
    list.dedup();
    if list.is_empty() { Err(wanted) } else { Ok(list.into()) }
}
