//! A body in chunks, and its trailers (RFC 9112, 7.1): read byte by byte, but for the chunks' own bytes.

use super::fault::Fault;
use super::head::is_token;

/// The longest first line of a chunk, in bytes. Sizes have 16 digits at most; nobody uses the extensions.
const LONGEST_LINE: u16 = 4_096;

/// The longest trailers, in bytes.
const LONGEST_TRAILERS: usize = 16_384;

/// What comes next in a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Piece {
    /// Nothing that is here.
    More,
    /// This many bytes of its own.
    Data(usize),
    End,
}

/// Where the reading of a body stands.
pub(super) struct Chunks {
    at: At,
    /// The chunk's bytes that are still to come.
    size: u64,
    /// The length of its first line so far.
    line: u16,
    /// The beginning of a trailer's name in lower case, as long as one in [`OF_HEADS`] may be, and its length.
    name: [u8; LONGEST_NAME],
    named: usize,
    /// The trailers so far, with the empty line behind them.
    trailers: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    Size,
    Digits,
    Blank,
    Semicolon,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailers,
    Name,
    Value,
    ValueLf,
    EndLf,
    Over,
}

/// What only a head may say: how long a request is, where it goes and who asks (RFC 9110, 6.5.1). Some upstreams put
/// trailers among the headers.
const OF_HEADS: [&[u8]; 13] = [
    b"content-length",
    b"transfer-encoding",
    b"host",
    b"connection",
    b"upgrade",
    b"te",
    b"trailer",
    b"authorization",
    b"x-client-name",
    b"forwarded",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-proto",
];

const LONGEST_NAME: usize = b"transfer-encoding".len();

impl Chunks {
    pub(super) fn new() -> Self {
        Self { at: At::Size, size: 0, line: 0, name: [0; LONGEST_NAME], named: 0, trailers: Vec::new() }
    }

    /// The next piece of the body, and how many bytes stand before it that only frame it. After an end, the end.
    ///
    /// # Errors
    /// Which of those is wrong.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Result<(usize, Piece), Fault> {
        for (read, &byte) in bytes.iter().enumerate() {
            match self.at {
                At::Over => return Ok((read, Piece::End)),
                At::Data => {
                    let here = usize::try_from(self.size).unwrap_or(usize::MAX).min(bytes.len() - read);
                    self.size -= here as u64;
                    if self.size == 0 {
                        self.at = At::DataCr;
                    }
                    return Ok((read, Piece::Data(here)));
                }
                _ => self.at = self.step(byte)?,
            }
        }
        Ok((bytes.len(), if self.at == At::Over { Piece::End } else { Piece::More }))
    }

    /// The lines behind the last chunk, and the empty one.
    pub(super) fn into_trailers(self) -> Vec<u8> {
        self.trailers
    }

    fn step(&mut self, byte: u8) -> Result<At, Fault> {
        if matches!(self.at, At::Trailers | At::Name | At::Value | At::ValueLf | At::EndLf) {
            if self.trailers.len() == LONGEST_TRAILERS {
                return Err(Fault::Trailer);
            }
            self.trailers.push(byte);
        }
        match (self.at, byte) {
            (At::Size | At::Digits | At::Blank | At::Semicolon | At::Extension, _) => self.size_line(byte),
            (At::SizeLf, b'\n') if self.size == 0 => Ok(At::Trailers),
            (At::SizeLf, b'\n') => Ok(At::Data),
            (At::DataCr, b'\r') => Ok(At::DataLf),
            (At::DataLf, b'\n') => {
                (self.line, self.size) = (0, 0);
                Ok(At::Size)
            }
            (At::DataCr | At::DataLf, _) => Err(Fault::ChunkEnd),
            (At::Trailers, b'\r') => Ok(At::EndLf),
            (At::Trailers, _) => {
                self.named = 0;
                self.trailer_name(byte)
            }
            (At::Name, b':') => self.check_name(),
            (At::Name, _) => self.trailer_name(byte),
            (At::Value, b'\r') => Ok(At::ValueLf),
            (At::Value, b'\n') => Err(Fault::BareLf),
            (At::Value, byte) if is_text(byte) => Ok(At::Value),
            (At::ValueLf, b'\n') => Ok(At::Trailers),
            (At::EndLf, b'\n') => Ok(At::Over),
            (At::SizeLf | At::ValueLf | At::EndLf, _) => Err(Fault::BareCr),
            (At::Value, _) => Err(Fault::Trailer),
            (At::Data | At::Over, _) => {
                unreachable!("the bytes of a chunk are not looked at, nor what follows a body")
            }
        }
    }

    /// The size, then white space only before an extension, then the extension, which has a name.
    fn size_line(&mut self, byte: u8) -> Result<At, Fault> {
        self.line += 1;
        if self.line > LONGEST_LINE {
            return Err(Fault::ChunkLine);
        }
        match (self.at, byte) {
            (_, b'\n') => Err(Fault::BareLf),
            (At::Size | At::Digits, digit) if digit.is_ascii_hexdigit() => {
                let digit = (digit as char).to_digit(16).map_or(0, u64::from);
                self.size = self
                    .size
                    .checked_mul(16)
                    .and_then(|size| size.checked_add(digit))
                    .ok_or(Fault::ChunkSize)?;
                Ok(At::Digits)
            }
            (At::Digits | At::Blank, b' ' | b'\t') => Ok(At::Blank),
            (At::Digits | At::Blank, b';') | (At::Semicolon, b' ' | b'\t') => Ok(At::Semicolon),
            (At::Semicolon, byte) if is_token(byte) => Ok(At::Extension),
            (At::Digits | At::Extension, b'\r') => Ok(At::SizeLf),
            (At::Extension, byte) if is_text(byte) => Ok(At::Extension),
            _ => Err(Fault::ChunkSize),
        }
    }

    fn trailer_name(&mut self, byte: u8) -> Result<At, Fault> {
        if byte == b'\n' {
            return Err(Fault::BareLf);
        }
        if !is_token(byte) {
            return Err(Fault::Trailer);
        }
        if let Some(place) = self.name.get_mut(self.named) {
            *place = byte.to_ascii_lowercase();
        }
        self.named = self.named.saturating_add(1);
        Ok(At::Name)
    }

    fn check_name(&self) -> Result<At, Fault> {
        let is_of_heads = self.name.get(..self.named).is_some_and(|name| OF_HEADS.contains(&name));
        if is_of_heads { Err(Fault::Trailer) } else { Ok(At::Value) }
    }
}

/// What may stand in a line, its end aside.
fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}
