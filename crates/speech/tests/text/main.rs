//! Hard cases, one a line, and what must hold for every text.

mod lexicon;
mod properties;

use speech::text::{Lexicon, Reader};

/// What a reader with no lexicon of its own says.
fn said(text: &str) -> String {
    Reader::new(Lexicon::default()).read(text).words()
}

/// The lines of a file of cases: `written => spoken`.
fn lines(text: &'static str) -> impl Iterator<Item = (String, &'static str)> {
    text.lines().filter(|line| line.contains(" => ") && !line.starts_with("# written")).map(|line| {
        let (written, spoken) = line.split_once(" => ").expect("it was looked for");
        (written.replace("\\n", "\n").replace("\\t", "\t"), spoken)
    })
}

fn cases() -> impl Iterator<Item = (String, &'static str)> {
    lines(include_str!("cases.txt"))
}

#[test]
fn each_case_is_read_as_a_careful_person_would() {
    let wrong: Vec<String> = cases()
        .filter(|(written, spoken)| said(written) != *spoken)
        .map(|(written, spoken)| {
            format!("{written:?}\n  should be {spoken:?}\n  but is    {:?}", said(&written))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases().count(), wrong.join("\n"));
    assert!(cases().count() >= 200);
}

#[test]
fn what_was_read_once_stays() {
    for (written, _) in cases() {
        let once = said(&written);
        assert_eq!(said(&once), once, "{written:?}");
    }
}

/// The lines by which the voices are listened to are spoken in the words that a listener expects.
#[test]
fn the_listeners_lines_are_right() {
    let lines: Vec<_> = lines(include_str!("../../../convergence/tests/listen/lines.txt")).collect();
    for (written, spoken) in &lines {
        assert_eq!(said(written), *spoken, "{written}");
    }
    assert_eq!(lines.len(), 60);
}
