//! Wrong tokens, counted by address: whoever guesses has to do so slowly.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::http::shield::Source;

/// So many wrong tokens are looked at in a minute of one address.
const MOST_WRONG: u32 = 10;
const WINDOW: Duration = Duration::from_mins(1);

/// How many addresses are remembered. Of more, all are forgotten: who has that many can guess from each but ten times.
const MOST_ADDRESSES: usize = 4_096;

#[derive(Default)]
pub(super) struct Attempts(Mutex<HashMap<Option<Source>, Wrong>>);

struct Wrong {
    count: u32,
    /// The uptime of the first of them.
    since: Duration,
}

impl Attempts {
    /// Looks at a token, by `is_right`, unless there were too many wrong ones from there.
    ///
    /// # Errors
    /// They were: in how many seconds one is looked at again.
    pub(super) fn look(
        &self,
        from: Option<Source>,
        uptime: Duration,
        is_right: impl FnOnce() -> bool,
    ) -> Result<bool, u64> {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = wrong.get(&from) {
            let end = known.since + WINDOW;
            if end <= uptime {
                wrong.remove(&from);
            } else if known.count >= MOST_WRONG {
                return Err(end.saturating_sub(uptime).as_secs() + 1);
            }
        }
        let is_right = is_right();
        if !is_right {
            if wrong.len() >= MOST_ADDRESSES && !wrong.contains_key(&from) {
                wrong.clear();
            }
            wrong.entry(from).or_insert(Wrong { count: 0, since: uptime }).count += 1;
        }
        Ok(is_right)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn from(number: u32) -> Option<Source> {
        Source::of(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number)))
    }

    #[test]
    fn an_address_may_be_wrong_ten_times_a_minute_and_no_other_pays_for_it() {
        let (attempts, now) = (Attempts::default(), Duration::from_secs(100));
        for _ in 0..MOST_WRONG {
            assert_eq!(attempts.look(from(1), now, || false), Ok(false));
        }
        let never = || -> bool { panic!("it is not looked at") };
        assert_eq!(attempts.look(from(1), now, never), Err(61));
        assert_eq!(attempts.look(from(1), now + Duration::from_secs(59), never), Err(2));
        assert_eq!(attempts.look(from(2), now, || true), Ok(true));
        assert_eq!(attempts.look(from(1), now + WINDOW, || true), Ok(true));
        for number in 0..10_000 {
            let _ = attempts.look(from(number), now, || false);
        }
        assert!(attempts.0.lock().expect("no panic").len() <= MOST_ADDRESSES);
    }
}
