//! What is said so far. Nothing outside the voices' alphabet gets in here.

use super::letters;
use super::{Piece, Spoken};

/// Collects words, sounds and pauses, one space between words and one mark at a pause.
#[derive(Default)]
pub(super) struct Said {
    pieces: Vec<Piece>,
}

/// Marks that a voice knows as a pause, the strongest first.
pub(super) const PAUSES: &str = "?!.;:,";

impl Said {
    /// Words with spaces between them: ASCII letters, and apostrophes within a word.
    pub(super) fn words(&mut self, words: &str) {
        for word in words.split_whitespace() {
            debug_assert!(word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'\''), "{word}");
            match self.pieces.last_mut() {
                Some(Piece::Words(text)) => text.extend([" ", word]),
                _ => self.pieces.push(Piece::Words(word.to_owned())),
            }
        }
    }

    /// The names of letters, as in `API`, with an ending for several of it. One letter keeps its case.
    pub(super) fn letters(&mut self, word: &str, ending: &str) {
        let upper = |letter: char| if word.len() > 1 { letter.to_ascii_uppercase() } else { letter };
        let spelled = word.chars().map(|letter| upper(letter).to_string()).collect::<Vec<_>>().join(" ");
        let phonemes = letters::ending(&letters::phonemes(word), ending);
        self.sounds(&(spelled + ending), &phonemes);
    }

    /// Words whose sound is known better than a voice would guess it.
    pub(super) fn sounds(&mut self, spelled: &str, phonemes: &str) {
        self.pieces.push(Piece::Sounds { spelled: spelled.to_owned(), phonemes: phonemes.to_owned() });
    }

    /// A pause after what was said. One pause is enough; the end of a sentence is stronger than a comma.
    pub(super) fn pause(&mut self, mark: char) {
        let ends = |mark| ".?!".contains(mark);
        match self.pieces.last_mut() {
            None => {}
            Some(Piece::Sounds { .. }) => self.pieces.push(Piece::Words(mark.into())),
            Some(Piece::Words(text)) => match text.chars().last() {
                Some(last) if !PAUSES.contains(last) => text.push(mark),
                Some(last) if ends(mark) && !ends(last) => {
                    text.pop();
                    text.push(mark);
                }
                _ => {}
            },
        }
    }

    pub(super) fn into_spoken(self, left_out: usize) -> Spoken {
        Spoken { pieces: self.pieces, left_out }
    }
}
