//! Capitals: said as a word, or letter by letter.

use super::here::Here;
use super::said::Said;

/// A word in capitals, alone or in the plural. Of words that are shouted the letters are not told.
pub(super) fn read(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let word = here.core();
    let (stem, _) = split(word);
    let is_capitals = |word: &str| word.len() > 1 && word.bytes().all(|letter| letter.is_ascii_uppercase());
    if !is_capitals(stem) {
        return say(word, said).then_some(1);
    }
    let shouted = |word: &str| is_capitals(word) && !SPELLED.contains(&word) && !has_no_vowel(word);
    // What nobody can say is spelled, however loud its neighbours are.
    let among_shouts = !has_no_vowel(stem) && (shouted(here.before(1)) || shouted(here.next()));
    let is_shouted = SHOUTED.contains(&stem) || among_shouts;
    if (is_shouted || AMBIGUOUS.contains(&stem)) && !SPELLED.contains(&stem) && !WORDS.contains(&stem) {
        let spelled = AMBIGUOUS.contains(&stem) && !shouted(here.before(1)) && !shouted(here.next());
        if spelled {
            said.letters(stem, "");
        } else {
            said.words(&word.to_ascii_lowercase());
        }
        return Some(1);
    }
    say(word, said).then_some(1)
}

/// Says a word that is an acronym by itself, in any case if it is a known one, and tells whether it is.
pub(super) fn say(word: &str, said: &mut Said) -> bool {
    let (stem, ending) = split(word);
    let upper = stem.to_ascii_uppercase();
    let is_capitals = stem.len() > 1 && stem.bytes().all(|letter| letter.is_ascii_uppercase());
    let is_small = stem.bytes().all(|letter| letter.is_ascii_lowercase()) && ending != "s";
    if SPELLED.contains(&upper.as_str()) && (is_capitals || is_small || stem.len() > 2) && is_one_case(stem) {
        said.letters(stem, if ending.is_empty() { "" } else { "'s" });
        return true;
    }
    if !is_capitals {
        return false;
    }
    let is_word = WORDS.contains(&stem) || SHOUTED.contains(&stem) || (stem.len() > 3 && !has_no_vowel(stem));
    match is_word {
        true if WORDS.contains(&stem) => said.words(word),
        true => said.words(&word.to_ascii_lowercase()),
        false => said.letters(stem, if ending.is_empty() { "" } else { "'s" }),
    }
    true
}

/// `APIs` and `API's` are several of `API`, or its own; both sound alike, and so does `APIS`.
fn split(word: &str) -> (&str, &str) {
    let shouted = word.strip_suffix('S').filter(|stem| stem.len() > 2 && SPELLED.contains(stem));
    if let Some(stem) = shouted.filter(|_| !SPELLED.contains(&word)) {
        return (stem, "S");
    }
    let split = |ending| Some((word.strip_suffix(ending)?, ending));
    split("'s").or_else(|| split("s")).filter(|(stem, _)| stem.len() > 1).unwrap_or((word, ""))
}

fn is_one_case(word: &str) -> bool {
    word.bytes().all(|letter| letter.is_ascii_uppercase())
        || word.bytes().all(|letter| letter.is_ascii_lowercase())
}

/// Nobody can say a word without a vowel.
pub(super) fn has_no_vowel(word: &str) -> bool {
    word.bytes().all(|letter| letter.is_ascii_alphabetic() && !b"aeiouyAEIOUY".contains(&letter))
}

/// Letter by letter, in capitals and in small letters.
const SPELLED: &[&str] = &[
    "ACL", "AI", "API", "AWS", "BIOS", "BI", "CEO", "CFO", "CI", "CIA", "CLI", "COO", "CPU", "CSV", "CTO",
    "DDOS", "DIY", "DOI", "ETL", "EU", "EULA", "FAQ", "FBI", "GCP", "GPU", "GUI", "HTML", "HTTP", "HTTPS",
    "IAM", "IBM", "IDE", "EG", "IE", "IEEE", "IETF", "IO", "IOT", "IP", "ISBN", "ISO", "ISP", "JWT", "KPI",
    "LDAP", "LED", "LLM", "MIDI", "NPM", "OIDC", "OKR", "OLAP", "OLTP", "ORM", "OS", "PDF", "PR", "QA",
    "RPC", "RSA", "SDK", "SEO", "SLA", "SLO", "SMTP", "SQL", "SSH", "SSL", "SSO", "TCP", "TDD", "TLS", "TTL",
    "UDP", "UI", "UK", "UN", "URI", "URL", "USA", "USB", "UTC", "UTF", "UUID", "UX", "VIP", "VM", "VPN",
    "XML", "ASAP", "ETA", "AKA", "DPO", "NGO", "UFO", "USD", "EUR", "ID",
];

/// Capitals that are said as a word, and keep their capitals.
const WORDS: &[&str] = &[
    "NASA", "NATO", "JSON", "YAML", "TOML", "AJAX", "ASCII", "CORS", "CRUD", "REST", "SAML", "SOAP", "SPA",
    "RAM", "ROM", "LAN", "WAN", "GIF", "BASIC", "CAPTCHA", "UNESCO", "UNICEF", "OPEC", "AIDS", "DOS", "SAN",
    "NAS", "SIM", "PIN", "GIT", "MAC", "LIDAR", "RADAR", "SCUBA", "LASER", "FIFA", "OWASP", "RAID", "BLOB",
    "JAR", "WAR", "SHA", "ACID", "BASE", "SOLID", "DRY", "KISS",
];

/// Short English words that are shouted more often than they abbreviate something.
const SHOUTED: &[&str] = &[
    "A", "ALL", "AND", "ANY", "ARE", "AS", "ASK", "AT", "BAD", "BE", "BIG", "BUT", "BUY", "BY", "CAN", "DAY",
    "DID", "DO", "END", "FAR", "FEW", "FIX", "FOR", "GET", "GO", "GOT", "HAD", "HAS", "HE", "HER", "HEY",
    "HIM", "HIS", "HOT", "HOW", "IF", "IN", "IS", "ITS", "JOB", "KEY", "LET", "LOW", "MAN", "MAY", "ME",
    "MUST", "MY", "NEW", "NO", "NOT", "NOW", "OF", "OFF", "OH", "OK", "OLD", "ON", "ONE", "OR", "OUR", "OUT",
    "OWN", "PAY", "PUT", "RUN", "SAY", "SEE", "SET", "SHE", "SIX", "SO", "STOP", "TEN", "THE", "TO", "TOO",
    "TOP", "TRY", "TWO", "UP", "USE", "WAS", "WAY", "WE", "WHY", "WIN", "WOW", "YES", "YET", "YOU", "ADD",
    "BAN", "DUE", "EAT", "FUN", "HI", "AM", "AN", "DON", "SAD", "RED", "BOX", "CAR", "DOG", "CAT", "TODO",
];

/// Words when they are shouted, letters otherwise.
const AMBIGUOUS: &[&str] = &["IT", "US", "WHO"];
