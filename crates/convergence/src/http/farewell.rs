//! The last of a connection that the server ends while the client may still be sending: closing a socket with unread bytes
//! resets the connection, and the client would lose the answer. So what it sends is read for a while, and thrown away.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How much of a request is read from a client that is turned away.
const LAST_BYTES: u64 = 16_384;

/// Says this and hangs up. It ends with the client: put a time to it.
pub(super) async fn say(mut stream: impl AsyncRead + AsyncWrite + Unpin, words: &[u8]) {
    // Best effort: whether the client listens is its own affair.
    if stream.write_all(words).await.is_ok() && stream.shutdown().await.is_ok() {
        read_off(stream, LAST_BYTES).await;
    }
}

/// Reads until the client has ended, or has sent this many bytes.
pub(super) async fn read_off(stream: impl AsyncRead + Unpin, most: u64) {
    // The client may be gone already.
    let _ = tokio::io::copy(&mut stream.take(most), &mut tokio::io::sink()).await;
}
