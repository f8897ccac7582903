//! TLS to upstreams: whose certificates are believed, and what is wrong with one that is not.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
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

/// Who is believed to be an upstream, and how this server proves who it is itself. All files are in PEM.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust {
    /// `UPSTREAM_CA_PATH`: the authorities; `None` for the system's.
    pub(crate) authorities: Option<PathBuf>,
    /// `UPSTREAM_CLIENT_CERT_PATH` and `UPSTREAM_CLIENT_KEY_PATH`: a certificate of our own with those that lead to its
    /// authority, and its key.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
}

/// Why there can be no TLS at all.
#[derive(Debug, Error)]
#[error("{wrong}")]
pub(crate) struct Unusable {
    /// The setting that is to be corrected.
    pub(crate) variable: &'static str,
    /// What is wrong with it, and what to do.
    pub(crate) wrong: String,
}

const AUTHORITIES: &str = "UPSTREAM_CA_PATH";
const CERTIFICATE: &str = "UPSTREAM_CLIENT_CERT_PATH";
const KEY: &str = "UPSTREAM_CLIENT_KEY_PATH";

impl Trust {
    fn authorities(&self) -> Result<Option<RootCertStore>, Unusable> {
        let Some(path) = &self.authorities else { return Ok(None) };
        let mut store = RootCertStore::empty();
        for certificate in certificates(AUTHORITIES, path)? {
            let wrong = |error| format!("{} has a certificate of no authority: {error}", path.display());
            store
                .add(certificate)
                .map_err(|error| Unusable { variable: AUTHORITIES, wrong: wrong(error) })?;
        }
        Ok(Some(store))
    }

    fn identity(&self) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>, Unusable> {
        let Some((chain, key)) = &self.identity else { return Ok(None) };
        let certificates = certificates(CERTIFICATE, chain)?;
        let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(KEY, key, &error))?;
        Ok(Some((certificates, key)))
    }
}

fn certificates(variable: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let all: Vec<_> = read.map_err(|error| unreadable(variable, path, &error))?;
    if all.is_empty() {
        return Err(unreadable(variable, path, &pem::Error::NoItemsFound));
    }
    Ok(all)
}

fn unreadable(variable: &'static str, path: &Path, error: &pem::Error) -> Unusable {
    Unusable { variable, wrong: format!("{} cannot be read as PEM: {error}", path.display()) }
}

/// Makes TLS connections. Sessions are resumed, by all threads.
pub(crate) struct Tls {
    any: TlsConnector,
    http1: TlsConnector,
}

/// It holds a private key, so it says no more than what it is.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// What these addresses need; nothing where all are without TLS.
    ///
    /// # Errors
    /// There is nobody to trust, or what proves who this server is does not.
    pub(crate) fn wanted_by(addresses: &[Address], trust: &Trust) -> Result<Option<Arc<Self>>, Unusable> {
        let wanted = addresses.iter().any(|address| address.name.is_some());
        wanted.then(|| Self::new(trust).map(Arc::new)).transpose()
    }

    fn new(trust: &Trust) -> Result<Self, Unusable> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for both versions of TLS");
        let builder: ConfigBuilder<ClientConfig, WantsClientCert> = match trust.authorities()? {
            Some(store) => builder.with_root_certificates(store),
            None => builder.with_platform_verifier().map_err(|error| Unusable {
                variable: AUTHORITIES,
                wrong: format!(
                    "is not set, and the system's authorities (ca-certificates) are not there: {error}"
                ),
            })?,
        };
        let mut http1 = match trust.identity()? {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| Unusable {
                variable: KEY,
                wrong: format!("does not belong to {CERTIFICATE}: {error}"),
            })?,
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
        let stream = connector.connect(name.clone(), stream).await.map_err(|error| fault(&error))?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
        Ok((stream, http2))
    }
}

fn fault(error: &io::Error) -> Fault {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(wrong)) => Fault::Certificate(said(wrong, AUTHORITIES)),
        Some(rustls::Error::InvalidMessage(_)) => {
            Fault::Tls("what came is not TLS: is it an http:// address?".to_owned())
        }
        Some(error) => Fault::Tls(error.to_string()),
        None => Fault::Tls(error.to_string()),
    }
}

/// For the operator: what is wrong with a certificate, and what to do where that is known. `authorities` is the setting that
/// names whom to trust.
pub(crate) fn said(wrong: &CertificateError, authorities: &str) -> String {
    match wrong {
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("it has expired at {}", date(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("it is not valid before {}: is this machine's clock right?", date(*not_before))
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let presented: Vec<&str> = presented.iter().map(|name| bare(name)).collect();
            format!("it is not for {}, but for {}", expected.to_str(), presented.join(", "))
        }
        CertificateError::UnknownIssuer => {
            format!("its issuer is not trusted; {authorities} can name another authority")
        }
        other => other.to_string(),
    }
}

/// `name`, of `DnsName("name")`.
fn bare(name: &str) -> &str {
    let inside = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.unwrap_or(name).trim_matches('"')
}

fn date(time: UnixTime) -> String {
    i64::try_from(time.as_secs()).map_or_else(|_| "the end of time".to_owned(), rfc3339)
}
