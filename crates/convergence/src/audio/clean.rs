//! Written text to words that an English voice can read: plain ASCII, one space between words, no marks.
//!
//! Marks of writing (Markdown, brackets, control characters) go; what has a name in speech gets it (`&`, URLs,
//! dates); accents fold to their letter. What remains outside ASCII, such as another script or an emoji, cannot
//! be spoken: it is left out and counted, so that nobody is told that all was said.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Text for a voice.
pub(super) struct Cleaned {
    pub(super) text: String,
    /// Characters that have no sound here.
    pub(super) left_out: usize,
}

impl Cleaned {
    /// Whether there is anything to say.
    pub(super) fn is_speakable(&self) -> bool {
        self.text.contains(|letter: char| letter.is_ascii_alphanumeric())
    }

    /// What to tell the client about this text, called `name`.
    pub(super) fn warning(&self, name: &str) -> Option<String> {
        let count = self.left_out;
        (count > 0)
            .then(|| format!("{name}: {count} character(s) that an English voice cannot speak were left out"))
    }
}

/// Cleans a text for speech.
pub(super) fn clean(raw: &str) -> Cleaned {
    let mut left_out = 0;
    let plain: String = without_layout(raw).chars().map(|letter| fold(letter, &mut left_out)).collect();
    let said: String = plain.split_whitespace().flat_map(|word| [say(word), " ".to_owned()]).collect();
    let mut text = String::with_capacity(said.len());
    for word in said.split_whitespace() {
        // A pause belongs to the word before it; a second one, or one at the start, is none.
        let is_pause = word.chars().all(|letter| ".,;:!?".contains(letter));
        if is_pause && !text.ends_with(char::is_alphanumeric) {
            continue;
        }
        if !is_pause && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    Cleaned { text, left_out }
}

/// Cuts a text of one-byte characters into pieces of at most `limit` for voices that take only so much: at the
/// end of a sentence, else at a comma, else between words, and only a word longer than that is broken.
pub(super) fn pieces(text: &str, limit: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while rest.len() > limit {
        // One more than the limit, since the space after the piece does not count.
        let window = &rest[..=limit];
        let after = |mark: &str| window.rfind(mark).map(|at| at + mark.len());
        let cut = [". ", "? ", "! "].into_iter().filter_map(after).max();
        let cut = cut.or_else(|| [", ", "; ", ": "].into_iter().filter_map(after).max());
        let (piece, tail) = rest.split_at(cut.or_else(|| after(" ")).unwrap_or(limit));
        pieces.push(piece.trim_end());
        rest = tail.trim_start();
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

/// Joins the lines of a text. Headings, bullets and paragraphs become sentences; Markdown links become their text.
fn without_layout(raw: &str) -> String {
    let mut joined = String::with_capacity(raw.len());
    let mut ends = false;
    for line in raw.lines().map(str::trim) {
        let content = line.trim_start_matches(['#', '>', '`', '~', '=', '|']).trim_start();
        let is_fence = line.starts_with("```") || line.starts_with("~~~");
        let content =
            ["- ", "* ", "+ ", "• "].iter().find_map(|mark| content.strip_prefix(mark)).unwrap_or(content);
        let is_block = content.len() < line.len() && !line.starts_with('`');
        let is_rule = content.chars().all(|mark| "-*_=`~| ".contains(mark));
        ends |= is_block || is_rule || is_fence;
        if is_rule || is_fence {
            continue;
        }
        if ends && !joined.is_empty() && !joined.ends_with(['.', '!', '?', ',', ';', ':']) {
            joined.push('.');
        }
        joined.push('\n');
        push_without_links(content, &mut joined);
        ends = is_block;
    }
    joined
}

/// `[text](target)` and `![text](target)` become `text`: a reader reads what is shown.
fn push_without_links(mut line: &str, out: &mut String) {
    while let Some((before, text, after)) = next_link(line) {
        out.push_str(before.strip_suffix('!').unwrap_or(before));
        out.push_str(text);
        line = after;
    }
    out.push_str(line);
}

fn next_link(line: &str) -> Option<(&str, &str, &str)> {
    let (head, tail) = line.split_once("](")?;
    let (before, text) = head.rsplit_once('[')?;
    let (_, after) = tail.split_once(')')?;
    Some((before, text, after))
}

/// One character in ASCII, or nothing and one more left out.
fn fold(letter: char, left_out: &mut usize) -> String {
    if letter.is_control() || letter.is_whitespace() {
        return " ".to_owned();
    }
    // The signs of money stay until it is known which number they belong to.
    if letter.is_ascii() || "€£¥".contains(letter) {
        return letter.to_string();
    }
    if let Some((_, name)) = NAMED.iter().find(|(letters, _)| letters.contains(letter)) {
        return (*name).to_owned();
    }
    // Accents stand apart from their letter after decomposition, and may have come so.
    let parts = || std::iter::once(letter).nfkd().filter(|part| !is_combining_mark(*part));
    if parts().all(|part| part.is_ascii()) {
        return parts().collect();
    }
    *left_out += 1;
    " ".to_owned()
}

/// Characters with a name, or with none that matters, before decomposition would change them.
const NAMED: &[(&str, &str)] = &[
    // Invisible: joiners, direction and variation marks, the soft hyphen, the byte order mark.
    ("\u{ad}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2060}\u{feff}\u{fe0e}\u{fe0f}", ""),
    ("‘’‚′ʼ", "'"),
    ("“”„«»″", "\""),
    ("–—―", " - "),
    ("‐‑−", "-"),
    ("…", "... "),
    ("•·▪", " "),
    ("×", " times "),
    ("÷", " divided by "),
    ("±", " plus or minus "),
    ("≤", " at most "),
    ("≥", " at least "),
    ("≠", " is not "),
    ("≈", " about "),
    ("→", " to "),
    ("°", " degrees "),
    ("§", " section "),
    ("⁄", "/"),
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

/// What is said for one written word, with at most one mark of punctuation at its end.
fn say(word: &str) -> String {
    if let Some((_, name)) = ALONE.iter().find(|(sign, _)| *sign == word) {
        return (*name).to_owned();
    }
    let core = word.trim_start_matches(['"', '\'', '(', '[', '{', '<', '*', '_', '`', '~']);
    let (core, tail) = core.split_at(core.trim_end_matches(|mark| ".,!?;:)]}>\"'*_`~".contains(mark)).len());
    let pause = "?!.;:,".chars().find(|mark| tail.contains(*mark)).map(String::from).unwrap_or_default();
    let said = if is_address(core) {
        say_address(core)
    } else {
        say_date(core)
            .or_else(|| say_money(core))
            .or_else(|| say_initials(core))
            .unwrap_or_else(|| say_signs(core))
    };
    said.trim_end().to_owned() + &pause
}

/// Signs that stand between spaces.
const ALONE: &[(&str, &str)] = &[
    ("-", ","),
    ("--", ","),
    ("---", ","),
    ("*", "times"),
    ("<", "less than"),
    (">", "greater than"),
    ("/", "or"),
];

/// A URL, a mail address, or a host with a path.
fn is_address(word: &str) -> bool {
    let has_domain = |part: &str| {
        let labels = part.rsplit_once('.');
        labels.is_some_and(|(name, top)| {
            !name.is_empty() && top.len() > 1 && top.bytes().all(|byte| byte.is_ascii_lowercase())
        })
    };
    word.contains("://")
        || word.starts_with("www.")
        || word.split_once('@').is_some_and(|(user, host)| !user.is_empty() && has_domain(host))
        || word.split_once('/').is_some_and(|(host, _)| has_domain(host))
}

/// An address read aloud in full, without its scheme and `www`.
fn say_address(address: &str) -> String {
    let bare = address.split_once("://").map_or(address, |(_, rest)| rest);
    let bare = bare.strip_prefix("www.").unwrap_or(bare).trim_end_matches('/');
    let mut said = String::with_capacity(bare.len() * 2);
    for letter in bare.chars() {
        match ADDRESS.iter().find(|(sign, _)| *sign == letter) {
            Some((_, name)) => said.extend([" ", name, " "]),
            None if letter.is_ascii_alphanumeric() => said.push(letter),
            None => said.push(' '),
        }
    }
    said
}

const ADDRESS: &[(char, &str)] = &[
    ('.', "dot"),
    ('/', "slash"),
    (':', "port"),
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

/// `2026-11-22` as `November 22, 2026`.
fn say_date(word: &str) -> Option<String> {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let parts: Vec<&str> = word.split('-').collect();
    let [year, month, day] = parts[..] else { return None };
    let is_number =
        |text: &str, digits| text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    if !(is_number(year, 4) && is_number(month, 2) && is_number(day, 2)) {
        return None;
    }
    let name = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
    Some(format!("{name} {}, {year}", day.parse::<u8>().ok()?))
}

/// `€6` as `6 euros`. Dollars are left to the voice, which knows them.
fn say_money(word: &str) -> Option<String> {
    let (_, name, amount) = [('€', "euros"), ('£', "pounds"), ('¥', "yen")]
        .into_iter()
        .find_map(|(sign, name)| Some((sign, name, word.strip_prefix(sign)?)))?;
    amount.starts_with(|digit: char| digit.is_ascii_digit()).then(|| format!("{} {name}", say_signs(amount)))
}

/// `API` as `A P I` and `APIs` as `A P I's`: Flite would read it as a word.
fn say_initials(word: &str) -> Option<String> {
    let (letters, plural) = word.strip_suffix('s').map_or((word, ""), |letters| (letters, "'s"));
    let spaced = || letters.chars().map(String::from).collect::<Vec<_>>().join(" ");
    INITIALS.contains(&letters).then(|| spaced() + plural)
}

/// Capitals that Flite reads as a word, alone or in the plural. `IT` and `US` are not here: they may be shouted words.
const INITIALS: &[&str] = &[
    "AI", "API", "AWS", "BI", "CEO", "CI", "CLI", "CPU", "CTO", "DIY", "DOI", "EU", "FAQ", "GPU", "GUI",
    "IDE", "IO", "IOT", "IP", "OS", "PR", "QA", "SEO", "SLA", "SQL", "UI", "UK", "UN", "URI", "URL", "USA",
    "USB", "UX", "VIP", "VPN",
];

/// The signs inside a word by their names, and its parts as words: `snake_case`, `camelCase`, `Node.js`, `C++`.
fn say_signs(word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    let is_version = word.trim_start_matches('v').split('.').count() > 2
        && word
            .trim_start_matches('v')
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let mut said = String::with_capacity(word.len() + 8);
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map_or(' ', |before| letters[before]);
        let after = letters.get(at + 1).copied().unwrap_or(' ');
        let between_digits = before.is_ascii_digit() && after.is_ascii_digit();
        match letter {
            '.' if after == '.' => {}
            '.' if before == '.' => said.push_str(". "),
            '.' if is_version || is_dot(&letters, at) => said.push_str(" dot "),
            '.' if before.is_ascii_lowercase() && after.is_ascii_uppercase() => said.push_str(". "),
            '-' if !after.is_alphanumeric() => said.push_str(", "),
            '.' | '\'' | '-' => said.push(letter),
            ',' | ':' | '/' if between_digits => said.push(letter),
            ',' | ';' | ':' | '!' | '?' => said.extend([letter, ' ']),
            '*' if between_digits => said.push_str(" times "),
            '&' => said.push_str(" and "),
            '+' => said.push_str(" plus "),
            '=' => said.push_str(" equals "),
            '@' => said.push_str(" at "),
            '%' => said.push_str(" percent "),
            '#' if after.is_ascii_digit() => said.push_str(" number "),
            '#' if before.is_ascii_alphabetic() => said.push_str(" sharp "),
            '$' if after.is_ascii_digit() => said.push('$'),
            '$' => said.push_str(" dollar "),
            '€' => said.push_str(" euros "),
            '£' => said.push_str(" pounds "),
            '¥' => said.push_str(" yen "),
            _ if !letter.is_ascii_alphanumeric() => said.push(' '),
            _ if before.is_ascii_lowercase() && letter.is_ascii_uppercase() => said.extend([' ', letter]),
            _ => said.push(letter),
        }
    }
    said
}

/// Whether the `.` at `at` is spoken, as in `Node.js`, and not part of `e.g.` or of `3.5`.
fn is_dot(letters: &[char], at: usize) -> bool {
    let is_part = |letter: &&char| letter.is_ascii_alphanumeric();
    let before = letters[..at].iter().rev().take_while(is_part).count();
    let after = letters[at + 1..].iter().take_while(is_part).count();
    let next = letters.get(at + 1).copied().unwrap_or(' ');
    before != 1 && after > 1 && (next.is_ascii_lowercase() || (at == 0 && next.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests;
