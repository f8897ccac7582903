//! Text as people leave it in cells: what is trimmed, what is invisible, and what may be shown again.

/// Longest piece of a cell that a problem quotes, in characters.
const SHOWN: usize = 24;

/// A run of this many letters, digits and `-_+/=` may be a key that stands in the wrong column.
const KEY_LIKE: usize = 16;

/// Characters without width, which come along with copies from chats and PDFs, and the two separators that a cell
/// does not show either.
pub(super) fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// The ASCII hyphen and those that word processors put in its place.
pub(super) fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// Curly quotes and guillemets.
fn is_smart_quote(c: char) -> bool {
    matches!(c, '\u{2018}'..='\u{201F}' | '«' | '»' | '‹' | '›')
}

/// White space, non-breaking spaces included, and characters without width.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_zero_width(c)
}

/// Without the blanks and smart quotes around it.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c| is_blank(c) || is_smart_quote(c))
}

/// Nothing that a person could see. A lone pair of quotes is visible.
pub(super) fn is_all_blank(text: &str) -> bool {
    text.chars().all(is_blank)
}

/// Whether a cell shows a formula's error (`#REF!`, `#NAME?`, `#N/A`) or has no value yet (`Loading...`).
pub(super) fn is_formula_error(text: &str) -> bool {
    let error = text.starts_with('#')
        && !text.contains(char::is_whitespace)
        && (text.ends_with(['!', '?']) || matches!(text, "#N/A" | "#NV" | "#N/D"));
    error || is_loading(text)
}

/// What Sheets shows until an imported value arrives.
pub(super) fn is_loading(text: &str) -> bool {
    text.eq_ignore_ascii_case("loading...") || text.eq_ignore_ascii_case("loading…")
}

/// A cell's content for a message: quoted, escaped and cut short. Withheld where it may hold a key, be it this row's.
pub(super) fn shown(text: &str, key: &str) -> String {
    if text.is_empty() {
        return "a pair of quotes".to_owned();
    }
    let visible: String = text.chars().filter(|&c| !is_zero_width(c)).collect();
    if may_hold_a_key(&visible, key) {
        return "the content (not shown, it may be a key)".to_owned();
    }
    let cut = text.char_indices().nth(SHOWN).map_or(text.len(), |(end, _)| end);
    let more = if cut < text.len() { "..." } else { "" };
    format!("\"{}{more}\"", text[..cut].escape_debug())
}

fn may_hold_a_key(text: &str, key: &str) -> bool {
    let mut words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_+/=".contains(c)));
    words.any(|word| word.len() >= KEY_LIKE || word.to_ascii_lowercase().contains("sk-"))
        || (!key.is_empty() && text.contains(key))
}
