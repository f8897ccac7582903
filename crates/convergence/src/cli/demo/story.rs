//! What happens in the demo, told as it happens: a line for each event, and below them how far the minute is.

use std::io::Write;
use std::time::{Duration, Instant};

use anstyle::AnsiColor;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::cast::{BEATS, Part};

/// Tells it on a terminal; elsewhere only how it ended.
#[derive(Clone)]
pub(super) struct Story {
    bar: Option<ProgressBar>,
    begun: Instant,
}

/// How many requests have had which answer.
#[derive(Default)]
pub(super) struct Count {
    pub(super) let_in: u32,
    pub(super) limited: u32,
    pub(super) refused: u32,
}

impl Story {
    pub(super) fn new(is_watched: bool) -> Self {
        let bar = is_watched.then(|| {
            let bar = ProgressBar::with_draw_target(Some(BEATS.into()), ProgressDrawTarget::stderr());
            let style =
                ProgressStyle::with_template("  [{bar:20}] {wide_msg}").expect("a template without faults");
            bar.with_style(style.progress_chars("=> "))
        });
        Self { bar, begun: Instant::now() }
    }

    /// The minute begins.
    pub(super) fn begin(&mut self) {
        self.begun = Instant::now();
        self.line("Now a minute of traffic. Each line is an answer to a client that is another than the one before:\n");
    }

    /// A client has got another answer than before.
    pub(super) fn answer(&self, part: Part, status: u16, words: &str) {
        let colour = match status {
            200..=399 => AnsiColor::Green,
            429 => AnsiColor::Yellow,
            _ => AnsiColor::Red,
        };
        let style = colour.on_default();
        self.line(&format!("  {}  {:<13}  {style}{status}{style:#}  {words}", self.clock(), part.name()));
    }

    /// Something was done to the table.
    pub(super) fn deed(&self, words: &str) {
        self.line(&format!("  {}  {words}", self.clock()));
    }

    /// So far.
    pub(super) fn progress(&self, beat: u32, count: &Count) {
        if let Some(bar) = &self.bar {
            bar.set_position(beat.into());
            bar.set_message(count.words());
        }
    }

    /// The minute is over.
    pub(super) fn end(&self, count: &Count) {
        self.close();
        say(&format!(
            "\nThe demo's own traffic has ended: {}. The server goes on; Ctrl-C ends it.",
            count.words()
        ));
    }

    /// Takes away what is to be seen only meanwhile.
    pub(super) fn close(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, line: &str) {
        if let Some(bar) = &self.bar {
            bar.suspend(|| say(line));
        }
    }

    fn clock(&self) -> String {
        clock(self.begun.elapsed())
    }
}

impl Count {
    /// Counts an answer.
    pub(super) fn add(&mut self, status: u16) {
        *match status {
            200..=399 => &mut self.let_in,
            429 => &mut self.limited,
            _ => &mut self.refused,
        } += 1;
    }

    fn words(&self) -> String {
        let Self { let_in, limited, refused } = self;
        let all = let_in + limited + refused;
        format!("{all} requests: {let_in} let in, {limited} over a limit, {refused} refused")
    }
}

fn clock(since: Duration) -> String {
    format!("{}:{:02}", since.as_secs() / 60, since.as_secs() % 60)
}

/// That nobody reads it is no error.
fn say(line: &str) {
    let mut out = anstream::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
