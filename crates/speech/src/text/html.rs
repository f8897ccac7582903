//! HTML in a text: its tags go, and its entities become the characters that they stand for. Code between backticks stays.

use std::borrow::Cow;

use super::layout::is_fence;

/// A text without HTML. What looks like a tag is one only if it is an element of [`ELEMENTS`] that is also closed somewhere, or never
/// is: `Vec<String>`, `a < b` and "use the <b> tag" stay as they are.
pub(super) fn without_html(raw: &str) -> Cow<'_, str> {
    if !raw.contains(['<', '&']) {
        return raw.into();
    }
    let html = Html::of(raw);
    let mut text = String::with_capacity(raw.len());
    let (mut in_fence, mut in_span) = (begins_fence(raw), false);
    let mut rest = raw;
    while let Some(at) = rest.find(['<', '&', '`', '\n']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let is_code = in_fence || in_span;
        let found = match rest.as_bytes()[0] {
            b'<' if !is_code => html.tag(rest, &text),
            b'&' if !is_code => entity(rest),
            _ => None,
        };
        let (length, instead) = found.unwrap_or((1, rest[..1].into()));
        match rest.as_bytes()[0] {
            b'`' => in_span = !in_span,
            b'\n' => (in_fence, in_span) = (in_fence ^ begins_fence(&rest[1..]), false),
            _ => {}
        }
        text.push_str(&instead);
        rest = &rest[length..];
    }
    text.push_str(rest);
    text.into()
}

fn begins_fence(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default().trim();
    !line.is_empty() && is_fence(line)
}

/// What is known of a whole text before its tags are looked at, so that each costs no more than its own length.
struct Html {
    /// By its place in [`ELEMENTS`]: whether the element is closed somewhere.
    closed: [bool; ELEMENTS.len()],
    /// How many bytes come after the last end of a comment.
    behind_comments: Option<usize>,
}

impl Html {
    fn of(raw: &str) -> Self {
        let mut closed = [false; ELEMENTS.len()];
        for (at, _) in raw.match_indices("</") {
            if let Some(place) = element(name(&raw[at + 2..])) {
                closed[place] = true;
            }
        }
        Self { closed, behind_comments: raw.rfind("-->").map(|at| raw.len() - at) }
    }

    /// The length of the tag that the text begins with, and what is said in its place.
    fn tag(&self, text: &str, before: &str) -> Option<(usize, Cow<'static, str>)> {
        if let Some(comment) = text.strip_prefix("<!--") {
            let has_end = self.behind_comments.is_some_and(|behind| comment.len() >= behind);
            return has_end.then(|| comment.find("-->")).flatten().map(|end| (end + 7, "".into()));
        }
        let closes = text.starts_with("</");
        let inner = &text[1 + usize::from(closes)..];
        let place = element(name(inner))?;
        let (_, instead) = ELEMENTS[place];
        if !self.closed[place] && !matches!(instead, Instead::Line | Instead::Void) {
            return None;
        }
        let after = &inner[name(inner).len()..];
        let end = after.find(['<', '>']).filter(|end| after[*end..].starts_with('>'))?;
        if !after.starts_with(|next: char| next == '>' || next == '/' || next.is_ascii_whitespace()) {
            return None;
        }
        let length = text.len() - after.len() + end + 1;
        let is_power =
            instead == Instead::Power && !closes && before.ends_with(|last: char| last.is_ascii_digit());
        let is_power = is_power && text[length..].starts_with(|next: char| next.is_ascii_digit());
        Some((length, if is_power { "^".into() } else { instead.said(closes).into() }))
    }
}

/// What stands in the place of an element's tags.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Instead {
    /// Nothing: it is within a sentence.
    Nothing,
    /// The end of a sentence.
    Block,
    /// A space, of an element that is never closed.
    Line,
    /// Nothing, of an element that is never closed.
    Void,
    /// A pause before it.
    Cell,
    /// A power between digits, else nothing.
    Power,
}

impl Instead {
    fn said(self, closes: bool) -> &'static str {
        match self {
            Self::Nothing | Self::Void | Self::Power => "",
            Self::Block => "\n\n",
            Self::Line => "\n",
            Self::Cell if closes => " ",
            Self::Cell => ", ",
        }
    }
}

/// The elements that are found in texts.
const ELEMENTS: [(&str, Instead); 49] = [
    ("a", Instead::Nothing),
    ("abbr", Instead::Nothing),
    ("article", Instead::Block),
    ("b", Instead::Nothing),
    ("blockquote", Instead::Block),
    ("body", Instead::Block),
    ("br", Instead::Line),
    ("cite", Instead::Nothing),
    ("code", Instead::Nothing),
    ("dd", Instead::Block),
    ("del", Instead::Nothing),
    ("div", Instead::Block),
    ("dl", Instead::Block),
    ("dt", Instead::Block),
    ("em", Instead::Nothing),
    ("font", Instead::Nothing),
    ("footer", Instead::Block),
    ("h1", Instead::Block),
    ("h2", Instead::Block),
    ("h3", Instead::Block),
    ("h4", Instead::Block),
    ("h5", Instead::Block),
    ("h6", Instead::Block),
    ("head", Instead::Block),
    ("header", Instead::Block),
    ("hr", Instead::Line),
    ("html", Instead::Block),
    ("i", Instead::Nothing),
    ("img", Instead::Void),
    ("ins", Instead::Nothing),
    ("kbd", Instead::Nothing),
    ("li", Instead::Block),
    ("mark", Instead::Nothing),
    ("ol", Instead::Block),
    ("p", Instead::Block),
    ("pre", Instead::Block),
    ("section", Instead::Block),
    ("small", Instead::Nothing),
    ("span", Instead::Nothing),
    ("strong", Instead::Nothing),
    ("sub", Instead::Nothing),
    ("sup", Instead::Power),
    ("table", Instead::Block),
    ("td", Instead::Cell),
    ("th", Instead::Cell),
    ("title", Instead::Block),
    ("tr", Instead::Block),
    ("u", Instead::Nothing),
    ("ul", Instead::Block),
];

/// The letters and digits that a text begins with.
fn name(text: &str) -> &str {
    let end = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
    &text[..end]
}

fn element(name: &str) -> Option<usize> {
    ELEMENTS.iter().position(|(known, _)| known.eq_ignore_ascii_case(name))
}

/// Characters by their names, as far as they are found in English texts.
const ENTITIES: [(&str, char); 29] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("hellip", '…'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bull", '•'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("deg", '°'),
    ("times", '×'),
    ("euro", '€'),
    ("pound", '£'),
    ("rarr", '→'),
    ("auml", 'ä'),
    ("ouml", 'ö'),
    ("uuml", 'ü'),
    ("eacute", 'é'),
    ("egrave", 'è'),
    ("ccedil", 'ç'),
    ("ntilde", 'ñ'),
];

/// The length of the entity that the text begins with, and its character.
fn entity(text: &str) -> Option<(usize, Cow<'static, str>)> {
    let number = text[1..].strip_prefix('#');
    let length = name(number.unwrap_or(&text[1..])).len();
    let name = &number.unwrap_or(&text[1..])[..length];
    let end = 1 + usize::from(number.is_some()) + length;
    if length > 8 || !text[end..].starts_with(';') {
        return None;
    }
    let letter = match number {
        Some(_) => {
            let hexadecimal = name.strip_prefix(['x', 'X']);
            let code = hexadecimal.map_or_else(|| name.parse(), |digits| u32::from_str_radix(digits, 16));
            char::from_u32(code.ok()?).filter(|letter| !letter.is_control())?
        }
        None => ENTITIES.iter().find(|(known, _)| *known == name).map(|(_, letter)| *letter)?,
    };
    Some((end + 1, letter.to_string().into()))
}
