//! The files are looked at once a second, by what they hold: that sees a rename, a swapped symlink (Kubernetes) and a file
//! on a network alike.

use std::sync::Arc;
use std::time::Duration;

use tracing::{error, info, warn};

use super::{Loaded, Tls, new_tickets};
use crate::clock::Clock;
use crate::config::Fault;
use crate::metrics::Metrics;

const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Tls {
    /// Takes over what the files hold whenever that changes and is sound. Else what was loaded stays in use.
    pub(crate) async fn watch(
        self: Arc<Self>,
        mut loaded: Loaded,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) {
        if self.is_waiting() {
            warn!(
                "until a certificate for ACME_DOMAINS has been fetched, clients get one that nobody trusts"
            );
        } else {
            report(&loaded, &metrics, clock.now().unix);
        }
        // A pair is written one file after the other, so a fault counts when it is there at two looks.
        let (mut last, mut said) = (None, None);
        loop {
            clock.sleep(LOOK_EVERY).await;
            let (tls, tried) = (Arc::clone(&self), loaded);
            let look = tokio::task::spawn_blocking(move || tls.look(tried));
            let (now_loaded, outcome) = match look.await {
                Ok(looked) => looked,
                Err(error) => return error!("the TLS files are no longer watched: {error}"),
            };
            loaded = now_loaded;
            match outcome {
                Ok(changed) => {
                    (last, said) = (None, None);
                    metrics.tls_refused(false);
                    if changed {
                        report(&loaded, &metrics, clock.now().unix);
                    }
                }
                Err(fault) => {
                    let fault = Some(fault.to_string());
                    if fault == last && fault != said {
                        let what = fault.as_deref().unwrap_or_default();
                        error!("the new TLS files are refused, and the old ones stay in use: {what}");
                        metrics.tls_refused(true);
                        said.clone_from(&fault);
                    }
                    last = fault;
                }
            }
        }
    }

    /// Whether something else is in use now.
    fn look(&self, mut loaded: Loaded) -> (Loaded, Result<bool, Fault>) {
        let outcome = self.try_replace(&mut loaded);
        (loaded, outcome)
    }

    fn try_replace(&self, loaded: &mut Loaded) -> Result<bool, Fault> {
        if self.is_waiting() {
            // Still to be fetched, which has words of its own.
            return Ok(false);
        }
        let contents = self.files.read()?;
        let digest = contents.digest();
        if digest == loaded.digest {
            return Ok(false);
        }
        // Whoever an old authority has let in is asked again by the new one.
        let tickets = if digest.authorities == loaded.digest.authorities {
            Arc::clone(&loaded.tickets)
        } else {
            new_tickets()?
        };
        let (config, leaf) = self.files.build(&contents, &tickets)?;
        self.replace(config);
        *loaded = Loaded { leaf, tickets, digest };
        Ok(true)
    }
}

fn report(loaded: &Loaded, metrics: &Metrics, now: i64) {
    let leaf = &loaded.leaf;
    metrics.tls_certificate(leaf.until);
    if leaf.until < now {
        warn!("the TLS certificate has expired: it is {leaf}");
    } else if leaf.from > now {
        warn!("the TLS certificate is not valid yet: it is {leaf}");
    } else {
        info!("the TLS certificate is {leaf}");
    }
}
