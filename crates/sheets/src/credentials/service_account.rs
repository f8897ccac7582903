//! A service account's key: who calls, and the private key that proves it.

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Url;

use super::CredentialsError;
use super::file::{self, File};
use crate::assertion;
use crate::error::{Error, Service};
use crate::issued::{self, Issued};
use crate::refusal;
use crate::secret::Secret;
use crate::token_rejection::TokenRejection;
use crate::transport::Transport;

/// Where tokens come from if the file names no `token_uri`.
const DEFAULT_TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// RFC 7523.
const JWT_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A service account, from the JSON file that the Google Cloud console hands out.
#[derive(PartialEq, Eq)]
pub(crate) struct ServiceAccount {
    client_email: String,
    token_uri: Url,
    private_key_id: Option<String>,
    private_key: Secret,
}

impl ServiceAccount {
    /// Takes the members and tries the key once, so that a damaged one is found at start.
    pub(super) fn new(file: File) -> Result<Self, CredentialsError> {
        let account = Self {
            client_email: file::present(file.client_email)
                .ok_or(CredentialsError::Missing("client_email"))?,
            token_uri: token_uri(file.token_uri.as_deref())?,
            private_key_id: file.private_key_id,
            private_key: file.private_key.ok_or(CredentialsError::Missing("private_key"))?,
        };
        assertion::sign(&account, "", 0).map_err(|_| CredentialsError::PrivateKey)?;
        Ok(account)
    }

    /// The account's mail address.
    pub(crate) fn client_email(&self) -> &str {
        &self.client_email
    }

    /// Where tokens are fetched.
    pub(crate) fn token_uri(&self) -> &Url {
        &self.token_uri
    }

    pub(crate) fn private_key_id(&self) -> Option<&str> {
        self.private_key_id.as_deref()
    }

    pub(crate) fn private_key(&self) -> &Secret {
        &self.private_key
    }

    /// A token for a scope, for a signed assertion.
    pub(super) async fn fetch(&self, transport: &Transport, scope: &str) -> Result<Issued, Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let assertion = assertion::sign(self, scope, now)
            // The key was tried when the file was read.
            .map_err(|_| Error::TokenRejected(TokenRejection::InvalidSignature))?;
        let form = [("grant_type", JWT_GRANT), ("assertion", assertion.expose())];
        let request = transport.client().post(self.token_uri.clone()).form(&form);
        let answer = issued::ask(transport, Service::Token, "token", request).await?;
        if !answer.is_success() {
            return Err(refusal::of_token(&answer, SystemTime::now()));
        }
        Issued::by_oauth(answer)
    }
}

/// The member, or Google's own address where it is missing.
pub(super) fn token_uri(member: Option<&str>) -> Result<Url, CredentialsError> {
    let text = member.filter(|text| !text.trim().is_empty()).unwrap_or(DEFAULT_TOKEN_URI);
    file::address(text).ok_or(CredentialsError::TokenUri)
}
