//! What a voice is told to say: speech sounds and punctuation, in the symbols that Kokoro was trained with.
//!
//! They come from English text ([`English`]) or are given by hand in these very symbols ([`Phonemes::by_hand`]).

pub use english::{English, Unspeakable};

mod english;
mod vocabulary;

pub(crate) use vocabulary::{Pause, closes, pause};

/// Which English is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Accent {
    /// As in the United States.
    American,
    /// As in southern England.
    British,
}

/// Sounds and punctuation, each of which the model knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Phonemes {
    /// The model's numbers for them; 0 is its padding, and never in here.
    tokens: Vec<u8>,
}

/// What was given as phonemes has a symbol that the model does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{symbol:?} is no phoneme that the voice knows")]
pub struct UnknownSymbol {
    /// The first of them.
    pub symbol: char,
}

impl Phonemes {
    /// Phonemes as a lexicon has them, with or without the slashes around them: `/kˌubɚnˈɛtɪs/`.
    pub fn by_hand(symbols: &str) -> Result<Self, UnknownSymbol> {
        let bare = symbols.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).unwrap_or(symbols);
        let known = |symbol| vocabulary::token(symbol).ok_or(UnknownSymbol { symbol });
        Ok(Self { tokens: bare.trim().chars().map(known).collect::<Result<_, _>>()? })
    }

    /// Goes on with these. A space comes between, unless they begin with punctuation.
    pub fn append(&mut self, next: &Self) {
        let Some(&first) = next.tokens.first() else { return };
        if !self.tokens.is_empty() && !vocabulary::closes(first) {
            self.tokens.push(vocabulary::SPACE);
        }
        self.tokens.extend_from_slice(&next.tokens);
    }

    /// How many there are, which is what their length in time goes by: about 0.06 s each.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The model's numbers for them.
    pub(crate) fn tokens(&self) -> &[u8] {
        &self.tokens
    }
}

/// The symbols, as `by_hand` reads them.
impl std::fmt::Display for Phonemes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.tokens.iter().try_for_each(|&token| write!(f, "{}", vocabulary::symbol(token)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_hand(symbols: &str) -> Phonemes {
        Phonemes::by_hand(symbols).expect("known symbols")
    }

    #[test]
    fn phonemes_by_hand_are_taken_as_they_are() {
        let kubernetes = by_hand("/kˌubɚnˈɛtɪs/");
        assert_eq!(kubernetes.to_string(), "kˌubɚnˈɛtɪs");
        assert_eq!(kubernetes, by_hand(" kˌubɚnˈɛtɪs "));
        assert_eq!(kubernetes.len(), 11);
    }

    #[test]
    fn a_symbol_that_the_voice_does_not_know_is_named() {
        for (symbols, symbol) in [("/kæ7/", '7'), ("g", 'g'), ("/kæt", '/'), ("❓", '❓')] {
            let error = Phonemes::by_hand(symbols).expect_err(symbols);
            assert_eq!(error, UnknownSymbol { symbol });
            assert!(error.to_string().contains(symbol), "{error}");
        }
    }

    #[test]
    fn what_is_appended_stands_apart_unless_it_is_punctuation() {
        let mut all = Phonemes::default();
        for next in ["", "kˈæt", ",", "dˈɔɡ", "", "? jˈɛs", "“nˈO”"] {
            all.append(&by_hand(next));
        }
        assert_eq!(all.to_string(), "kˈæt, dˈɔɡ? jˈɛs “nˈO”");
    }
}
