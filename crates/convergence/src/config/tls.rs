//! TLS on the public listener.

use std::path::{Path, PathBuf};

use super::settings::Reader;
use super::{Acme, absolute};

/// Which files TLS needs, and what goes with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Tls {
    /// `TLS_CERT_PATH`: the server's certificate, and the intermediate ones.
    pub certificate: PathBuf,
    /// `TLS_KEY_PATH`.
    pub key: PathBuf,
    /// Fetches the certificate and its key, both into one file of `DATA_DIR`.
    pub acme: Option<Acme>,
    /// Whether clients have certificates.
    pub clients: Option<ClientCertificates>,
    /// The listener that sends clients from http to https.
    pub redirect: Option<Redirect>,
}

/// Certificates of clients.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCertificates {
    /// `TLS_CLIENT_CA_PATH`: who may have signed them.
    pub authorities: PathBuf,
    /// `TLS_CLIENT_AUTH=required`: a client without one is not let in.
    pub required: bool,
}

/// From http to https.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Redirect {
    /// `TLS_REDIRECT_PORT`; 0 is any free one.
    pub port: u16,
    /// `TLS_PUBLIC_PORT`; the listener's own where nothing is set.
    pub to: Option<u16>,
}

/// What has no meaning without the two paths.
const NEED_TLS: [&str; 4] = ["TLS_CLIENT_CA_PATH", "TLS_CLIENT_AUTH", "TLS_REDIRECT_PORT", "TLS_PUBLIC_PORT"];

impl Tls {
    pub(super) fn read(reader: &mut Reader<'_>, data_dir: &Path) -> Option<Self> {
        let acme = Acme::read(reader);
        let fetched = reader.text("ACME_DOMAINS").is_some();
        let certificate = reader.text("TLS_CERT_PATH");
        let key = reader.text("TLS_KEY_PATH");
        match (certificate, key) {
            (Some(_), None) => reader.fault("TLS_KEY_PATH", "must be set where TLS_CERT_PATH is"),
            (None, Some(_)) => reader.fault("TLS_CERT_PATH", "must be set where TLS_KEY_PATH is"),
            (Some(_), Some(_)) if fetched => {
                reader.fault(
                    "ACME_DOMAINS",
                    "cannot be set where TLS_CERT_PATH is: give a certificate, or let it be fetched",
                );
            }
            (None, None) if !fetched => {
                for variable in NEED_TLS {
                    if reader.text(variable).is_some() {
                        reader.fault(
                            variable,
                            "needs TLS: set TLS_CERT_PATH and TLS_KEY_PATH, or ACME_DOMAINS, as well",
                        );
                    }
                }
            }
            _ => {}
        }
        let clients = ClientCertificates::read(reader);
        let port =
            reader.text("TLS_REDIRECT_PORT").map(|_| reader.number("TLS_REDIRECT_PORT", 0..=65_535, 0));
        let to = reader.text("TLS_PUBLIC_PORT").map(|_| reader.number("TLS_PUBLIC_PORT", 1..=65_535, 443));
        let redirect = port.map(|port| Redirect { port, to });
        let (certificate, key) = if acme.is_some() {
            let both = data_dir.join("acme/certificate.pem");
            (both.clone(), both)
        } else {
            (absolute(certificate?), absolute(key?))
        };
        Some(Self { certificate, key, acme, clients, redirect })
    }
}

impl ClientCertificates {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let required = reader.with("TLS_CLIENT_AUTH", "optional or required", |text| match text {
            "optional" => Some(false),
            "required" => Some(true),
            _ => None,
        });
        let authorities = reader.text("TLS_CLIENT_CA_PATH");
        if authorities.is_none() && reader.text("TLS_CLIENT_AUTH").is_some() {
            reader.fault("TLS_CLIENT_CA_PATH", "must be set where TLS_CLIENT_AUTH is");
        }
        Some(Self { authorities: absolute(authorities?), required: required.unwrap_or(true) })
    }
}
