//! Numbers with a unit of measure, in one word or in two.

use super::here::Here;
use super::number::Number;
use super::said::Said;

/// Symbol, one, several. Symbols are matched in their case, since `MB` is not `Mb`.
const UNITS: &[(&str, &str, &str)] = &[
    ("B", "byte", "bytes"),
    ("kB", "kilobyte", "kilobytes"),
    ("KB", "kilobyte", "kilobytes"),
    ("kb", "kilobit", "kilobits"),
    ("MB", "megabyte", "megabytes"),
    ("Mb", "megabit", "megabits"),
    ("mb", "megabyte", "megabytes"),
    ("GB", "gigabyte", "gigabytes"),
    ("Gb", "gigabit", "gigabits"),
    ("gb", "gigabyte", "gigabytes"),
    ("TB", "terabyte", "terabytes"),
    ("PB", "petabyte", "petabytes"),
    ("KiB", "kibibyte", "kibibytes"),
    ("MiB", "mebibyte", "mebibytes"),
    ("GiB", "gibibyte", "gibibytes"),
    ("TiB", "tebibyte", "tebibytes"),
    ("bit", "bit", "bits"),
    ("kbit", "kilobit", "kilobits"),
    ("Mbit", "megabit", "megabits"),
    ("Gbit", "gigabit", "gigabits"),
    ("ns", "nanosecond", "nanoseconds"),
    ("us", "microsecond", "microseconds"),
    ("ms", "millisecond", "milliseconds"),
    ("s", "second", "seconds"),
    ("sec", "second", "seconds"),
    ("secs", "second", "seconds"),
    ("min", "minute", "minutes"),
    ("mins", "minute", "minutes"),
    ("h", "hour", "hours"),
    ("hr", "hour", "hours"),
    ("hrs", "hour", "hours"),
    ("d", "day", "days"),
    ("yr", "year", "years"),
    ("yrs", "year", "years"),
    ("nm", "nanometer", "nanometers"),
    ("mm", "millimeter", "millimeters"),
    ("cm", "centimeter", "centimeters"),
    ("m", "meter", "meters"),
    ("km", "kilometer", "kilometers"),
    ("ft", "foot", "feet"),
    ("mi", "mile", "miles"),
    ("m^2", "square meter", "square meters"),
    ("km^2", "square kilometer", "square kilometers"),
    ("m^3", "cubic meter", "cubic meters"),
    ("cm^3", "cubic centimeter", "cubic centimeters"),
    ("mg", "milligram", "milligrams"),
    ("g", "gram", "grams"),
    ("kg", "kilogram", "kilograms"),
    ("t", "ton", "tons"),
    ("lb", "pound", "pounds"),
    ("lbs", "pound", "pounds"),
    ("oz", "ounce", "ounces"),
    ("ml", "milliliter", "milliliters"),
    ("l", "liter", "liters"),
    ("L", "liter", "liters"),
    ("°", "degree", "degrees"),
    ("°C", "degree Celsius", "degrees Celsius"),
    ("°F", "degree Fahrenheit", "degrees Fahrenheit"),
    ("Hz", "hertz", "hertz"),
    ("kHz", "kilohertz", "kilohertz"),
    ("MHz", "megahertz", "megahertz"),
    ("GHz", "gigahertz", "gigahertz"),
    ("W", "watt", "watts"),
    ("kW", "kilowatt", "kilowatts"),
    ("MW", "megawatt", "megawatts"),
    ("kWh", "kilowatt hour", "kilowatt hours"),
    ("V", "volt", "volts"),
    ("mV", "millivolt", "millivolts"),
    ("mA", "milliamp", "milliamps"),
    ("dB", "decibel", "decibels"),
    ("kcal", "kilocalorie", "kilocalories"),
    ("px", "pixel", "pixels"),
    ("fps", "frame per second", "frames per second"),
    ("rpm", "revolution per minute", "revolutions per minute"),
    ("rps", "request per second", "requests per second"),
    ("qps", "query per second", "queries per second"),
    ("req", "request", "requests"),
    ("kbps", "kilobit per second", "kilobits per second"),
    ("Mbps", "megabit per second", "megabits per second"),
    ("Gbps", "gigabit per second", "gigabits per second"),
    ("mph", "mile per hour", "miles per hour"),
    ("kph", "kilometer per hour", "kilometers per hour"),
];

/// `5 GB`, `10ms`, `3km/h`, `1h30m`, `5-10 km`, `-20°C`.
pub(super) fn read(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let word = here.core();
    let (number, rest) = Number::parse(word)?;
    let (range, rest) = match rest.strip_prefix('-') {
        Some(end) => Number::parse(end).map(|(end, rest)| (Some(end), rest))?,
        None => (None, rest),
    };
    if rest.is_empty() {
        return in_two_words(here, number, range, said);
    }
    let amount = range.map_or_else(|| number.said(), |end| format!("{} to {}", number.said(), end.said()));
    let is_one = (number.is_one() && range.is_none()) || qualifies(here);
    if let Some(unit) = unit(rest, is_one) {
        said.words(&format!("{amount} {unit}"));
        return Some(1);
    }
    let all = several(word)?;
    said.words(&all);
    Some(1)
}

fn in_two_words(
    here: Here<'_>,
    number: Number<'_>,
    range: Option<Number<'_>>,
    said: &mut Said,
) -> Option<usize> {
    let unit = unit(here.next(), (number.is_one() && range.is_none()) || qualifies(here))?;
    said.words(&number.said());
    if let Some(end) = range {
        said.words("to");
        said.words(&end.said());
    }
    said.words(&unit);
    Some(2)
}

/// A length that says which thing it is stands in the singular: `a 16 GB machine`.
fn qualifies(here: Here<'_>) -> bool {
    ["a", "an", "A", "An"].contains(&here.before(1))
}

/// `1h30m` and `2min5s`: in a length of time, `m` is a minute.
fn several(word: &str) -> Option<String> {
    let mut said = Vec::new();
    let mut rest = word;
    while !rest.is_empty() {
        let (number, after) = Number::parse(rest)?;
        let end = after.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(after.len());
        let (symbol, after) = after.split_at(end);
        let symbol = if symbol == "m" { "min" } else { symbol };
        let name = of_time(symbol)?;
        said.push(format!("{} {name}{}", number.said(), if number.is_one() { "" } else { "s" }));
        rest = after;
    }
    (said.len() > 1).then(|| said.join(" "))
}

/// A unit, and what it is counted by: `MB/s`.
fn unit(symbol: &str, is_one: bool) -> Option<String> {
    let (symbol, per) = symbol.split_once('/').map_or((symbol, None), |(symbol, per)| (symbol, Some(per)));
    let (_, one, many) = UNITS.iter().find(|(known, ..)| *known == symbol)?;
    let unit = if is_one { one } else { many };
    match per {
        None => Some((*unit).to_owned()),
        Some(per) => {
            if let Some(per) = per.strip_suffix("^2").and_then(of_time) {
                return Some(format!("{unit} per {per} squared"));
            }
            let per = of_time(per)
                .or_else(|| UNITS.iter().find(|(known, ..)| *known == per).map(|(_, one, _)| *one))?;
            Some(format!("{unit} per {per}"))
        }
    }
}

/// One unit of time by its symbol or its name.
pub(super) fn of_time(symbol: &str) -> Option<&'static str> {
    Some(match symbol {
        "ms" => "millisecond",
        "s" | "sec" | "second" => "second",
        "min" | "minute" => "minute",
        "h" | "hr" | "hour" => "hour",
        "d" | "day" => "day",
        "wk" | "week" => "week",
        "mo" | "month" => "month",
        "y" | "yr" | "year" => "year",
        _ => return None,
    })
}
