//! The proof that a name is ours: for a moment, a handshake for it that asks for `acme-tls/1` gets a certificate with the
//! answer in it (tls-alpn-01, RFC 8737). And the certificate that is there until the first one has come.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

const PROTOCOL: &[u8] = b"acme-tls/1";

/// What is being proved.
pub(in crate::http::tls) struct Challenges {
    open: Arc<Open>,
    config: Arc<ServerConfig>,
}

/// By name. Changed by the one task that proves, looked at by handshakes while there is something in it.
#[derive(Default)]
struct Open(Mutex<BTreeMap<String, Arc<CertifiedKey>>>);

impl Challenges {
    pub(in crate::http::tls) fn new() -> Self {
        let open: Arc<Open> = Arc::default();
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(rustls::ALL_VERSIONS)
            .expect("the provider has ciphers for both versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&open) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Self { open, config: Arc::new(config) }
    }

    /// Whether anything is being proved.
    pub(in crate::http::tls) fn are_open(&self) -> bool {
        !self.open.lock().is_empty()
    }

    /// The configuration for a handshake that asks for a proof.
    pub(in crate::http::tls) fn config_for(&self, hello: &ClientHello<'_>) -> Option<Arc<ServerConfig>> {
        let asked = hello.alpn()?.eq([PROTOCOL]);
        asked.then(|| Arc::clone(&self.config))
    }

    /// Proves a name from now on.
    pub(super) fn open(&self, domain: &str, digest: &[u8]) -> Result<(), rcgen::Error> {
        let mut params = CertificateParams::new([domain.to_owned()])?;
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let key = KeyPair::generate()?;
        let chain = vec![params.self_signed(&key)?.der().clone()];
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let key = aws_lc_rs::sign::any_supported_type(&key).expect("a key just made");
        // Not checked against each other: the answer is an extension that is critical, and known to nobody else.
        let certified = CertifiedKey::new(chain, key);
        self.open.lock().insert(domain.to_owned(), Arc::new(certified));
        Ok(())
    }

    /// Proves nothing any more.
    pub(super) fn close(&self) {
        self.open.lock().clear();
    }
}

/// Whether this is what a handshake has agreed on that was for a proof only.
pub(in crate::http) fn is_proof(protocol: Option<&[u8]>) -> bool {
    protocol == Some(PROTOCOL)
}

impl Open {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<CertifiedKey>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Open {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.lock().get(hello.server_name()?).cloned()
    }
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Open")
    }
}

/// A certificate that nobody trusts, and its key, in PEM.
pub(in crate::http::tls) fn placeholder(domains: &[String]) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(domains)?.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}
