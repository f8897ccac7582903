//! The service account of the machine, from the metadata server of Compute Engine, GKE, Cloud Run and App Engine.
//!
//! The way of asking is `google.auth.compute_engine._metadata`'s: a header that no browser can be tricked into
//! sending, and the same header in every true answer.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use reqwest::Url;

use super::CredentialsError;
use super::SPREADSHEETS;
use crate::error::{Error, Service};
use crate::grant_refusal;
use crate::issued::{self, Issued};
use crate::transport::{Answer, Transport};

/// Where every machine of Google's finds it; another is for emulators (`GCE_METADATA_HOST`).
const DEFAULT_HOST: &str = "metadata.google.internal";

const FLAVOR: (&str, &str) = ("metadata-flavor", "Google");

/// Who to share a spreadsheet with while the account's address is not known.
const NAME: &str = "the service account of this machine";

/// A metadata server.
pub(super) struct Metadata {
    /// `http://HOST/computeMetadata/v1/instance/service-accounts/default/`.
    account: Url,
    /// The account's address, or words for it, once the server has told it.
    email: OnceLock<String>,
    /// Whether the server has ever answered. Nothing depends on when another thread sees it.
    answered: AtomicBool,
}

impl Metadata {
    /// The server at a host, with or without a port.
    pub(super) fn new(host: Option<&str>) -> Result<Self, CredentialsError> {
        let host = host.map(str::trim).filter(|host| !host.is_empty()).unwrap_or(DEFAULT_HOST);
        let address = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/");
        let account = Url::parse(&address).map_err(|_| CredentialsError::MetadataHost)?;
        let plain = account.username().is_empty() && account.path().starts_with("/computeMetadata/");
        if !plain || account.query().is_some() || account.fragment().is_some() {
            return Err(CredentialsError::MetadataHost);
        }
        Ok(Self { account, email: OnceLock::new(), answered: AtomicBool::new(false) })
    }

    pub(super) fn email(&self) -> &str {
        self.email.get().map_or(NAME, String::as_str)
    }

    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.account == other.account
    }

    pub(super) async fn fetch(&self) -> Result<Issued, Error> {
        // The name is resolved and the address reached within this machine's own network, so no proxy is asked.
        let transport = Transport::direct()?;
        let answer = self.ask(&transport, "metadata.token", "token", &[("scopes", SPREADSHEETS)]).await?;
        if !answer.is_success() {
            return Err(grant_refusal::of_metadata(&answer, SystemTime::now()));
        }
        let issued = Issued::by_oauth(answer)?;
        self.learn_email(&transport).await;
        Ok(issued)
    }

    /// It is only for messages, so a failure is none.
    async fn learn_email(&self, transport: &Transport) {
        if self.email.get().is_some() {
            return;
        }
        let Ok(answer) = self.ask(transport, "metadata.email", "email", &[]).await else { return };
        if answer.is_success() {
            let text = str::from_utf8(&answer.body).unwrap_or_default().trim();
            // A GKE workload that is bound to no service account has a pool's name instead of an address.
            let is_email =
                text.len() < 255 && text.contains('@') && text.bytes().all(|byte| byte.is_ascii_graphic());
            // Another call may have been first, with the same answer.
            let _ = self.email.set(if is_email { text } else { NAME }.to_owned());
        }
    }

    async fn ask(
        &self,
        transport: &Transport,
        query: &'static str,
        what: &str,
        options: &[(&str, &str)],
    ) -> Result<Answer, Error> {
        let url = self.account.join(what).map_err(|_| Error::NoDefaultCredentials)?;
        let request = transport.client().get(url).query(options).header(FLAVOR.0, FLAVOR.1);
        let answer =
            issued::ask(transport, Service::Metadata, query, request).await.map_err(|e| self.or_absent(e))?;
        if answer.text(FLAVOR.0) != Some(FLAVOR.1) {
            let status = answer.status;
            return Err(self.or_absent(Error::Unreadable { service: Service::Metadata, status }));
        }
        self.answered.store(true, Ordering::Relaxed);
        Ok(answer)
    }

    /// One that never answered is not there at all: this machine is none of Google's, and nobody has logged in.
    fn or_absent(&self, error: Error) -> Error {
        let unreached =
            matches!(error, Error::Connect { .. } | Error::Timeout { .. } | Error::Unreadable { .. });
        if unreached && !self.answered.load(Ordering::Relaxed) { Error::NoDefaultCredentials } else { error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_host_and_a_port_name_a_metadata_server() {
        let account = |host: Option<&str>| Metadata::new(host).map(|metadata| metadata.account.to_string());
        let path = "computeMetadata/v1/instance/service-accounts/default/";
        assert_eq!(account(None), Ok(format!("http://metadata.google.internal/{path}")));
        assert_eq!(account(Some(" ")), Ok(format!("http://metadata.google.internal/{path}")));
        assert_eq!(account(Some("127.0.0.1:8080")), Ok(format!("http://127.0.0.1:8080/{path}")));
        for host in ["http://localhost", "user@host", "host/path", "host?", "host#", "a b"] {
            assert_eq!(account(Some(host)), Err(CredentialsError::MetadataHost), "{host}");
        }
    }
}
