//! Workload identity federation: another provider's token is exchanged for one of Google's (RFC 8693), and that acts
//! as a service account. As in `google.auth.external_account`.

use std::time::SystemTime;

use reqwest::Url;

use super::CLOUD_PLATFORM;
use super::CredentialsError;
use super::file::{self, File};
use super::impersonation::Impersonation;
use super::subject_token::SubjectToken;
use crate::error::{Error, Service};
use crate::grant_refusal;
use crate::issued::{self, Issued};
use crate::secret::Secret;
use crate::transport::Transport;

const EXCHANGE_GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A workload that another provider vouches for.
#[derive(PartialEq, Eq)]
pub(super) struct ExternalAccount {
    token_url: Url,
    audience: String,
    subject_token_type: String,
    /// Some pools want the exchange to come from a registered client.
    client: Option<(String, Option<Secret>)>,
    subject: SubjectToken,
    pub(super) quota_project: Option<String>,
    pub(super) target: Impersonation,
}

impl ExternalAccount {
    pub(super) fn new(mut file: File) -> Result<Self, CredentialsError> {
        let missing = CredentialsError::Member;
        if file.workforce_pool_user_project.is_some() {
            return Err(CredentialsError::Unsupported("external_account for a workforce pool"));
        }
        let source = file.credential_source.take().ok_or(missing("credential_source"))?;
        let subject = SubjectToken::new(source)?;
        if file::present(file.service_account_impersonation_url.clone()).is_none() {
            return Err(CredentialsError::NoImpersonation);
        }
        let token_url = file.token_url.as_deref().and_then(file::address);
        let client_secret = file.client_secret.take();
        Ok(Self {
            token_url: token_url.ok_or(CredentialsError::Address("token_url"))?,
            audience: file::present(file.audience.take()).ok_or(missing("audience"))?,
            subject_token_type: file::present(file.subject_token_type.take())
                .ok_or(missing("subject_token_type"))?,
            client: file::present(file.client_id.take()).map(|id| (id, client_secret)),
            subject,
            quota_project: file.quota_project()?,
            target: Impersonation::new(&mut file)?,
        })
    }

    pub(super) async fn fetch(&self, transport: &Transport) -> Result<Issued, Error> {
        let subject = self.subject.read(transport).await?;
        let form = [
            ("grant_type", EXCHANGE_GRANT),
            ("audience", &self.audience),
            // For acting as the service account; what may be done as that is asked for then.
            ("scope", CLOUD_PLATFORM),
            ("requested_token_type", ACCESS_TOKEN),
            ("subject_token", subject.expose()),
            ("subject_token_type", &self.subject_token_type),
        ];
        let mut request = transport.client().post(self.token_url.clone()).form(&form);
        if let Some((id, secret)) = &self.client {
            request = request.basic_auth(id, secret.as_ref().map(Secret::expose));
        }
        let answer = issued::ask(transport, Service::Exchange, "sts.token", request).await?;
        if !answer.is_success() {
            return Err(grant_refusal::of_exchange(&answer, SystemTime::now()));
        }
        let federated = Issued::by_oauth(answer)?;
        self.target.fetch(transport, &federated.token, None).await
    }
}
