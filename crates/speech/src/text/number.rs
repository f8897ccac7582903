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
        let (whole, rest) = text.split_at(end);
        let fraction = rest
            .strip_prefix('.')
            .map(|rest| rest.split_at(run(rest)))
            .filter(|(digits, _)| !digits.is_empty());
        let (fraction, rest) = fraction.map_or((None, rest), |(digits, rest)| (Some(digits), rest));
        (!whole.is_empty() || fraction.is_some()).then_some((Self { sign, whole, fraction }, rest))
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
        (self.whole.replace(',', ""), self.fraction)
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
        let whole =
            if self.whole.is_empty() { String::new() } else { whole(&self.whole.replace(',', "")) + " " };
        let fraction =
            self.fraction.map(|fraction| format!("point {}", digits(fraction))).unwrap_or_default();
        format!("{sign}{whole}{fraction}").trim_end().to_owned()
    }
}

/// How many digits the text begins with.
fn run(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}
