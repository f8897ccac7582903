//! A client that speaks http where https is spoken.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::http::tunnel::Stream;

const USE_HTTPS: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: application/problem+json\r\n\
    content-length: 121\r\n\
    connection: close\r\n\r\n\
    {\"title\":\"Not TLS\",\"status\":400,\"detail\":\"this port speaks https: use https:// instead of http://\",\"code\":\"tls_required\"}";

/// How much of its request is read, so that the answer is not lost to a reset.
const LAST_BYTES: u64 = 16_384;

/// Says so, and ends with the client, or when the connection's life says so.
pub(super) async fn use_https(mut stream: impl Stream) {
    let goodbye = async {
        stream.write_all(USE_HTTPS).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(LAST_BYTES), &mut tokio::io::sink()).await
    };
    // Whether the client listens is its own affair.
    let _ = goodbye.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_has_the_length_it_says() {
        let text = std::str::from_utf8(USE_HTTPS).expect("ASCII");
        let (head, body) = text.split_once("\r\n\r\n").expect("an empty line");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
    }
}
