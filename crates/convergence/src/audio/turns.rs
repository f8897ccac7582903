//! Whose text is said next: who waits for its turn waits here, and leaves by no longer waiting.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;
use uuid::Uuid;

use super::queue::Queue;
use super::recording::AudioError;

/// Turns, so many at once, each client's after those of clients that have fewer.
pub(super) struct Turns {
    board: Mutex<Board>,
    /// Of a client's, so many may wait.
    most: usize,
    /// How long the last turn took, in milliseconds, as a guess at the next one.
    last_took: AtomicU64,
}

struct Board {
    queue: Queue,
    waiting: HashMap<Uuid, oneshot::Sender<()>>,
}

/// One's place in the queue, and then one's turn; given up when it is dropped.
pub(super) struct Turn {
    turns: Arc<Turns>,
    owner: String,
    id: Uuid,
    call: oneshot::Receiver<()>,
    /// When it came.
    begun: Option<Instant>,
}

impl Turns {
    pub(super) fn new(places: usize, most: usize) -> Self {
        let board = Board { queue: Queue::new(places), waiting: HashMap::new() };
        Self { board: Mutex::new(board), most, last_took: AtomicU64::new(1_000) }
    }

    /// A place in the queue for `owner`.
    ///
    /// # Errors
    /// It has too many there.
    pub(super) fn ask(self: &Arc<Self>, owner: &str) -> Result<Turn, AudioError> {
        let (id, (send, call)) = (Uuid::new_v4(), oneshot::channel());
        let mut board = self.board();
        if !board.queue.has_room(owner, self.most) {
            return Err(board.queue.full(owner, self.last_took.load(Ordering::Relaxed)));
        }
        board.queue.push(owner, id);
        board.waiting.insert(id, send);
        board.call();
        Ok(Turn { turns: Arc::clone(self), owner: owner.to_owned(), id, call, begun: None })
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        // Each change is one step; a thread that panicked has left nothing half done.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Board {
    /// Calls whoever's turn it is.
    fn call(&mut self) {
        while let Some(next) = self.queue.next() {
            if let Some(waiting) = self.waiting.remove(&next) {
                // Who has just left gives its turn up itself.
                let _ = waiting.send(());
            }
        }
    }
}

impl Turn {
    /// Waits until it comes.
    pub(super) async fn come(&mut self) {
        // The other end is kept until it has called.
        let _ = (&mut self.call).await;
        self.begun = Some(Instant::now());
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(begun) = self.begun {
            let took = begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
            self.turns.last_took.store(took, Ordering::Relaxed);
        }
        let mut board = self.turns.board();
        board.waiting.remove(&self.id);
        if !board.queue.remove(&self.owner, self.id) {
            board.queue.done(&self.owner);
        }
        board.call();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn has_come(turn: &mut Turn) -> bool {
        turn.come().now_or_never().is_some()
    }

    #[test]
    fn a_client_that_has_many_waiting_holds_up_nobody_else() {
        let turns = Arc::new(Turns::new(1, 2));
        let mut first = turns.ask("many").unwrap();
        assert!(has_come(&mut first));
        let (mut second, mut third) = (turns.ask("many").unwrap(), turns.ask("many").unwrap());
        let refused = turns.ask("many").err();
        assert!(matches!(refused, Some(AudioError::QueueFull { waiting: 2, retry_after_seconds: 1 })));
        let mut other = turns.ask("one").unwrap();
        assert!(!has_come(&mut second) && !has_come(&mut other));
        drop(first);
        assert!(has_come(&mut other) && !has_come(&mut second));
        drop(other);
        assert!(has_come(&mut second) && !has_come(&mut third));
    }

    #[test]
    fn who_leaves_gives_its_place_and_its_turn_up() {
        let turns = Arc::new(Turns::new(1, 1));
        let first = turns.ask("one").unwrap();
        let waiting = turns.ask("two").unwrap();
        let mut last = turns.ask("three").unwrap();
        drop(waiting);
        assert!(!has_come(&mut last));
        // It was called and has not looked yet.
        drop(first);
        assert!(has_come(&mut last));
        drop(last);
        assert!(turns.board().queue.is_free() && turns.board().waiting.is_empty());
    }
}
