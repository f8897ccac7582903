//! The body of an upstream's answer, taken off the front of what was read: by length, by chunks, or to the end of the
//! connection (RFC 9112, 6.3 and 7.1).

use bytes::{Buf, Bytes, BytesMut};
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HOST, TRAILER, TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;

use crate::upstream::fault::BadAnswer;

/// The longest line that says a chunk's size, its extensions included; and the longest trailers.
const LONGEST_LINE: usize = 4_096;
const LONGEST_TRAILERS: usize = 16_384;
const MOST_TRAILERS: usize = 64;

/// Where a body is, and how its end is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// It has ended, or there is none.
    Nothing,
    /// This many bytes are to come.
    Length(u64),
    Chunked(Chunk),
    UntilClose,
}

/// What comes next in a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    Size,
    Data(u64),
    /// The line end after a chunk's data.
    Gap,
    Trailers,
}

/// What has been taken.
#[derive(Debug)]
pub(super) enum Taken {
    Frame(Frame<Bytes>),
    /// The body goes on, and nothing of it is here.
    More,
    End,
}

impl Framing {
    pub(super) const fn chunked() -> Self {
        Self::Chunked(Chunk::Size)
    }

    /// Takes the next piece off the front of `bytes`.
    ///
    /// # Errors
    /// The chunks are malformed.
    pub(super) fn take(&mut self, bytes: &mut BytesMut) -> Result<Taken, BadAnswer> {
        match self {
            Framing::Nothing => Ok(Taken::End),
            Framing::UntilClose if bytes.is_empty() => Ok(Taken::More),
            Framing::UntilClose => Ok(data(bytes.split().freeze())),
            Framing::Length(left) => {
                let Some(piece) = up_to(bytes, left) else { return Ok(Taken::More) };
                if *left == 0 {
                    *self = Framing::Nothing;
                }
                Ok(data(piece))
            }
            Framing::Chunked(_) => self.take_chunked(bytes),
        }
    }

    /// Whether the end of the connection is the end of the body.
    pub(super) fn may_end_with_the_connection(self) -> bool {
        matches!(self, Framing::Nothing | Framing::UntilClose)
    }

    fn take_chunked(&mut self, bytes: &mut BytesMut) -> Result<Taken, BadAnswer> {
        while let Framing::Chunked(chunk) = self {
            match chunk {
                Chunk::Size => match size(bytes)? {
                    None => return Ok(Taken::More),
                    Some(0) => *chunk = Chunk::Trailers,
                    Some(size) => *chunk = Chunk::Data(size),
                },
                Chunk::Data(left) => {
                    let Some(piece) = up_to(bytes, left) else { return Ok(Taken::More) };
                    if *left == 0 {
                        *chunk = Chunk::Gap;
                    }
                    return Ok(data(piece));
                }
                Chunk::Gap if bytes.len() < 2 => return Ok(Taken::More),
                Chunk::Gap if bytes.starts_with(b"\r\n") => {
                    bytes.advance(2);
                    *chunk = Chunk::Size;
                }
                Chunk::Gap => return Err(BadAnswer::BadChunk),
                Chunk::Trailers => {
                    let Some(trailers) = trailers(bytes)? else { return Ok(Taken::More) };
                    *self = Framing::Nothing;
                    if !trailers.is_empty() {
                        return Ok(Taken::Frame(Frame::trailers(trailers)));
                    }
                }
            }
        }
        Ok(Taken::End)
    }
}

fn data(bytes: Bytes) -> Taken {
    Taken::Frame(Frame::data(bytes))
}

/// What is there of the next `left` bytes; `None` if nothing is.
fn up_to(bytes: &mut BytesMut, left: &mut u64) -> Option<Bytes> {
    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
    *left -= here as u64;
    (here > 0).then(|| bytes.split_to(here).freeze())
}

/// The size of the next chunk.
fn size(bytes: &mut BytesMut) -> Result<Option<u64>, BadAnswer> {
    // The parser takes an empty line for 0, which would end the body early.
    if bytes.first().is_some_and(|first| !first.is_ascii_hexdigit()) {
        return Err(BadAnswer::BadChunk);
    }
    let line = bytes.len().min(LONGEST_LINE);
    match httparse::parse_chunk_size(&bytes[..line]) {
        Ok(httparse::Status::Complete((length, size))) => {
            bytes.advance(length);
            Ok(Some(size))
        }
        Ok(httparse::Status::Partial) if bytes.len() < LONGEST_LINE => Ok(None),
        _ => Err(BadAnswer::BadChunk),
    }
}

/// What may stand after the last chunk, less what would change how a message is framed or meant (RFC 9110, 6.5.1).
fn trailers(bytes: &mut BytesMut) -> Result<Option<HeaderMap>, BadAnswer> {
    let mut lines = [httparse::EMPTY_HEADER; MOST_TRAILERS];
    let (length, lines) = match httparse::parse_headers(bytes, &mut lines) {
        Ok(httparse::Status::Complete((length, lines))) => (length, lines),
        Ok(httparse::Status::Partial) if bytes.len() < LONGEST_TRAILERS => return Ok(None),
        _ => return Err(BadAnswer::BadChunk),
    };
    let mut trailers = HeaderMap::new();
    for line in lines {
        let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| BadAnswer::BadChunk)?;
        let value = HeaderValue::from_bytes(line.value).map_err(|_| BadAnswer::BadChunk)?;
        if !NOT_IN_TRAILERS.contains(&name) {
            trailers.append(name, value);
        }
    }
    bytes.advance(length);
    Ok(Some(trailers))
}

const NOT_IN_TRAILERS: [HeaderName; 7] =
    [CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HOST, TRAILER, TRANSFER_ENCODING];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The whole body and its trailers, from pieces that come one by one.
    fn read(mut framing: Framing, pieces: &[&[u8]]) -> Result<(Vec<u8>, HeaderMap, bool), BadAnswer> {
        let (mut bytes, mut body, mut trailers) = (BytesMut::new(), Vec::new(), HeaderMap::new());
        for piece in pieces {
            bytes.extend_from_slice(piece);
            loop {
                match framing.take(&mut bytes)? {
                    Taken::More => break,
                    Taken::End => return Ok((body, trailers, true)),
                    Taken::Frame(frame) => match frame.into_data() {
                        Ok(data) => body.extend_from_slice(&data),
                        Err(frame) => trailers = frame.into_trailers().expect("trailers"),
                    },
                }
            }
        }
        Ok((body, trailers, false))
    }

    #[test]
    fn chunks_extensions_and_trailers_are_read() {
        let text = b"5;a=\"b\"\r\nhello\r\n1\r\n!\r\n0\r\nx-sum: 7\r\ncontent-length: 9\r\n\r\n";
        let (body, trailers, ended) = read(Framing::chunked(), &[text]).expect("a body");
        assert_eq!((body.as_slice(), ended), (&b"hello!"[..], true));
        assert_eq!(trailers.len(), 1);
        assert_eq!(trailers["x-sum"], "7");
    }

    #[test]
    fn malformed_chunks_are_refused() {
        for text in [
            "x\r\n",
            "5\r\nhello!\r\n",
            "5\r\nhello\n\n",
            "-1\r\n",
            "0x5\r\n",
            "\r\n",
            "11111111111111111\r\n",
            "5\nhello\r\n",
            "0\r\nbad name: 1\r\n\r\n",
        ] {
            assert_eq!(read(Framing::chunked(), &[text.as_bytes()]).expect_err(text), BadAnswer::BadChunk);
        }
        let long = format!("5;{}", "a".repeat(LONGEST_LINE));
        assert_eq!(read(Framing::chunked(), &[long.as_bytes()]).expect_err("long"), BadAnswer::BadChunk);
    }

    proptest! {
        #[test]
        fn however_a_chunked_body_is_cut_it_is_the_same(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..6),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let mut text = Vec::new();
            for chunk in &chunks {
                text.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                text.extend_from_slice(chunk);
                text.extend_from_slice(b"\r\n");
            }
            text.extend_from_slice(b"0\r\nx-end: yes\r\n\r\n");
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len())).collect();
            places.extend([0, text.len()]);
            places.sort_unstable();
            let pieces: Vec<&[u8]> = places.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect();
            let (body, trailers, ended) = read(Framing::chunked(), &pieces).expect("a body");
            prop_assert_eq!(body, chunks.concat());
            prop_assert!(ended && trailers["x-end"] == "yes");
        }

        #[test]
        fn a_length_takes_just_its_bytes(body in proptest::collection::vec(any::<u8>(), 1..99), more in any::<[u8; 3]>()) {
            let mut bytes = BytesMut::from(&[&body[..], &more[..]].concat()[..]);
            let mut framing = Framing::Length(body.len() as u64);
            let Taken::Frame(frame) = framing.take(&mut bytes).expect("data") else { panic!("no data") };
            prop_assert_eq!(&frame.into_data().expect("data")[..], &body[..]);
            prop_assert_eq!(&bytes[..], &more[..]);
            prop_assert!(framing == Framing::Nothing);
        }
    }
}
