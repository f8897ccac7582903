use proptest::prelude::*;

use super::*;

/// The points, headings with a mark in front.
fn points(text: &str) -> Vec<String> {
    let shown = |point: Point| if point.is_heading { format!("# {}", point.text) } else { point.text };
    Outline::read(text).points.into_iter().map(shown).collect()
}

#[test]
fn markdown_comes_to_its_points_in_order() {
    let text = "\
---
title: Not spoken
---
Keys and doors
==============

<!-- a note
to myself -->
A paragraph that
goes on here.

## Why keys ##
- one for [every client](https://example.com/a)
  and no password
* [x] ticked off
1. first
2) second
a) third
> quoted

| who | what |
|-----|------|
| Ann | asks |

```sh
curl secret
```
***
The end.";
    assert_eq!(
        points(text),
        [
            "# Keys and doors",
            "A paragraph that goes on here.",
            "# Why keys",
            "one for every client and no password",
            "ticked off",
            "first",
            "second",
            "third quoted",
            "who, what",
            "Ann, asks",
            "The end.",
        ]
    );
    assert_eq!(Outline::read(text).code_lines, 1);
}

#[test]
fn plain_lines_are_points_where_nothing_is_marked() {
    assert_eq!(points("Origins\nToday\n\nTomorrow"), ["Origins", "Today", "Tomorrow"]);
    let long = "word ".repeat(20);
    assert_eq!(points(&format!("{long}\nToday")), [format!("{long}Today")]);
}

#[test]
fn what_says_nothing_is_no_point() {
    assert_eq!(points("\n- \n#\n***\n| | |\n-- \n!?"), [""; 0]);
    assert_eq!(points("[broken](link"), ["[broken](link"]);
}

proptest! {
    /// No word of a text without code, comments and links is lost, added or moved.
    #[test]
    fn every_word_is_there_in_its_order(lines in prop::collection::vec("(#{1,3} |- |\\* |[0-9]{1,2}\\. |> |)[a-z]{1,9}( [a-z]{1,9}){0,12}", 1..20)) {
        let text = lines.join("\n");
        let marks = |word: &&str| !word.chars().all(|mark| "#-*>.0123456789".contains(mark));
        let words: Vec<&str> = text.split_whitespace().filter(marks).collect();
        let read = points(&text).join(" ");
        let read: Vec<&str> = read.split_whitespace().filter(|word| *word != "#").collect();
        prop_assert_eq!(read, words);
    }

    #[test]
    fn no_point_is_empty(text in "(?s).{0,300}") {
        for point in Outline::read(&text).points {
            prop_assert!(point.text.contains(char::is_alphanumeric) && !point.text.contains('\n'));
        }
    }
}
