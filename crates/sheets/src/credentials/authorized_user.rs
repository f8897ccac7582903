//! A person's login, as `gcloud auth application-default login` leaves it (RFC 6749, section 6).

use std::time::SystemTime;

use reqwest::Url;

use super::CredentialsError;
use super::file::{self, File};
use super::service_account::token_uri;
use crate::error::{Error, Service};
use crate::grant_refusal;
use crate::issued::{self, Issued};
use crate::secret::Secret;
use crate::transport::Transport;

/// Who to share a spreadsheet with: the file does not say whose login it is.
pub(super) const NAME: &str = "the google account that is logged in with gcloud";

/// A login that can be renewed.
#[derive(PartialEq, Eq)]
pub(super) struct AuthorizedUser {
    token_uri: Url,
    client_id: String,
    client_secret: Secret,
    refresh_token: Secret,
    pub(super) quota_project: Option<String>,
}

impl AuthorizedUser {
    pub(super) fn new(mut file: File) -> Result<Self, CredentialsError> {
        let missing = CredentialsError::Member;
        let quota_project = file.quota_project()?;
        Ok(Self {
            token_uri: token_uri(file.token_uri.as_deref())?,
            client_id: file::present(file.client_id).ok_or(missing("client_id"))?,
            client_secret: file.client_secret.ok_or(missing("client_secret"))?,
            refresh_token: file
                .refresh_token
                .filter(|token| !token.expose().trim().is_empty())
                .ok_or(missing("refresh_token"))?,
            quota_project,
        })
    }

    /// A token for every scope that was granted at the login. None is asked for: one that was not granted would be
    /// refused here, with fewer words than the API has for it.
    pub(super) async fn fetch(&self, transport: &Transport) -> Result<Issued, Error> {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.expose()),
            ("refresh_token", self.refresh_token.expose()),
        ];
        let request = transport.client().post(self.token_uri.clone()).form(&form);
        let answer = issued::ask(transport, Service::Token, "token.refresh", request).await?;
        if !answer.is_success() {
            return Err(grant_refusal::of_login(&answer, SystemTime::now()));
        }
        Issued::by_oauth(answer)
    }
}
