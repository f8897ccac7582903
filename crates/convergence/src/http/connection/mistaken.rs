//! A client that speaks http where https is spoken.

use crate::http::farewell;
use crate::http::tunnel::Stream;

const USE_HTTPS: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: application/problem+json\r\n\
    content-length: 121\r\n\
    connection: close\r\n\r\n\
    {\"title\":\"Not TLS\",\"status\":400,\"detail\":\"this port speaks https: use https:// instead of http://\",\"code\":\"tls_required\"}";

/// Says so, and ends with the client, or when the connection's life says so.
pub(super) async fn use_https(stream: impl Stream) {
    farewell::say(stream, USE_HTTPS).await;
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
