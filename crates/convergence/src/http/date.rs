//! What time it is, as answers say it (RFC 9110, 6.6.1): put into words once a second, not for each answer.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::clock::Clock;

/// Its words are up to this much late.
const LOOK_EVERY: Duration = Duration::from_millis(250);

const LENGTH: usize = "Sun, 06 Nov 1994 08:49:37 GMT".len();

/// One thread's.
pub(super) struct Date {
    unix: Cell<i64>,
    words: Cell<[u8; LENGTH]>,
}

impl Date {
    pub(super) fn at(unix: i64) -> Self {
        Self { unix: Cell::new(unix), words: Cell::new(words(unix)) }
    }

    /// For an answer that begins now.
    pub(super) fn words(&self) -> [u8; LENGTH] {
        self.words.get()
    }

    /// Keeps it right, for ever.
    pub(super) async fn keep(self: Rc<Self>, clock: Arc<dyn Clock>) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let unix = clock.now().unix;
            if unix != self.unix.replace(unix) {
                self.words.set(words(unix));
            }
        }
    }
}

fn words(unix: i64) -> [u8; LENGTH] {
    let moment = Timestamp::from_second(unix).unwrap_or(Timestamp::UNIX_EPOCH);
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).unwrap_or_default();
    text.into_bytes().try_into().unwrap_or(*b"Thu, 01 Jan 1970 00:00:00 GMT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_its_words() {
        assert_eq!(&Date::at(784_111_777).words(), b"Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(&Date::at(i64::MAX).words(), b"Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
