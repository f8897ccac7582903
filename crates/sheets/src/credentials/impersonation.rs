//! A service account's token for somebody who may act as it (IAM Service Account Credentials API, version 1).

use std::time::SystemTime;

use reqwest::Url;
use serde_json::json;

use super::CredentialsError;
use super::authorized_user::AuthorizedUser;
use super::file::{self, File};
use super::service_account::ServiceAccount;
use super::{CLOUD_PLATFORM, SPREADSHEETS};
use crate::error::{Error, Service};
use crate::grant_refusal;
use crate::issued::{self, Issued};
use crate::secret::Secret;
use crate::transport::Transport;

/// The header that names who pays, for accounts that belong to no project.
pub(crate) const USER_PROJECT: &str = "x-goog-user-project";

/// What ends an address of the API.
const METHOD: &str = ":generateAccessToken";

/// The longest life without a special policy, in seconds.
const LIFETIME: u64 = 3600;

/// The account that is acted as.
#[derive(PartialEq, Eq)]
pub(super) struct Impersonation {
    url: Url,
    email: String,
    delegates: Vec<String>,
    /// Seconds.
    lifetime: u64,
}

/// A file of the type `impersonated_service_account`, as `gcloud auth application-default login
/// --impersonate-service-account` leaves it.
#[derive(PartialEq, Eq)]
pub(super) struct Impersonated {
    source: Source,
    pub(super) quota_project: Option<String>,
    pub(super) target: Impersonation,
}

/// Who acts.
#[derive(PartialEq, Eq)]
enum Source {
    User(AuthorizedUser),
    Account(ServiceAccount),
}

impl Impersonation {
    /// From `service_account_impersonation_url` and what goes with it.
    pub(super) fn new(file: &mut File) -> Result<Self, CredentialsError> {
        let wrong = CredentialsError::Address("service_account_impersonation_url");
        let url = file.service_account_impersonation_url.as_deref().and_then(file::address);
        let url = url.ok_or(wrong.clone())?;
        let last = url.path().rsplit('/').next().and_then(|last| last.strip_suffix(METHOD));
        let email = last.filter(|email| email.contains('@')).ok_or(wrong)?.to_owned();
        let options = file.service_account_impersonation.take();
        let lifetime = options.and_then(|options| options.token_lifetime_seconds).unwrap_or(LIFETIME);
        Ok(Self { url, email, delegates: file.delegates.take().unwrap_or_default(), lifetime })
    }

    pub(super) fn email(&self) -> &str {
        &self.email
    }

    /// A token of the account for spreadsheets, for the token of whoever acts as it.
    pub(super) async fn fetch(
        &self,
        transport: &Transport,
        actor: &Secret,
        quota_project: Option<&str>,
    ) -> Result<Issued, Error> {
        let body = json!({
            "delegates": self.delegates,
            "scope": [SPREADSHEETS],
            "lifetime": format!("{}s", self.lifetime),
        });
        let mut request = transport.client().post(self.url.clone()).bearer_auth(actor.expose()).json(&body);
        if let Some(project) = quota_project {
            request = request.header(USER_PROJECT, project);
        }
        let query = "iam.generateAccessToken";
        let answer = issued::ask(transport, Service::Impersonation, query, request).await?;
        if !answer.is_success() {
            return Err(grant_refusal::of_impersonation(&answer, SystemTime::now()));
        }
        Issued::by_iam(answer, SystemTime::now())
    }
}

impl Impersonated {
    pub(super) fn new(mut file: File) -> Result<Self, CredentialsError> {
        let target = Impersonation::new(&mut file)?;
        let source = file.source_credentials.take().ok_or(CredentialsError::Member("source_credentials"))?;
        let source = match source.kind.as_deref() {
            Some("authorized_user") => Source::User(AuthorizedUser::new(*source)?),
            Some("service_account") => Source::Account(ServiceAccount::new(*source)?),
            Some("external_account") => {
                return Err(CredentialsError::Unsupported(
                    "impersonated_service_account over an external_account",
                ));
            }
            _ => return Err(CredentialsError::Member("source_credentials")),
        };
        Ok(Self { source, quota_project: file.quota_project()?, target })
    }

    pub(super) async fn fetch(&self, transport: &Transport) -> Result<Issued, Error> {
        let (actor, quota_project) = match &self.source {
            Source::User(user) => (user.fetch(transport).await?, user.quota_project.as_deref()),
            Source::Account(account) => (account.fetch(transport, CLOUD_PLATFORM).await?, None),
        };
        self.target.fetch(transport, &actor.token, quota_project).await
    }
}
