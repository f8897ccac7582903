//! What clients have used over time: all of them at once, in equal stretches of a range.

use std::collections::HashMap;
use std::path::Path;

use crate::usage::bookkeeper::KeepError;
use crate::usage::store::{Group, Question, Store};
use crate::usage::tally::files;
use crate::usage::totals::Totals;

/// A range, cut into stretches. Moments are Unix seconds, lengths seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretches {
    /// A multiple of `length`.
    pub(crate) since: i64,
    pub(crate) length: i64,
    pub(crate) number: usize,
}

/// What one client has used in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) totals: Totals,
    /// The requests of each stretch, those that a limit has refused among them.
    pub(crate) requests: Vec<u32>,
}

impl Stretches {
    /// The first second that is not in it.
    pub(crate) fn until(&self) -> i64 {
        let number = i64::try_from(self.number).unwrap_or(i64::MAX);
        self.since.saturating_add(self.length.saturating_mul(number))
    }

    fn question(&self) -> Question {
        Question { since: self.since, until: self.until(), client: None, by: Group::Stretch(self.length) }
    }

    fn place(&self, at: i64) -> Option<usize> {
        let place = usize::try_from((at - self.since).div_euclid(self.length)).ok()?;
        (place < self.number).then_some(place)
    }
}

/// What the counts in a folder say of a range, by client, to the last request.
///
/// # Errors
/// They cannot be read.
pub(crate) fn course(
    folder: &Path,
    stretches: &Stretches,
    now: i64,
) -> Result<HashMap<String, Used>, KeepError> {
    let question = stretches.question();
    // The segments first: one that is taken in between is then in the database, which says so.
    let segments = files::peek(folder)?;
    let store = Store::look(folder)?;
    let mut used = HashMap::new();
    if let Some(store) = &store {
        let mut by_number: HashMap<i64, Used> = HashMap::new();
        store.scan(&question, now, |client, at, totals| {
            by_number.entry(client).or_default().add(stretches, at, totals);
        })?;
        let mut names = store.names()?;
        let with_name = |(number, used)| Some((names.remove(&number)?, used));
        used = by_number.into_iter().filter_map(with_name).collect();
    }
    for segment in segments {
        let is_taken = store.as_ref().map_or(Ok(false), |store| store.has_taken(segment.origin))?;
        if is_taken {
            continue;
        }
        for (about, totals) in &segment.lines {
            if (stretches.since..stretches.until()).contains(&about.minute) {
                used.entry(about.client.clone()).or_default().add(stretches, about.minute, totals);
            }
        }
    }
    Ok(used)
}

/// When each client was last here since a Unix second, as far as that is in the database.
///
/// # Errors
/// The counts cannot be read.
pub(crate) fn last_used(folder: &Path, since: i64) -> Result<HashMap<String, i64>, KeepError> {
    let Some(store) = Store::look(folder)? else { return Ok(HashMap::new()) };
    let mut names = store.names()?;
    let with_name = |(number, at)| Some((names.remove(&number)?, at));
    Ok(store.last_used(since)?.into_iter().filter_map(with_name).collect())
}

impl Used {
    fn add(&mut self, stretches: &Stretches, at: i64, totals: &Totals) {
        self.totals.add(totals);
        self.requests.resize(stretches.number, 0);
        if let Some(requests) = stretches.place(at).and_then(|place| self.requests.get_mut(place)) {
            *requests = requests.saturating_add(u32::try_from(totals.requests()).unwrap_or(u32::MAX));
        }
    }
}
