//! The pause after a failure.

use std::time::Duration;

/// The pauses: doubled each time, from the first to the last.
const FIRST: Duration = Duration::from_secs(1);
const LAST: Duration = Duration::from_secs(64);

/// How long to wait after so many failures in a row, at least one. It is at most `usual`, the pause after a success, with
/// up to a quarter taken off at random so that instances that failed together part ways.
pub(crate) fn back_off(failures: u32, usual: Duration) -> Duration {
    let doubled = FIRST * 2_u32.saturating_pow((failures - 1).min(16));
    let capped = doubled.min(LAST).min(usual.max(FIRST));
    let mut random = [0_u8];
    // Without randomness there is no jitter, which is no reason to fail.
    let _ = getrandom::fill(&mut random);
    capped.mul_f64(1.0 - f64::from(random[0]) / 255.0 / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_usual_one_or_64_s() {
        let around = |failures, usual: u64, expected: u64| {
            let pause = back_off(failures, Duration::from_secs(usual)).as_secs_f64();
            let expected = Duration::from_secs(expected).as_secs_f64();
            assert!((expected * 0.75..=expected).contains(&pause), "{failures} failures: {pause} s");
        };
        for (failures, expected) in [(1, 1), (2, 2), (4, 8), (7, 64), (8, 64), (u32::MAX, 64)] {
            around(failures, 300, expected);
        }
        around(9, 5, 5);
        around(9, 0, 1);
    }
}
