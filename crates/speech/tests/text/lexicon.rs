//! The lexicon that users bring.

use speech::text::{Lexicon, LexiconFault, Piece, Reader};

use super::said;

fn reader(lexicon: &str) -> Reader {
    Reader::new(Lexicon::parse(lexicon).expect("a lexicon"))
}

fn faults(lexicon: &str) -> Vec<String> {
    Lexicon::parse(lexicon).expect_err("a fault").iter().map(LexiconFault::to_string).collect()
}

#[test]
fn a_users_word_wins() {
    let reader = reader(
        "# ours\nnginx = nginks\nSQL = sequel   # as we say\n\nHTTPie = aitch tee tee pie\nC# = see sharp\n",
    );
    let said = |text: &str| reader.read(text).words();
    assert_eq!(said("nginx, Nginx and NGINX's"), "nginks, nginks and nginks's");
    assert_eq!(said("SQL in HTTPie with C#"), "sequel in aitch tee tee pie with see sharp");
    // A capital in the entry asks for the same case.
    assert_eq!(said("sql"), "S Q L");
    // It holds within names and addresses too.
    assert_eq!(said("https://nginx.org/SQL"), "nginks dot org slash sequel");
    assert_eq!(said("getSQL_query"), "get sequel query");
}

#[test]
fn a_whole_word_is_matched() {
    assert_eq!(reader("cat = feline").read("Cats concatenate a cat.").words(), "Cats concatenate a feline.");
}

#[test]
fn phonemes_reach_the_voice() {
    let spoken = reader("kokoro = /koʊˈkɔroʊ/\ntaiga = tie gah /ˈtaɪgə/").read("Kokoro and the taiga's end");
    let sounds =
        |spelled: &str, phonemes: &str| Piece::Sounds { spelled: spelled.into(), phonemes: phonemes.into() };
    assert_eq!(
        spoken.pieces,
        [
            sounds("Kokoro", "kOˈkɔɹO"),
            Piece::Words("and the".into()),
            sounds("tie gah's", "ˈtIɡəz"),
            Piece::Words("end".into())
        ]
    );
    assert_eq!(spoken.words(), "Kokoro and the tie gah's end");
}

#[test]
fn accents_may_be_part_of_a_word() {
    let reader = reader("pâté = pah tay");
    assert_eq!(
        reader.read("pâté on a pate, and pa\u{302}te\u{301}").words(),
        "pah tay on a pate, and pah tay"
    );
}

#[test]
fn every_bad_line_is_named() {
    let lexicon = "good = fine\nno equals sign\ntwo words = x\nx =\ny = /\nz = /qʼ/\nu = na1ve\nv = //\n = w";
    assert_eq!(
        faults(lexicon),
        [
            "line 2: must be `word = respelling` or `word = /phonemes/`",
            "line 3: must have one word before the `=`",
            "line 4: says nothing after the `=`",
            "line 5: the phonemes must stand between two `/`",
            "line 6: 'ʼ' is no phoneme that the voice knows",
            "line 7: the respelling has `1`; it may have letters a to z, spaces and apostrophes",
            "line 8: has no phonemes between the two `/`",
            "line 9: must be `word = respelling` or `word = /phonemes/`",
        ]
    );
}

/// Each entry of ours is a good example: it has a respelling, and says what is read the same again.
#[test]
fn the_built_in_lexicon_is_sound() {
    let text = include_str!("../../src/text/lexicon.txt");
    Lexicon::parse(text).unwrap();
    for line in text.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')) {
        let (word, respelling) = line.split_once(" = ").unwrap();
        let (respelling, _) = respelling.split_once('/').unwrap_or((respelling, ""));
        assert!(!respelling.trim().is_empty(), "{line}");
        assert_eq!(said(word), respelling.trim(), "{line}");
        assert_eq!(said(respelling), respelling.trim(), "{line}");
    }
}
