//! One character in ASCII, by its letter or by its name. What has neither here cannot be spoken.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Signs beyond ASCII that stay, until it is known which number they belong to.
pub(super) const KEPT: &str = "€£¥₹¢°";

/// Appends the character, or its name between spaces; `false` if it has no sound and is left out.
pub(super) fn fold(letter: char, out: &mut String) -> bool {
    if letter.is_control() || letter.is_whitespace() {
        out.push(' ');
    } else if letter.is_ascii() || KEPT.contains(letter) {
        out.push(letter);
    } else if let Some((_, name)) = NAMED.iter().find(|(letters, _)| letters.contains(letter)) {
        out.push_str(name);
    } else {
        // Accents stand apart from their letter after decomposition, and may have come so.
        let parts = || std::iter::once(letter).nfkd().filter(|part| !is_combining_mark(*part));
        if !parts().all(|part| part.is_ascii() || KEPT.contains(part)) {
            out.push(' ');
            return false;
        }
        out.extend(parts());
    }
    true
}

/// Characters with a name, or with none that matters, before decomposition would change them.
const NAMED: &[(&str, &str)] = &[
    // Invisible: joiners, direction and variation marks, skin tones, the soft hyphen, the byte order mark.
    ("\u{ad}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2060}\u{feff}\u{fe0e}\u{fe0f}™®¿¡", ""),
    ("\u{1f3fb}\u{1f3fc}\u{1f3fd}\u{1f3fe}\u{1f3ff}", ""),
    ("‘’‚′ʼ", "'"),
    ("“”„«»″", "\""),
    ("—―", " - "),
    // Between numbers it is a range, between spaces a pause; the tokens tell.
    ("–‐‑−", "-"),
    ("…", "... "),
    ("•·▪", " "),
    ("×", " times "),
    ("÷", " divided by "),
    ("±", " plus or minus "),
    ("≤", " at most "),
    ("≥", " at least "),
    ("≠", " is not "),
    ("≈", " about "),
    ("→⇒", " to "),
    ("←⇐", " from "),
    ("√", " square root of "),
    ("∞", " infinity "),
    ("§", " section "),
    ("©", " copyright "),
    ("№", " number "),
    ("℃", "°C"),
    ("℉", "°F"),
    ("⁄", "/"),
    ("²", "^2"),
    ("³", "^3"),
    ("½", " 1/2"),
    ("⅓", " 1/3"),
    ("⅔", " 2/3"),
    ("¼", " 1/4"),
    ("¾", " 3/4"),
    ("⅛", " 1/8"),
    ("µμ", "u"),
    ("Ω", " ohms "),
    ("π", " pi "),
    ("ß", "ss"),
    ("æ", "ae"),
    ("Æ", "Ae"),
    ("œ", "oe"),
    ("Œ", "Oe"),
    ("ø", "o"),
    ("Ø", "O"),
    ("ł", "l"),
    ("Ł", "L"),
    ("đð", "d"),
    ("ĐÐ", "D"),
    ("þ", "th"),
    ("Þ", "Th"),
    ("ı", "i"),
];
