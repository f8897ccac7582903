//! Documents of office programs as text: Word's and `OpenDocument`'s, which are both an archive with XML in it. Only the part with the text
//! is unpacked, and no more of it than a bound; nothing in it is followed, expanded or run.

use std::collections::HashSet;
use std::io::{Cursor, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use zip::ZipArchive;

use super::fetch::FetchError;

/// The largest part that is read, in bytes after decompression.
const MOST: usize = 8 << 20;

/// The two families.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Office {
    /// `.docx`
    #[default]
    Word,
    /// `.odt`
    OpenDocument,
}

impl Office {
    /// By what a file's name ends in, in small letters.
    pub(crate) fn of_ending(ending: &str) -> Option<Self> {
        match ending {
            "docx" => Some(Self::Word),
            "odt" => Some(Self::OpenDocument),
            _ => None,
        }
    }
}

/// The text, headings and lists marked as in Markdown.
///
/// # Errors
/// It is no such document, or too large.
pub(crate) fn text(office: Office, body: &[u8]) -> Result<String, FetchError> {
    let mut archive = ZipArchive::new(Cursor::new(body)).map_err(|_| FetchError::Damaged)?;
    let (content, headings) = match office {
        Office::Word => {
            // A document without styles has no headings.
            let styles = part(&mut archive, "word/styles.xml").unwrap_or_default();
            (part(&mut archive, "word/document.xml")?, headings(&styles)?)
        }
        Office::OpenDocument => (part(&mut archive, "content.xml")?, HashSet::new()),
    };
    let mut writer = Writer { office, headings, ..Writer::default() };
    let mut reader = Reader::from_str(&content);
    loop {
        match reader.read_event().map_err(|_| FetchError::Damaged)? {
            Event::Start(tag) if is_unseen(&tag) => {
                reader.read_to_end(tag.name()).map_err(|_| FetchError::Damaged)?;
            }
            Event::Start(tag) => writer.begin(&tag, true),
            Event::Empty(tag) => writer.begin(&tag, false),
            Event::End(tag) => writer.end(tag.local_name().as_ref()),
            Event::Text(text) => writer.push(&text),
            Event::GeneralRef(entity) => writer.push(character(&entity).encode_utf8(&mut [0; 4])),
            Event::Eof => return Ok(writer.text),
            _ => {}
        }
    }
}

/// One file of the archive.
fn part(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<String, FetchError> {
    let mut bytes = Vec::new();
    let part = archive.by_name(name).map_err(|_| FetchError::Damaged)?;
    part.take(MOST as u64 + 1).read_to_end(&mut bytes).map_err(|_| FetchError::Damaged)?;
    if bytes.len() > MOST {
        return Err(FetchError::TooLarge(MOST));
    }
    String::from_utf8(bytes).map_err(|_| FetchError::NotUtf8)
}

/// The names of Word's styles for headings: each language has its own names, but the built-in ones say what they are.
fn headings(styles: &str) -> Result<HashSet<String>, FetchError> {
    let mut reader = Reader::from_str(styles);
    let (mut found, mut style) = (HashSet::new(), String::new());
    loop {
        match reader.read_event().map_err(|_| FetchError::Damaged)? {
            Event::Start(tag) | Event::Empty(tag) => {
                let is_heading = match tag.local_name().as_ref() {
                    "style" => {
                        style = attribute(&tag, "styleId");
                        false
                    }
                    "name" => {
                        let name = attribute(&tag, "val").to_ascii_lowercase();
                        name.starts_with("heading ") || name == "title"
                    }
                    name => name == "outlineLvl",
                };
                if is_heading {
                    found.insert(style.clone());
                }
            }
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

/// What nobody reads as a part of the text: notes, comments, what was deleted or moved away, a second form of what was said.
fn is_unseen(tag: &BytesStart<'_>) -> bool {
    let unseen: [&str; 6] = ["Fallback", "moveFrom", "pPrChange", "note", "annotation", "tracked-changes"];
    unseen.contains(&tag.local_name().as_ref())
}

/// Empty where there is none.
fn attribute(tag: &BytesStart<'_>, name: &str) -> String {
    let mut attributes = tag.attributes().flatten();
    let found = attributes.find(|attribute| attribute.key.local_name().as_ref() == name);
    found.map(|found| found.value.into_owned()).unwrap_or_default()
}

/// A character by its number, or one of the five that XML names. Others would have to be declared, and nobody does.
fn character(entity: &BytesRef<'_>) -> char {
    if let Ok(Some(character)) = entity.resolve_char_ref() {
        return character;
    }
    match &**entity {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => ' ',
    }
}

/// Markdown in the making.
#[derive(Default)]
struct Writer {
    office: Office,
    headings: HashSet<String>,
    text: String,
    /// What stands before the paragraph, and the paragraph so far.
    mark: Option<&'static str>,
    paragraph: String,
    /// Around this place, what holds words: Word's runs, `OpenDocument`'s paragraphs. A frame may have paragraphs within one.
    open: usize,
    /// How many lists of `OpenDocument` are around it.
    lists: usize,
}

impl Writer {
    fn begin(&mut self, tag: &BytesStart<'_>, has_content: bool) {
        match tag.local_name().as_ref() {
            name @ ("p" | "h") if has_content => {
                self.flush();
                self.mark = match name {
                    "h" => Some(HEADING),
                    _ if attribute(tag, "style-name") == "Title" => Some(HEADING),
                    _ if self.lists > 0 => Some(ITEM),
                    _ => None,
                };
                self.open += usize::from(self.office == Office::OpenDocument);
            }
            "t" => self.open = has_content.into(),
            "list-item" if has_content => self.lists += 1,
            "pStyle" if self.headings.contains(&attribute(tag, "val")) => self.mark = Some(HEADING),
            "outlineLvl" => self.mark = Some(HEADING),
            "numPr" if self.mark.is_none() => self.mark = Some(ITEM),
            "tab" | "br" | "cr" | "line-break" | "s" => self.paragraph.push(' '),
            "noBreakHyphen" => self.paragraph.push('-'),
            _ => {}
        }
    }

    fn push(&mut self, text: &str) {
        if self.open > 0 {
            self.paragraph.push_str(text);
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "p" | "h" => {
                self.flush();
                self.open = self.open.saturating_sub(1);
            }
            "t" => self.open = 0,
            "list-item" => self.lists = self.lists.saturating_sub(1),
            _ => {}
        }
    }

    /// Ends the paragraph, if there is one.
    fn flush(&mut self) {
        let words = std::mem::take(&mut self.paragraph);
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let mark = self.mark.take().unwrap_or("\n\n");
        if !words.is_empty() {
            self.text.extend([mark, &words]);
        }
    }
}

const HEADING: &str = "\n\n# ";
const ITEM: &str = "\n- ";

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::audio::{Outline, Point};

    /// Written by pandoc 3 from one text in Markdown.
    const WORD: &[u8] = include_bytes!("testdata/outline.docx");
    const OPEN_DOCUMENT: &[u8] = include_bytes!("testdata/outline.odt");

    fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in parts {
            writer.start_file(*name, SimpleFileOptions::default()).expect("a part");
            writer.write_all(text.as_bytes()).expect("a part");
        }
        writer.finish().expect("an archive").into_inner()
    }

    #[test]
    fn both_families_come_to_the_points_that_a_reader_sees() {
        for (office, body) in [(Office::Word, WORD), (Office::OpenDocument, OPEN_DOCUMENT)] {
            let text = text(office, body).expect("a document");
            let shown =
                |point: Point| if point.is_heading { format!("# {}", point.text) } else { point.text };
            let points: Vec<String> = Outline::read(&text).points.into_iter().map(shown).collect();
            let expected = [
                "# All about keys",
                "# Keys & doors",
                "A key opens a door, and only one.",
                "# Why",
                "one for each",
                "none for all",
                "below",
                "first",
                "second",
                "a",
                "b",
                "c",
                "d",
                "Last words.",
            ];
            assert_eq!(points, expected, "{office:?}");
        }
    }

    #[test]
    fn headings_are_known_by_what_styles_are_and_what_is_gone_is_not_read() {
        let styles = r#"<s:styles xmlns:s="x"><s:style s:styleId="berschrift1"><s:name s:val="heading 1"/></s:style></s:styles>"#;
        let document = r#"<w:document xmlns:w="x"><w:p><w:pPr><w:pStyle w:val="berschrift1"/></w:pPr><w:r><w:t>Schl&#252;ssel</w:t></w:r></w:p>
            <w:p><w:r><w:t>one</w:t><w:tab/><w:t>two</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>
            <w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom><w:r><w:instrText>PAGE</w:instrText></w:r></w:p></w:document>"#;
        let body = archive(&[("word/styles.xml", styles), ("word/document.xml", document)]);
        assert_eq!(text(Office::Word, &body).as_deref(), Ok("\n\n# Schlüssel\n\none two"));
        let content = r#"<o xmlns:text="x"><text:p>a<text:note><text:p>no</text:p></text:note><text:frame><text:p>b</text:p></text:frame>c</text:p></o>"#;
        let body = archive(&[("content.xml", content)]);
        assert_eq!(text(Office::OpenDocument, &body).as_deref(), Ok("\n\na\n\nb\n\nc"));
    }

    #[test]
    fn what_is_no_document_is_refused_and_a_bomb_is_not_unpacked() {
        let bomb = archive(&[("content.xml", &"x".repeat(MOST + 1))]);
        assert!(bomb.len() < 100_000);
        for (body, fault) in [
            (b"%PDF-1.7".to_vec(), FetchError::Damaged),
            (archive(&[("mimetype", "x")]), FetchError::Damaged),
            (archive(&[("content.xml", "<a></b>")]), FetchError::Damaged),
            (bomb, FetchError::TooLarge(MOST)),
        ] {
            assert_eq!(text(Office::OpenDocument, &body), Err(fault));
        }
        let laughs =
            r#"<!DOCTYPE a [<!ENTITY l "ha"><!ENTITY m "&l;&l;">]><text:p xmlns:text="x">a&m;b</text:p>"#;
        let body = archive(&[("content.xml", laughs)]);
        assert_eq!(text(Office::OpenDocument, &body).as_deref(), Ok("\n\na b"), "nothing is expanded");
    }

    proptest! {
        /// Whatever is damaged, there is a text or an error.
        #[test]
        fn a_damaged_document_is_no_panic(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
            end in any::<prop::sample::Index>(),
            is_cut: bool,
        ) {
            for (office, whole) in [(Office::Word, WORD), (Office::OpenDocument, OPEN_DOCUMENT)] {
                let mut body = whole.to_vec();
                for (at, byte) in &changes {
                    let at = at.index(body.len());
                    body[at] = *byte;
                }
                if is_cut {
                    body.truncate(end.index(whole.len()));
                }
                let _ = text(office, &body);
            }
        }
    }
}
