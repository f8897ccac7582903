//! The names of the letters as sounds, and endings, in Kokoro's alphabet: IPA, with one capital for each
//! diphthong (`A` as in *say*, `I` as in *my*, `O` as in *no*).

/// The letters' names; the stress stands before the vowel.
const NAMES: [&str; 26] = [
    "ˈA",
    "bˈi",
    "sˈi",
    "dˈi",
    "ˈi",
    "ˈɛf",
    "ʤˈi",
    "ˈAʧ",
    "ˈI",
    "ʤˈA",
    "kˈA",
    "ˈɛl",
    "ˈɛm",
    "ˈɛn",
    "ˈO",
    "pˈi",
    "kjˈu",
    "ˈɑɹ",
    "ˈɛs",
    "tˈi",
    "jˈu",
    "vˈi",
    "dˈʌbᵊlju",
    "ˈɛks",
    "wˈI",
    "zˈi",
];

/// A word letter by letter, its last letter stressed most, as in `API`. Other characters have no name here.
pub(super) fn phonemes(word: &str) -> String {
    let names = word.bytes().filter(u8::is_ascii_alphabetic);
    let names: Vec<&str> =
        names.map(|letter| NAMES[usize::from(letter.to_ascii_lowercase() - b'a')]).collect();
    let Some((last, first)) = names.split_last() else { return String::new() };
    first.iter().map(|name| name.replace('ˈ', "ˌ")).collect::<String>() + last
}

/// A word with the ending `'s` or `s`, which sounds after what comes before it. Without an ending it stays.
pub(super) fn ending(phonemes: &str, ending: &str) -> String {
    let sound = match phonemes.chars().last() {
        _ if ending.is_empty() => "",
        Some(last) if "szʃʒʧʤ".contains(last) => "ᵻz",
        Some(last) if "ptkfθ".contains(last) => "s",
        _ => "z",
    };
    format!("{phonemes}{sound}")
}
