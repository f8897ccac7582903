//! What servers ask of Google in an hour, against what Google allows in a minute.

use crate::agenda::{SECOND, Time};
use crate::costs;
use crate::random::Random;

/// What is simulated: servers that begin at different times, and then keep their intervals.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many read the keys.
    pub readers: usize,
    /// How many write their usage.
    pub writers: usize,
    /// `API_KEY_CACHE_DURATION`.
    pub cache: Time,
    /// `USAGE_FLUSH_INTERVAL`; 0 for none.
    pub flush: Time,
    /// Another seed, another chance.
    pub seed: u64,
}

/// In the busiest 60 s of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busiest {
    /// Calls that read.
    pub reads: usize,
    /// Calls that write.
    pub writes: usize,
}

const HOUR: Time = 3_600 * SECOND;

impl Plan {
    /// The busiest minute.
    pub fn run(&self) -> Busiest {
        let mut random = Random::new(self.seed);
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        let mut each = |interval: Time, times: &mut Vec<Time>| {
            let first = random.word() % interval;
            times.extend((first..HOUR).step_by(usize::try_from(interval).unwrap_or(usize::MAX)));
        };
        for _ in 0..self.readers {
            each(self.cache, &mut reads);
            // Its time zone and size.
            each(costs::LOOK_AGAIN, &mut reads);
        }
        for _ in 0..if self.flush == 0 { 0 } else { self.writers } {
            let mut flushes = Vec::new();
            each(self.flush, &mut flushes);
            reads.extend(&flushes);
            writes.extend(flushes);
        }
        Busiest { reads: busiest(reads), writes: busiest(writes) }
    }

    /// Whether one account may do that.
    pub fn fits(&self, allowed: usize) -> bool {
        let Busiest { reads, writes } = self.run();
        reads <= allowed && writes <= allowed
    }
}

/// How many servers, each of which reads and writes by itself, `allowed` calls a minute are enough for.
pub fn most_servers(cache: Time, flush: Time, allowed: usize) -> usize {
    let fits = |servers| Plan { readers: servers, writers: servers, cache, flush, seed: 1 }.fits(allowed);
    let (mut low, mut high) = (0, 2 * allowed * 5);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if fits(middle) { low = middle } else { high = middle - 1 }
    }
    low
}

fn busiest(mut times: Vec<Time>) -> usize {
    times.sort_unstable();
    let mut first = 0;
    let in_a_minute = times.iter().enumerate().map(|(number, at)| {
        while times[first] + 60 * SECOND <= *at {
            first += 1;
        }
        number + 1 - first
    });
    in_a_minute.max().unwrap_or(0)
}
