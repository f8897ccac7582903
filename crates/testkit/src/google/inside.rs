//! What the handle in the test and the server's handlers share.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::book::Book;
use super::faults::Faults;
use super::files::Files;
use super::record::Request;

/// Shared between the test's thread and the server's.
pub(super) struct Inside {
    /// `http://127.0.0.1:PORT`.
    pub(super) base: String,
    pub(super) token_requests: AtomicUsize,
    /// How many reads of values have arrived; a watch, so that a test can wait for the next.
    pub(super) reads: watch::Sender<usize>,
    /// How many requests that write have arrived.
    pub(super) writes: watch::Sender<usize>,
    state: Mutex<State>,
    hooks: Mutex<VecDeque<Hook>>,
}

/// What a test wants done at a certain moment.
type Hook = Box<dyn FnOnce() + Send>;

/// All that a test may change while the server runs.
pub(super) struct State {
    pub(super) files: Files,
    pub(super) faults: Faults,
    /// The tokens that still work, with the scopes they were issued for.
    pub(super) tokens: HashMap<String, String>,
    pub(super) token_lifetime: Duration,
    /// Every request to the API so far.
    pub(super) requests: Vec<Request>,
}

impl State {
    /// The spreadsheet that is there from the start.
    pub(super) fn book(&mut self) -> &mut Book {
        &mut self.files.first().book
    }
}

impl Inside {
    pub(super) fn new(base: String) -> Self {
        let state = State {
            files: Files::new(),
            faults: Faults::default(),
            tokens: HashMap::new(),
            // 3599 is what every recorded token answer says.
            token_lifetime: Duration::from_secs(3599),
            requests: Vec::new(),
        };
        Self {
            base,
            token_requests: AtomicUsize::new(0),
            reads: watch::Sender::new(0),
            writes: watch::Sender::new(0),
            state: Mutex::new(state),
            hooks: Mutex::default(),
        }
    }

    pub(super) fn add_hook(&self, hook: Hook) {
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner).push_back(hook);
    }

    /// Does what is to be done before a write; it may use the handle, so no lock is held.
    pub(super) fn before_write(&self) {
        let hook = self.hooks.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        if let Some(hook) = hook {
            hook();
        }
    }

    /// Held for one look or one change, never over an `await`. A panic of another test thread while it held the
    /// lock does not spoil the plain data behind it.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
