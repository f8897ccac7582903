//! As what a request is counted (P23).

use std::time::Duration;

use gate::{Cause, Fingerprint, Gate, Now, Permit, Refusal};
use serde::{Deserialize, Serialize};

use super::asked::Errand;
use crate::app::App;
use crate::usage::{Endpoint, Kind, Tally, Whose};

/// Counts a request of a client, whatever has been decided, and says under which name.
pub(super) fn decision(
    app: &App,
    gate: &Gate,
    errand: &Errand<'_>,
    decision: Result<&Permit, &Refusal>,
    now: Now,
) -> Option<Endpoint> {
    // Nobody whose key is not known is to fill the list of names.
    whose(decision)?;
    let endpoint = errand.endpoint(app, gate);
    under(&endpoint, app, decision, now);
    Some(endpoint)
}

/// Counts a request of a client under this name.
pub(super) fn under(endpoint: &Endpoint, app: &App, decision: Result<&Permit, &Refusal>, now: Now) {
    let Some((client, key)) = whose(decision) else { return };
    let whose = Whose { client, key: key.number(), endpoint };
    for kind in kinds(app, decision).into_iter().flatten() {
        app.books.tally.count(whose, kind, 1, now.unix);
    }
}

/// Counts what has come of a request that was let through.
pub(super) fn outcome(app: &App, permit: &Permit, endpoint: &Endpoint, kind: Kind, number: u64) {
    let whose = Whose { client: permit.client(), key: permit.key().number(), endpoint };
    app.books.tally.count(whose, kind, number, app.clock.now().unix);
}

/// Whom the sound is counted for that a request will have made when it has long been answered: kept as text, so that it
/// outlives the process.
#[derive(Serialize, Deserialize)]
pub(crate) struct Account {
    client: String,
    /// The key's fingerprint, as a number.
    key: u64,
    endpoint: String,
}

impl Account {
    /// That of a permit's client.
    pub(super) fn of(permit: &Permit, endpoint: &Endpoint) -> String {
        let account = Self {
            client: permit.client().to_owned(),
            key: permit.key().number(),
            endpoint: endpoint.as_str().to_owned(),
        };
        serde_json::to_string(&account).expect("a struct of plain members serialises")
    }

    /// Counts sound of this length. A text that is none is nobody's: the door was open.
    pub(crate) fn count(account: &str, tally: &Tally, length: Duration, now: Now) {
        let Ok(Self { client, key, endpoint }) = serde_json::from_str(account) else { return };
        let endpoint = Endpoint::new(&endpoint);
        let whose = Whose { client: &client, key, endpoint: &endpoint };
        tally.count(whose, Kind::AudioMs, u64::try_from(length.as_millis()).unwrap_or(u64::MAX), now.unix);
    }
}

fn whose<'a>(decision: Result<&'a Permit, &'a Refusal>) -> Option<(&'a str, Fingerprint)> {
    match decision {
        Ok(permit) => Some((permit.client(), permit.key())),
        Err(refusal) => refusal.client().zip(refusal.key()),
    }
}

fn kinds(app: &App, decision: Result<&Permit, &Refusal>) -> [Option<Kind>; 2] {
    match decision.map_err(Refusal::cause) {
        Ok(permit) if permit.shadow_refused() => {
            app.metrics.shadow_refused();
            [Some(Kind::Admitted), Some(Kind::ShadowLimited)]
        }
        Ok(_) => [Some(Kind::Admitted), None],
        Err(Cause::OverLimit { .. }) => [Some(Kind::RateLimited), None],
        Err(Cause::QuotaExceeded { .. }) => [Some(Kind::RateLimited), Some(Kind::QuotaExceeded)],
        Err(_) => [Some(Kind::Denied), None],
    }
}
