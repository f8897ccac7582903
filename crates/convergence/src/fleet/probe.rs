//! TLS spoken to a Redis without it, or none to one with it. Neither says so: the one waits for a line to end, the other hangs
//! up. So does a Redis that is away, or what stands in front of it; a second look tells them apart.

use std::sync::Arc;

use redis::{ConnectionAddr, RedisError};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::access::CONNECT;
use super::trouble::Trouble;

/// Whether that error is there because the URL has an `s` too many, or too few.
pub(super) async fn mistaken(address: &ConnectionAddr, error: &RedisError) -> Option<Trouble> {
    match address {
        ConnectionAddr::Tcp(host, port)
            if error.is_connection_dropped() && !error.is_connection_refusal() =>
        {
            let speaks = tokio::time::timeout(CONNECT, speaks_tls(host, *port)).await;
            let wrong = "what answers there speaks TLS: it is rediss://, with a second s";
            (speaks == Ok(Some(true))).then(|| Trouble::settings(wrong))
        }
        ConnectionAddr::TcpTls { host, port, .. } if error.is_timeout() => {
            let speaks = tokio::time::timeout(CONNECT, speaks_plainly(host, *port)).await;
            let wrong = "what answers there does not speak TLS: it is redis://, without the second s";
            (speaks == Ok(Some(true))).then(|| Trouble::settings(wrong))
        }
        _ => None,
    }
}

/// Whether somebody answers in TLS; as whom makes no difference.
async fn speaks_tls(host: &str, port: u16) -> Option<bool> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().ok()?;
    let trusting_nobody =
        builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).ok()?;
    let stream = TcpStream::connect((host, port)).await.ok()?;
    let error = TlsConnector::from(Arc::new(trusting_nobody)).connect(name, stream).await.err()?;
    let tls = error.get_ref()?.downcast_ref()?;
    Some(matches!(tls, rustls::Error::InvalidCertificate(_) | rustls::Error::AlertReceived(_)))
}

/// Whether somebody answers to a command as Redis does: with good news or an error.
async fn speaks_plainly(host: &str, port: u16) -> Option<bool> {
    let mut stream = TcpStream::connect((host, port)).await.ok()?;
    stream.write_all(b"PING\r\n").await.ok()?;
    Some(matches!(stream.read_u8().await.ok()?, b'+' | b'-'))
}
