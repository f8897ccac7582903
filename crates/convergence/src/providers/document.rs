//! A document that was fetched, as text.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use super::fetch::FetchError;
use super::office::{self, Office};

/// What a document's media type says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Html,
    Office(Office),
}

impl Kind {
    /// By a `Content-Type`.
    pub(super) fn of(content_type: &str) -> Option<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media_type.as_str() {
            "text/plain" | "text/markdown" | "text/x-markdown" | "text/vnd.daringfireball.markdown" => {
                Some(Self::Text)
            }
            "text/html" | "application/xhtml+xml" => Some(Self::Html),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => {
                Some(Self::Office(Office::Word))
            }
            "application/vnd.oasis.opendocument.text" => Some(Self::Office(Office::OpenDocument)),
            _ => None,
        }
    }

    /// The largest of its kind, in bytes: those of office programs have pictures.
    pub(super) fn most(self) -> usize {
        match self {
            Self::Text | Self::Html => 1 << 20,
            Self::Office(_) => 8 << 20,
        }
    }
}

/// The text, headings and lists marked as in Markdown.
pub(super) fn text(kind: Kind, body: Vec<u8>) -> Result<String, FetchError> {
    let utf8 = |body| String::from_utf8(body).map_err(|_| FetchError::NotUtf8);
    match kind {
        Kind::Text => utf8(body),
        Kind::Html => Ok(text_of_html(&utf8(body)?)),
        Kind::Office(office) => office::text(office, &body),
    }
}

/// By the tokens of the HTML alone. No tree is built, so no page is deep: each byte is looked at once.
fn text_of_html(html: &str) -> String {
    let tokenizer = Tokenizer::new(Reader::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    // It stops for scripts, which nobody runs here.
    while !input.is_empty() {
        let _ = tokenizer.feed(&input);
    }
    tokenizer.end();
    tokenizer.sink.text.into_inner()
}

#[derive(Default)]
struct Reader {
    text: RefCell<String>,
    /// The element around this place whose text nobody sees, if there is one.
    unseen: RefCell<Option<String>>,
}

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) => return self.tag(&tag),
            Token::CharacterTokens(characters) if self.unseen.borrow().is_none() => {
                // A line's beginning is a mark in Markdown, and is none here.
                let words = characters.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
                let mut text = self.text.borrow_mut();
                let space = |there| if there { " " } else { "" };
                let before = space(
                    characters.starts_with(|c: char| c.is_ascii_whitespace()) && !text.ends_with(['\n', ' ']),
                );
                let after =
                    space(!words.is_empty() && characters.ends_with(|c: char| c.is_ascii_whitespace()));
                text.extend([before, &words, after]);
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl Reader {
    fn tag(&self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        let mut unseen = self.unseen.borrow_mut();
        let begins = tag.kind == TagKind::StartTag;
        match &*unseen {
            Some(open) if open == name && !begins => *unseen = None,
            Some(_) => {}
            None if begins
                && matches!(name, "head" | "script" | "style" | "template" | "noscript" | "nav" | "svg") =>
            {
                *unseen = Some(name.to_owned());
            }
            // Where nobody has ended the head, the body does.
            None => self.text.borrow_mut().push_str(mark(name, begins)),
        }
        if begins && name == "body" {
            *unseen = None;
        }
        match name {
            "script" if begins => TokenSinkResult::RawData(RawKind::ScriptData),
            "style" | "iframe" | "xmp" | "noframes" if begins => TokenSinkResult::RawData(RawKind::Rawtext),
            "title" | "textarea" if begins => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        }
    }
}

/// What a tag is in Markdown; what stands within lines is nothing.
fn mark(name: &str, begins: bool) -> &'static str {
    match name {
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if begins => "\n\n# ",
        "li" | "dt" | "dd" if begins => "\n- ",
        "a" | "abbr" | "b" | "bdi" | "bdo" | "cite" | "code" | "data" | "del" | "dfn" | "em" | "font"
        | "i" | "ins" | "kbd" | "label" | "mark" | "q" | "s" | "samp" | "small" | "span" | "strong"
        | "sub" | "sup" | "time" | "tt" | "u" | "var" | "wbr" => "",
        "img" | "input" | "button" => " ",
        "p" | "ul" | "ol" | "br" if begins => "\n",
        _ => "\n\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Outline, Point};

    fn points(html: &str) -> Vec<String> {
        let text = text(Kind::Html, html.into()).expect("a text");
        let shown = |point: Point| if point.is_heading { format!("# {}", point.text) } else { point.text };
        Outline::read(&text).points.into_iter().map(shown).collect()
    }

    #[test]
    fn html_comes_to_the_points_that_a_reader_sees() {
        let long = "word ".repeat(60);
        let html = format!(
            "<!doctype html><html><head><title>No</title><style>p {{}}</style><script>no('</p>')</script></head><body>\
             <nav>Home</nav><h1>Keys &amp; <em>do</em>ors</h1>\n<p>{long}</p><!-- no --><h2\n class=x>Why</h2><ul><li>one <a href='https://x/'>each</a></li>\
             <li><p>{long}</p><ul><li>below</li></ul></li></ul><ol><li>first</li></ol><hr>after\n - a rule\
             <table><tr><td>a</td><td>b</td></tr></table><blockquote>said</blockquote><script>if (a < b) no()</script></body></html>"
        );
        let long = long.trim_end();
        assert_eq!(
            points(&html),
            [
                "# Keys & doors",
                long,
                "# Why",
                "one each",
                long,
                "below",
                "first",
                "after - a rule",
                "a",
                "b",
                "said"
            ]
        );
    }

    #[test]
    fn html_without_its_frame_is_read_too() {
        assert_eq!(points("<h1>A<p>b<li>c"), ["# A", "b", "c"]);
        assert_eq!(points("<head><title>T</title><body>seen"), ["seen"]);
        assert_eq!(points("a &lt;b&gt; &nbsp;c &#233;"), ["a <b> c é"]);
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

    /// Much of each: neither deep nor wide HTML comes to more than twice its size.
    #[test]
    fn hostile_html_ends() {
        let pieces = [
            "<div>",
            "<ul><li>",
            "<hr>",
            "<table><tr><td>",
            "<b>",
            "<h1>",
            "<a href=x>",
            "<!--",
            "<",
            "&amp;",
            "&",
            "<script>",
        ];
        for piece in pieces {
            let html = piece.repeat((1 << 18) / piece.len());
            let text = text(Kind::Html, html.into()).expect("a text");
            assert!(text.len() <= 2 << 18, "{piece}");
        }
    }
}
