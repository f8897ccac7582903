//! A message's fields (RFC 9110, 5): lines of the bytes they came in, as HTTP/1 has them, or entries of a map, as HTTP/2 and
//! our own answers have them. Most messages are passed on line by line, and never need a map.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::line::{Line, Lines};

/// The fields of one head. Has no `Debug`: a key may be among them.
#[derive(Default)]
pub(crate) struct Fields {
    head: Bytes,
    lines: Lines,
    /// In a box, since it is large, and most messages have none.
    map: Option<Box<HeaderMap>>,
}

impl Fields {
    /// Lines of this head, whose names are tokens and whose values have no control characters.
    pub(crate) fn new(head: Bytes, lines: Lines) -> Self {
        Self { head, lines, map: None }
    }

    /// Each name, in the case in which it came, and value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let lines = self.lines.iter().map(|line| (line.name(&self.head), line.value(&self.head)));
        let map = self.map.iter().flat_map(|map| map.iter());
        lines.chain(map.map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes())))
    }

    /// The values of all lines of this name.
    pub(crate) fn all<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
        let map = self.map.as_ref().map(|map| map.get_all(name).iter());
        Values { name: name.as_str().as_bytes(), head: &self.head, lines: self.lines.iter(), map }
    }

    /// The value of the first line of this name.
    pub(crate) fn first(&self, name: &HeaderName) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// Takes all lines of this name out.
    pub(crate) fn remove(&mut self, name: &HeaderName) {
        let head = &self.head;
        self.lines.retain(|line| !is(name, line.name(head)));
        if let Some(map) = &mut self.map {
            map.remove(name);
        }
    }

    /// All of them in a map. Values share the head's memory.
    pub(crate) fn into_map(self) -> HeaderMap {
        let Self { head, lines, map } = self;
        let map = map.map_or_else(HeaderMap::new, |map| *map);
        if lines.is_empty() {
            return map;
        }
        let mut all = HeaderMap::with_capacity(lines.len() + map.len() + ROOM_FOR_MORE);
        for line in &lines {
            let name = HeaderName::from_bytes(line.name(&head));
            let value = HeaderValue::from_maybe_shared(head.slice(line.value_at()));
            // A line is a token and has no control character, so it is both.
            if let (Ok(name), Ok(value)) = (name, value) {
                all.append(name, value);
            }
        }
        for (name, value) in &map {
            all.append(name, value.clone());
        }
        all
    }
}

/// The values of one name: of lines, and then of a map.
struct Values<'a, 'n> {
    name: &'n [u8],
    head: &'a [u8],
    lines: std::slice::Iter<'a, Line>,
    map: Option<http::header::ValueIter<'a, HeaderValue>>,
}

impl<'a> Iterator for Values<'a, '_> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        for line in self.lines.by_ref() {
            if line.name(self.head).eq_ignore_ascii_case(self.name) {
                return Some(line.value(self.head));
            }
        }
        self.map.as_mut()?.next().map(HeaderValue::as_bytes)
    }
}

/// Whether a line's name is this one.
pub(crate) fn is(name: &HeaderName, found: &[u8]) -> bool {
    found.eq_ignore_ascii_case(name.as_str().as_bytes())
}

/// What an answer is stamped with.
const ROOM_FOR_MORE: usize = 6;

impl From<HeaderMap> for Fields {
    fn from(map: HeaderMap) -> Self {
        let map = (!map.is_empty()).then(|| Box::new(map));
        Self { map, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use http::header::{AUTHORIZATION, COOKIE, HOST, VIA};

    use super::*;

    fn fields() -> Fields {
        let head = "Host: a\r\nCOOKIE: b\r\nauthorization: c\r\ncookie: d\r\n";
        let mut lines = Lines::new();
        let mut at = 0;
        for line in head.split_inclusive("\r\n") {
            let colon = at + line.find(':').expect("a name");
            lines.push(Line::at(at..colon, colon + 2..at + line.len() - 2));
            at += line.len();
        }
        Fields::new(Bytes::from_static(head.as_bytes()), lines)
    }

    #[test]
    fn lines_and_entries_are_one_list() {
        let mut fields = fields();
        let entries = ["e", "f"].map(|value| (COOKIE, HeaderValue::from_static(value)));
        fields.map = Fields::from(HeaderMap::from_iter(entries)).map;
        assert_eq!(fields.first(&HOST), Some(&b"a"[..]));
        assert_eq!(fields.all(&COOKIE).collect::<Vec<_>>(), [b"b", b"d", b"e", b"f"]);
        assert_eq!(fields.iter().count(), 6);
        fields.remove(&AUTHORIZATION);
        assert_eq!(fields.first(&AUTHORIZATION), None);
        let map = fields.into_map();
        assert_eq!((map.len(), map.get(VIA)), (5, None));
        assert_eq!(map.get_all(COOKIE).iter().collect::<Vec<_>>(), ["b", "d", "e", "f"]);
    }
}
