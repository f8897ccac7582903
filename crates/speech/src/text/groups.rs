//! Long numbers with spaces between their digits, as in `1 000 000`.

use std::borrow::Cow;

/// Spaces at which no line is broken: nobody writes them between two numbers.
const UNBROKEN: [char; 3] = ['\u{a0}', '\u{202f}', '\u{2009}'];

/// A text in which such numbers have commas, or full stops where a comma and a fraction come after them. Only where it must be one
/// number: its spaces are unbroken, a group of three digits begins with a zero, or there are several after a single digit.
pub(super) fn joined(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(digit) = text[at..].find(|next: char| next.is_ascii_digit()) {
        let start = at + digit;
        let free = may_begin(&text[..start]);
        match number(&text[start..]).filter(|_| free) {
            Some((length, joined)) => {
                out.push_str(&text[copied..start]);
                out.push_str(&joined);
                at = start + length;
                copied = at;
            }
            None => at = start + run(&text[start..]),
        }
    }
    if copied == 0 { text.into() } else { (out + &text[copied..]).into() }
}

/// Whether a number may begin behind this: what belongs to it otherwise is read by others.
fn may_begin(before: &str) -> bool {
    let mut last = before.chars().rev();
    match last.next() {
        None => true,
        Some(space) if space.is_whitespace() => !last.next().is_some_and(|letter| letter.is_ascii_digit()),
        Some(letter) => "(\"'-€$£~<>=".contains(letter),
    }
}

/// The length of the number with spaces that a text begins with, and how else it is written.
fn number(text: &str) -> Option<(usize, String)> {
    let first = run(text);
    if !(1..=3).contains(&first) || text.starts_with('0') {
        return None;
    }
    let (mut groups, mut end, mut is_one) = (vec![&text[..first]], first, false);
    while let Some((space, digits)) = group(&text[end..]) {
        is_one |= UNBROKEN.contains(&space) || digits.starts_with('0');
        end += space.len_utf8() + digits.len();
        groups.push(digits);
    }
    is_one |= first == 1 && groups.len() > 2;
    let mut after = text[end..].chars();
    let (next, second) = (after.next().unwrap_or(' '), after.next().unwrap_or(' '));
    let goes_on = "-/:".contains(next) || (next.is_whitespace() && second.is_ascii_digit());
    if groups.len() == 1 || !is_one || goes_on || next.is_ascii_digit() {
        return None;
    }
    let has_fraction = next == ',' && second.is_ascii_digit();
    Some((end, groups.join(if has_fraction { "." } else { "," })))
}

/// A space and three digits after it.
fn group(text: &str) -> Option<(char, &str)> {
    let space = text.chars().next().filter(|space| *space == ' ' || UNBROKEN.contains(space))?;
    let digits = &text[space.len_utf8()..];
    (run(digits) == 3).then(|| (space, &digits[..3]))
}

/// How many digits the text begins with.
fn run(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}
