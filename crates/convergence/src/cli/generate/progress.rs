//! How far the work is, on standard error: a bar on a terminal, elsewhere a line now and then.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::audio::{Phase, Progress};
use crate::cli::progress::TICK;
use crate::cli::say;

/// Between two lines of the same phase.
const PAUSE: Duration = Duration::from_secs(5);
const BAR: &str = "{spinner} {prefix} [{wide_bar}] {msg}";

/// Tells how far the work is. What is on a terminal of it goes when it is dropped.
pub(super) enum Display {
    Bar(ProgressBar),
    Lines(Option<(Phase, Instant)>),
    Nothing,
}

impl Display {
    pub(super) fn new(is_quiet: bool) -> Self {
        if is_quiet {
            return Self::Nothing;
        }
        if !io::stderr().is_terminal() {
            return Self::Lines(None);
        }
        let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template(BAR).expect("a template without faults");
        bar.set_style(style.progress_chars("=> "));
        bar.enable_steady_tick(TICK);
        Self::Bar(bar)
    }

    pub(super) fn show(&mut self, progress: &Progress) {
        match self {
            Self::Bar(bar) => {
                bar.set_prefix(progress.phase.word());
                bar.set_length(progress.lines.max(1) as u64);
                bar.set_position(progress.lines_spoken as u64);
                bar.set_message(figures(progress));
            }
            Self::Lines(last) => {
                let is_told = |(phase, at): (Phase, Instant)| phase == progress.phase && at.elapsed() < PAUSE;
                if !last.is_some_and(is_told) {
                    let phase = progress.phase.word();
                    match figures(progress).as_str() {
                        "" => say(phase),
                        figures => say(&format!("{phase}: {figures}")),
                    }
                    *last = Some((progress.phase, Instant::now()));
                }
            }
            Self::Nothing => {}
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// What can be counted of it: nothing before there are lines.
fn figures(progress: &Progress) -> String {
    let Progress { lines, lines_spoken, seconds_spoken, eta_seconds, .. } = *progress;
    if lines == 0 {
        return String::new();
    }
    let left = eta_seconds.filter(|_| progress.phase == Phase::Speaking);
    let left = left.map(|left| format!(", {} left", minutes(Duration::from_secs(left))));
    let spoken = minutes(Duration::try_from_secs_f64(seconds_spoken).unwrap_or_default());
    format!("{lines_spoken} of {lines} lines, {spoken} spoken{}", left.unwrap_or_default())
}

/// A length as players show it.
pub(super) fn minutes(length: Duration) -> String {
    let seconds = length.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_said_as_far_as_they_are_known() {
        let mut progress = Progress {
            phase: Phase::Speaking,
            lines: 12,
            lines_spoken: 3,
            seconds_spoken: 74.9,
            eta_seconds: Some(5),
        };
        assert_eq!(figures(&progress), "3 of 12 lines, 1:14 spoken, 0:05 left");
        progress.phase = Phase::Mixing;
        assert_eq!(figures(&progress), "3 of 12 lines, 1:14 spoken");
        (progress.phase, progress.lines) = (Phase::Writing, 0);
        assert_eq!(figures(&progress), "");
    }
}
