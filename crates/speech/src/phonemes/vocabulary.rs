//! The symbols of Kokoro's phonemes and their numbers: those of the model's own table (`vocab` of its `config.json`).

/// In the order of their numbers. Most are the IPA's; a capital stands for a diphthong (`A` as in "day").
#[rustfmt::skip]
const SYMBOLS: [(char, u8); 114] = [
    (';', 1), (':', 2), (',', 3), ('.', 4), ('!', 5), ('?', 6), ('—', 9), ('…', 10), ('"', 11),
    ('(', 12), (')', 13), ('“', 14), ('”', 15), (' ', 16), ('\u{303}', 17), ('ʣ', 18), ('ʥ', 19),
    ('ʦ', 20), ('ʨ', 21), ('ᵝ', 22), ('ꭧ', 23), ('A', 24), ('I', 25), ('O', 31), ('Q', 33),
    ('S', 35), ('T', 36), ('W', 39), ('Y', 41), ('ᵊ', 42), ('a', 43), ('b', 44), ('c', 45),
    ('d', 46), ('e', 47), ('f', 48), ('h', 50), ('i', 51), ('j', 52), ('k', 53), ('l', 54),
    ('m', 55), ('n', 56), ('o', 57), ('p', 58), ('q', 59), ('r', 60), ('s', 61), ('t', 62),
    ('u', 63), ('v', 64), ('w', 65), ('x', 66), ('y', 67), ('z', 68), ('ɑ', 69), ('ɐ', 70),
    ('ɒ', 71), ('æ', 72), ('β', 75), ('ɔ', 76), ('ɕ', 77), ('ç', 78), ('ɖ', 80), ('ð', 81),
    ('ʤ', 82), ('ə', 83), ('ɚ', 85), ('ɛ', 86), ('ɜ', 87), ('ɟ', 90), ('ɡ', 92), ('ɥ', 99),
    ('ɨ', 101), ('ɪ', 102), ('ʝ', 103), ('ɯ', 110), ('ɰ', 111), ('ŋ', 112), ('ɳ', 113), ('ɲ', 114),
    ('ɴ', 115), ('ø', 116), ('ɸ', 118), ('θ', 119), ('œ', 120), ('ɹ', 123), ('ɾ', 125), ('ɻ', 126),
    ('ʁ', 128), ('ɽ', 129), ('ʂ', 130), ('ʃ', 131), ('ʈ', 132), ('ʧ', 133), ('ʊ', 135), ('ʋ', 136),
    ('ʌ', 138), ('ɣ', 139), ('ɤ', 140), ('χ', 142), ('ʎ', 143), ('ʒ', 147), ('ʔ', 148), ('ˈ', 156),
    ('ˌ', 157), ('ː', 158), ('ʰ', 162), ('ʲ', 164), ('↓', 169), ('→', 171), ('↗', 172), ('↘', 173),
    ('ᵻ', 177),
];

/// What stands between words.
pub(crate) const SPACE: u8 = 16;

/// The number of a symbol, if the model knows it.
pub(crate) fn token(symbol: char) -> Option<u8> {
    SYMBOLS.iter().find(|(known, _)| *known == symbol).map(|&(_, token)| token)
}

/// The symbol of a number.
pub(crate) fn symbol(token: u8) -> char {
    SYMBOLS.iter().find(|(_, known)| *known == token).map_or('\u{fffd}', |&(symbol, _)| symbol)
}

/// How strongly speech pauses after a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pause {
    /// Between words.
    Word,
    /// Within a sentence.
    Clause,
    /// At its end.
    Sentence,
}

/// The pause that a token makes, if it makes one.
pub(crate) fn pause(token: u8) -> Option<Pause> {
    match symbol(token) {
        ' ' => Some(Pause::Word),
        ',' | ';' | ':' | '—' => Some(Pause::Clause),
        '.' | '!' | '?' | '…' => Some(Pause::Sentence),
        _ => None,
    }
}

/// Whether a token belongs to what stands before it, with no space between.
pub(crate) fn closes(token: u8) -> bool {
    matches!(symbol(token), ')' | '”') || pause(token).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_symbol_has_a_number_of_its_own_and_none_is_the_padding() {
        assert!(SYMBOLS.is_sorted_by(|(_, a), (_, b)| a < b) && SYMBOLS[0].1 > 0);
        for (known, number) in SYMBOLS {
            assert_eq!((token(known), symbol(number)), (Some(number), known));
        }
        assert_eq!(token(' '), Some(SPACE));
    }
}
