//! A workload's own token: what its platform says of it, in a file or at an address.

use std::io;
use std::path::PathBuf;

use reqwest::Url;
use reqwest::header::HeaderName;
use serde_json::Value;
use zeroize::Zeroizing;

use super::CredentialsError;
use super::file::{self, CredentialSource};
use crate::error::{Error, Service};
use crate::issued;
use crate::secret::Secret;
use crate::transport::{Transport, is_loopback};

/// Where the token is, and how it is written there. It is read anew for each exchange, since it is short-lived.
#[derive(PartialEq, Eq)]
pub(super) struct SubjectToken {
    place: Place,
    /// The member that holds it if it is in JSON; otherwise it is the whole text.
    member: Option<String>,
}

#[derive(PartialEq, Eq)]
enum Place {
    File(PathBuf),
    /// The headers' values may be secrets: a runner proves itself to its provider by one.
    Url(Url, Vec<(HeaderName, Secret)>),
}

/// Why there is no token to exchange.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubjectTokenFault {
    /// The file cannot be read.
    #[error("its file cannot be read ({0}); check credential_source in the file and the volume it is on")]
    File(io::ErrorKind),
    /// The provider's address refused.
    #[error("the identity provider answered {0}; check the url and headers in credential_source")]
    Status(u16),
    /// What is there is no JSON with such a member, or no token.
    #[error("what is there is no token in the format that credential_source names")]
    Format,
}

impl SubjectToken {
    pub(super) fn new(source: CredentialSource) -> Result<Self, CredentialsError> {
        let unsupported = CredentialsError::Unsupported;
        if source.environment_id.is_some() {
            return Err(unsupported("external_account from aws"));
        }
        if source.executable.is_some() {
            return Err(unsupported("external_account from an executable"));
        }
        if source.certificate.is_some() {
            return Err(unsupported("external_account from a certificate"));
        }
        let wrong = CredentialsError::Member("credential_source");
        let place = match (file::present(source.file), source.url) {
            (Some(path), None) => Place::File(path.into()),
            (None, Some(url)) => {
                let url = file::address(&url).ok_or(CredentialsError::Address("credential_source.url"))?;
                let headers = source.headers.unwrap_or_default().into_iter().map(|(name, value)| {
                    let is_value = value.expose().bytes().all(|byte| matches!(byte, b' '..=b'~'));
                    Some((name.parse().ok()?, value)).filter(|_| is_value)
                });
                Place::Url(url, headers.collect::<Option<_>>().ok_or(wrong.clone())?)
            }
            _ => return Err(wrong),
        };
        let member = match source.format {
            None => None,
            Some(format) => match format.kind.as_deref() {
                None | Some("text") => None,
                Some("json") => Some(file::present(format.subject_token_field_name).ok_or(wrong)?),
                Some(_) => return Err(wrong),
            },
        };
        Ok(Self { place, member })
    }

    pub(super) async fn read(&self, transport: &Transport) -> Result<Secret, Error> {
        let bytes = match &self.place {
            Place::File(path) => tokio::fs::read(path)
                .await
                .map(Zeroizing::new)
                .map_err(|error| Error::SubjectToken(SubjectTokenFault::File(error.kind())))?,
            Place::Url(url, headers) => fetch(transport, url, headers).await?,
        };
        let token = match &self.member {
            None => std::str::from_utf8(&bytes).ok().map(|text| text.trim().to_owned()),
            Some(member) => member_of(&bytes, member),
        };
        // Longer than one word is some page, not a token.
        token.map(Secret::new).filter(Secret::is_token).ok_or(Error::SubjectToken(SubjectTokenFault::Format))
    }
}

async fn fetch(
    transport: &Transport,
    url: &Url,
    headers: &[(HeaderName, Secret)],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let near;
    let transport = if is_loopback(url) {
        near = Transport::direct()?;
        &near
    } else {
        transport
    };
    let mut request = transport.client().get(url.clone());
    for (name, value) in headers {
        request = request.header(name, value.expose());
    }
    let answer = issued::ask(transport, Service::IdentityProvider, "subject_token", request).await?;
    match answer.status {
        200 => Ok(Zeroizing::new(answer.body)),
        status @ (408 | 429 | 500..) => {
            Err(Error::Server { service: Service::IdentityProvider, status, retry_after: None })
        }
        status => Err(Error::SubjectToken(SubjectTokenFault::Status(status))),
    }
}

/// The text in one member of a JSON object. The rest of the object is not kept.
fn member_of(bytes: &[u8], member: &str) -> Option<String> {
    match serde_json::from_slice(bytes).ok()? {
        Value::Object(mut members) => match members.remove(member)? {
            Value::String(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}
