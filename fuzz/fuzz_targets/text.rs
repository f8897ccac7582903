//! Reads any text, with any lexicon before it: nothing panics, and nothing but words and pauses comes out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use speech::text::{Lexicon, Reader, cut};

fuzz_target!(|input: &str| {
    // What stands before the first `=====` is a lexicon.
    let (lexicon, text) = input.split_once("=====").unwrap_or(("", input));
    let Ok(lexicon) = Lexicon::parse(lexicon) else { return };
    let spoken = Reader::new(lexicon).read(text);
    let words = spoken.words();
    for word in words.split(' ').filter(|_| !words.is_empty()) {
        let bare = word.strip_suffix(['?', '!', '.', ';', ':', ',']).unwrap_or(word);
        let is_word = bare.bytes().all(|letter| letter.is_ascii_alphabetic() || letter == b'\'');
        assert!(!bare.is_empty() && is_word, "{words:?}");
    }
    assert!(spoken.left_out <= text.chars().count());
    assert_eq!(cut(&words, 80).concat().replace(' ', ""), words.replace(' ', ""));
});
