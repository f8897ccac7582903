//! The server's own certificate, as far as people have to know it.

use std::fmt;
use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Time;

use crate::clock::rfc3339;

/// Names that are shown; a certificate may have a hundred.
const MOST_NAMES: usize = 5;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// The first second at which it is valid, in Unix seconds.
    pub(crate) from: i64,
    /// The last one.
    pub(crate) until: i64,
    /// Whom it is for: host names and addresses.
    pub(crate) names: Vec<String>,
}

impl Leaf {
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let certificate = Certificate::from_der(certificate).ok()?;
        let certificate = certificate.tbs_certificate();
        let alternatives = certificate.get_extension::<SubjectAltName>().ok().flatten();
        let names = alternatives.iter().flat_map(|(_, names)| &names.0).filter_map(shown).collect();
        let seconds = |time: Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
        let validity = certificate.validity();
        Some(Self { from: seconds(validity.not_before), until: seconds(validity.not_after), names })
    }
}

fn shown(name: &GeneralName) -> Option<String> {
    match name {
        // Control characters are not let through to a log.
        GeneralName::DnsName(name) => Some(name.as_str().chars().filter(|c| !c.is_control()).collect()),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok().map(|ip| ip.to_string())
        }
        _ => None,
    }
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.names {
            [] => f.write_str("for no name")?,
            names => write!(f, "for {}", names[..names.len().min(MOST_NAMES)].join(", "))?,
        }
        if self.names.len() > MOST_NAMES {
            write!(f, " and {} more", self.names.len() - MOST_NAMES)?;
        }
        write!(f, ", until {}", rfc3339(self.until))
    }
}
