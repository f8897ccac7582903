//! Sums of money.

use super::here::Here;
use super::number::Number;
use super::numbers::cardinal;
use super::said::Said;

/// A currency: its signs, one of it, several, and its hundredth.
struct Currency {
    signs: &'static [&'static str],
    one: &'static str,
    many: &'static str,
    cent: Option<(&'static str, &'static str)>,
}

const CURRENCIES: [Currency; 7] = [
    Currency { signs: &["US$"], one: "U S dollar", many: "U S dollars", cent: Some(("cent", "cents")) },
    Currency { signs: &["$", "USD"], one: "dollar", many: "dollars", cent: Some(("cent", "cents")) },
    Currency { signs: &["€", "EUR"], one: "euro", many: "euros", cent: Some(("cent", "cents")) },
    Currency { signs: &["£", "GBP"], one: "pound", many: "pounds", cent: Some(("penny", "pence")) },
    Currency { signs: &["¥", "JPY"], one: "yen", many: "yen", cent: None },
    Currency { signs: &["₹", "INR"], one: "rupee", many: "rupees", cent: None },
    Currency { signs: &["CHF"], one: "franc", many: "francs", cent: None },
];

pub(super) fn read(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let word = here.core();
    if let Some(amount) = word.strip_suffix('¢').and_then(Number::all) {
        said.words(&amount.said());
        said.words(if amount.is_one() { "cent" } else { "cents" });
        return Some(1);
    }
    before(here, word, said).or_else(|| code_before(here, said)).or_else(|| behind(here, word, said))
}

/// `$5.99`, `-$5`, `€20m`, `$5-10`, `$5 million`, `$5/month`.
fn before(here: Here<'_>, word: &str, said: &mut Said) -> Option<usize> {
    let unsigned = word.strip_prefix('-');
    let (currency, amount) = strip_sign(unsigned.unwrap_or(word))?;
    let (number, rest) = Number::parse(amount)?;
    let minus = unsigned.is_some();
    if let Some((begin, end)) = rest.split_once('-') {
        let (end, rest) = Number::parse(strip_sign(end).map_or(end, |(_, end)| end))?;
        let (begin, end) = (number.said() + scale(begin)?, end.said() + scale(rest)?);
        said.words(&format!("{begin} to {end} {}", currency.many));
        return Some(1);
    }
    let (rest, per) = rest.split_once('/').map_or((rest, None), |(rest, per)| (rest, Some(per)));
    let scale = scale(rest)?;
    if per.is_some_and(|per| per.is_empty() || !per.bytes().all(|letter| letter.is_ascii_alphabetic())) {
        return None;
    }
    if minus {
        said.words("minus");
    }
    let taken = if scale.is_empty() {
        amount_said(here, number, currency, said)
    } else {
        said.words(&format!("{}{scale} {}", number.said(), currency.many));
        1
    };
    if let Some(per) = per {
        said.words("per");
        super::names::say(super::units::of_time(per).unwrap_or(per), here.lexicons, said);
    }
    Some(taken)
}

/// An amount without a scale in its word: the next word may bring one.
fn amount_said(here: Here<'_>, number: Number<'_>, currency: &Currency, said: &mut Said) -> usize {
    let next = here.next();
    if ["thousand", "million", "billion", "trillion"].contains(&next) {
        said.words(&format!("{} {next} {}", number.said(), currency.many));
        return 2;
    }
    // A price that says which thing it is stands in the singular: `a $5 fee`.
    let qualifies =
        ["a", "an", "A", "An"].contains(&here.before(1)) && !next.is_empty() && number.parts().1.is_none();
    if qualifies {
        said.words(&format!("{} {}", number.said(), currency.one));
    } else {
        said.words(&sum(number, currency));
    }
    1
}

/// `5.99` as `five dollars and ninety nine cents`.
fn sum(number: Number<'_>, currency: &Currency) -> String {
    let (whole, fraction) = number.parts();
    let hundredths = fraction.filter(|fraction| fraction.len() == 2 && whole.len() < 16);
    let (Some((cent, cents)), Some(Ok(hundredths))) = (currency.cent, hundredths.map(str::parse::<u64>))
    else {
        let unit = if number.is_one() { currency.one } else { currency.many };
        return format!("{} {unit}", number.said());
    };
    let whole: u64 = whole.parse().unwrap_or(0);
    let small = format!("{} {}", cardinal(hundredths), if hundredths == 1 { cent } else { cents });
    let large = format!("{} {}", cardinal(whole), if whole == 1 { currency.one } else { currency.many });
    let minus = if number.is_negative() { "minus " } else { "" };
    match (whole, hundredths) {
        (0, 1..) => format!("{minus}{small}"),
        (_, 0) => format!("{minus}{large}"),
        _ => format!("{minus}{large} and {small}"),
    }
}

/// `EUR 20`.
fn code_before(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let currency = CURRENCIES.iter().find(|currency| currency.signs[1..].contains(&here.core()))?;
    let number = Number::all(here.next())?;
    said.words(&sum(number, currency));
    Some(2)
}

/// `5€`, `5 €`, `20 USD`.
fn behind(here: Here<'_>, word: &str, said: &mut Said) -> Option<usize> {
    let (number, rest) = Number::parse(word)?;
    let (sign, taken) = if rest.is_empty() { (here.next(), 2) } else { (rest, 1) };
    let currency = CURRENCIES.iter().find(|currency| currency.signs.contains(&sign))?;
    said.words(&sum(number, currency));
    Some(taken)
}

fn strip_sign(word: &str) -> Option<(&'static Currency, &str)> {
    CURRENCIES.iter().find_map(|currency| {
        let sign = currency.signs.iter().find(|sign| word.starts_with(**sign))?;
        Some((currency, &word[sign.len()..]))
    })
}

/// What is written right behind a sum: `k`, `m`, `bn`.
fn scale(letters: &str) -> Option<&'static str> {
    match letters {
        "" => Some(""),
        "k" | "K" => Some(" thousand"),
        "m" | "M" | "mn" | "mm" => Some(" million"),
        "b" | "B" | "bn" => Some(" billion"),
        "t" | "T" | "tn" => Some(" trillion"),
        _ => None,
    }
}
