//! As what a request is counted (P23).

use gate::{Cause, Fingerprint, Gate, Now, Permit, Refusal};

use super::asked::Errand;
use crate::app::App;
use crate::usage::{Endpoint, Kind, Whose};

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
