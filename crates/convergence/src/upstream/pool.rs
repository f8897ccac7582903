//! The kept connections of one thread, so that a request rarely needs a new one. The one that was given back last is
//! taken first: it is the least likely to have been closed, and those that a quiet hour does not need are never taken.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use super::group::Server;
use super::http1::Link;

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
        let mut all = self.0.borrow_mut();
        match all.iter_mut().find(|kept| Arc::ptr_eq(&kept.server, server)) {
            Some(kept) if kept.links.len() < MOST => kept.links.push(link),
            Some(_) => {}
            None => all.push(Kept { server: Arc::clone(server), links: vec![link], fewest: 0 }),
        }
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
        }
        all.retain(|kept| !kept.links.is_empty());
    }
}
