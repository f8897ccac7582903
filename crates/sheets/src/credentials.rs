//! Who calls, and what proves it: one file for each kind of credentials that Google has.

mod authorized_user;
mod external_account;
mod fault;
mod file;
mod impersonation;
mod metadata;
mod search;
mod service_account;
mod subject_token;

use std::fmt;

use self::authorized_user::AuthorizedUser;
use self::external_account::ExternalAccount;
pub use self::fault::CredentialsError;
use self::file::File;
use self::impersonation::Impersonated;
pub(crate) use self::impersonation::USER_PROJECT;
use self::metadata::Metadata;
pub use self::search::{DefaultCredentials, DefaultCredentialsError};
pub(crate) use self::service_account::ServiceAccount;
pub use self::subject_token::SubjectTokenFault;
use crate::error::Error;
use crate::issued::Issued;
use crate::transport::Transport;

/// Reading and writing: usage statistics go back to the same spreadsheet.
const SPREADSHEETS: &str = "https://www.googleapis.com/auth/spreadsheets";

/// What acting as a service account takes.
const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

/// An account that tokens can be fetched for.
///
/// Its secrets are wiped from memory when this is dropped, and no output shows them.
pub struct Credentials(Kind);

enum Kind {
    ServiceAccount(ServiceAccount),
    AuthorizedUser(AuthorizedUser),
    ExternalAccount(ExternalAccount),
    Impersonated(Impersonated),
    Metadata(Metadata),
}

impl Credentials {
    /// A service account, from the JSON file that the Google Cloud console hands out.
    ///
    /// The key is tried once, so that a damaged one is found at start. The caller's bytes hold the key as well; wiping
    /// them is the caller's part.
    pub fn from_json(bytes: &[u8]) -> Result<Self, CredentialsError> {
        let file = File::read(bytes)?;
        if file.kind.as_deref() != Some("service_account") {
            return Err(CredentialsError::NotServiceAccount);
        }
        ServiceAccount::new(file).map(Kind::ServiceAccount).map(Self)
    }

    /// Any kind of file that `GOOGLE_APPLICATION_CREDENTIALS` may name: a service account's key, a login with gcloud
    /// (`authorized_user`), workload identity federation (`external_account`), or either of the first two acting as a
    /// service account (`impersonated_service_account`).
    ///
    /// A file's word is trusted as far as secrets are sent where it says, by https or within this machine.
    pub fn from_any_json(bytes: &[u8]) -> Result<Self, CredentialsError> {
        let file = File::read(bytes)?;
        let unsupported = |name| Err(CredentialsError::Unsupported(name));
        let kind = match file.kind.as_deref() {
            Some("service_account") => Kind::ServiceAccount(ServiceAccount::new(file)?),
            Some("authorized_user") => Kind::AuthorizedUser(AuthorizedUser::new(file)?),
            Some("external_account") => Kind::ExternalAccount(ExternalAccount::new(file)?),
            Some("impersonated_service_account") => Kind::Impersonated(Impersonated::new(file)?),
            Some("external_account_authorized_user") => {
                return unsupported("external_account_authorized_user");
            }
            Some("gdch_service_account") => return unsupported("gdch_service_account"),
            _ => return Err(CredentialsError::UnknownType),
        };
        Ok(Self(kind))
    }

    /// The service account of the machine, from the metadata server at `host` (with or without a port), or Google's.
    /// Nothing is sent yet.
    pub fn of_machine(host: Option<&str>) -> Result<Self, CredentialsError> {
        Metadata::new(host).map(Kind::Metadata).map(Self)
    }

    /// The account's mail address: the one to share a spreadsheet with. Where it is not known (a login with gcloud; a
    /// machine's account before its first token), words for the account, which have no `@`.
    pub fn client_email(&self) -> &str {
        match &self.0 {
            Kind::ServiceAccount(account) => account.client_email(),
            Kind::AuthorizedUser(_) => authorized_user::NAME,
            Kind::ExternalAccount(account) => account.target.email(),
            Kind::Impersonated(account) => account.target.email(),
            Kind::Metadata(metadata) => metadata.email(),
        }
    }

    /// Whether both prove the same account in the same way, so that a token of one is as good as one of the other.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Kind::ServiceAccount(a), Kind::ServiceAccount(b)) => a == b,
            (Kind::AuthorizedUser(a), Kind::AuthorizedUser(b)) => a == b,
            (Kind::ExternalAccount(a), Kind::ExternalAccount(b)) => a == b,
            (Kind::Impersonated(a), Kind::Impersonated(b)) => a == b,
            (Kind::Metadata(a), Kind::Metadata(b)) => a.is_same_as(b),
            _ => false,
        }
    }

    /// The project that pays for the calls, where the file names one.
    pub(crate) fn quota_project(&self) -> Option<&str> {
        match &self.0 {
            Kind::ServiceAccount(_) | Kind::Metadata(_) => None,
            Kind::AuthorizedUser(user) => user.quota_project.as_deref(),
            Kind::ExternalAccount(account) => account.quota_project.as_deref(),
            Kind::Impersonated(account) => account.quota_project.as_deref(),
        }
    }

    /// A new token for spreadsheets.
    pub(crate) async fn fetch(&self, transport: &Transport) -> Result<Issued, Error> {
        match &self.0 {
            Kind::ServiceAccount(account) => account.fetch(transport, SPREADSHEETS).await,
            Kind::AuthorizedUser(user) => user.fetch(transport).await,
            Kind::ExternalAccount(account) => account.fetch(transport).await,
            Kind::Impersonated(account) => account.fetch(transport).await,
            Kind::Metadata(metadata) => metadata.fetch().await,
        }
    }

    /// A refusal of the API in the words for this kind of account: what helps a service account does not help a person.
    pub(crate) fn explain(&self, error: Error) -> Error {
        match (&self.0, error) {
            (Kind::Metadata(_), Error::InsufficientScope) => Error::ScopeOfMachine,
            (Kind::AuthorizedUser(_), Error::InsufficientScope) => Error::ScopeOfLogin,
            // Without a project of its own a login counts as gcloud's, in which nothing can be enabled.
            (Kind::AuthorizedUser(user), Error::ApiDisabled { .. }) if user.quota_project.is_none() => {
                Error::QuotaProject
            }
            (_, error) => error,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("client_email", &self.client_email()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "credentials/tests.rs"]
mod tests;
