//! What this process has counted since it was started, by client and endpoint, for the metrics. Numbers only rise, and what
//! has a name keeps it: whoever comes when there are enough names is one of the others.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::tally::About;
use super::totals::Totals;

/// So many endpoints have a name of their own.
const MOST_ENDPOINTS: usize = 50;

/// What the rest is called. Parentheses are in no name of an endpoint.
const OTHER_CLIENTS: &str = "(other clients)";
const OTHER_ENDPOINTS: &str = "(other paths)";

/// Added to twice a second, on the keeper's thread.
pub(crate) struct Counted {
    most_clients: usize,
    /// For a look or for one segment's lines.
    sums: Mutex<Sums>,
    /// Lines that are not in the database yet.
    pending: AtomicUsize,
}

#[derive(Default)]
struct Sums {
    /// By client, and then by endpoint.
    clients: HashMap<Box<str>, HashMap<Box<str>, Totals>>,
    endpoints: HashSet<Box<str>>,
}

impl Counted {
    /// So many clients have a name of their own.
    pub(crate) fn new(most_clients: usize) -> Self {
        Self { most_clients, sums: Mutex::default(), pending: AtomicUsize::new(0) }
    }

    /// With one client that has asked for everything.
    #[cfg(test)]
    pub(crate) fn example() -> Self {
        let counted = Self::new(1);
        let about = About { minute: 0, client: "A".to_owned(), key: 1, endpoint: "GET /".to_owned() };
        counted.add(&[(about, Totals::of([1; super::totals::KINDS], 0))]);
        counted
    }

    pub(super) fn add(&self, lines: &[(About, Totals)]) {
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        for (about, totals) in lines {
            sums.add(self.most_clients, about, totals);
        }
    }

    /// How many lines are not in the database yet.
    pub(crate) fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    pub(super) fn set_pending(&self, lines: usize) {
        self.pending.store(lines, Ordering::Relaxed);
    }

    /// Each client and endpoint that there was.
    pub(crate) fn each(&self, mut emit: impl FnMut(&str, &str, &Totals)) {
        for (client, endpoints) in &self.sums.lock().unwrap_or_else(PoisonError::into_inner).clients {
            for (endpoint, totals) in endpoints {
                emit(client, endpoint, totals);
            }
        }
    }
}

impl Sums {
    fn add(&mut self, most_clients: usize, about: &About, totals: &Totals) {
        let endpoint = self.endpoint(&about.endpoint);
        let client = self.client(most_clients, &about.client);
        let endpoints = self.clients.entry(client.into()).or_default();
        match endpoints.get_mut(endpoint) {
            Some(sum) => sum.add(totals),
            None => drop(endpoints.insert(endpoint.into(), *totals)),
        }
    }

    /// The name that it is shown by: its own, if it has been given one or there is room for one more.
    fn endpoint<'a>(&mut self, name: &'a str) -> &'a str {
        if self.endpoints.contains(name) {
            return name;
        }
        if self.endpoints.len() < MOST_ENDPOINTS {
            self.endpoints.insert(name.into());
            return name;
        }
        OTHER_ENDPOINTS
    }

    /// The same of a client.
    fn client<'a>(&self, most: usize, name: &'a str) -> &'a str {
        // The others are one more.
        let named = self.clients.len() - usize::from(self.clients.contains_key(OTHER_CLIENTS));
        if named < most || self.clients.contains_key(name) { name } else { OTHER_CLIENTS }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn line(client: usize, endpoint: usize, admitted: u64) -> (About, Totals) {
        let about = About {
            minute: 0,
            client: format!("client {client}"),
            key: 1,
            endpoint: format!("GET /{endpoint}"),
        };
        (about, Totals { admitted, ..Totals::default() })
    }

    proptest! {
        /// The first clients have names and keep them; nothing is lost, and no number ever falls.
        #[test]
        fn sums_only_rise_and_names_are_few(lines in prop::collection::vec((0..9_usize, 0..99_usize, 0..9_u64), 0..200), most in 0..5_usize) {
            let counted = Counted::new(most);
            let mut before = BTreeMap::new();
            let (mut first, mut sum) = (Vec::new(), 0);
            for (client, endpoint, admitted) in lines {
                let line = line(client, endpoint, admitted);
                if !first.contains(&line.0.client) {
                    first.push(line.0.client.clone());
                }
                sum += admitted;
                counted.add(&[line]);
                let mut now = BTreeMap::new();
                counted.each(|client, endpoint, totals| {
                    now.insert((client.to_owned(), endpoint.to_owned()), totals.admitted);
                });
                prop_assert!(before.iter().all(|(names, number)| now.get(names) >= Some(number)));
                prop_assert_eq!(now.values().sum::<u64>(), sum);
                before = now;
            }
            first.truncate(most);
            let named = |(client, _): &(String, String)| client == OTHER_CLIENTS || first.contains(client);
            prop_assert!(before.keys().all(named));
            let endpoints: std::collections::BTreeSet<_> = before.keys().map(|(_, endpoint)| endpoint).collect();
            prop_assert!(endpoints.len() <= MOST_ENDPOINTS + 1);
        }
    }
}
