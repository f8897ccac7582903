//! The little Markdown that the document's descriptions have: paragraphs, lists, and words of programs.

/// Some words, or a word of programs.
pub(super) struct Span {
    pub(super) text: String,
    pub(super) is_code: bool,
}

/// A paragraph, or an item of a list.
pub(super) struct Block {
    pub(super) spans: Vec<Span>,
    pub(super) is_item: bool,
}

/// Reads a description. Nothing of it is HTML when it is shown.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let lines = text.lines().filter(|line| !line.is_empty());
    let block = |line: &str| match line.strip_prefix("- ") {
        Some(item) => Block { spans: spans(item), is_item: true },
        None => Block { spans: spans(line), is_item: false },
    };
    lines.map(block).collect()
}

/// Reads a line.
pub(super) fn spans(line: &str) -> Vec<Span> {
    let parts = line.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    parts.map(|(place, part)| Span { text: part.to_owned(), is_code: place % 2 == 1 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_programs_and_items_are_told_apart() {
        let read = blocks("One `a` two.\n\n- `b`: three");
        let shown = |block: &Block| {
            let spans = block.spans.iter().map(|span| (span.text.as_str(), span.is_code));
            (block.is_item, spans.map(|(text, is_code)| format!("{text}|{is_code}")).collect::<Vec<_>>())
        };
        let shown: Vec<_> = read.iter().map(shown).collect();
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            shown,
            [
                (false, texts(&["One |false", "a|true", " two.|false"])),
                (true, texts(&["b|true", ": three|false"])),
            ]
        );
    }
}
