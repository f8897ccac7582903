//! A service account's file: who calls, and the private key that proves it.

use std::fmt;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::assertion;

/// Where tokens come from if the file names no `token_uri`.
const DEFAULT_TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// A service account, read from the JSON file that the Google Cloud console hands out.
///
/// The private key is wiped from memory when this is dropped, and no output shows it.
pub struct Credentials {
    client_email: String,
    token_uri: reqwest::Url,
    private_key_id: Option<String>,
    private_key: PrivateKey,
}

/// Why a file is not a service account's. No message repeats what stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The bytes are not a JSON object.
    #[error(
        "the credentials file is not json (line {line}, column {column}); \
         download the service account's key again, as json"
    )]
    NotJson {
        /// Line of the first fault, from 1.
        line: usize,
        /// Column of the first fault.
        column: usize,
    },
    /// The file is another kind of Google credentials, such as an OAuth client or a user's login.
    #[error(
        "the credentials file is not a service account's; in the google cloud console open iam & admin > \
         service accounts, add a key of type json, and use that file"
    )]
    NotServiceAccount,
    /// A member is missing, empty or not text.
    #[error("the credentials file has no {0}; download the service account's key again, as json")]
    Missing(&'static str),
    /// `private_key` is not an RSA key in PEM, or is damaged.
    #[error(
        "the private_key in the credentials file cannot be read; download the service account's key again and \
         do not edit it (its line breaks are written \\n)"
    )]
    PrivateKey,
    /// `token_uri` is not an address.
    #[error(
        "the token_uri in the credentials file is not an http or https address; \
         it should be https://oauth2.googleapis.com/token"
    )]
    TokenUri,
}

/// The members that matter; Google's file has more. The types are lenient so that each fault gets its own words.
#[derive(Deserialize)]
struct File {
    #[serde(rename = "type")]
    kind: Option<String>,
    client_email: Option<String>,
    token_uri: Option<String>,
    private_key_id: Option<String>,
    private_key: Option<String>,
}

impl Credentials {
    /// Reads the file's bytes and tries the key once, so that a damaged one is found at start.
    ///
    /// The caller's bytes hold the key as well; wiping them is the caller's part.
    pub fn from_json(bytes: &[u8]) -> Result<Self, CredentialsError> {
        // Windows tools put a byte order mark before JSON.
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let file: File = serde_json::from_slice(bytes)
            .map_err(|error| CredentialsError::NotJson { line: error.line(), column: error.column() })?;
        // First of all the key goes where it is wiped, whatever else is wrong.
        let private_key = file.private_key.map(|pem| PrivateKey(Zeroizing::new(pem)));
        if file.kind.as_deref() != Some("service_account") {
            return Err(CredentialsError::NotServiceAccount);
        }
        let credentials = Self {
            client_email: present(file.client_email, "client_email")?,
            token_uri: token_uri(file.token_uri.as_deref())?,
            private_key_id: file.private_key_id,
            private_key: private_key.ok_or(CredentialsError::Missing("private_key"))?,
        };
        assertion::sign(&credentials, 0).map_err(|_| CredentialsError::PrivateKey)?;
        Ok(credentials)
    }

    /// The account's mail address: the one to share a spreadsheet with.
    pub fn client_email(&self) -> &str {
        &self.client_email
    }

    /// Where tokens are fetched.
    pub(crate) fn token_uri(&self) -> &reqwest::Url {
        &self.token_uri
    }

    pub(crate) fn private_key_id(&self) -> Option<&str> {
        self.private_key_id.as_deref()
    }

    pub(crate) fn private_key(&self) -> &PrivateKey {
        &self.private_key
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("client_email", &self.client_email).finish_non_exhaustive()
    }
}

/// A private key in PEM, wiped when dropped.
pub(crate) struct PrivateKey(Zeroizing<String>);

impl PrivateKey {
    /// The key itself, for signing only.
    pub(crate) fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

fn present(member: Option<String>, name: &'static str) -> Result<String, CredentialsError> {
    member.filter(|text| !text.trim().is_empty()).ok_or(CredentialsError::Missing(name))
}

fn token_uri(member: Option<&str>) -> Result<reqwest::Url, CredentialsError> {
    let text = member.map(str::trim).filter(|text| !text.is_empty()).unwrap_or(DEFAULT_TOKEN_URI);
    let url = reqwest::Url::parse(text).map_err(|_| CredentialsError::TokenUri)?;
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(CredentialsError::TokenUri) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> CredentialsError {
        Credentials::from_json(json.as_bytes()).expect_err("the file is wrong")
    }

    #[test]
    fn each_fault_of_a_file_has_its_own_words() {
        let account = |rest: &str| format!(r#"{{"type":"service_account"{rest}}}"#);
        let mail = r#","client_email":"a@b.c""#;
        assert_eq!(refused("{"), CredentialsError::NotJson { line: 1, column: 1 });
        assert_eq!(refused(r#"{"installed":{}}"#), CredentialsError::NotServiceAccount);
        assert_eq!(refused(r#"{"type":"authorized_user"}"#), CredentialsError::NotServiceAccount);
        assert_eq!(refused(&account("")), CredentialsError::Missing("client_email"));
        assert_eq!(refused(&account(r#","client_email":" ""#)), CredentialsError::Missing("client_email"));
        assert_eq!(refused(&account(mail)), CredentialsError::Missing("private_key"));
        let uri = account(&format!(r#"{mail},"token_uri":"file:///etc/passwd""#));
        assert_eq!(refused(&uri), CredentialsError::TokenUri);
        let key = account(&format!(r#"{mail},"private_key":"-----BEGIN PRIVATE KEY-----\nAAAA""#));
        assert_eq!(refused(&key), CredentialsError::PrivateKey);
    }
}
