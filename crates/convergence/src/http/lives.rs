//! The connections of one thread, and one watcher that ends those that stand still too long, or all when the server
//! stops. It looks at them a few times a second, so that a request costs a few stores and no timer.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use super::life::{Life, Open, Order, Patience};
use crate::config::Listen;

/// How often the watcher looks: a time-out strikes up to this much late.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The connections of one thread.
pub(super) struct Lives {
    patience: Patience,
    all: RefCell<Vec<Weak<Life>>>,
    open: Rc<Open>,
    now: Rc<Cell<u32>>,
    draining: Cell<bool>,
}

impl Lives {
    pub(super) fn new(listen: &Listen) -> Self {
        Self::with(Patience {
            header: looks(listen.header_timeout),
            idle: looks(listen.idle_timeout),
            last: looks(listen.drain_idle_timeout),
        })
    }

    fn with(patience: Patience) -> Self {
        Self {
            patience,
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
            self.look();
        }
    }

    /// Lets the connections finish the requests they are in, and those that are on their way; ends when there are none.
    pub(super) async fn drain(&self) {
        self.draining.set(true);
        self.all.borrow().iter().filter_map(Weak::upgrade).for_each(|life| life.drain(self.patience));
        self.open.none().await;
    }

    pub(super) fn look(&self) {
        self.now.set(self.now.get().wrapping_add(1));
        self.all.borrow_mut().retain(|life| {
            let Some(life) = life.upgrade() else { return false };
            life.look(self.patience);
            true
        });
    }

    /// The life of a new connection, over when it is dropped.
    pub(super) fn begin(&self) -> Rc<Life> {
        let life = Rc::new(Life::begin(&self.now, &self.open, Order::GoOn));
        if self.draining.get() {
            life.drain(self.patience);
        }
        self.all.borrow_mut().push(Rc::downgrade(&life));
        life
    }
}

fn looks(time: Duration) -> u32 {
    u32::try_from(time.as_millis() / LOOK_EVERY.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
