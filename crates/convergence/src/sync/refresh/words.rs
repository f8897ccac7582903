//! What the log says of a refresh.

use std::collections::HashSet;

use gate::Problem;
use tracing::{debug, error, info, warn};

use super::Refresher;
use crate::keys::{KeySource, SourceError};
use crate::sync::audit::Event;
use crate::sync::standing::{Held, Standing};
use crate::sync::state::Step;

/// How many problems of one reading are logged line by line.
const MOST_PROBLEMS: usize = 50;

/// How many lost keys the line about a held refresh names.
const MOST_LOST: usize = 5;

impl<S: KeySource> Refresher<S> {
    /// Says what a good read has come to.
    pub(super) fn say(&self, before: &Standing, step: &Step, was_accepted: bool) {
        let accepted = step.event == Some(Event::Accepted);
        if let (Some(held), false) = (&step.held, accepted) {
            say_held(held);
        }
        match (before, &self.state.standing) {
            (_, Standing::AsRead) if accepted => {
                warn!(keys = self.gate.keys(), "the held refresh is in use: it was accepted");
            }
            (Standing::Held(_), Standing::AsRead) => {
                info!(keys = self.gate.keys(), "the source is repaired: nothing is held any more");
            }
            (Standing::RolledBack(back), standing) if !matches!(standing, Standing::RolledBack(_)) => {
                warn!("the source has changed: the rollback to entry {} is over", back.to);
            }
            (_, Standing::RolledBack(back)) => debug!("the rollback to entry {} is still in force", back.to),
            _ => {}
        }
        if was_accepted && !accepted {
            warn!("what was accepted is not what the source says now; nothing has been let pass for it");
        }
        if !self.freshness.report().connected {
            info!(keys = self.gate.keys(), "keys are up to date");
        }
    }

    pub(super) fn note_failure(&self, error: &SourceError) {
        self.freshness.update(|report| {
            report.connected = false;
            report.last_error = Some(error.public.clone());
        });
        let now = self.clock.now();
        let consequence = match self.freshness.report().age(now.unix) {
            Some(age) if self.gate.decides(now) => format!("the last good ones, {age} s old, stay in use"),
            Some(age) => format!("the last good ones, {age} s old, are too old: protected paths answer 503"),
            None => "protected paths answer 503".to_owned(),
        };
        if error.needs_help {
            error!("keys could not be read, {consequence}: {}", error.detail);
        } else {
            warn!("keys could not be read, {consequence}: {}", error.detail);
        }
    }

    pub(super) fn report_problems(&mut self, now: Vec<Problem>) {
        let known: HashSet<&Problem> = self.reported.iter().collect();
        let new: Vec<&Problem> = now.iter().filter(|problem| !known.contains(problem)).collect();
        new.iter().take(MOST_PROBLEMS).for_each(|problem| warn!("keys table: {problem}"));
        if new.len() > MOST_PROBLEMS {
            warn!("keys table: {} more problems", new.len() - MOST_PROBLEMS);
        }
        if now.is_empty() && !self.reported.is_empty() {
            info!("every row of the keys table can be read again");
        }
        self.reported = now.into();
    }
}

/// The loudest line there is, at each held refresh.
fn say_held(held: &Held) {
    let shown: Vec<String> = held
        .keys
        .iter()
        .take(MOST_LOST)
        .map(|key| format!("{} (row {})", key.fingerprint, key.row))
        .collect();
    let more = if held.lost() > shown.len() { " and more" } else { "" };
    error!(
        "REFRESH HELD: {held}, which looks like an accident; the keys from before stay in use. Repair the source, or \
         confirm with `convergence keys accept`. Lost: {}{more}",
        shown.join(", ")
    );
}
