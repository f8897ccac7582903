//! What one connection is at, told by those who serve it and looked at by the thread's watcher. It knows no HTTP.
//!
//! A connection is busy while a request is in progress: from the end of its headers to the end of its answer's body, or
//! for as long as it is something else than HTTP (a WebSocket). A busy connection may be silent for as long as it
//! likes. But what there is for the client it has to take: see [`Life::owe`].

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;

use tokio::sync::Notify;

/// What one connection is at, in looks of its thread's watcher.
pub(super) struct Life {
    phase: Cell<Phase>,
    /// The look at which the phase began or, while waiting, a byte last moved.
    since: Cell<u32>,
    /// Requests in progress.
    busy: Cell<u32>,
    /// Bodies and writes that have something for the client, which does not take it.
    owed: Cell<u32>,
    /// The look at which the client last took of what was owed.
    taken: Cell<u32>,
    now: Rc<Cell<u32>>,
    order: Cell<Order>,
    waker: RefCell<Option<Waker>>,
    /// Its end is not to look like one in good order.
    cut: Cell<bool>,
    open: Rc<Open>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Connected, and silent so far.
    New,
    /// From a request's first byte to the end of its headers.
    Head,
    /// Between requests, or while an answer is written: any byte that moves is a sign of life.
    Waiting,
    /// HTTP/2, where a byte need not be a request's: a ping is a sign of life too. And tunnels.
    Frames,
    /// HTTP/2 that was told to end. It may finish what it is in, and then has as long as for a request's headers.
    Leaving,
}

/// What the watcher wants of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    GoOn,
    /// To end after one more answer, which says so, or soon where nothing is asked. A client that has begun to send a
    /// request cannot know that the server stops.
    Last,
    /// To end after the requests that it is in.
    Finish,
    /// To end now.
    Stop,
}

/// How many looks something may take.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    pub(super) header: u32,
    pub(super) idle: u32,
    /// For a last request to begin, where the server stops; 0 is not at all.
    pub(super) last: u32,
}

/// How many lives there are.
#[derive(Default)]
pub(super) struct Open {
    connections: Cell<usize>,
    none: Notify,
}

impl Open {
    /// Ends when there are none.
    pub(super) async fn none(&self) {
        while self.connections.get() > 0 {
            self.none.notified().await;
        }
    }
}

impl Life {
    /// A new connection, over when it is dropped.
    pub(super) fn begin(now: &Rc<Cell<u32>>, open: &Rc<Open>, order: Order) -> Self {
        open.connections.set(open.connections.get() + 1);
        Self {
            phase: Cell::new(Phase::New),
            since: Cell::new(now.get()),
            busy: Cell::new(0),
            owed: Cell::new(0),
            taken: Cell::new(0),
            now: Rc::clone(now),
            order: Cell::new(order),
            waker: RefCell::default(),
            cut: Cell::default(),
            open: Rc::clone(open),
        }
    }

    /// A whole answer is on its way out; after it, there is none to give.
    pub(super) fn waiting(&self) {
        self.enter(match self.phase.get() {
            http2 @ (Phase::Frames | Phase::Leaving) => http2,
            _ => Phase::Waiting,
        });
    }

    /// The connection speaks HTTP/2, or what nobody here reads.
    pub(super) fn frames(&self) {
        self.enter(Phase::Frames);
    }

    /// As if it had just connected: TLS is agreed upon, and nothing has been asked.
    pub(super) fn anew(&self) {
        self.enter(Phase::New);
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(self.now.get());
    }

    /// A request's first byte starts its header time; later ones do not prolong it.
    pub(super) fn bytes_came(&self) {
        match self.phase.get() {
            Phase::New | Phase::Waiting => self.enter(Phase::Head),
            Phase::Frames => self.since.set(self.now.get()),
            Phase::Head | Phase::Leaving => {}
        }
    }

    pub(super) fn bytes_went(&self) {
        self.since.set(self.now.get());
    }

    /// There is something for the client that it has yet to take. While anything is owed, not to take any of it for
    /// `IDLE_TIMEOUT` ends the connection.
    pub(super) fn owe(&self) {
        if self.owed.replace(self.owed.get() + 1) == 0 {
            self.taken.set(self.now.get());
        }
    }

    /// The client has taken what [`Life::owe`] was called for.
    pub(super) fn took(&self) {
        self.owed.set(self.owed.get() - 1);
        self.taken.set(self.now.get());
    }

    /// An answer has broken off whose end is the connection's: that is not to be taken for the end.
    pub(super) fn cut(&self) {
        self.cut.set(true);
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut.get()
    }

    /// Whom to wake for an order.
    pub(super) fn wake_with(&self, waker: &Waker) {
        match &mut *self.waker.borrow_mut() {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    pub(super) fn order(&self) -> Order {
        self.order.get()
    }

    fn tell(&self, order: Order) {
        self.order.set(order);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// The server stops. HTTP/2 has a frame for that, so nothing that a client then sends is lost.
    pub(super) fn drain(&self, patience: Patience) {
        self.tell(match self.phase.get() {
            Phase::Frames | Phase::Leaving => Order::Finish,
            phase if patience.last > 0 => {
                if matches!(phase, Phase::New | Phase::Waiting) {
                    self.since.set(self.now.get());
                }
                Order::Last
            }
            Phase::New if !self.is_busy() => Order::Stop,
            _ => Order::Finish,
        });
    }

    /// Whether an answer that begins now has to say that it is the last one, which HTTP/1 does in a header.
    pub(super) fn says_close(&self) -> bool {
        self.order.get() == Order::Last && !matches!(self.phase.get(), Phase::Frames | Phase::Leaving)
    }

    fn is_busy(&self) -> bool {
        self.busy.get() > 0
    }

    /// Ends what has stood still too long.
    pub(super) fn look(&self, patience: Patience) {
        let waited = |since: &Cell<u32>| self.now.get().wrapping_sub(since.get());
        if self.owed.get() > 0 && waited(&self.taken) > patience.idle {
            return self.tell(Order::Stop);
        }
        if self.is_busy() {
            return;
        }
        let last = self.order.get() == Order::Last && self.owed.get() == 0;
        let allowed = match self.phase.get() {
            Phase::New | Phase::Waiting if last => patience.last,
            Phase::Waiting | Phase::Frames => patience.idle,
            Phase::New | Phase::Head | Phase::Leaving => patience.header,
        };
        if waited(&self.since) <= allowed {
            return;
        }
        if self.phase.get() == Phase::Frames {
            // GOAWAY tells the client that none of its requests is lost (RFC 9113, section 6.8).
            self.enter(Phase::Leaving);
            return self.tell(Order::Finish);
        }
        self.tell(Order::Stop);
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.open.connections.set(self.open.connections.get() - 1);
        if self.open.connections.get() == 0 {
            self.open.none.notify_one();
        }
    }
}

/// A request in progress, over when dropped. Its answer's body holds it.
pub(super) struct Busy {
    life: Rc<Life>,
    owes: bool,
}

impl Busy {
    pub(super) fn with(life: &Rc<Life>) -> Self {
        life.busy.set(life.busy.get() + 1);
        Self { life: Rc::clone(life), owes: false }
    }

    /// The body has given a piece for the client: until it is asked for the next one, the client is slow.
    pub(super) fn gave(&mut self) {
        if !std::mem::replace(&mut self.owes, true) {
            self.life.owe();
        }
    }

    /// The body is asked for its next piece.
    pub(super) fn asked(&mut self) {
        if std::mem::take(&mut self.owes) {
            self.life.took();
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.asked();
        self.life.busy.set(self.life.busy.get() - 1);
        self.life.waiting();
    }
}
