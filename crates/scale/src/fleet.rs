//! Many servers that share windows in Redis, or each its own: a simulation. Threads and Redis are stations with one
//! processor; whatever came while one was busy is taken together in its next turn, as event loops do. That is what makes
//! batches, and it is not put in as a number anywhere.

mod link;
mod node;
mod outcome;
mod thread;

use self::link::Link;
use self::node::{Job, Node};
pub use self::outcome::{Outcome, TENTH};
use self::thread::Thread;
use crate::agenda::{Agenda, MILLI, SECOND, Time};
use crate::costs;
use crate::mix::{Draw, Mix};
use crate::random::{Random, mix};
use crate::window::Window;

/// What is simulated.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many servers, each of so many threads.
    pub servers: usize,
    /// See [`costs::THREADS`].
    pub threads: usize,
    /// Requests a second of all servers together, which come by chance (a Poisson process).
    pub rate: f64,
    /// Whose they are.
    pub mix: Mix,
    /// Each client's limit for 60 s; without one every request is asked for and let in.
    pub limit: Option<u32>,
    /// How many Redis there are: none, one, or a cluster's primaries.
    pub nodes: usize,
    /// From a server to Redis and back.
    pub round_trip: Time,
    /// When Redis is not there.
    pub outage: Option<Outage>,
    /// Whether the first client knows the worst that it can do: it asks the first server alone while Redis is there, and all
    /// others while it is not.
    pub is_sly: bool,
    /// How what was admitted without Redis is told to it afterwards.
    pub telling: Telling,
    /// Not built: a thread sends nothing while an answer is on its way, so that more goes together.
    pub one_in_flight: bool,
    /// Nothing counts in the figures that came before.
    pub warm_up: Time,
    /// When it ends.
    pub end: Time,
    /// Another seed, another chance.
    pub seed: u64,
}

/// A time without Redis.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// From when.
    pub from: Time,
    /// Up to when.
    pub to: Time,
    /// Whether it comes back empty and hangs up at once (a crash), or knows all and is silent (paused, or cut off).
    pub crash: bool,
}

/// How servers tell Redis what they have admitted without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// [`costs::PIECE`] clients every [`costs::LOOK`], each server for itself: not built.
    AtOnce,
    /// As built (`fleet::presence`): fewer at a time, with a pause that grows with the number of servers, so that all together ask no more of
    /// Redis than a part of its time.
    Gently,
}

impl Telling {
    /// As many clients at a time, and how long until the next, on the average.
    fn pace(self, servers: usize) -> (usize, Time) {
        match self {
            Self::AtOnce => (costs::PIECE, costs::LOOK),
            Self::Gently => {
                let pause = costs::GENTLE_PAUSE * Time::try_from(servers).unwrap_or(Time::MAX);
                (costs::GENTLE_PIECE, pause.max(5 * MILLI))
            }
        }
    }
}

impl Plan {
    /// Servers that ask one Redis: one second after half a second that does not count.
    pub fn new(servers: usize, rate: f64, mix: Mix) -> Self {
        Self {
            servers,
            threads: costs::THREADS,
            rate,
            mix,
            limit: None,
            nodes: 1,
            round_trip: costs::ROUND_TRIPS[1],
            outage: None,
            is_sly: false,
            telling: Telling::AtOnce,
            one_in_flight: false,
            warm_up: SECOND / 2,
            end: SECOND * 3 / 2,
            seed: 1,
        }
    }

    /// What comes of it.
    pub fn run(&self) -> Outcome {
        let mut fleet = Fleet::new(self);
        fleet.arrive();
        if self.nodes > 0 {
            fleet.start();
        }
        while let Some(event) = fleet.agenda.take() {
            if fleet.agenda.now() > self.end {
                break;
            }
            fleet.happen(event);
        }
        fleet.outcome.finish(self)
    }
}

enum Event {
    /// A request comes, to any thread.
    Request,
    /// A thread has done what was there at the beginning of its turn.
    Turned(usize),
    /// Something arrives at a Redis.
    Arrived(usize, Job),
    /// A Redis has done its turn.
    Served(usize),
    /// An answer arrives; nothing, where the connection was reset.
    Answered(usize, u64, Option<Vec<(usize, u32)>>),
    /// A link waits no longer for this answer.
    Late(usize, u64),
    /// Time for a link to connect.
    Try(usize),
    /// Time for a link to say that it is there.
    Beat(usize),
    /// Time for a server to look for something to tell.
    Look(usize),
    Down,
    Up,
}

struct Fleet<'a> {
    plan: &'a Plan,
    agenda: Agenda<Event>,
    random: Random,
    draw: Draw,
    threads: Vec<Thread>,
    /// Of each thread; then of each server, to tell what was admitted without Redis.
    links: Vec<Link>,
    /// Of each server, for each client: how many were admitted that Redis does not know of.
    untold: Vec<Vec<u32>>,
    nodes: Vec<Node>,
    /// Of each server, for each client.
    local: Vec<Vec<Window>>,
    /// The number of the last thing that somebody waits for.
    ticket: u64,
    outcome: Outcome,
}

impl<'a> Fleet<'a> {
    fn new(plan: &'a Plan) -> Self {
        let clients = plan.mix.clients();
        let windows = if plan.limit.is_some() { clients } else { 0 };
        let all = plan.servers * plan.threads;
        Self {
            plan,
            agenda: Agenda::default(),
            random: Random::new(plan.seed),
            draw: Draw::of(plan.mix),
            threads: (0..all).map(|_| Thread::default()).collect(),
            links: (0..all + plan.servers).map(|_| Link::default()).collect(),
            untold: vec![vec![0; clients]; plan.servers],
            nodes: (0..plan.nodes).map(|_| Node::new(all + plan.servers, windows)).collect(),
            local: vec![vec![Window::default(); windows]; plan.servers],
            ticket: 0,
            outcome: Outcome::new(plan),
        }
    }

    /// All links are open from the beginning, and say their words at different times.
    fn start(&mut self) {
        for link in 0..self.links.len() {
            let first = self.random.word() % costs::WORDS;
            self.agenda.after(first, Event::Beat(link));
        }
        for server in 0..self.plan.servers {
            let first = self.random.word() % self.plan.telling.pace(self.plan.servers).1;
            self.agenda.after(first, Event::Look(server));
        }
        if let Some(Outage { from, to, .. }) = self.plan.outage {
            self.agenda.after(from, Event::Down);
            self.agenda.after(to, Event::Up);
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive number of nanoseconds"
    )]
    fn arrive(&mut self) {
        let wait = self.random.exponential() / self.plan.rate * 1e9;
        self.agenda.after(wait as Time, Event::Request);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Request => {
                let client = self.draw.client(&mut self.random);
                let thread = self.choose_thread();
                self.outcome.came(self.agenda.now());
                self.request(thread, client);
                self.arrive();
            }
            Event::Turned(thread) => self.turned(thread),
            Event::Arrived(node, job) => self.arrived(node, job),
            Event::Served(node) => self.served(node),
            Event::Answered(link, ticket, Some(admitted)) => self.answered(link, ticket, &admitted),
            Event::Answered(link, ticket, None) | Event::Late(link, ticket) => self.missed(link, ticket),
            Event::Try(link) => self.try_again(link),
            Event::Beat(link) => self.beat(link),
            Event::Look(server) => self.look(server),
            Event::Down => self.down(),
            Event::Up => self.up(),
        }
    }

    fn choose_thread(&mut self) -> usize {
        let all = self.threads.len();
        if !self.plan.is_sly {
            return self.random.below(all);
        }
        let of_first = self.plan.threads;
        if self.nodes.iter().any(|node| node.is_down) {
            of_first + self.random.below(all - of_first)
        } else {
            self.random.below(of_first)
        }
    }

    fn server_of(&self, thread: usize) -> usize {
        thread / self.plan.threads
    }

    /// Which primary of a cluster has a client's window.
    fn node_of(&self, client: usize) -> usize {
        let place = mix(u64::try_from(client).unwrap_or_default());
        usize::try_from(place % u64::try_from(self.nodes.len()).unwrap_or(1)).unwrap_or_default()
    }

    fn next_ticket(&mut self) -> u64 {
        self.ticket += 1;
        self.ticket
    }

    /// Something leaves for a Redis after a while, and is waited for so long.
    fn send(&mut self, node: usize, job: Job, patience: Time) {
        self.agenda.after(patience, Event::Late(job.link, job.ticket));
        self.agenda.after(self.plan.round_trip / 2, Event::Arrived(node, job));
    }
}
