use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

static AMERICAN: LazyLock<English> = LazyLock::new(|| English::new(Accent::American));
static BRITISH: LazyLock<English> = LazyLock::new(|| English::new(Accent::British));

fn american(text: &str) -> String {
    AMERICAN.read(text).expect("English").to_string()
}

#[test]
fn words_become_the_phonemes_of_their_accent() {
    assert_eq!(american("Hello world."), "həlˈO wˈɜɹld.");
    assert_eq!(BRITISH.read("Hello world.").expect("English").to_string(), "həlˈQ wˈɜːld.");
    // The verb and the noun.
    assert_eq!(american("We record it."), "wˌi ɹəkˈɔɹd ɪt.");
    assert_eq!(american("The record is broken."), "ðə ɹˈɛkəɹd ɪz bɹˈOkən.");
    assert_eq!(american(""), "");
    assert_eq!(american("  \n\t "), "");
}

#[test]
fn punctuation_stays_since_it_makes_the_melody() {
    let spoken = american("Wait: is it “done”, or not? Yes; it is (nearly)!");
    let marks: String = spoken.chars().filter(|symbol| ":“”,?;()!".contains(*symbol)).collect();
    assert_eq!(marks, ":“”,?;()!");
}

#[test]
fn accents_and_kinds_of_apostrophes_make_no_difference() {
    assert_eq!(american("café résumé naïve"), american("cafe resume naive"));
    assert_eq!(american("don’t"), american("don't"));
}

/// To the reader, `[word](/k/)` says how a word is pronounced, and `[word](+2)` how it is stressed.
#[test]
fn no_text_sets_its_own_pronunciation() {
    for text in ["[secret](/k/)", "[secret](+2)"] {
        let spoken = american(text);
        assert!(spoken.contains("sˈikɹət"), "{text}: {spoken}");
    }
}

#[test]
fn a_word_in_no_english_letters_is_named() {
    for (text, word) in
        [("Say 日本 now.", "日本"), ("Привет!", "Привет!"), ("a ½ b", "½"), ("Straße", "Straße")]
    {
        let error = AMERICAN.read(text).expect_err(text);
        assert_eq!(error, Unspeakable { word: word.to_owned() });
    }
    // What is neither a letter nor a number is not spoken.
    assert_eq!(american("so 🎉 good"), american("so good"));
}

#[test]
fn what_is_too_long_for_the_network_is_said_to_its_end() {
    for word in [
        "pneumonoultramicroscopicsilicovolcanoconiosis".repeat(4),
        "9".repeat(90),
        "x-y".repeat(50),
        "xy'".repeat(50),
    ] {
        let whole = AMERICAN.read(&word).expect("English").len();
        let half = AMERICAN.read(&word[..word.len() / 2]).expect("English").len();
        assert!(whole * 10 > half * 14, "{word}: {half} phonemes for a half, {whole} for the whole");
    }
}

/// Every symbol that the reader has for a word is one that the voice knows: none is lost on the way.
fn all_known(english: &English, text: &str) -> Result<(), TestCaseError> {
    for word in english.reader.tokens(text) {
        let unknown = word.phonemes.chars().find(|&symbol| vocabulary::token(symbol).is_none());
        prop_assert_eq!(unknown, None, "{:?}", word);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_word_is_dropped_and_no_phoneme_is_unknown(words in prop::collection::vec("[a-zA-Z]{1,12}('s)?|[0-9]{1,6}", 1..8)) {
        let text = words.join(" ");
        for english in [&*AMERICAN, &*BRITISH] {
            all_known(english, &text)?;
            let spoken = english.read(&text).expect("English").to_string();
            prop_assert!(spoken.split(' ').count() >= words.len(), "{}: {}", text, spoken);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
        if let Ok(phonemes) = AMERICAN.read(&text) {
            let spoken = phonemes.to_string();
            prop_assert!(!spoken.contains("  ") && spoken.trim() == spoken, "{:?}: {:?}", text, spoken);
            let words = text.split(|c: char| !c.is_alphanumeric()).any(|word| !word.is_empty());
            prop_assert!(!words || !spoken.is_empty(), "{:?} is silent", text);
        }
    }
}
