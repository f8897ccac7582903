//! An outline, in Markdown or plain text, as a list of points in its own words and order.
//!
//! It is read line by line and never nests, so no text can make it deep or slow.

use serde::{Deserialize, Serialize};

/// A line of this many characters and more may be a piece of a paragraph, even where nothing is marked as a list.
const SHORT_LINE: usize = 80;

/// What is to be talked about, point by point.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// The points, in their order. None is empty.
    pub points: Vec<Point>,
    /// Lines of code, which nobody can read aloud, and which are in no point.
    pub code_lines: usize,
}

/// A heading, an item of a list, a row of a table or a paragraph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// Its own words on one line, without marks in front and without addresses of links.
    pub text: String,
    /// Whether it stands above others.
    pub is_heading: bool,
}

impl Outline {
    /// Reads a text. Whatever it is, each of its words is in a point, but for code, comments, and addresses of links.
    pub fn read(text: &str) -> Self {
        let lines = || body(text).lines().map(str::trim).filter(|line| !line.is_empty());
        let is_list_of_lines =
            lines().all(|line| matches!(Kind::of(line), Kind::Text(_)) && line.chars().count() < SHORT_LINE);
        let mut reading = Reading::default();
        for line in body(text).lines().map(str::trim) {
            reading.take(line);
            if is_list_of_lines {
                reading.end_point();
            }
        }
        reading.end_point();
        reading.outline
    }

    /// A list of points that somebody else has read.
    pub fn of(points: impl IntoIterator<Item = Point>) -> Self {
        let mut reading = Reading::default();
        for point in points {
            reading.is_heading = point.is_heading;
            reading.text = point.text;
            reading.end_point();
        }
        reading.outline
    }
}

/// Without the settings that some tools keep above a Markdown text, between two lines of dashes.
fn body(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}');
    let Some(rest) = text.strip_prefix("---\n") else { return text };
    rest.split_once("\n---\n").map_or(text, |(_, body)| body)
}

/// What a line is by its marks.
enum Kind<'a> {
    Blank,
    Fence(&'static str),
    Heading(&'a str),
    /// Under a paragraph it makes a heading of it, elsewhere it is a rule.
    Underline,
    Rule,
    Item(&'a str),
    Row(&'a str),
    Text(&'a str),
}

impl<'a> Kind<'a> {
    fn of(line: &'a str) -> Self {
        let only = |marks: &str| !line.is_empty() && line.chars().all(|mark| marks.contains(mark));
        if line.is_empty() {
            return Self::Blank;
        }
        if let Some(fence) = ["```", "~~~"].into_iter().find(|fence| line.starts_with(fence)) {
            return Self::Fence(fence);
        }
        if only("=") || (only("-") && line.len() > 1) {
            return Self::Underline;
        }
        if only("-*_ ") || (only("|-:+= ") && line.contains('-')) {
            return Self::Rule;
        }
        let after_hashes = line.trim_start_matches('#');
        let hashes = line.len() - after_hashes.len();
        if (1..=6).contains(&hashes) && after_hashes.starts_with([' ', '\t']) {
            return Self::Heading(after_hashes.trim().trim_end_matches('#').trim_end());
        }
        if line.starts_with('|') {
            return Self::Row(line);
        }
        match item(line) {
            Some(text) => Self::Item(text),
            None => Self::Text(line.trim_start_matches('>').trim_start()),
        }
    }
}

/// The text of an item of a list: after `-`, `*`, `+` or a dot, or after `1.`, `1)` or `a)`, and after a box to tick.
fn item(line: &str) -> Option<&str> {
    let bullet = line.strip_prefix(['-', '*', '+', '•', '◦', '▪', '·', '–']);
    let number = || {
        let rest = line.trim_start_matches(|digit: char| digit.is_ascii_digit());
        let digits = line.len() - rest.len();
        (1..=4).contains(&digits).then(|| rest.strip_prefix(['.', ')']))?
    };
    let letter = || line.strip_prefix(|letter: char| letter.is_ascii_alphabetic())?.strip_prefix(')');
    let rest = bullet.or_else(number).or_else(letter).filter(|rest| rest.starts_with(char::is_whitespace))?;
    let rest = rest.trim_start();
    let ticked = ["[ ] ", "[x] ", "[X] "].into_iter().find_map(|tick| rest.strip_prefix(tick));
    Some(ticked.unwrap_or(rest))
}

/// An outline under way, and the point that is not at its end.
#[derive(Default)]
struct Reading {
    outline: Outline,
    text: String,
    is_heading: bool,
    /// By which marks the code around this line has begun.
    fence: Option<&'static str>,
    in_comment: bool,
}

impl Reading {
    fn take(&mut self, line: &str) {
        if let Some(fence) = self.fence {
            if line.starts_with(fence) {
                self.fence = None;
            } else if !line.is_empty() {
                self.outline.code_lines += 1;
            }
            return;
        }
        if self.in_comment || line.starts_with("<!--") {
            self.in_comment = !line.contains("-->");
            return;
        }
        match Kind::of(line) {
            Kind::Blank | Kind::Rule => self.end_point(),
            Kind::Fence(fence) => {
                self.end_point();
                self.fence = Some(fence);
            }
            Kind::Underline => {
                self.is_heading = true;
                self.end_point();
            }
            Kind::Heading(text) => {
                self.begin(text);
                self.is_heading = true;
                self.end_point();
            }
            Kind::Item(text) => self.begin(text),
            Kind::Row(row) => {
                let cells = row.split('|').map(str::trim).filter(|cell| !cell.is_empty());
                self.begin(&cells.collect::<Vec<_>>().join(", "));
                self.end_point();
            }
            Kind::Text(text) => {
                self.text.push(' ');
                self.text.push_str(text);
            }
        }
    }

    fn begin(&mut self, text: &str) {
        self.end_point();
        self.text.push_str(text);
    }

    /// What has no letter and no digit is no point.
    fn end_point(&mut self) {
        let is_heading = std::mem::take(&mut self.is_heading);
        let text = without_links(&std::mem::take(&mut self.text));
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.contains(char::is_alphanumeric) {
            self.outline.points.push(Point { text, is_heading });
        }
    }
}

/// `[text](address)` and `![text](address)` become `text`.
fn without_links(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once("](") {
        let (Some((before, shown)), Some((_, after))) = (head.rsplit_once('['), tail.split_once(')')) else {
            plain.push_str(head);
            plain.push_str("](");
            rest = tail;
            continue;
        };
        plain.push_str(before.strip_suffix('!').unwrap_or(before));
        plain.push_str(shown);
        rest = after;
    }
    plain + rest
}

#[cfg(test)]
mod tests;
