//! Where servers of one source of keys leave notes for each other: a hash in Redis. Who holds the lease reads the source for
//! all. Knows not what the notes say, nor what is in the pieces that lie beside them.
//!
//! All that is left there bears a stamp of Redis' own clock, and of two notes of one kind the later one stays: a server that
//! slept while it held the lease cannot put its old news over new ones.

mod commands;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use self::commands::{Keys, Seen};
use super::access::Connection;
use super::trouble::Trouble;
use super::{Fleet, PATIENCE, in_time, presence, random};

pub(crate) use self::commands::Note;

/// For how long nobody else takes over from a server that reads and is not heard of.
pub(crate) const LEASE: Duration = Duration::from_secs(5);

/// Between two looks, less or more a fifth, so that servers that started together part ways.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Between two tries to come back, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// As many pieces as go into one command: what takes longer keeps decisions waiting.
const PORTION: usize = 8;

/// The board of one source.
pub(crate) struct Board {
    fleet: Arc<Fleet>,
    keys: Keys,
    view: watch::Sender<View>,
    /// The one of the looks; `None` while Redis is away.
    connection: Mutex<Option<Connection>>,
    /// Whether this server would read.
    is_willing: AtomicBool,
}

/// What was seen at the last look.
#[derive(Clone, Default)]
pub(crate) struct View {
    pub(crate) contact: Contact,
    /// Whether this server has the lease.
    pub(crate) is_reader: bool,
    /// The stamps of the notes that were there.
    stamps: [Option<i64>; Note::ALL.len()],
    /// Redis' clock, in Unix milliseconds, and this server's uptime when it said so.
    time: Option<(i64, Duration)>,
}

/// Whether the board can be seen.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) enum Contact {
    /// It has not been tried yet.
    #[default]
    Untried,
    Open,
    Lost,
}

/// Something of which Redis keeps one copy for all servers: its name, and its bytes.
pub(crate) type Piece = (String, Vec<u8>);

impl View {
    pub(crate) fn is_open(&self) -> bool {
        self.contact == Contact::Open
    }

    /// When a note was left, by Redis' clock. One of the future was left before that was set back, and counts as none.
    pub(crate) fn stamp(&self, note: Note) -> Option<i64> {
        self.stamps[note as usize].filter(|stamp| self.time.is_some_and(|(now, _)| *stamp <= now))
    }

    /// An uptime of this server by Redis' clock.
    pub(crate) fn stamp_of(&self, uptime: Duration) -> Option<i64> {
        let (now, then) = self.time?;
        let milliseconds = |uptime: Duration| i64::try_from(uptime.as_millis()).unwrap_or(i64::MAX);
        Some(now.saturating_add(milliseconds(uptime) - milliseconds(then)))
    }
}

impl Board {
    /// The board of a source that this text identifies; it is hashed.
    pub(crate) fn new(fleet: &Arc<Fleet>, source: &str) -> Arc<Self> {
        Arc::new(Self {
            fleet: Arc::clone(fleet),
            keys: Keys::of(fleet.access.prefix(), source),
            view: watch::Sender::default(),
            connection: Mutex::default(),
            is_willing: AtomicBool::new(true),
        })
    }

    /// What is seen, as it changes.
    pub(crate) fn watch(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    /// Whether this server has the lease.
    pub(crate) fn is_reader(&self) -> bool {
        self.view.borrow().is_reader
    }

    /// Whether it can be seen who has the lease.
    pub(crate) fn is_open(&self) -> bool {
        self.view.borrow().is_open()
    }

    /// Whether this server would read. One that cannot lets the lease run out, and somebody else has it then.
    pub(crate) fn set_willing(&self, is_willing: bool) {
        self.is_willing.store(is_willing, Ordering::Relaxed);
    }

    /// Leaves a note, stamped with this moment or with the one that is given, and says with which. Nothing, where a later note
    /// is there.
    ///
    /// # Errors
    /// Redis is away, or it is not to be written there.
    pub(crate) async fn leave(
        &self,
        note: Note,
        stamp: Option<i64>,
        text: &str,
    ) -> Result<Option<i64>, Trouble> {
        let mut connection = self.connection()?;
        in_time(commands::leave(&mut connection, &self.keys, note, stamp, text)).await
    }

    /// A note, and its stamp.
    ///
    /// # Errors
    /// Redis is away.
    pub(crate) async fn read(&self, note: Note) -> Result<Option<(i64, String)>, Trouble> {
        let mut connection = self.connection()?;
        in_time(commands::read(&mut connection, &self.keys, note)).await
    }

    /// Pieces, in the order of their names; nothing, if one of them is not there.
    ///
    /// # Errors
    /// Redis is away.
    pub(crate) async fn fetch(&self, names: &[&str]) -> Result<Option<Vec<Vec<u8>>>, Trouble> {
        let mut connection = self.connection()?;
        let mut pieces = Vec::new();
        // One at a time, so that none keeps Redis from what is urgent.
        for name in names {
            match in_time(commands::fetch(&mut connection, &self.keys, name)).await? {
                Some(piece) => pieces.push(piece),
                None => return Ok(None),
            }
        }
        Ok(Some(pieces))
    }

    /// Has Redis keep these pieces, of which it may have some already.
    ///
    /// # Errors
    /// It is away, or takes no more.
    pub(crate) async fn put(&self, pieces: &[Piece]) -> Result<(), Trouble> {
        let mut connection = self.connection()?;
        let known = in_time(commands::names(&mut connection, &self.keys)).await?;
        let new: Vec<&Piece> = pieces.iter().filter(|(name, _)| !known.contains(name)).collect();
        for portion in new.chunks(PORTION) {
            in_time(commands::put(&mut connection, &self.keys, portion)).await?;
        }
        Ok(())
    }

    /// Has Redis forget all pieces but these, as long as the directory of this stamp is the one that is there. Whether it has
    /// them: somebody else may have tidied up while they were put there.
    ///
    /// # Errors
    /// It is away.
    pub(crate) async fn tidy(&self, stamp: i64, kept: &[&str]) -> Result<bool, Trouble> {
        let mut connection = self.connection()?;
        in_time(commands::tidy(&mut connection, &self.keys, stamp, kept)).await
    }

    /// Looks at it until the server ends.
    pub(crate) async fn keep(self: Arc<Self>) {
        let mut pause = FIRST_PAUSE;
        loop {
            let trouble = match presence::connect(&self.fleet, PATIENCE).await {
                Ok(connection) => {
                    pause = FIRST_PAUSE;
                    self.set_connection(Some(connection.clone()));
                    self.look_on(connection).await
                }
                Err(trouble) => trouble,
            };
            self.set_connection(None);
            self.lose(&trouble);
            tokio::time::sleep(about(pause)).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }

    /// Looks again and again, until that fails.
    async fn look_on(&self, mut connection: Connection) -> Trouble {
        loop {
            let willing = self.is_willing.load(Ordering::Relaxed).then_some(LEASE);
            let look = commands::look(&mut connection, &self.keys, &self.fleet.name, willing);
            match in_time(look).await {
                Ok(seen) => self.see(seen),
                Err(trouble) => return trouble,
            }
            tokio::time::sleep(about(LOOK_EVERY)).await;
        }
    }

    fn see(&self, Seen { now, is_reader, stamps }: Seen) {
        let uptime = self.fleet.clock.now().uptime;
        self.view.send_modify(|view| {
            if view.is_reader != is_reader || view.contact != Contact::Open {
                let who = if is_reader {
                    "this server reads the keys for all"
                } else {
                    "another server reads the keys for all"
                };
                tracing::info!("{who}");
            }
            *view = View { contact: Contact::Open, is_reader, stamps, time: Some((now, uptime)) };
        });
        self.fleet.health.is_reader(is_reader);
    }

    fn lose(&self, trouble: &Trouble) {
        self.view.send_modify(|view| {
            if view.contact != Contact::Lost {
                tracing::warn!("this server reads the keys for itself until Redis is back: {}", trouble);
            }
            view.contact = Contact::Lost;
            view.is_reader = false;
        });
        self.fleet.health.is_reader(false);
    }

    fn connection(&self) -> Result<Connection, Trouble> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner).clone();
        connection.ok_or_else(|| Trouble::away("there is no connection"))
    }

    fn set_connection(&self, connection: Option<Connection>) {
        *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = connection;
    }
}

/// That long, less or more a fifth.
fn about(pause: Duration) -> Duration {
    pause.mul_f64(0.8 + 0.4 * random())
}

#[cfg(test)]
mod tests;
