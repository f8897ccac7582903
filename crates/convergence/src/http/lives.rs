//! The connections of one thread, and one watcher that ends those that stand still too long, or all when the server
//! stops. It looks at them a few times a second, so that a request costs a few stores and no timer.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::config::Listen;

/// How often the watcher looks: a time-out strikes up to this much late.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The connections of one thread.
pub(super) struct Lives {
    header_looks: u32,
    idle_looks: u32,
    all: RefCell<Vec<Weak<Life>>>,
    open: Rc<Open>,
    now: Rc<Cell<u32>>,
    draining: Cell<bool>,
}

impl Lives {
    pub(super) fn new(listen: &Listen) -> Self {
        Self {
            header_looks: looks(listen.header_timeout),
            idle_looks: looks(listen.idle_timeout),
            all: RefCell::default(),
            open: Rc::default(),
            now: Rc::default(),
            draining: Cell::new(false),
        }
    }

    /// Looks at every connection, for ever.
    pub(super) async fn watch(self: Rc<Self>) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.now.set(self.now.get().wrapping_add(1));
            self.look();
        }
    }

    /// Lets the connections finish the request they are in; ends when there are none.
    pub(super) async fn drain(&self) {
        self.draining.set(true);
        for life in self.all.borrow().iter().filter_map(Weak::upgrade) {
            life.tell(if life.phase.get() == Phase::New { Order::Stop } else { Order::Finish });
        }
        while self.open.connections.get() > 0 {
            self.open.none.notified().await;
        }
    }

    fn look(&self) {
        self.all.borrow_mut().retain(|life| {
            let Some(life) = life.upgrade() else { return false };
            let allowed = match life.phase.get() {
                Phase::Waiting => self.idle_looks,
                Phase::New | Phase::Head => self.header_looks,
                Phase::Handling => return true,
            };
            if self.now.get().wrapping_sub(life.since.get()) > allowed {
                life.tell(Order::Stop);
            }
            true
        });
    }

    /// The life of a new connection, over when it is dropped.
    pub(super) fn begin(&self) -> Rc<Life> {
        self.open.connections.set(self.open.connections.get() + 1);
        let life = Rc::new(Life {
            phase: Cell::new(Phase::New),
            since: Cell::new(self.now.get()),
            now: Rc::clone(&self.now),
            order: Cell::new(if self.draining.get() { Order::Finish } else { Order::GoOn }),
            waker: RefCell::default(),
            open: Rc::clone(&self.open),
        });
        self.all.borrow_mut().push(Rc::downgrade(&life));
        life
    }
}

/// How many lives there are.
#[derive(Default)]
struct Open {
    connections: Cell<usize>,
    none: Notify,
}

fn looks(time: Duration) -> u32 {
    u32::try_from(time.as_millis() / LOOK_EVERY.as_millis()).unwrap_or(u32::MAX)
}

/// What one connection is at, in looks of its thread's watcher.
pub(super) struct Life {
    phase: Cell<Phase>,
    /// The look at which the phase began or, while waiting, a byte last moved.
    since: Cell<u32>,
    now: Rc<Cell<u32>>,
    order: Cell<Order>,
    waker: RefCell<Option<Waker>>,
    open: Rc<Open>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Connected, and silent so far.
    New,
    /// From a request's first byte to the end of its headers.
    Head,
    /// The request is being answered; its body has a time-out of its own.
    Handling,
    /// Between requests, or while an answer is written: any byte that moves is a sign of life.
    Waiting,
}

/// What the watcher wants of a connection.
#[derive(Clone, Copy)]
pub(super) enum Order {
    GoOn,
    /// To end after the request that it is in.
    Finish,
    /// To end now.
    Stop,
}

impl Life {
    /// A request is being answered.
    pub(super) fn handling(&self) {
        self.phase.set(Phase::Handling);
    }

    /// An answer is on its way out; after it, there is none to give.
    pub(super) fn waiting(&self) {
        self.enter(Phase::Waiting);
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(self.now.get());
    }

    /// A request's first byte starts its header time; later ones do not prolong it.
    fn bytes_came(&self) {
        if matches!(self.phase.get(), Phase::New | Phase::Waiting) {
            self.enter(Phase::Head);
        }
    }

    fn bytes_went(&self) {
        self.since.set(self.now.get());
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
}

impl Drop for Life {
    fn drop(&mut self) {
        self.open.connections.set(self.open.connections.get() - 1);
        if self.open.connections.get() == 0 {
            self.open.none.notify_one();
        }
    }
}

/// A connection's stream that notes when bytes move.
pub(super) struct Watched<'a> {
    stream: TcpStream,
    life: &'a Life,
}

impl<'a> Watched<'a> {
    pub(super) fn new(stream: TcpStream, life: &'a Life) -> Self {
        Self { stream, life }
    }
}

impl AsyncRead for Watched<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.life.bytes_came();
        }
        read
    }
}

impl AsyncWrite for Watched<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        if written.is_ready() {
            self.life.bytes_went();
        }
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // An answer without a body is one slice, which send(2) takes for less than writev(2).
        let written = match slices {
            [one] => Pin::new(&mut self.stream).poll_write(context, one),
            slices => Pin::new(&mut self.stream).poll_write_vectored(context, slices),
        };
        if written.is_ready() {
            self.life.bytes_went();
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
