//! The columns of the chart: the clients with the most requests, and all others as one.

use std::cmp::Reverse;

use serde::Serialize;

use super::looks::Look;
use super::words;

/// So many clients have a colour of their own.
const MOST: usize = 8;

/// What the page's script draws. Moments are Unix seconds.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Chart {
    since: i64,
    /// How long each stretch is, in seconds.
    length: i64,
    /// When each stretch begins.
    times: Vec<i64>,
    series: Vec<Series>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Series {
    name: String,
    /// Whether it is all others together.
    is_rest: bool,
    /// In each stretch.
    requests: Vec<u64>,
}

impl Chart {
    pub(crate) fn of(look: &Look) -> Self {
        let mut clients: Vec<_> =
            look.clients.iter().filter(|client| !client.used.requests.is_empty()).collect();
        clients.sort_by_key(|client| (Reverse(client.used.totals.requests()), &client.name));
        let number = look.stretches.number;
        let empty = |name: String, is_rest| Series { name, is_rest, requests: vec![0; number] };
        let (first, rest) = clients.split_at(clients.len().min(MOST));
        let mut series: Vec<Series> = Vec::new();
        for client in first {
            let mut one = empty(words::name(&client.name), false);
            one.add(&client.used.requests);
            series.push(one);
        }
        if !rest.is_empty() {
            let mut all = empty(words::count(rest.len() as u64, "other"), true);
            for client in rest {
                all.add(&client.used.requests);
            }
            series.push(all);
        }
        let (since, length) = (look.stretches.since, look.stretches.length);
        let times = (since..look.stretches.until()).step_by(usize::try_from(length).unwrap_or(1));
        Self { since, length, times: times.collect(), series }
    }

    /// All requests of each stretch, for those who see no script's chart.
    pub(crate) fn sums(&self) -> Vec<u64> {
        let sum = |place: usize| self.series.iter().filter_map(|series| series.requests.get(place)).sum();
        (0..self.times.len()).map(sum).collect()
    }
}

impl Series {
    fn add(&mut self, requests: &[u32]) {
        for (sum, more) in self.requests.iter_mut().zip(requests) {
            *sum += u64::from(*more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::clients::Client;
    use crate::usage::Stretches;
    use gate::Now;
    use std::time::Duration;

    #[test]
    fn the_largest_have_a_column_each_and_nothing_is_lost() {
        let client = |n: u32| {
            let mut client = Client::named(&format!("client {n}"));
            client.used.totals.admitted = u64::from(n) * 3;
            client.used.requests = vec![n, 2 * n];
            client
        };
        let clients = (1..=10).map(client).chain([Client::named("never here")]).collect();
        let at = Now { unix: 0, uptime: Duration::ZERO };
        let chart =
            Chart::of(&Look { at, stretches: Stretches { since: 120, length: 60, number: 2 }, clients });
        assert_eq!(chart.times, [120, 180]);
        let names: Vec<(&str, bool)> =
            chart.series.iter().map(|series| (&*series.name, series.is_rest)).collect();
        assert_eq!((names.len(), names[0], names[8]), (9, ("client 10", false), ("2 others", true)));
        assert_eq!((&chart.series[0].requests, &chart.series[8].requests), (&vec![10, 20], &vec![3, 6]));
        assert_eq!(chart.sums(), [55, 110]);
    }
}
