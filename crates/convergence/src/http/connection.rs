//! One connection: hyper drives HTTP/1 on it, and a watcher ends it when it stands still too long.
//!
//! hyper's own header time-out starts a timer for each request and counts idle time as header time. Here the thread
//! has one watcher that looks at all its connections a few times a second, and a request costs a few stores.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::{Either, LocalBoxFuture, Ready, ready};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tracing::debug;

use super::body::Answer;
use super::listener::Slot;
use super::router::{self, Answering};
use crate::app::App;
use crate::config::Listen;

/// How often the watcher looks: a time-out strikes up to this much late.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Serves a connection to its end.
pub(super) async fn serve(app: Arc<App>, lives: Rc<Lives>, stream: TcpStream, slot: Slot) {
    let life = lives.begin();
    let mut http = http1::Builder::new();
    http.header_read_timeout(None);
    http.max_header_size(app.listen.max_header_bytes);
    http.max_buf_size(app.listen.max_header_bytes.max(SMALLEST_BUFFER));
    let service = Routes { app: &app, life: &life };
    let io = TokioIo::new(Watched { stream, life: &life });
    let mut connection = pin!(http.serve_connection(io, service));
    let ended = std::future::poll_fn(|context| {
        life.wake_with(context.waker());
        match life.order.get() {
            Order::GoOn => {}
            Order::Finish => connection.as_mut().graceful_shutdown(),
            Order::Stop => return Poll::Ready(Ok(())),
        }
        connection.as_mut().poll(context)
    });
    if let Err(error) = ended.await {
        debug!("connection ended: {error}");
    }
    lives.end();
    drop(slot);
}

/// The router, and the connection's life told of what it does.
struct Routes<'a> {
    app: &'a App,
    life: &'a Life,
}

impl<'a> Service<Request<Incoming>> for Routes<'a> {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Either<
        Ready<Result<Self::Response, Infallible>>,
        LocalBoxFuture<'a, Result<Self::Response, Infallible>>,
    >;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let life = self.life;
        match router::answer(self.app, request) {
            Answering::Now(answer) => {
                life.waiting();
                Either::Left(ready(Ok(answer)))
            }
            Answering::Later(work) => {
                life.handling();
                Either::Right(Box::pin(async move {
                    let answer = work.await;
                    life.waiting();
                    Ok(answer)
                }))
            }
        }
    }
}

/// The least that hyper accepts as a buffer's size.
const SMALLEST_BUFFER: usize = 8_192;

/// The connections of one thread.
pub(super) struct Lives {
    header_looks: u32,
    idle_looks: u32,
    all: RefCell<Vec<Weak<Life>>>,
    open: Cell<usize>,
    none_open: Notify,
    now: Rc<Cell<u32>>,
    draining: Cell<bool>,
}

impl Lives {
    pub(super) fn new(listen: &Listen) -> Self {
        Self {
            header_looks: looks(listen.header_timeout),
            idle_looks: looks(listen.idle_timeout),
            all: RefCell::default(),
            open: Cell::new(0),
            none_open: Notify::new(),
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
        while self.open.get() > 0 {
            self.none_open.notified().await;
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

    fn begin(&self) -> Rc<Life> {
        let life = Rc::new(Life {
            phase: Cell::new(Phase::New),
            since: Cell::new(self.now.get()),
            now: Rc::clone(&self.now),
            order: Cell::new(if self.draining.get() { Order::Finish } else { Order::GoOn }),
            waker: RefCell::default(),
        });
        self.all.borrow_mut().push(Rc::downgrade(&life));
        self.open.set(self.open.get() + 1);
        life
    }

    fn end(&self) {
        self.open.set(self.open.get() - 1);
        if self.open.get() == 0 {
            self.none_open.notify_one();
        }
    }
}

fn looks(time: Duration) -> u32 {
    u32::try_from(time.as_millis() / LOOK_EVERY.as_millis()).unwrap_or(u32::MAX)
}

/// What one connection is at, in looks of its thread's watcher.
struct Life {
    phase: Cell<Phase>,
    /// The look at which the phase began or, while waiting, a byte last moved.
    since: Cell<u32>,
    now: Rc<Cell<u32>>,
    order: Cell<Order>,
    waker: RefCell<Option<Waker>>,
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

#[derive(Clone, Copy)]
enum Order {
    GoOn,
    Finish,
    Stop,
}

impl Life {
    fn handling(&self) {
        self.phase.set(Phase::Handling);
    }

    fn waiting(&self) {
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

    fn wake_with(&self, waker: &Waker) {
        match &mut *self.waker.borrow_mut() {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    fn tell(&self, order: Order) {
        self.order.set(order);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// A connection's stream that notes when bytes move.
struct Watched<'a> {
    stream: TcpStream,
    life: &'a Life,
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
