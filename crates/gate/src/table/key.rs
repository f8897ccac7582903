//! An `api_key` cell: a key, or the SHA-256 of one.

use thiserror::Error;

use super::text;
use super::value::Value;
use crate::KeyHash;

/// A key, read. Its text is a secret: it serves to keep the key out of messages, and is dropped with the row.
pub(super) struct Key {
    pub(super) hash: KeyHash,
    pub(super) text: String,
    /// Whether the cell holds the key itself, and not its hash.
    pub(super) is_plain: bool,
    pub(super) doubt: Option<Doubt>,
}

/// Why a cell holds no key. The content is never told, a single character of it at most.
#[derive(Debug, PartialEq, Eq, Error)]
pub(super) enum KeyFault {
    #[error("holds a number or a checkbox; format the column as plain text and enter the key again")]
    NotText,
    #[error("holds a formula error or a value still loading")]
    FormulaError,
    #[error("holds quotes only")]
    QuotesOnly,
    #[error("U+{:04X} cannot stand in a key; a key is made of visible ASCII characters", *.0 as u32)]
    Unusable(char),
    #[error("sha256: must be followed by the 64 hex digits of a key's SHA-256")]
    NotAHash,
}

/// What deserves a look although the key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Doubt {
    #[error("invisible characters inside the key are ignored; enter it again without them")]
    ZeroWidth,
    #[error("the key looks like a number that a spreadsheet has shortened; format the column as plain text")]
    Shortened,
}

/// Reads a cell that is not empty.
pub(super) fn read(value: Value<'_>) -> Result<Key, KeyFault> {
    let Value::Text(cell) = value else { return Err(KeyFault::NotText) };
    if cell.starts_with('#') || text::is_loading(cell) {
        return Err(KeyFault::FormulaError);
    }
    // None of the characters without width is ASCII, and nearly every key is.
    let text = if cell.is_ascii() {
        cell.to_owned()
    } else {
        cell.chars().filter(|&c| !text::is_zero_width(c)).collect()
    };
    if text.is_empty() {
        return Err(KeyFault::QuotesOnly);
    }
    if let Some(bad) = text.chars().find(|c| !c.is_ascii_graphic()) {
        return Err(KeyFault::Unusable(bad));
    }
    let doubt = if text.len() < cell.len() {
        Some(Doubt::ZeroWidth)
    } else {
        is_shortened_number(&text).then_some(Doubt::Shortened)
    };
    let (hash, is_plain) = hash(&text)?;
    Ok(Key { hash, text, is_plain, doubt })
}

/// The key's hash, and whether it was the key that stood there.
fn hash(text: &str) -> Result<(KeyHash, bool), KeyFault> {
    match text.split_once(':') {
        Some((word, hex)) if word.eq_ignore_ascii_case("sha256") => {
            KeyHash::from_hex(hex).map(|hash| (hash, false)).ok_or(KeyFault::NotAHash)
        }
        _ => Ok((KeyHash::of(text.as_bytes()), true)),
    }
}

/// `1.23E+10`, the way a CSV file gives a long number that a spreadsheet has displayed.
fn is_shortened_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    text.split_once("E+")
        .is_some_and(|(number, power)| digits(&number.replacen(['.', ','], "", 1)) && digits(power))
}
