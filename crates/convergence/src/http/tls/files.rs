//! The files: read, checked against each other, and made into what rustls needs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, ProducesTickets, WebPkiClientVerifier};
use rustls::{InconsistentKeys, RootCertStore, ServerConfig};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::Leaf;
use super::acme::challenge::placeholder;
use crate::config::{Acme, ClientCertificates, Fault, Tls as Settings};

const CERTIFICATE: &str = "TLS_CERT_PATH";
const KEY: &str = "TLS_KEY_PATH";
const AUTHORITIES: &str = "TLS_CLIENT_CA_PATH";

/// What is offered, the better first (RFC 7301).
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// No file of this kind is larger.
const LARGEST: u64 = 1 << 20;

pub(super) struct Files {
    certificate: PathBuf,
    key: PathBuf,
    clients: Option<ClientCertificates>,
}

/// What the files hold at one moment; a secret.
pub(super) struct Contents {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
    authorities: Vec<u8>,
}

/// By which contents are told apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Digest {
    server: [u8; 32],
    pub(super) authorities: [u8; 32],
}

impl Contents {
    pub(super) fn digest(&self) -> Digest {
        let server = Sha256::new().chain_update(Sha256::digest(&self.certificate)).chain_update(&self.key);
        Digest { server: server.finalize().into(), authorities: Sha256::digest(&self.authorities).into() }
    }
}

impl Files {
    pub(super) fn of(settings: &Settings) -> Self {
        let Settings { certificate, key, clients, .. } = settings.clone();
        Self { certificate, key, clients }
    }

    pub(super) fn read(&self) -> Result<Contents, Fault> {
        Ok(Contents {
            certificate: read(CERTIFICATE, &self.certificate)?,
            key: read(KEY, &self.key)?.into(),
            authorities: self.read_authorities()?,
        })
    }

    /// While the file is still to be fetched: a certificate that nobody trusts.
    pub(super) fn placeholder(&self, acme: &Acme) -> Result<Contents, Fault> {
        let wrong = |error| fault("ACME_DOMAINS", format!("no certificate can be made: {error}"));
        let (certificate, key) = placeholder(&acme.domains).map_err(wrong)?;
        let authorities = self.read_authorities()?;
        Ok(Contents { certificate: certificate.into(), key: key.into_bytes().into(), authorities })
    }

    fn read_authorities(&self) -> Result<Vec<u8>, Fault> {
        self.clients.as_ref().map_or(Ok(Vec::new()), |clients| read(AUTHORITIES, &clients.authorities))
    }

    /// Checks everything that can be checked without a client.
    pub(super) fn build(
        &self,
        contents: &Contents,
        tickets: &Arc<dyn ProducesTickets>,
    ) -> Result<(ServerConfig, Leaf), Fault> {
        let chain = certificates(CERTIFICATE, &contents.certificate)?;
        let leaf = Leaf::of(&chain[0])
            .ok_or_else(|| fault(CERTIFICATE, "holds a certificate that cannot be read"))?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(rustls::ALL_VERSIONS)
            .expect("the provider has ciphers for both versions");
        let config = match &self.clients {
            None => config.with_no_client_auth(),
            Some(clients) => {
                config.with_client_cert_verifier(verifier(&contents.authorities, clients, provider)?)
            }
        };
        let mut config =
            config.with_single_cert(chain, key(&contents.key)?).map_err(|error| unfit(&error))?;
        config.alpn_protocols = PROTOCOLS.iter().map(|name| name.to_vec()).collect();
        config.ticketer = Arc::clone(tickets);
        // A ticket holds the session, so that threads share no store of them.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok((config, leaf))
    }
}

fn fault(variable: &str, wrong: impl Into<String>) -> Fault {
    Fault { variable: variable.to_owned(), wrong: wrong.into() }
}

fn read(variable: &str, path: &Path) -> Result<Vec<u8>, Fault> {
    let wrong =
        |error: std::io::Error| fault(variable, format!("{} cannot be read: {error}", path.display()));
    if std::fs::metadata(path).map_err(wrong)?.len() > LARGEST {
        return Err(fault(variable, format!("{} is larger than {LARGEST} bytes", path.display())));
    }
    std::fs::read(path).map_err(wrong)
}

/// The first certificate of a file.
pub(super) fn leaf(pem: &[u8]) -> Option<Leaf> {
    Leaf::of(certificates(CERTIFICATE, pem).ok()?.first()?)
}

/// At least one.
fn certificates(variable: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(fault(
            variable,
            "holds no certificate: the file must be PEM, with -----BEGIN CERTIFICATE-----",
        )),
        Err(_) => Err(fault(variable, "is not PEM throughout: a block in it is damaged")),
    }
}

fn key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Fault> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        pem::Error::NoItemsFound => fault(
            KEY,
            "holds no private key in PEM; one with a passphrase is written without it by openssl pkey",
        ),
        _ => fault(KEY, "is not PEM throughout: a block in it is damaged"),
    })
}

/// rustls has found the key or the certificate wanting. Its words are not passed on: they are about a secret.
fn unfit(error: &rustls::Error) -> Fault {
    match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => fault(
            KEY,
            "is not the key of the first certificate in TLS_CERT_PATH; the server's own certificate comes first",
        ),
        rustls::Error::InvalidCertificate(_) => fault(CERTIFICATE, "holds a certificate that cannot be used"),
        _ => fault(
            KEY,
            "holds a key that cannot be used: it must be RSA (2048 bits or more), ECDSA or Ed25519",
        ),
    }
}

fn verifier(
    pem: &[u8],
    clients: &ClientCertificates,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, Fault> {
    let mut authorities = RootCertStore::empty();
    for authority in certificates(AUTHORITIES, pem)? {
        authorities
            .add(authority)
            .map_err(|_| fault(AUTHORITIES, "holds a certificate that cannot be an authority"))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(authorities.into(), provider);
    let verifier = if clients.required { verifier } else { verifier.allow_unauthenticated() };
    verifier.build().map_err(|error| fault(AUTHORITIES, format!("cannot be used: {error}")))
}
