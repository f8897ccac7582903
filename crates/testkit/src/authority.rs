//! A certificate authority of the tests' own.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

/// Signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, both in PEM.
#[derive(Clone)]
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

/// From the first of January of one year to that of another.
pub type Years = (i32, i32);

/// Long enough for whatever a test's clock says.
pub const VALID: Years = (2020, 2099);

impl Authority {
    /// One of this name, with a key of its own.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut params = named(name, &[], VALID);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self(CertifiedIssuer::self_signed(params, new_key()).expect("sound parameters"))
    }

    /// Its own certificate in PEM, to be trusted.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server's certificate for these host names and addresses.
    #[must_use]
    pub fn server(&self, names: &[&str], years: Years) -> Pair {
        self.issue(
            named(names.first().unwrap_or(&"nobody"), names, years),
            ExtendedKeyUsagePurpose::ServerAuth,
        )
    }

    /// A client's certificate.
    #[must_use]
    pub fn client(&self, name: &str) -> Pair {
        self.issue(named(name, &[name], VALID), ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn issue(&self, mut params: CertificateParams, usage: ExtendedKeyUsagePurpose) -> Pair {
        params.extended_key_usages = vec![usage];
        let key = new_key();
        let certificate = params.signed_by(&key, &self.0).expect("sound parameters");
        Pair { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("randomness")
}

fn named(name: &str, names: &[&str], (from, until): Years) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}
