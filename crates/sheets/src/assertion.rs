//! The JWT that a service account signs to be given a token (RFC 7523; claims as in Google's own libraries).

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;

use crate::credentials::ServiceAccount;
use crate::secret::Secret;

/// The longest life that Google takes, in seconds.
const LIFETIME: u64 = 3600;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: u64,
    exp: u64,
}

/// The key cannot sign: it is not an RSA key in PEM.
pub(crate) struct BadKey;

/// Signs an assertion issued `now`, in seconds since 1970. It is worth a token while it lasts, so it is a secret.
///
/// The key is decoded for each signature (once an hour) and wiped again, so that only one copy of it lives.
pub(crate) fn sign(account: &ServiceAccount, scope: &str, now: u64) -> Result<Secret, BadKey> {
    let claims = Claims {
        iss: account.client_email(),
        scope,
        // Google accepts its own address whichever it is; an emulator accepts its own.
        aud: account.token_uri().as_str(),
        iat: now,
        exp: now + LIFETIME,
    };
    let mut header = Header::new(Algorithm::RS256);
    header.kid = account.private_key_id().map(str::to_owned);
    let key = EncodingKey::from_rsa_pem(account.private_key().expose().as_bytes()).map_err(|_| BadKey)?;
    encode(&header, &claims, &key).map(Secret::new).map_err(|_| BadKey)
}
