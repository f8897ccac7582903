//! What is said, to be read along: `WebVTT` (W3C) and `SubRip`.

use std::fmt::Write;

use super::timeline::Timing;

/// Letters that are shown at a time, of long lines: two rows of a player.
const SHOWN: usize = 84;

/// A line, as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caption<'a> {
    /// Who speaks.
    pub speaker: &'a str,
    /// What is said.
    pub text: &'a str,
    /// When.
    pub timing: Timing,
}

/// A `WebVTT` file.
pub fn web_vtt<'a>(captions: impl IntoIterator<Item = Caption<'a>>) -> String {
    let mut file = "WEBVTT\n".to_owned();
    for Caption { speaker, text, timing } in captions.into_iter().flat_map(shown) {
        let (from, to) = (clock(timing.start_ms, '.'), clock(timing.end_ms, '.'));
        let (speaker, text) = (escaped(speaker), escaped(text));
        write!(file, "\n{from} --> {to}\n<v {speaker}>{text}\n").expect("a String takes all that is written");
    }
    file
}

/// A `SubRip` file (`.srt`).
pub fn srt<'a>(captions: impl IntoIterator<Item = Caption<'a>>) -> String {
    let mut file = String::new();
    for (before, Caption { speaker, text, timing }) in captions.into_iter().flat_map(shown).enumerate() {
        let (from, to) = (clock(timing.start_ms, ','), clock(timing.end_ms, ','));
        let (number, speaker, text) = (before + 1, one_line(speaker), one_line(text));
        write!(file, "{number}\n{from} --> {to}\n{speaker}: {text}\n\n")
            .expect("a String takes all that is written");
    }
    file
}

/// A long line in parts, each for the time that its share of the letters takes.
fn shown(caption: Caption<'_>) -> Vec<Caption<'_>> {
    let parts = parts(caption.text);
    let letters = |part: &str| part.chars().count() as u64;
    let all: u64 = parts.iter().map(|part| letters(part)).sum::<u64>().max(1);
    let Timing { start_ms, end_ms } = caption.timing;
    let after = |letters: u64| start_ms + (end_ms - start_ms) * letters / all;
    let mut before = 0;
    let timed = parts.into_iter().map(|text| {
        let timing = Timing { start_ms: after(before), end_ms: after(before + letters(text)) };
        before += letters(text);
        Caption { text, timing, ..caption }
    });
    timed.collect()
}

/// Cuts after a sentence, else after a comma, else between words, where there is more than is shown at a time.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while let Some((limit, _)) = rest.char_indices().nth(SHOWN) {
        let window = &rest[..limit];
        let after = |marks: &[&str]| {
            marks.iter().filter_map(|mark| window.rfind(mark).map(|at| at + mark.len())).max()
        };
        let cut = after(&[". ", "? ", "! "]).or_else(|| after(&[", ", "; ", ": "])).or_else(|| after(&[" "]));
        let (part, later) = rest.split_at(cut.unwrap_or(limit));
        parts.push(part.trim_end());
        rest = later.trim_start();
    }
    parts.push(rest);
    parts
}

/// `01:02:03.004`.
fn clock(ms: u64, point: char) -> String {
    let (seconds, ms) = (ms / 1_000, ms % 1_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}{point}{ms:03}")
}

/// In one line, since an empty one would end the caption.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    one_line(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn caption<'a>(speaker: &'a str, text: &'a str, start_ms: u64, end_ms: u64) -> Caption<'a> {
        Caption { speaker, text, timing: Timing { start_ms, end_ms } }
    }

    #[test]
    fn both_forms() {
        let captions =
            [caption("Ann", "Is 1 < 2?", 0, 900), caption("Ben & Co", "Yes.\n\nIt is.", 1_200, 3_723_004)];
        assert_eq!(
            web_vtt(captions),
            "WEBVTT\n\n00:00:00.000 --> 00:00:00.900\n<v Ann>Is 1 &lt; 2?\n\n\
             00:00:01.200 --> 01:02:03.004\n<v Ben &amp; Co>Yes. It is.\n"
        );
        assert_eq!(
            srt(captions),
            "1\n00:00:00,000 --> 00:00:00,900\nAnn: Is 1 < 2?\n\n\
             2\n00:00:01,200 --> 01:02:03,004\nBen & Co: Yes. It is.\n\n"
        );
    }

    proptest! {
        #[test]
        fn long_lines_are_cut_and_nothing_is_lost(text in "([a-zé]{1,12}[,.?!]? ){0,60}[a-z]{1,200}", end in 1_000_u64..60_000) {
            let parts = shown(caption("Ann", &text, 500, 500 + end));
            let words = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(parts.iter().map(|part| words(part.text)).collect::<String>(), words(&text));
            prop_assert!(parts.iter().all(|part| part.text.chars().count() <= SHOWN));
            prop_assert!(parts.windows(2).all(|pair| pair[0].timing.end_ms == pair[1].timing.start_ms));
            prop_assert_eq!((parts[0].timing.start_ms, parts[parts.len() - 1].timing.end_ms), (500, 500 + end));
        }
    }
}
