//! The kept connections of one thread, so that a request rarely needs a new one. The one that was given back last is
//! taken first: it is the least likely to have been closed, and those that a quiet hour does not need are never taken.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::address::Speaks;
use super::group::Server;
use super::http1::Link;
use super::http2::Session;

/// How often those that nobody needs are closed: a connection is kept for one to two of these. Shorter than the idle
/// time-outs that servers have as a rule (60 s and more), so that few requests meet a connection that is being closed.
const SWEEP_EVERY: Duration = Duration::from_secs(15);

/// The most that are kept for one upstream.
const MOST: usize = 512;

/// Kept connections by upstream.
#[derive(Default)]
pub(crate) struct Pool(RefCell<Vec<Kept>>);

struct Kept {
    server: Arc<Server>,
    links: Vec<Link>,
    /// The fewest that have lain here since the last sweep. So many, from the bottom, nobody has needed.
    fewest: usize,
    /// Connections of HTTP/2, which stay here while they are used. More than one only where one cannot take all requests.
    sessions: Vec<Session>,
    /// Whether it has chosen HTTP/2 when it could; `None` before the first connection.
    http2: Option<bool>,
    /// Held by whoever makes a connection that others can use as well.
    turn: Rc<Mutex<()>>,
}

impl Kept {
    fn new(server: &Arc<Server>) -> Self {
        let http2 = match server.address.speaks {
            Speaks::Http1 => Some(false),
            Speaks::Http2 => Some(true),
            Speaks::Tls => None,
        };
        let turn = Rc::default();
        Self { server: Arc::clone(server), links: Vec::new(), fewest: 0, sessions: Vec::new(), http2, turn }
    }

    fn is_needed(&self) -> bool {
        !self.links.is_empty() || !self.sessions.is_empty() || Rc::strong_count(&self.turn) > 1
    }
}

impl Pool {
    /// A connection that was given back, if there is one.
    pub(crate) fn take(&self, server: &Arc<Server>) -> Option<Link> {
        let mut all = self.0.borrow_mut();
        let kept = all.iter_mut().find(|kept| Arc::ptr_eq(&kept.server, server))?;
        let link = kept.links.pop();
        kept.fewest = kept.fewest.min(kept.links.len());
        link
    }

    /// Gives a connection back on which nothing is under way.
    pub(crate) fn put(&self, server: &Arc<Server>, link: Link) {
        self.of(server, |kept| {
            if kept.links.len() < MOST {
                kept.links.push(link);
            }
        });
    }

    /// A connection of HTTP/2 that takes another request.
    pub(super) fn session(&self, server: &Arc<Server>) -> Option<Session> {
        let mut all = self.0.borrow_mut();
        let kept = all.iter_mut().find(|kept| Arc::ptr_eq(&kept.server, server))?;
        kept.sessions.retain(|session| !session.is_retired());
        kept.sessions.iter().find(|session| session.has_room()).cloned()
    }

    /// Shares a new connection of HTTP/2.
    pub(super) fn put_session(&self, server: &Arc<Server>, session: Session) {
        self.of(server, |kept| kept.sessions.push(session));
    }

    /// Whether a new connection to it may be one that others can use as well.
    pub(super) fn may_be_http2(&self, server: &Arc<Server>) -> bool {
        self.of(server, |kept| kept.http2 != Some(false))
    }

    /// It has chosen.
    pub(super) fn speaks_http2(&self, server: &Arc<Server>, http2: bool) {
        self.of(server, |kept| kept.http2 = Some(http2));
    }

    /// What whoever makes a connection holds that others can use as well.
    pub(super) fn turn(&self, server: &Arc<Server>) -> Rc<Mutex<()>> {
        self.of(server, |kept| Rc::clone(&kept.turn))
    }

    fn of<T>(&self, server: &Arc<Server>, with: impl FnOnce(&mut Kept) -> T) -> T {
        let mut all = self.0.borrow_mut();
        let at = all.iter().position(|kept| Arc::ptr_eq(&kept.server, server)).unwrap_or_else(|| {
            all.push(Kept::new(server));
            all.len() - 1
        });
        with(&mut all[at])
    }

    /// Closes what nobody needs, for ever.
    pub(crate) async fn keep_swept(&self) {
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            self.sweep();
        }
    }

    fn sweep(&self) {
        let mut all = self.0.borrow_mut();
        for kept in all.iter_mut() {
            kept.links.drain(..kept.fewest);
            kept.fewest = kept.links.len();
            kept.sessions.retain(|session| !session.is_retired() && session.was_used());
        }
        all.retain(Kept::is_needed);
    }
}
