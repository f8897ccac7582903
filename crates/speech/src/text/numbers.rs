//! Numbers in words, as Americans say them: no *and*, no hyphens.
//!
//! Our own, since each of the libraries looked at is a single release of one author, and none knows years,
//! fractions, or the numbers within names.

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: [(u64, &str); 5] = [
    (1_000_000_000_000_000, "quadrillion"),
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1_000, "thousand"),
];

/// How many.
pub(super) fn cardinal(number: u64) -> String {
    if let Some((scale, name)) = SCALES.iter().find(|(scale, _)| number >= *scale) {
        return and_rest(format!("{} {name}", cardinal(number / scale)), number % scale);
    }
    match number {
        0..20 => SMALL[small(number)].to_owned(),
        20..100 => and_rest(TENS[small(number / 10)].to_owned(), number % 10),
        _ => and_rest(format!("{} hundred", SMALL[small(number / 100)]), number % 100),
    }
}

fn and_rest(said: String, rest: u64) -> String {
    if rest == 0 { said } else { format!("{said} {}", cardinal(rest)) }
}

/// Which one.
pub(super) fn ordinal(number: u64) -> String {
    const IRREGULAR: [(&str, &str); 7] = [
        ("one", "first"),
        ("two", "second"),
        ("three", "third"),
        ("five", "fifth"),
        ("eight", "eighth"),
        ("nine", "ninth"),
        ("twelve", "twelfth"),
    ];
    let cardinal = cardinal(number);
    let (before, last) =
        cardinal.rsplit_once(' ').map_or(("", cardinal.as_str()), |(before, last)| (before, last));
    let irregular =
        IRREGULAR.iter().find(|(number, _)| *number == last).map(|(_, ordinal)| (*ordinal).to_owned());
    let last = irregular.unwrap_or_else(|| match last.strip_suffix('y') {
        Some(stem) => format!("{stem}ieth"),
        None => format!("{last}th"),
    });
    format!("{before} {last}").trim_start().to_owned()
}

/// A year of four digits, in two pairs: `nineteen oh five`, `two thousand five`, `twenty twenty six`.
pub(super) fn year(year: u64) -> String {
    let (century, rest) = (year / 100, year % 100);
    match (century, rest) {
        _ if century % 10 == 0 && rest < 10 => cardinal(year),
        (_, 0) => format!("{} hundred", cardinal(century)),
        (_, 1..10) => format!("{} oh {}", cardinal(century), cardinal(rest)),
        _ => format!("{} {}", cardinal(century), cardinal(rest)),
    }
}

/// Several of a number: `ninety` to `nineties`, `six` to `sixes`.
pub(super) fn plural(said: &str) -> String {
    match said.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if said.ends_with('x') => format!("{said}es"),
        None => format!("{said}s"),
    }
}

/// Digit by digit. Anything else in it is passed over.
pub(super) fn digits(text: &str) -> String {
    let digits = text.bytes().filter(u8::is_ascii_digit).map(|digit| SMALL[usize::from(digit - b'0')]);
    digits.collect::<Vec<_>>().join(" ")
}

/// The digits of a whole number; those that are too many, or begin with a zero, one by one.
pub(super) fn whole(text: &str) -> String {
    let is_name = text.len() > 1 && text.starts_with('0');
    match text.parse() {
        Ok(number) if !is_name && text.len() <= 18 => cardinal(number),
        _ => digits(text),
    }
}

/// Digits within a name, as in `SHA256` or `port 8080`: `two fifty six`, `eighty eighty`, `four oh four`.
pub(super) fn code(text: &str) -> String {
    let number: u64 = match text.parse() {
        Ok(number) if text.len() <= 4 && !(text.len() > 1 && text.starts_with('0')) => number,
        _ => return digits(text),
    };
    match number {
        0..100 => cardinal(number),
        _ if number.is_multiple_of(1_000) || (number < 1_000 && number.is_multiple_of(100)) => {
            cardinal(number)
        }
        _ => year_like(number),
    }
}

fn year_like(number: u64) -> String {
    let (first, rest) = (cardinal(number / 100), number % 100);
    match rest {
        0 => format!("{first} hundred"),
        1..10 => format!("{first} oh {}", cardinal(rest)),
        _ => format!("{first} {}", cardinal(rest)),
    }
}

fn small(number: u64) -> usize {
    usize::try_from(number).expect("less than a hundred")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_they_are_said() {
        for (number, said) in [
            (0, "zero"),
            (13, "thirteen"),
            (21, "twenty one"),
            (100, "one hundred"),
            (1_234, "one thousand two hundred thirty four"),
            (1_000_001, "one million one"),
            (2_000_000_000_000, "two trillion"),
        ] {
            assert_eq!(cardinal(number), said);
        }
        for (number, said) in [
            (1, "first"),
            (12, "twelfth"),
            (20, "twentieth"),
            (101, "one hundred first"),
            (1_000, "one thousandth"),
        ] {
            assert_eq!(ordinal(number), said);
        }
        for (number, said) in [
            (1066, "ten sixty six"),
            (1900, "nineteen hundred"),
            (1905, "nineteen oh five"),
            (2000, "two thousand"),
            (2005, "two thousand five"),
            (2026, "twenty twenty six"),
        ] {
            assert_eq!(year(number), said);
        }
        for (text, said) in [
            ("8", "eight"),
            ("007", "zero zero seven"),
            ("404", "four oh four"),
            ("500", "five hundred"),
            ("8080", "eighty eighty"),
            ("3000", "three thousand"),
            ("2048", "twenty forty eight"),
            ("12345", "one two three four five"),
        ] {
            assert_eq!(code(text), said);
        }
    }
}
