//! The pause after a failure.

use std::time::Duration;

/// The pauses: doubled each time, from the first to the last.
const FIRST: Duration = Duration::from_secs(1);
const LAST: Duration = Duration::from_secs(64);

/// How long to wait after so many failures in a row, at least one. It is at most `usual`, the pause after a success, with
/// up to a quarter taken off at random so that instances that failed together part ways.
pub(super) fn back_off(failures: u32, usual: Duration) -> Duration {
    let doubled = FIRST * 2_u32.saturating_pow((failures - 1).min(16));
    let capped = doubled.min(LAST).min(usual.max(FIRST));
    let mut random = [0_u8];
    // Without randomness there is no jitter, which is no reason to fail.
    let _ = getrandom::fill(&mut random);
    capped.mul_f64(1.0 - f64::from(random[0]) / 255.0 / 4.0)
}
