//! Where each request of a connection begins and ends, told from the bytes alone. Pure: no I/O, no HTTP types. A head is
//! told whole, once it is found good, and never before.

use memchr::memchr2;

use super::chunks::{Chunks, Piece};
use super::fault::Fault;
use super::head::{self, Head, has_control};

/// One connection, from its first byte. The bytes that it is shown are those that have come and were not used yet.
pub(crate) struct Machine {
    body: Body,
    /// The length of the unfinished head that has been looked at already.
    scanned: usize,
    /// A head may be as long as this.
    most: usize,
}

/// What of the present request's body is still to come.
enum Body {
    Nothing,
    /// This many bytes.
    Length(u64),
    Chunked(Box<Chunks>),
}

impl Machine {
    pub(crate) fn new(most: usize) -> Self {
        Self { body: Body::Nothing, scanned: 0, most }
    }

    /// Whether the last request has ended and nothing of the next one has come.
    pub(crate) fn is_between(&self) -> bool {
        matches!(self.body, Body::Nothing) && self.scanned == 0
    }

    /// Whether the present request's body has ended.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.body, Body::Nothing)
    }

    /// How long the rest of the body is, if that is known.
    pub(crate) fn left(&self) -> Option<u64> {
        match self.body {
            Body::Nothing => Some(0),
            Body::Length(left) => Some(left),
            Body::Chunked(_) => None,
        }
    }

    /// The head of the next request, once it is whole. It may have been looked at before: it is read as a whole, and so
    /// only where another line of it has come, or it is given up.
    ///
    /// # Errors
    /// It is too long, or it, or what has come with it of its body, could be read in two ways.
    pub(crate) fn head(&mut self, bytes: &[u8]) -> Result<Option<Head>, Fault> {
        // With the byte before: it may be a CR.
        let new = &bytes[self.scanned.saturating_sub(1)..];
        if self.scanned > 0 && bytes.len() <= self.most && memchr2(b'\r', b'\n', new).is_none() {
            self.scanned = bytes.len();
            return if has_control(new) { Err(Fault::Control) } else { Ok(None) };
        }
        let Some(head) = head::read(bytes)? else {
            self.scanned = bytes.len();
            return if bytes.len() > self.most { Err(Fault::TooLarge) } else { Ok(None) };
        };
        if head.length > self.most {
            return Err(Fault::TooLarge);
        }
        self.scanned = 0;
        self.body = match head.body {
            Some(0) => Body::Nothing,
            Some(length) => Body::Length(length),
            None => {
                look_ahead(&bytes[head.length..])?;
                Body::Chunked(Box::new(Chunks::new()))
            }
        };
        Ok(Some(head))
    }

    /// The next piece of the body at the front of `bytes`, and how many bytes stand before it that only frame it.
    ///
    /// # Errors
    /// It could be read in two ways. There is no more of the connection then.
    pub(crate) fn body(&mut self, bytes: &[u8]) -> Result<(usize, Piece), Fault> {
        match &mut self.body {
            Body::Nothing => Ok((0, Piece::End)),
            Body::Length(_) if bytes.is_empty() => Ok((0, Piece::More)),
            Body::Length(left) => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= here as u64;
                if *left == 0 {
                    self.body = Body::Nothing;
                }
                Ok((0, Piece::Data(here)))
            }
            Body::Chunked(chunks) => chunks.next(bytes),
        }
    }

    /// The trailers of a body that has come to its [`Piece::End`], as they stand; and nothing more of it is told.
    pub(crate) fn end(&mut self) -> Vec<u8> {
        match std::mem::replace(&mut self.body, Body::Nothing) {
            Body::Chunked(chunks) => chunks.into_trailers(),
            Body::Nothing | Body::Length(_) => Vec::new(),
        }
    }
}

/// Of a body in chunks that has come with its head, a fault is found before anybody is told of the request.
fn look_ahead(mut bytes: &[u8]) -> Result<(), Fault> {
    let mut chunks = Chunks::new();
    while !bytes.is_empty() {
        let (framing, piece) = chunks.next(bytes)?;
        match piece {
            Piece::Data(length) => bytes = &bytes[framing + length..],
            Piece::More | Piece::End => break,
        }
    }
    Ok(())
}
