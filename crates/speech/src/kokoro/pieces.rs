//! A line in pieces that the model can say at once: cut at the ends of sentences, else at commas, else between words.

use crate::phonemes::{Pause, closes, pause};

/// The most phonemes in one piece: about eight seconds, or twenty words. The model takes 510, but of memory it takes 2 MB for
/// each while it speaks: of so few, two lines at once stay below 700 MB.
const MOST: usize = 120;

/// A part of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) tokens: &'a [u8],
    /// What comes after it.
    pub(super) pause: Pause,
}

/// The pieces of a line, none empty.
pub(super) fn pieces(tokens: &[u8]) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = trimmed(tokens);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(end(rest));
        let piece = trimmed(piece);
        let pause = if after.is_empty() {
            Pause::Sentence
        } else {
            break_at(rest, piece.len()).unwrap_or(Pause::Word)
        };
        pieces.push(Piece { tokens: piece, pause });
        rest = trimmed(after);
    }
    pieces
}

/// Where the first piece ends.
fn end(tokens: &[u8]) -> usize {
    if tokens.len() <= MOST {
        return tokens.len();
    }
    let last = |kind: Pause, most: usize| (1..=most).rev().find(|&at| break_at(tokens, at) == Some(kind));
    // Between words a stretch is cut into parts of one length: of a last word by itself the model makes a sentence.
    let stretch = (1..tokens.len()).find(|&at| break_at(tokens, at).is_some_and(|kind| kind != Pause::Word));
    let stretch = stretch.unwrap_or(tokens.len());
    let even = stretch.div_ceil(stretch.div_ceil(MOST));
    last(Pause::Sentence, MOST)
        .or_else(|| last(Pause::Clause, MOST))
        .or_else(|| last(Pause::Word, even))
        .or_else(|| last(Pause::Word, MOST))
        .unwrap_or(MOST)
}

/// What ends before this token, if that is a space. A mark ends something only if a space follows it: `3.5` is one word.
fn break_at(tokens: &[u8], at: usize) -> Option<Pause> {
    let closing = |token: &&u8| closes(**token) && pause(**token).is_none();
    let before = tokens[..at].iter().rev().find(|token| !closing(token))?;
    (pause(tokens[at]) == Some(Pause::Word)).then(|| pause(*before).unwrap_or(Pause::Word))
}

/// Without spaces at both ends.
fn trimmed(mut tokens: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = tokens
        && pause(*first) == Some(Pause::Word)
    {
        tokens = rest;
    }
    while let [rest @ .., last] = tokens
        && pause(*last) == Some(Pause::Word)
    {
        tokens = rest;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::phonemes::Phonemes;

    fn said(symbols: &str) -> Phonemes {
        Phonemes::by_hand(symbols).expect("known symbols")
    }

    fn shown(line: &Phonemes) -> Vec<(usize, Pause)> {
        pieces(line.tokens()).into_iter().map(|piece| (piece.tokens.len(), piece.pause)).collect()
    }

    #[test]
    fn a_line_is_cut_at_its_sentences_else_at_commas_else_between_words_else_anywhere() {
        use Pause::{Clause, Sentence, Word};
        let word = "a".repeat(49);
        assert_eq!(shown(&said("")), []);
        assert_eq!(shown(&said(&format!("{word} {word}."))), [(100, Sentence)]);
        let marks = said(&format!("{word}. {word}, {word} {word}"));
        assert_eq!(shown(&marks), [(50, Sentence), (50, Clause), (99, Sentence)]);
        let quoted = said(&format!("“{word}.” {word}, {word}"));
        assert_eq!(shown(&quoted), [(52, Sentence), (100, Sentence)]);
        let endless = said(&"a".repeat(300));
        assert_eq!(shown(&endless), [(120, Word), (120, Word), (60, Sentence)]);
        let number = said(&format!("{}.{} {word}", "a".repeat(30), "a".repeat(60)));
        assert_eq!(shown(&number), [(91, Word), (49, Sentence)]);
    }

    #[test]
    fn words_without_a_mark_are_cut_into_parts_of_one_length() {
        let words = said("aaaaaaaaa ".repeat(13).trim());
        assert_eq!(shown(&words), [(59, Pause::Word), (69, Pause::Sentence)]);
        let mark = said(&format!("{}, aa", "aaaaaaaaa ".repeat(13).trim()));
        assert_eq!(shown(&mark), [(59, Pause::Word), (73, Pause::Sentence)]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_piece_is_too_long(symbols in "[a-e ,.!?;—]{0,1200}") {
            let line = said(&symbols);
            let pieces = pieces(line.tokens());
            prop_assert!(pieces.iter().all(|piece| (1..=MOST).contains(&piece.tokens.len())));
            let unspaced = |tokens: &[u8]| -> Vec<u8> {
                tokens.iter().copied().filter(|&token| pause(token) != Some(Pause::Word)).collect()
            };
            let joined: Vec<u8> = pieces.iter().flat_map(|piece| unspaced(piece.tokens)).collect();
            prop_assert_eq!(joined, unspaced(line.tokens()));
        }
    }
}
