//! Hard cases, one a line, and what must hold for every text.

mod lexicon;
mod properties;

use speech::text::{Lexicon, Reader};

/// What a reader with no lexicon of its own says.
fn said(text: &str) -> String {
    Reader::new(Lexicon::default()).read(text).words()
}

fn cases() -> impl Iterator<Item = (String, &'static str)> {
    let lines = include_str!("cases.txt").lines().filter(|line| !line.is_empty() && !line.starts_with("## ") && !line.starts_with("# written"));
    lines.map(|line| {
        let (written, spoken) = line.split_once(" => ").unwrap_or_else(|| panic!("{line}"));
        (written.replace("\\n", "\n").replace("\\t", "\t"), spoken)
    })
}

#[test]
fn each_case_is_read_as_a_careful_person_would() {
    let wrong: Vec<String> = cases()
        .filter(|(written, spoken)| said(written) != *spoken)
        .map(|(written, spoken)| format!("{written:?}\n  should be {spoken:?}\n  but is    {:?}", said(&written)))
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
