//! What a client begins with: HTTP/1, HTTP/2 or TLS. What is read for that would have been read anyway, so it costs no
//! system call.

use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};

use super::obeying;
use crate::http::life::Life;

/// What HTTP/2 begins with (RFC 9113, section 3.4). No request of HTTP/1 does.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The type of a TLS handshake's records (RFC 8446, section 5.1). No request begins with it.
const HANDSHAKE: u8 = 22;

/// Most requests are shorter.
const FIRST_READ: usize = 2_048;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Http1,
    Http2,
}

/// The version, and what has been read. Nothing if there was nothing, or the life has ended it.
pub(super) async fn version(life: &Life, stream: &mut (impl AsyncRead + Unpin)) -> Option<(Version, Bytes)> {
    let mut ahead = Bytes::new();
    let version = obeying(life, |_, context| {
        loop {
            if let Some(version) = version_of(&ahead) {
                return Poll::Ready(Some(version));
            }
            let more = ready!(poll_some(stream, context));
            match (more.is_empty(), ahead.is_empty()) {
                (true, true) => return Poll::Ready(None),
                // The rest does not come: hyper says what it thinks of that.
                (true, false) => return Poll::Ready(Some(Version::Http1)),
                (false, true) => ahead = more,
                (false, false) => ahead = [&ahead[..], &more].concat().into(),
            }
        }
    });
    let version = version.await??;
    Some((version, ahead))
}

/// Whether the first bytes are a TLS handshake's, and what they are. Nothing if there are none, or the life has ended it.
pub(super) async fn first(life: &Life, stream: &mut (impl AsyncRead + Unpin)) -> Option<(bool, Bytes)> {
    let first = obeying(life, |_, context| poll_some(stream, context)).await?;
    Some((*first.first()? == HANDSHAKE, first))
}

fn version_of(ahead: &[u8]) -> Option<Version> {
    match ahead.get(..PREFACE.len()) {
        Some(preface) if preface == PREFACE => Some(Version::Http2),
        None if PREFACE.starts_with(ahead) => None,
        _ => Some(Version::Http1),
    }
}

/// Some bytes; none at the end, or where the connection is broken.
fn poll_some(stream: &mut (impl AsyncRead + Unpin), context: &mut Context<'_>) -> Poll<Bytes> {
    let mut space = [MaybeUninit::uninit(); FIRST_READ];
    let mut buffer = ReadBuf::uninit(&mut space);
    Poll::Ready(match ready!(Pin::new(stream).poll_read(context, &mut buffer)) {
        Ok(()) => BytesMut::from(buffer.filled()).freeze(),
        Err(_) => Bytes::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preface_is_known_by_its_last_byte_and_anything_else_by_its_first() {
        for length in 0..PREFACE.len() {
            assert_eq!(version_of(&PREFACE[..length]), None, "{length}");
            let other = [&PREFACE[..length], b"x"].concat();
            assert_eq!(version_of(&other), Some(Version::Http1), "{length}");
        }
        assert_eq!(version_of(PREFACE), Some(Version::Http2));
        assert_eq!(version_of(&[PREFACE, b"x"].concat()), Some(Version::Http2));
    }
}
