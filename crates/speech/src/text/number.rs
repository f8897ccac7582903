//! A number as it is written, at the beginning of a word: `-1,234.5`.

use super::numbers::{digits, whole};

/// A number, not yet in words.
#[derive(Clone, Copy)]
pub(super) struct Number<'a> {
    /// `-` or `+` before it.
    sign: Option<char>,
    /// The digits before the point, with their commas; may be empty before a fraction.
    whole: &'a str,
    /// The digits after the point.
    fraction: Option<&'a str>,
    /// A comma stands for the point, as in most of Europe.
    has_comma: bool,
}

impl<'a> Number<'a> {
    /// The number at the beginning of `text`, and what follows it.
    pub(super) fn parse(text: &'a str) -> Option<(Self, &'a str)> {
        let sign = text.chars().next().filter(|sign| "+-".contains(*sign));
        let text = &text[sign.map_or(0, char::len_utf8)..];
        let mut end = run(text);
        // Commas count only where each has three digits after it, and one to three before the first.
        if (1..=3).contains(&end) {
            while text[end..].starts_with(',') && run(&text[end + 1..]) == 3 {
                end += 4;
            }
        }
        if let Some((whole, fraction, rest)) = with_comma(text, run(text)) {
            return Some((Self { sign, whole, fraction: Some(fraction), has_comma: true }, rest));
        }
        let (whole, rest) = text.split_at(end);
        let fraction = rest
            .strip_prefix('.')
            .map(|rest| rest.split_at(run(rest)))
            .filter(|(digits, _)| !digits.is_empty());
        let (fraction, rest) = fraction.map_or((None, rest), |(digits, rest)| (Some(digits), rest));
        let number = Self { sign, whole, fraction, has_comma: false };
        (!whole.is_empty() || fraction.is_some()).then_some((number, rest))
    }

    /// Whether it could be two numbers as well, as in `pages 3,5`, as long as nothing is known of what is counted.
    pub(super) fn may_be_two(&self) -> bool {
        self.has_comma && !self.whole.contains('.')
    }

    /// The number that is all of `text`.
    pub(super) fn all(text: &'a str) -> Option<Self> {
        Self::parse(text).filter(|(_, rest)| rest.is_empty()).map(|(number, _)| number)
    }

    /// Whether a thing that is counted stands in the singular.
    pub(super) fn is_one(&self) -> bool {
        (self.whole, self.fraction) == ("1", None)
    }

    /// Its value if it is just digits: no sign, no comma, no fraction, no zero at the front.
    pub(super) fn plain(&self) -> Option<u64> {
        let is_plain = self.sign.is_none() && self.fraction.is_none() && !self.whole.contains(',');
        let is_plain = is_plain && (self.whole == "0" || !self.whole.starts_with('0'));
        if is_plain && self.whole.len() <= 18 { self.whole.parse().ok() } else { None }
    }

    /// How many digits stand before the point.
    pub(super) fn length(&self) -> usize {
        self.whole.len()
    }

    /// The digits before and after the point.
    pub(super) fn parts(&self) -> (String, Option<&'a str>) {
        (self.digits(), self.fraction)
    }

    /// Those before the point alone.
    fn digits(&self) -> String {
        self.whole.replace([',', '.'], "")
    }

    pub(super) fn is_negative(&self) -> bool {
        self.sign == Some('-')
    }

    /// In words.
    pub(super) fn said(&self) -> String {
        let sign = match self.sign {
            Some('-') => "minus ",
            Some(_) => "plus ",
            None => "",
        };
        let whole = if self.whole.is_empty() { String::new() } else { whole(&self.digits()) + " " };
        let fraction =
            self.fraction.map(|fraction| format!("point {}", digits(fraction))).unwrap_or_default();
        format!("{sign}{whole}{fraction}").trim_end().to_owned()
    }
}

/// A number with a decimal comma, and what follows it: `3,5` or `1.234,56`. With three digits after the comma and no point before
/// it, the comma is one of thousands. `first` is how many digits it begins with.
fn with_comma(text: &str, first: usize) -> Option<(&str, &str, &str)> {
    let mut end = first;
    while (1..=3).contains(&first) && text[end..].starts_with('.') && run(&text[end + 1..]) == 3 {
        end += 4;
    }
    let has_points = end > first;
    let after = text[end..].strip_prefix(',')?;
    let digits = run(after);
    let (fraction, rest) = after.split_at(digits);
    let is_list = rest.strip_prefix([',', '.']).is_some_and(|next| run(next) > 0);
    let fits = first > 0 && digits > 0 && (digits != 3 || has_points) && !is_list;
    fits.then(|| (&text[..end], fraction, rest))
}

/// How many digits the text begins with.
fn run(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}
