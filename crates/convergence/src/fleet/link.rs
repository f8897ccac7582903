//! One thread's way to Redis: it takes what is asked in one turn of the loop, and sends it at once. While Redis is away it
//! tries to come back, and nobody waits for that.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gate::{Known, OverLimit, Used, Verdict};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::access::Connection;
use super::alone::Admitted;
use super::batch::{Ask, Batch, Wanted};
use super::presence;
use super::quotas::{ONE, Told};
use super::script::{ClientKey, Limits};
use super::trouble::Trouble;
use super::{Fleet, random};
use crate::config::RedisFallback;

/// What comes of a question.
pub(crate) enum Reply {
    /// It comes within the deadline, or the channel ends.
    Awaited(oneshot::Receiver<Verdict>),
    /// Redis has said so already.
    Known(OverLimit),
    /// There is nobody to ask.
    Away,
}

/// Between two tries to come back, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Between two words of a server.
const BEAT: Duration = Duration::from_secs(2);

/// How long a connection must have held for its end to be no more of the same trouble.
const HELD: Duration = Duration::from_secs(10);

/// As many asks as go out together. A turn that has more sends several batches.
const LARGEST: usize = 1024;

/// Where the requests of a thread ask.
pub(crate) struct Link {
    fleet: Arc<Fleet>,
    asks: mpsc::UnboundedSender<Ask>,
    /// Whether Redis can be asked.
    open: Arc<AtomicBool>,
    /// Whether it is known at all if it can.
    tried: watch::Receiver<bool>,
}

impl Link {
    /// Has told what was counted here before the client had a quota: with what is asked next.
    pub(crate) fn hand_over(&self, client: ClientKey, known: Known) {
        let told = Told::new(known, known.before);
        if told.is_news() {
            self.fleet.untold_quotas.add(client, told);
        }
    }

    /// Asks for the decision on a request, and says what is known of its client's quotas.
    pub(crate) fn ask(&self, client: ClientKey, limits: Limits, known: Option<Known>) -> Reply {
        if !self.is_open() {
            return Reply::Away;
        }
        let over = limits.minute.and_then(|limit| self.fleet.full.refuses(client, limit, Instant::now()));
        if let Some(over) = over {
            self.fleet.health.decided(1);
            return Reply::Known(over);
        }
        let (reply, verdict) = oneshot::channel();
        let told = known.map(|known| Told::new(known, Used::default()));
        let sent = self.send(client, told, Wanted::Verdict { limits, reply });
        if sent { Reply::Awaited(verdict) } else { Reply::Away }
    }

    /// Has a request recorded that is admitted whatever the window says: now, or when Redis is back.
    pub(crate) fn record(&self, client: ClientKey, known: Option<Known>) {
        let last = self.fleet.clock.now().uptime;
        let told = known.map(|known| Told::new(known, ONE));
        if !self.send(client, told, Wanted::Record { count: 1, last }) {
            self.admitted_alone(client, known);
        }
    }

    /// Has recorded what was admitted alone.
    pub(super) fn tell(&self, admitted: Admitted) {
        let Admitted { client, count, last } = admitted;
        if !self.send(client, None, Wanted::Record { count, last }) {
            self.fleet.untold.add(client, count, last);
        }
    }

    /// Has recorded what was admitted alone of a day and a month.
    pub(super) fn tell_quotas(&self, client: ClientKey, told: Told) {
        let nothing = Wanted::Record { count: 0, last: Duration::ZERO };
        if !self.send(client, Some(told), nothing) {
            self.fleet.untold_quotas.add(client, told);
        }
    }

    fn send(&self, client: ClientKey, quotas: Option<Told>, wanted: Wanted) -> bool {
        self.is_open() && self.asks.send(Ask { client, since: Instant::now(), quotas, wanted }).is_ok()
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// What is done with a request that Redis does not decide on; and how many servers do the same.
    pub(crate) fn fallback(&self) -> (RedisFallback, NonZeroU32) {
        self.fleet.health.decided_alone();
        (self.fleet.fallback, self.fleet.servers.number())
    }

    /// A request was admitted without Redis, which is to be told when it is back.
    pub(crate) fn admitted_alone(&self, client: ClientKey, known: Option<Known>) {
        self.fleet.untold.add(client, 1, self.fleet.clock.now().uptime);
        if let Some(known) = known {
            self.fleet.untold_quotas.add(client, Told::new(known, ONE));
        }
    }

    /// Ends once Redis can be asked, or is known to be away.
    pub(crate) async fn tried(&self) {
        // An error means that nobody tries any more.
        let _ = self.tried.clone().wait_for(|tried| *tried).await;
    }
}

impl Fleet {
    /// A link, and what keeps it: to be run on the thread whose requests ask, until the link is dropped.
    pub(crate) fn link(self: &Arc<Self>) -> (Arc<Link>, impl Future<Output = ()> + Send + 'static) {
        self.patient_link(self.deadline)
    }

    /// One for what nobody waits for.
    pub(super) fn patient_link(
        self: &Arc<Self>,
        patience: Duration,
    ) -> (Arc<Link>, impl Future<Output = ()> + Send + 'static) {
        let (asks, taken) = mpsc::unbounded_channel();
        let open = Arc::<AtomicBool>::default();
        let (try_out, tried) = watch::channel(false);
        let keeper = Keeper {
            fleet: Arc::clone(self),
            asks: taken,
            patience,
            open: Arc::clone(&open),
            tried: try_out,
        };
        self.health.link_made();
        (Arc::new(Link { fleet: Arc::clone(self), asks, open, tried }), keeper.run())
    }
}

struct Keeper {
    fleet: Arc<Fleet>,
    asks: mpsc::UnboundedReceiver<Ask>,
    /// From a question to its answer.
    patience: Duration,
    open: Arc<AtomicBool>,
    tried: watch::Sender<bool>,
}

impl Keeper {
    async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let began = Instant::now();
            let fleet = Arc::clone(&self.fleet);
            let connected = self.meanwhile(presence::connect(&fleet, self.patience)).await;
            let trouble = match connected {
                None => return,
                Some(Ok(connection)) => {
                    self.open(true);
                    self.tried.send_replace(true);
                    let trouble = self.serve(connection).await;
                    self.open(false);
                    let Some(trouble) = trouble else { return };
                    trouble
                }
                Some(Err(trouble)) => trouble,
            };
            self.fleet.health.failed(&trouble, self.fleet.clock.now().unix);
            self.tried.send_replace(true);
            pause = if began.elapsed() > HELD { FIRST_PAUSE } else { (2 * pause).min(LONGEST_PAUSE) };
            // Threads that lost it at the same moment come back one after the other.
            if self.meanwhile(tokio::time::sleep(varied(pause))).await.is_none() {
                return;
            }
        }
    }

    fn open(&self, open: bool) {
        self.open.store(open, Ordering::Relaxed);
        self.fleet.health.link_open(open);
    }

    /// Waits for something, and leaves those without an answer who still ask. Nothing, if the link is gone.
    async fn meanwhile<T>(&mut self, something: impl Future<Output = T>) -> Option<T> {
        let mut something = std::pin::pin!(something);
        loop {
            tokio::select! {
                done = &mut something => return Some(done),
                ask = self.asks.recv() => drop(Batch::of(&self.fleet, [ask?])),
            }
        }
    }

    /// Sends what is asked, until something goes wrong; nothing, if the link is gone. Says every now and then that this
    /// server is there, by which it is noticed as well if Redis is not.
    async fn serve(&mut self, connection: Connection) -> Option<Trouble> {
        let (mut asks, mut batches) = (Vec::new(), JoinSet::new());
        let mut beat = tokio::time::interval_at(Instant::now() + BEAT, BEAT);
        loop {
            tokio::select! {
                _ = beat.tick() => {
                    let (fleet, mut connection, patience) =
                        (Arc::clone(&self.fleet), connection.clone(), self.patience);
                    batches.spawn(async move { presence::beat(&fleet, &mut connection, patience).await });
                }
                taken = self.asks.recv_many(&mut asks, LARGEST) => {
                    if taken == 0 {
                        return None;
                    }
                    let batch = Batch::of(&self.fleet, asks.drain(..));
                    batches.spawn(batch.send(connection.clone(), self.patience));
                }
                // A task that panicked has lost its answers, as has one that failed. All others that wait are let go too.
                Some(ended) = batches.join_next() => match ended {
                    Ok(Ok(())) => {}
                    Ok(Err(trouble)) => return Some(trouble),
                    Err(_) => return Some(Trouble::away("a batch has panicked")),
                },
            }
        }
    }
}

/// About so long: a quarter less, or up to a quarter more. Many servers do the same at the same time.
pub(super) fn varied(pause: Duration) -> Duration {
    pause.mul_f64(0.75 + random() / 2.0)
}
