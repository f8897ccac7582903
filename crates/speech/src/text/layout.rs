//! Markdown to running text: marks of layout go, and what stands on a line of its own becomes a sentence.

/// Joins the lines of a text. Headings, bullets, table rows and paragraphs become sentences; a link becomes its
/// text, an image its description; of a block of code the lines are read, and its fences are not.
pub(super) fn without_layout(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut ends = false;
    let mut in_code = false;
    for line in raw.lines().map(str::trim) {
        let is_fence = is_fence(line);
        in_code ^= is_fence;
        if is_fence || is_rule(line) {
            ends = true;
            continue;
        }
        let content = if in_code { line } else { without_marks(line) };
        let is_block = in_code || content.len() < line.len() || is_numbered(line);
        if (ends || is_block) && !text.is_empty() {
            end_sentence(&mut text);
        }
        text.push('\n');
        if content.starts_with('|') || content.ends_with('|') {
            push_row(content, &mut text);
        } else {
            push_inline(content, &mut text);
        }
        ends = is_block;
    }
    text
}

/// The line before or after a block of code; at most the name of its language stands there.
pub(super) fn is_fence(line: &str) -> bool {
    let language = line.strip_prefix("```").or_else(|| line.strip_prefix("~~~"));
    language.is_some_and(|name| {
        name.chars().all(|letter| letter.is_ascii_alphanumeric() || "`~+-#.".contains(letter))
    })
}

/// An empty line, a rule, a heading's underline, or the line below a table's header.
fn is_rule(line: &str) -> bool {
    line.chars().all(|mark| "-*_=`~|:+ ".contains(mark))
}

/// An item of a numbered list: `1. ` or `1) `. Its number is said.
fn is_numbered(line: &str) -> bool {
    let rest = line.trim_start_matches(|digit: char| digit.is_ascii_digit());
    (1..=2).contains(&(line.len() - rest.len())) && (rest.starts_with(". ") || rest.starts_with(") "))
}

fn end_sentence(text: &mut String) {
    let last = text.trim_end().chars().last();
    if last.is_some_and(|last| !".!?,;:".contains(last)) {
        text.push('.');
    }
}

/// A line without the marks of a quotation, a heading, a bullet or a task. The number of a list stays.
fn without_marks(line: &str) -> &str {
    let quoted = line.trim_start_matches(['>', ' ']);
    // `> 5` and `>= 5` are no quotations.
    let line =
        if quoted.starts_with(|next: char| next.is_ascii_digit() || next == '=') { line } else { quoted };
    let heading = line.trim_start_matches('#');
    let is_heading = heading.len() < line.len() && heading.starts_with(' ');
    let line = if is_heading { heading.trim_start().trim_end_matches(['#', ' ']) } else { line };
    let line = ["- ", "* ", "+ ", "• "].iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line);
    ["[ ] ", "[x] ", "[X] "].iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line)
}

/// The cells of a table's row, with a pause between them.
fn push_row(row: &str, text: &mut String) {
    let cells = row.trim_matches('|').split('|').map(str::trim).filter(|cell| !cell.is_empty());
    for (column, cell) in cells.enumerate() {
        if column > 0 {
            text.push_str(", ");
        }
        push_inline(cell, text);
    }
}

/// `[text](target)` and `![text](target)` become `text`, and emphasis loses its marks: a reader reads what is shown.
fn push_inline(mut line: &str, text: &mut String) {
    while let Some((before, shown, after)) = next_link(line) {
        push_plain(before.strip_suffix('!').unwrap_or(before), text);
        push_plain(shown, text);
        line = after;
    }
    push_plain(line, text);
}

fn push_plain(line: &str, text: &mut String) {
    // Emphasis may end within a word, as in **read**able, where no mark stands at the end of the word.
    for (at, part) in line.split("**").enumerate() {
        // Two stars between numbers are a power.
        let digits = |text: &str, last: bool| {
            let text = text.trim();
            let letter = if last { text.chars().last() } else { text.chars().next() };
            letter.is_some_and(|letter| letter.is_ascii_digit())
        };
        if at > 0 && digits(text, true) && digits(part, false) {
            text.push('^');
        }
        text.push_str(part);
    }
}

fn next_link(line: &str) -> Option<(&str, &str, &str)> {
    let (head, tail) = line.split_once("](")?;
    let (before, shown) = head.rsplit_once('[')?;
    let (_, after) = tail.split_once(')')?;
    Some((before, shown, after))
}
