//! A document that was fetched, as text.

use super::fetch::FetchError;

/// Columns to which HTML is laid out. Lines that are broken there are joined again when the outline is read; much wider, and a
/// page of rules would be wider than memory.
const COLUMNS: usize = 120;
/// The longest text that is taken, in bytes.
const MOST: usize = 1 << 20;

/// What a document's media type says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Html,
}

impl Kind {
    /// By a `Content-Type`.
    pub(super) fn of(content_type: &str) -> Option<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media_type.as_str() {
            "text/plain" | "text/markdown" | "text/x-markdown" | "text/vnd.daringfireball.markdown" => Some(Self::Text),
            "text/html" | "application/xhtml+xml" => Some(Self::Html),
            _ => None,
        }
    }
}

/// The text, headings and lists marked as in Markdown.
pub(super) fn text(kind: Kind, body: Vec<u8>) -> Result<String, FetchError> {
    let text = String::from_utf8(body).map_err(|_| FetchError::NotUtf8)?;
    if kind == Kind::Text {
        return Ok(text);
    }
    let layout = html2text::config::plain_no_decorate().link_footnotes(false).raw_mode(true).no_link_wrapping();
    let text = layout.string_from_read(text.as_bytes(), COLUMNS).map_err(|_| FetchError::Unreadable)?;
    if text.len() > MOST { Err(FetchError::TooLarge) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Outline;

    fn points(html: &str) -> Vec<String> {
        let text = text(Kind::Html, html.into()).expect("a text");
        let shown = |point: crate::audio::Point| if point.is_heading { format!("# {}", point.text) } else { point.text };
        Outline::read(&text).points.into_iter().map(shown).collect()
    }

    #[test]
    fn html_comes_to_the_points_that_a_reader_sees() {
        let long = "word ".repeat(60);
        let html = format!(
            "<!doctype html><html><head><title>No</title><style>p {{}}</style><script>no()</script></head><body>\
             <h1>Keys &amp; <em>doors</em></h1><p>{long}</p><h2>Why</h2><ul><li>one <a href='https://x/'>each</a></li>\
             <li>{long}<ul><li>below</li></ul></li></ul><ol><li>first</li></ol><hr>\
             <table><tr><td>a</td><td>b</td></tr></table><blockquote>said</blockquote></body></html>"
        );
        let long = long.trim_end();
        assert_eq!(
            points(&html),
            ["# Keys & doors", long, "# Why", "one each", long, "below", "first", "a", "b", "said"]
        );
    }

    #[test]
    fn kinds_are_known_by_their_media_type() {
        for (content_type, kind) in [
            ("text/html; charset=utf-8", Some(Kind::Html)),
            ("Text/Markdown", Some(Kind::Text)),
            ("text/plain;charset=UTF-8", Some(Kind::Text)),
            ("application/pdf", None),
            ("application/json", None),
            ("", None),
        ] {
            assert_eq!(Kind::of(content_type), kind, "{content_type}");
        }
        assert!(matches!(text(Kind::Text, vec![0xff]), Err(FetchError::NotUtf8)));
    }

    /// A megabyte of each: neither deep nor wide HTML costs more than its size says.
    #[test]
    fn hostile_html_ends() {
        for piece in ["<div>", "<ul><li>", "<blockquote>", "<hr>", "<table><tr><td>", "<b>", "<h1>", "<a href=x>", "<!--", "&amp;"] {
            let html = piece.repeat((1 << 20) / piece.len());
            if let Ok(text) = text(Kind::Html, html.into()) {
                assert!(text.len() <= MOST, "{piece}");
            }
        }
    }
}
