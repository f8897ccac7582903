//! The JWT that a service account signs to be given a token (RFC 7523; claims as in Google's own libraries).

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::credentials::Credentials;

/// Reading and writing: usage statistics go back to the same spreadsheet.
const SCOPE: &str = "https://www.googleapis.com/auth/spreadsheets";

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

/// Signs an assertion issued `now`, in seconds since 1970. It is worth a token while it lasts, so it is wiped.
///
/// The key is decoded for each signature (once an hour) and wiped again, so that only one copy of it lives.
pub(crate) fn sign(credentials: &Credentials, now: u64) -> Result<Zeroizing<String>, BadKey> {
    let claims = Claims {
        iss: credentials.client_email(),
        scope: SCOPE,
        // Google accepts its own address whichever it is; an emulator accepts its own.
        aud: credentials.token_uri().as_str(),
        iat: now,
        exp: now + LIFETIME,
    };
    let mut header = Header::new(Algorithm::RS256);
    header.kid = credentials.private_key_id().map(str::to_owned);
    let key = EncodingKey::from_rsa_pem(credentials.private_key().expose()).map_err(|_| BadKey)?;
    encode(&header, &claims, &key).map(Zeroizing::new).map_err(|_| BadKey)
}
