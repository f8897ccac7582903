//! Written English to words as they are spoken, for voices that would stumble over the rest.
//!
//! | step | module | what |
//! |---|---|---|
//! | 1 | `html`, `layout` | HTML and Markdown to running text |
//! | 2 | `groups`, `tokens`, `fold` | numbers with spaces in one; words and the pauses between them; characters to ASCII |
//! | 3 | `abbreviations` | which full stops end no sentence |
//! | 4 | [`READERS`] | each word by the first reader that knows it, which may take the words after it too |
//! | 5 | `said` | nothing but words and pauses comes out |
//!
//! It reads a text in time that grows with its length alone: each reader looks a few words ahead at most, and a word
//! too long to be anything is read sign by sign.

mod abbreviations;
mod acronyms;
mod amounts;
mod code;
mod compounds;
mod cut;
mod dates;
mod fold;
mod groups;
mod here;
mod html;
mod layout;
mod letters;
mod lexicon;
mod money;
mod names;
mod number;
mod numbers;
mod paths;
mod phones;
mod roman;
mod said;
mod signs;
mod times;
mod tokens;
mod units;
mod web;

pub use cut::cut;
pub use lexicon::{Lexicon, LexiconFault};

use here::{Here, Read};
use lexicon::Lexicons;
use said::Said;

/// Reads texts aloud, in words. The default one knows the built-in lexicon alone.
#[derive(Default)]
pub struct Reader {
    lexicons: Lexicons,
}

/// A text as it is spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// What is said, in order; a space belongs between two pieces unless the second begins with a pause.
    pub pieces: Vec<Piece>,
    /// Characters that have no sound in English, such as an emoji or another script.
    pub left_out: usize,
}

/// A part of a spoken text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Words of ASCII letters and apostrophes, one space between them, and `.,;:?!` right after a word.
    Words(String),
    /// Something whose sound is known.
    Sounds {
        /// The nearest in words, for voices that know no phonemes; in the alphabet of [`Piece::Words`].
        spelled: String,
        /// The sound in the alphabet of Kokoro's American voices.
        phonemes: String,
    },
}

impl Reader {
    /// A reader that knows the built-in lexicon, and above it `users`.
    pub fn new(users: Lexicon) -> Self {
        Self { lexicons: Lexicons::new(users) }
    }

    /// Reads a text. Nothing is left out but marks of layout, the targets of links, and what is counted.
    pub fn read(&self, text: &str) -> Spoken {
        let (mut tokens, left_out) = tokens::tokens(&layout::without_layout(&html::without_html(text)));
        abbreviations::settle(&mut tokens);
        let mut said = Said::default();
        let mut at = 0;
        while at < tokens.len() {
            if tokens[at].opens {
                said.pause(',');
            }
            let taken = read_word(Here::new(&tokens, at, &self.lexicons), &mut said);
            at += taken;
            if let Some(pause) = tokens[at - 1].pause {
                said.pause(pause);
            }
        }
        said.into_spoken(left_out)
    }
}

impl Spoken {
    /// All of it in words.
    pub fn words(&self) -> String {
        let mut words = String::new();
        for piece in &self.pieces {
            let text = piece.text();
            if !words.is_empty() && !text.starts_with(|mark| said::PAUSES.contains(mark)) {
                words.push(' ');
            }
            words.push_str(text);
        }
        words
    }

    /// Whether there is anything to say.
    pub fn is_speakable(&self) -> bool {
        !self.pieces.is_empty()
    }
}

impl Piece {
    /// In words.
    fn text(&self) -> &str {
        let (Self::Words(text) | Self::Sounds { spelled: text, .. }) = self;
        text
    }
}

/// Who is asked about a word, in this order. The last one knows every word.
const READERS: [Read; 16] = [
    listed,
    web::read,
    paths::read,
    dates::read,
    times::read,
    phones::read,
    money::read,
    code::read,
    amounts::read_decade,
    units::read,
    amounts::read,
    roman::read,
    abbreviations::read,
    acronyms::read,
    compounds::read,
    signs::read,
];

/// How many words were said, at least one.
fn read_word(here: Here<'_>, said: &mut Said) -> usize {
    if here.token().is_long() {
        signs::read(here, said);
        return 1;
    }
    READERS.iter().find_map(|read| read(here, said)).unwrap_or(1)
}

/// A word of the lexicon, as it is written or without its accents.
fn listed(here: Here<'_>, said: &mut Said) -> Option<usize> {
    let token = here.token();
    let with_stop = format!("{}.", token.core);
    let is_listed = here.lexicons.say(&token.written, said)
        || here.lexicons.say(&token.core, said)
        || (token.stop && here.lexicons.say(&with_stop, said));
    is_listed.then_some(1)
}
