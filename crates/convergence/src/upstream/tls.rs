//! TLS to upstreams: whose certificates are believed, and what is wrong with one that is not.

use std::io;
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, ConfigBuilder, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::address::Address;
use super::fault::Fault;
use crate::clock::rfc3339;

/// What is said in a handshake to find out which version of HTTP to speak (RFC 7301).
const HTTP_2: &[u8] = b"h2";
const HTTP_1: &[u8] = b"http/1.1";

/// Who is believed to be an upstream, and how this server proves who it is itself.
#[derive(Default)]
pub(crate) struct Trust {
    /// The authorities; `None` for the system's.
    pub(crate) authorities: Option<RootCertStore>,
    /// A certificate of our own, if upstreams ask for one.
    pub(crate) identity: Option<Identity>,
}

/// A certificate with those that lead to its authority, and its key: a secret.
pub(crate) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads both from PEM; `None` where one of them is missing or unreadable.
    pub(crate) fn read(chain: &[u8], key: &[u8]) -> Option<Self> {
        let chain = certificates(chain)?;
        PrivateKeyDer::from_pem_slice(key).ok().map(|key| Self { chain, key })
    }
}

/// Reads authorities from PEM; `None` where there is none, or one that cannot be read.
pub(crate) fn authorities(pem: &[u8]) -> Option<RootCertStore> {
    let mut store = RootCertStore::empty();
    certificates(pem)?.into_iter().try_for_each(|certificate| store.add(certificate)).ok()?;
    Some(store)
}

fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
    (!all.is_empty()).then_some(all)
}

/// Why there can be no TLS at all.
#[derive(Debug, Error)]
pub(crate) enum Unusable {
    #[error(
        "the system has no certificates of authorities: install its ca-certificates, or set UPSTREAM_CA_PATH ({0})"
    )]
    NoAuthorities(rustls::Error),
    #[error("UPSTREAM_CLIENT_CERT_PATH and UPSTREAM_CLIENT_KEY_PATH do not belong together ({0})")]
    Identity(rustls::Error),
}

/// Makes TLS connections. Sessions are resumed, by all threads.
pub(crate) struct Tls {
    any: TlsConnector,
    http1: TlsConnector,
}

impl Tls {
    /// What these addresses need; nothing where all are without TLS.
    ///
    /// # Errors
    /// There is nobody to trust, or what proves who this server is does not.
    pub(crate) fn wanted_by(addresses: &[Address], trust: Trust) -> Result<Option<Arc<Self>>, Unusable> {
        let wanted = addresses.iter().any(|address| address.name.is_some());
        wanted.then(|| Self::new(trust).map(Arc::new)).transpose()
    }

    fn new(trust: Trust) -> Result<Self, Unusable> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for both versions of TLS");
        let builder: ConfigBuilder<ClientConfig, WantsClientCert> = match trust.authorities {
            Some(store) => builder.with_root_certificates(store),
            None => builder.with_platform_verifier().map_err(Unusable::NoAuthorities)?,
        };
        let mut http1 = match trust.identity {
            Some(Identity { chain, key }) => {
                builder.with_client_auth_cert(chain, key).map_err(Unusable::Identity)?
            }
            None => builder.with_no_client_auth(),
        };
        http1.alpn_protocols = vec![HTTP_1.to_vec()];
        let mut any = http1.clone();
        any.alpn_protocols.insert(0, HTTP_2.to_vec());
        Ok(Self { any: Arc::new(any).into(), http1: Arc::new(http1).into() })
    }

    /// Shakes hands. The answer is also whether the other side wants HTTP/2, which it may choose unless the request needs
    /// HTTP/1 (`only_http1`).
    ///
    /// # Errors
    /// The other side is not who it should be, or does not speak TLS.
    pub(super) async fn connect(
        &self,
        name: &ServerName<'static>,
        stream: TcpStream,
        only_http1: bool,
    ) -> Result<(TlsStream<TcpStream>, bool), Fault> {
        let connector = if only_http1 { &self.http1 } else { &self.any };
        let stream = connector.connect(name.clone(), stream).await.map_err(fault)?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
        Ok((stream, http2))
    }
}

fn fault(error: io::Error) -> Fault {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(wrong)) => Fault::Certificate(said(wrong)),
        Some(rustls::Error::InvalidMessage(_)) => {
            Fault::Tls("what came is not TLS: is it an http:// address?".to_owned())
        }
        Some(error) => Fault::Tls(error.to_string()),
        None => Fault::Tls(error.to_string()),
    }
}

/// For the operator: what is wrong, and what to do where that is known.
fn said(wrong: &CertificateError) -> String {
    match wrong {
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("it has expired at {}", date(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("it is not valid before {}: is this machine's clock right?", date(*not_before))
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            format!("it is not for {}, but for {}", expected.to_str(), presented.join(", "))
        }
        CertificateError::UnknownIssuer => {
            "its issuer is not trusted; UPSTREAM_CA_PATH can name another authority".to_owned()
        }
        other => other.to_string(),
    }
}

fn date(time: UnixTime) -> String {
    i64::try_from(time.as_secs()).map_or_else(|_| "the end of time".to_owned(), rfc3339)
}
