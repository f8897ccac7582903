//! What shows on a terminal that something is under way: on standard error, and nowhere else.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Between two looks of a bar at the clock.
pub(super) const TICK: Duration = Duration::from_millis(250);

/// A line that says what is waited for, and for how long it has been. It goes when it is dropped.
pub(super) struct Waiting(Option<ProgressBar>);

impl Waiting {
    /// Says what is waited for, such as `reading the keys`.
    pub(super) fn begin(words: &'static str) -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {msg}, {prefix}{elapsed}")
            .expect("a template without faults");
        bar.set_style(style);
        bar.set_message(words);
        bar.enable_steady_tick(TICK);
        Self(Some(bar))
    }

    /// Says how far it is, where that can be counted.
    pub(super) fn counts(&self, done: usize, of: usize, what: &'static str) {
        if let Some(bar) = &self.0 {
            bar.set_prefix(format!("{done} of {of} {what}, "));
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
