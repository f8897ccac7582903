//! Text in cells of a terminal: how wide it is, cut, and in lines.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Cells hold what others have typed: nothing in them may move the cursor or hide the rest of a line.
pub(super) fn harmless(cell: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    cell.chars().map(|c| if is_hidden(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// How many columns of a terminal it takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// As much of it as there is room for, with an ellipsis in place of the rest.
pub(super) fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut cut = text[..fitting(text, room.saturating_sub(1))].to_owned();
    cut.push('…');
    cut
}

/// In lines of that width at most, broken between words, and within one only where it has no room in a line of its own.
pub(super) fn lines(text: &str, room: usize) -> Vec<String> {
    let room = room.max(2); // The widest character.
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is one");
        if line.is_empty() {
            line.push_str(word);
        } else if width(line) + 1 + width(word) <= room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
        while let Some(line) = lines.last_mut().filter(|line| width(line) > room) {
            let rest = line.split_off(fitting(line, room));
            lines.push(rest);
        }
    }
    lines
}

/// How many bytes from the start fit.
fn fitting(text: &str, room: usize) -> usize {
    let mut taken = 0;
    let is_over = |(_, c): &(usize, char)| {
        taken += c.width().unwrap_or_default();
        taken > room
    };
    text.char_indices().find(is_over).map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_wide_character_is_not_halved() {
        assert_eq!(cut("東京都庁", 8), "東京都庁");
        assert_eq!(cut("東京都庁", 7), "東京都…");
        assert_eq!(cut("東京都庁", 6), "東京…");
        assert_eq!(cut("Production", 4), "Pro…");
    }

    #[test]
    fn words_stay_whole_where_they_can() {
        assert_eq!(lines("share it with the account", 9), ["share it", "with the", "account"]);
        assert_eq!(
            lines("at service-account@example.com", 8),
            ["at", "service-", "account@", "example.", "com"]
        );
        assert_eq!(lines("", 9), [""]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_no_character_is_lost(text in "[a-c東 ]{0,60}", room in 2_usize..12) {
            let lines = lines(&text, room);
            prop_assert!(lines.iter().all(|line| width(line) <= room), "{:?}", lines);
            let letters = |text: &str| text.replace(' ', "");
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
            prop_assert!(width(&cut(&text, room)) <= room);
        }
    }
}
