//! The keys' way from the one server that reads the sheet to all others, through Redis: a simulation. **Not built yet**; the
//! plan is that each server looks once a second whether there is something new, and then fetches all of it.

use crate::agenda::{Agenda, SECOND, Time};
use crate::costs;
use crate::random::Random;

/// What is simulated: one change.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Who all want it.
    pub servers: usize,
    /// What each fetches, in bytes.
    pub bytes: u64,
    /// Between two looks of a server.
    pub every: Time,
    /// From a server to Redis and back.
    pub round_trip: Time,
    /// Another seed, another chance.
    pub seed: u64,
}

/// What comes of it.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// From the change to the moment at which half of the servers have it.
    pub half: Time,
    /// And all.
    pub last: Time,
    /// What has gone over Redis' network, in bytes.
    pub bytes: u64,
    /// How long its processor was busy with that.
    pub busy: Time,
}

enum Event {
    /// A server looks.
    Look,
    /// Its request for all is at Redis.
    Asked,
    /// It has it.
    There,
}

impl Plan {
    /// The change is there at the beginning, and every server looks at some time within the interval. Redis sends to one after
    /// the other: while its processor copies for one, the network carries what it has copied before.
    pub fn run(&self) -> Outcome {
        let (mut agenda, mut random) = (Agenda::default(), Random::new(self.seed));
        for _ in 0..self.servers {
            agenda.after(random.word() % self.every, Event::Look);
        }
        let (mut copied, mut carried): (Time, Time) = (0, 0);
        let (mut busy, mut there) = (0, Vec::new());
        let millionths = |each: Time| self.bytes * each / 1_000_000;
        while let Some(event) = agenda.take() {
            match event {
                // There and back, and the request for all.
                Event::Look => {
                    busy += costs::CONNECTION + costs::GET;
                    agenda.after(self.round_trip * 3 / 2, Event::Asked);
                }
                Event::Asked => {
                    let cost = costs::CONNECTION + costs::GET + millionths(costs::MEGABYTE);
                    let now = agenda.now();
                    busy += cost;
                    copied = copied.max(now) + cost;
                    // It is carried while it is copied, and is there when both are done.
                    carried = (carried.max(copied - cost) + millionths(costs::WIRE_MEGABYTE)).max(copied);
                    agenda.after(carried + self.round_trip / 2 - now, Event::There);
                }
                Event::There => there.push(agenda.now()),
            }
        }
        let servers = u64::try_from(self.servers).unwrap_or(u64::MAX);
        let at = |place: usize| there.get(place).copied().unwrap_or_default();
        Outcome {
            half: at(self.servers.saturating_sub(1) / 2),
            last: at(self.servers.saturating_sub(1)),
            bytes: servers * self.bytes,
            busy,
        }
    }
}

/// All keys, in bytes.
pub fn size(keys: u64) -> u64 {
    keys * costs::KEY_BYTES
}

/// Once a second.
pub const EVERY: Time = SECOND;
