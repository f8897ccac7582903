//! A Google to test against: the handle that a test holds.

mod a1;
mod account;
mod answer;
mod api;
mod bad;
mod batch;
mod book;
mod call;
mod describe;
mod drive;
mod errors;
mod faults;
mod files;
mod inside;
mod mask;
mod page;
mod person;
mod protection;
mod record;
mod server;
mod token;
mod values;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

pub use self::faults::{Fault, Times};
use self::files::Access;
use self::inside::Inside;
pub use self::record::Request;
use self::server::Server;

/// Id of the one spreadsheet there is, of the length and alphabet of Google's.
const SHEET_ID: &str = "1k9QhTzC0nv3rg3nc3_T3stK1t-Sh33tXyZ0aBcDeFgH";

/// How long a test waits for a read before it is said to have failed.
const DEADLINE: Duration = Duration::from_secs(10);

/// A Google with one service account and one spreadsheet, on a loopback port, until dropped.
///
/// The spreadsheet begins as Google makes one: a single empty tab `Sheet1`, time zone `Etc/GMT`, shared with the
/// account. All methods may be called while requests are under way; each takes effect at once and whole.
pub struct Google {
    inside: Arc<Inside>,
    server: Server,
}

impl Google {
    /// Starts on a free port. It runs on a thread and a runtime of its own, so any test runtime will do.
    #[expect(clippy::unused_async, reason = "so that starting may come to wait without changing every test")]
    pub async fn start() -> Self {
        Self::start_on(0).expect("loopback has a free port")
    }

    /// Starts on this port, or on a free one if it is 0. No runtime is needed.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn start_on(port: u16) -> io::Result<Self> {
        let (listener, base) = server::bind(port)?;
        let inside = Arc::new(Inside::new(base));
        let server = Server::spawn(listener, Arc::clone(&inside));
        Ok(Self { inside, server })
    }

    /// Base URL without `/v4`, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> String {
        self.inside.base.clone()
    }

    /// The account's credentials file, with `token_uri` at this server. The key is the same for all of a process.
    pub fn credentials_json(&self) -> String {
        account::credentials_json(&self.inside.base)
    }

    /// Mail address of the service account.
    pub fn client_email(&self) -> &str {
        account::CLIENT_EMAIL
    }

    /// Id of the spreadsheet.
    pub fn sheet_id(&self) -> &str {
        SHEET_ID
    }

    /// Shares the spreadsheet with the account, or stops sharing it (403).
    pub fn share(&self, shared: bool) {
        let access = if shared { Access::Writer } else { Access::Nothing };
        self.inside.state().files.first().access = access;
    }

    /// Shares the spreadsheet for reading only: every write is refused (403).
    pub fn share_for_reading(&self) {
        self.inside.state().files.first().access = Access::Reader;
    }

    /// Sets the lifetime that the next tokens announce. Only the announcement: a token works until
    /// [`Fault::ExpireTokens`].
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.inside.state().token_lifetime = lifetime;
    }

    /// Breaks something. See [`Times`] for the order in which several faults strike.
    pub fn inject(&self, fault: Fault, times: Times) {
        self.inside.state().faults.inject(fault, times);
    }

    /// Breaks requests that write, and lets reads through. These faults go before the others.
    pub fn inject_into_writes(&self, fault: Fault, times: Times) {
        self.inside.state().faults.inject_into_writes(fault, times);
    }

    /// Takes back every fault that has not struck yet. Sharing, tabs and dead tokens stay as they are.
    pub fn heal(&self) {
        self.inside.state().faults = faults::Faults::default();
    }

    /// Has something done when the next request that writes arrives, before anything else happens to it: what somebody
    /// does to the sheet between a look and a write, or a fault for what follows. Several wait for a write each.
    pub fn before_next_write(&self, act: impl FnOnce() + Send + 'static) {
        self.inside.add_hook(Box::new(act));
    }

    /// How many times values were asked for, counted as each request arrives and whatever it was answered.
    pub fn reads(&self) -> usize {
        *self.inside.reads.borrow()
    }

    /// How many requests that write arrived, of values and of anything else, and whatever they were answered.
    pub fn writes(&self) -> usize {
        *self.inside.writes.borrow()
    }

    /// Every request to the Sheets API so far, in the order of their arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.inside.state().requests.clone()
    }

    /// How many requests the token endpoint got.
    pub fn token_requests(&self) -> usize {
        self.inside.token_requests.load(Ordering::Acquire)
    }

    /// Waits until values were asked for `n` times since the start.
    ///
    /// A read that arrives after a change sees it, so `let n = google.reads()` after `set_tab` and then waiting
    /// for `n + 1` waits for a read of the new cells. For it to be *answered* as well, wait for `n + 2` if the
    /// reader takes turns.
    ///
    /// # Panics
    /// After ten seconds, with both numbers. The deadline is the server's, so that a test may pause its clock.
    pub async fn wait_for_reads(&self, n: usize) {
        self.wait_for(&self.inside.reads, n, "reads").await;
    }

    /// Waits until `n` requests that write have arrived since the start, as [`Self::wait_for_reads`] does.
    pub async fn wait_for_writes(&self, n: usize) {
        self.wait_for(&self.inside.writes, n, "writes").await;
    }

    async fn wait_for(&self, counted: &watch::Sender<usize>, n: usize, what: &str) {
        let mut count = counted.subscribe();
        let waiting =
            async move { tokio::time::timeout(DEADLINE, count.wait_for(|count| *count >= n)).await.is_ok() };
        let arrived = self.server.runtime.spawn(waiting).await.unwrap_or(false);
        let seen = *counted.borrow();
        assert!(arrived, "waited 10 s for {n} {what} of the sheet and saw {seen}");
    }
}

/// A cell with a date: a number of days since 1899-12-30 that is shown as a text.
pub fn date_cell(serial: f64, shown: &str) -> Value {
    json!({ "serial": serial, "shown": shown })
}
