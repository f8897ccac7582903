//! Certificates that the server fetches itself (ACME, RFC 8555). They are put into a file, from which they are taken over
//! like any other; this only knows when one is needed, and how to get it.

pub(in crate::http) mod challenge;
mod store;

use std::sync::Arc;
use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, OrderStatus, RetryPolicy,
};
use tracing::{error, info};

use self::challenge::Challenges;
use self::store::Store;
use super::Leaf;
use crate::clock::Clock;
use crate::config::Acme;

/// How often it is asked whether a new one is needed.
const LOOK_EVERY: Duration = Duration::from_hours(1);

/// Pauses after failures; Let's Encrypt allows five failures an hour for each name.
const PAUSES: [Duration; 3] = [Duration::from_mins(1), Duration::from_mins(15), Duration::from_hours(1)];

/// For one certificate to come, from the first question to the last.
const PATIENCE: Duration = Duration::from_mins(5);

/// Fetches certificates before they are needed, for ever.
pub(crate) struct Fetcher {
    settings: Acme,
    store: Store,
    challenges: Arc<Challenges>,
    clock: Arc<dyn Clock>,
}

impl Fetcher {
    pub(super) fn new(
        settings: &Acme,
        certificate: &std::path::Path,
        challenges: &Arc<Challenges>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let store = Store::beside(certificate, &settings.directory);
        Self { settings: settings.clone(), store, challenges: Arc::clone(challenges), clock }
    }

    pub(crate) async fn run(self) {
        let mut failures = 0;
        loop {
            if !self.is_needed() {
                self.clock.sleep(LOOK_EVERY).await;
                continue;
            }
            let fetched = tokio::time::timeout(PATIENCE, self.fetch()).await;
            self.challenges.close();
            match fetched.unwrap_or_else(|_| Err(anyhow::anyhow!("no end within {} s", PATIENCE.as_secs()))) {
                Ok(()) => {
                    failures = 0;
                    info!(domains = self.settings.domains.join(","), "a certificate has been fetched");
                }
                Err(error) => {
                    if is_unknown_account(&error) {
                        self.store.forget_account();
                    }
                    let pause = PAUSES[failures.min(PAUSES.len() - 1)];
                    failures += 1;
                    error!("no certificate could be fetched; again in {} s: {error:#}", pause.as_secs());
                    self.clock.sleep(pause).await;
                }
            }
        }
    }

    /// There is none for all these names, or it is in the last third of its time.
    fn is_needed(&self) -> bool {
        self.store.certificate().is_none_or(|leaf| !self.suffices(&leaf, self.clock.now().unix))
    }

    fn suffices(&self, leaf: &Leaf, now: i64) -> bool {
        let left = leaf.until.saturating_sub(now);
        self.settings.domains.iter().all(|domain| leaf.names.contains(domain))
            && left > (leaf.until - leaf.from) / 3
    }

    async fn fetch(&self) -> anyhow::Result<()> {
        let account = self.account().await?;
        let names: Vec<_> = self.settings.domains.iter().cloned().map(Identifier::Dns).collect();
        let mut order = account.new_order(&NewOrder::new(&names)).await?;
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let challenge = authorization.challenge(ChallengeType::TlsAlpn01);
            let mut challenge =
                challenge.ok_or_else(|| anyhow::anyhow!("the server offers no tls-alpn-01"))?;
            let domain = challenge.identifier().to_string();
            self.challenges.open(&domain, challenge.key_authorization().digest().as_ref())?;
            challenge.set_ready().await?;
        }
        let retries = RetryPolicy::default().timeout(PATIENCE);
        if order.poll_ready(&retries).await? != OrderStatus::Ready {
            let mut authorizations = order.authorizations();
            while let Some(authorization) = authorizations.next().await {
                let mut authorization = authorization?;
                let state = authorization.refresh().await?;
                if let Some(problem) = state.challenges.iter().find_map(|challenge| challenge.error.as_ref())
                {
                    anyhow::bail!("a name could not be proved: {problem}");
                }
            }
            anyhow::bail!("the names could not be proved");
        }
        let key = order.finalize().await?;
        let chain = order.poll_certificate(&retries).await?;
        self.store.keep_certificate(&chain, &key)
    }

    /// The account of before, or a new one. Setting `ACME_DOMAINS` is to agree to the terms of service.
    async fn account(&self) -> anyhow::Result<Account> {
        let builder = || match &self.settings.authority {
            Some(authority) => Account::builder_with_root(authority),
            None => Account::builder(),
        };
        if let Some(credentials) = self.store.account() {
            return Ok(builder()?.from_credentials(credentials).await?);
        }
        let contact = self.settings.contact.as_ref().map(|address| format!("mailto:{address}"));
        let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
        let new =
            NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let (account, credentials) = builder()?.create(&new, self.settings.directory.clone(), None).await?;
        self.store.keep_account(&credentials)?;
        Ok(account)
    }
}

/// The server does not know the account (any more), so another one has to be made.
fn is_unknown_account(error: &anyhow::Error) -> bool {
    let Some(instant_acme::Error::Api(problem)) = error.downcast_ref() else { return false };
    problem.r#type.as_deref() == Some("urn:ietf:params:acme:error:accountDoesNotExist")
}
