//! What Flite is told to say: stretches of text with a pause after each, in which the words that it gets wrong are respelled.
//!
//! By itself it hardly pauses at a comma, so that the groups of a telephone number become one. And it knows no words of our field:
//! what sounds of a word are right was found by what a recogniser heard of it.

use std::time::Duration;

use speech::text::cut;

/// Words of the reader as Flite has to see them, in small letters.
const RESPELLED: [(&str, &str); 11] = [
    ("cafe", "caff ay"),
    ("cafes", "caff ays"),
    ("forwarded", "for werdid"),
    ("git", "gitt"),
    ("grafahna", "gruh fah nah"),
    ("half", "haaf"),
    ("koobernettees", "koobernetties"),
    ("reddis", "reddiss"),
    ("rezzumay", "rez uh may"),
    ("rezzumays", "rez uh mays"),
    ("yammel", "yammull"),
];

/// Marks that end a stretch, and how long the pause after it is.
const PAUSES: [(&str, Duration); 2] =
    [(",;:", Duration::from_millis(300)), (".?!", Duration::from_millis(450))];

/// The program is run for each stretch, and that is not to take longer than to speak it: shorter ones are one with the next.
const LEAST: usize = 10;

/// Words without a pause between them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) words: String,
    /// What comes after it, where something does.
    pub(super) pause: Duration,
}

/// A text, as the reader makes it, in stretches of at most so many bytes before they are respelled.
pub(super) fn stretches(text: &str, most: usize) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let mut begins = true;
    for clause in clauses(text) {
        let pieces = cut(clause, most);
        let last = pieces.len();
        for (index, piece) in (1..).zip(pieces) {
            let pause = if index < last { Duration::ZERO } else { pause_after(piece) };
            stretches.push(Stretch { words: respelled(piece, begins), pause });
            begins = false;
        }
        begins = clause.ends_with(['.', '?', '!']);
    }
    stretches
}

/// A text cut behind its marks, each part of at least [`LEAST`] bytes but for the last.
fn clauses(text: &str) -> Vec<&str> {
    let mut clauses = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(is_mark) {
        if at + 1 - start >= LEAST {
            clauses.push(text[start..=at].trim());
            start = at + 1;
        }
    }
    clauses.push(text[start..].trim());
    clauses
}

fn is_mark(letter: char) -> bool {
    PAUSES.iter().any(|(marks, _)| marks.contains(letter))
}

fn pause_after(piece: &str) -> Duration {
    let ends = PAUSES.iter().find(|(marks, _)| piece.ends_with(|mark| marks.contains(mark)));
    ends.map_or(Duration::ZERO, |(_, pause)| *pause)
}

/// `begins` says whether it is the beginning of a sentence.
fn respelled(piece: &str, begins: bool) -> String {
    let words: Vec<&str> = piece.split(' ').collect();
    let told = words.iter().enumerate().map(|(at, word)| {
        let before = at.checked_sub(1).map_or("", |at| stem(words[at]));
        let after = words.get(at + 1).map_or("", |word| stem(word));
        let bare = stem(word);
        let instead = match bare {
            // As a letter's name it is no article. Before noon it is said right.
            "A" if after != "M" && (is_letter(before) || is_letter(after)) => Some("ay"),
            // At the beginning it tells somebody to read, and has been read nowhere.
            "Read" if begins && at == 0 => Some("Reed"),
            _ => RESPELLED.iter().find(|(known, _)| known.eq_ignore_ascii_case(bare)).map(|(_, told)| *told),
        };
        instead.map_or_else(|| (*word).to_owned(), |told| format!("{told}{}", &word[bare.len()..]))
    });
    told.collect::<Vec<_>>().join(" ")
}

/// A word without its ending and the mark behind it.
fn stem(word: &str) -> &str {
    let word = word.trim_end_matches(is_mark);
    word.strip_suffix("'s").unwrap_or(word)
}

fn is_letter(word: &str) -> bool {
    word.len() == 1 && word.starts_with(|letter: char| letter.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(String, u128)> {
        stretches(text, 40).into_iter().map(|stretch| (stretch.words, stretch.pause.as_millis())).collect()
    }

    #[test]
    fn a_text_is_cut_at_its_marks() {
        let call = told("Call plus one, five five five, four five. Is that so? Yes");
        let wanted = [
            ("Call plus one,", 300),
            ("five five five,", 300),
            ("four five.", 450),
            ("Is that so?", 450),
            ("Yes", 0),
        ];
        assert_eq!(call, wanted.map(|(words, pause)| (words.to_owned(), pause)));
        let long = told("one two three four five six seven eight nine ten eleven twelve, and so on");
        assert_eq!(long.iter().map(|(_, pause)| *pause).collect::<Vec<_>>(), [0, 300, 0]);
        assert_eq!(told(""), []);
        let many = "a, ".repeat(400);
        assert!(stretches(&many, 400).len() <= many.len() / LEAST + 1);
    }

    #[test]
    fn words_that_it_gets_wrong_are_respelled() {
        let words = |text: &str| -> String {
            told(text).into_iter().map(|(words, _)| words).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(words("Push it to git hub, Git!"), "Push it to gitt hub, gitt!");
        assert_eq!(
            words("Our S L A and two A P I's at nine A M."),
            "Our S L ay and two ay P I's at nine A M."
        );
        assert_eq!(words("A key. A A key."), "A key. ay ay key.");
        assert_eq!(words("Read it, I have. Read on, as I Read."), "Reed it, I have. Reed on, as I Read.");
        assert_eq!(words("grafahna's digit"), "gruh fah nah's digit");
    }
}
