//! Who has logged in: sessions in memory, which a restart ends.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};

/// How long a session lasts.
const LIFE: Duration = Duration::from_hours(12);

/// Of more, the oldest ends.
const MOST: usize = 64;

/// The cookie's name.
const NAME: &str = "convergence_admin";

/// The sessions that are open. What a browser presents is random and kept by its hash only.
#[derive(Default)]
pub(super) struct Sessions(Mutex<VecDeque<Session>>);

struct Session {
    hash: [u8; 32],
    /// The uptime at which it ends.
    until: Duration,
}

impl Sessions {
    /// Begins one, and returns the `Set-Cookie` that gives it to a browser; none where the system has no randomness.
    pub(super) fn begin(&self, is_secure: bool, uptime: Duration) -> Option<HeaderValue> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).ok()?;
        let word = random.iter().fold(String::new(), |mut word, byte| {
            let _ = write!(word, "{byte:02x}");
            word
        });
        let mut open = self.lock();
        open.retain(|session| uptime < session.until);
        if open.len() == MOST {
            open.pop_front();
        }
        open.push_back(Session { hash: Sha256::digest(&word).into(), until: uptime + LIFE });
        Some(cookie(&word, LIFE, is_secure))
    }

    /// Whether a request is of an open session.
    pub(super) fn has(&self, headers: &HeaderMap, uptime: Duration) -> bool {
        presented(headers).any(|hash| {
            let open = self.lock();
            // All of them are looked at, whichever it is.
            let same = |session: &Session| {
                verify_slices_are_equal(&session.hash, &hash).is_ok() && uptime < session.until
            };
            open.iter().filter(|session| same(session)).count() > 0
        })
    }

    /// Ends the session of a request, and returns the `Set-Cookie` that takes it from the browser.
    pub(super) fn end(&self, headers: &HeaderMap, is_secure: bool) -> HeaderValue {
        for hash in presented(headers) {
            self.lock().retain(|session| session.hash != hash);
        }
        cookie("", Duration::ZERO, is_secure)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// No script reads it, and no other site's page sends it.
fn cookie(word: &str, life: Duration, is_secure: bool) -> HeaderValue {
    let secure = if is_secure { "; Secure" } else { "" };
    let cookie =
        format!("{NAME}={word}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{secure}", life.as_secs());
    let mut value = HeaderValue::from_str(&cookie).expect("hex digits and words of ours");
    value.set_sensitive(true);
    value
}

/// The hashes of what a request presents under the cookie's name.
fn presented(headers: &HeaderMap) -> impl Iterator<Item = [u8; 32]> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let values = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    values.filter(|(name, _)| *name == NAME).map(|(_, word)| Sha256::digest(word).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a browser sends back.
    fn sent(cookie: &HeaderValue) -> HeaderMap {
        let pair = cookie.to_str().expect("text").split(';').next().expect("a pair").to_owned();
        let lines = format!("theme=dark; {pair}");
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&lines).expect("text"))])
    }

    #[test]
    fn a_session_lasts_until_it_is_ended_or_old_or_one_of_too_many() {
        let (sessions, now) = (Sessions::default(), Duration::from_secs(5));
        let first = sessions.begin(true, now).expect("randomness");
        let text = first.to_str().expect("text").to_owned();
        assert!(text.ends_with("; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure"), "{text}");
        assert!(sessions.has(&sent(&first), now));
        assert!(!sessions.has(&HeaderMap::new(), now));
        assert!(!sessions.has(&sent(&cookie("", LIFE, false)), now), "an ended one's");
        assert!(sessions.has(&sent(&first), now + LIFE.saturating_sub(Duration::from_millis(1))));
        assert!(!sessions.has(&sent(&first), now + LIFE), "too old");

        let second = sessions.begin(false, now).expect("randomness");
        assert!(!second.to_str().expect("text").contains("Secure"));
        let ended = sessions.end(&sent(&first), true);
        assert!(ended.to_str().expect("text").contains("=; ") && !sessions.has(&sent(&first), now));
        assert!(sessions.has(&sent(&second), now));
        for _ in 0..MOST {
            sessions.begin(false, now);
        }
        assert!(!sessions.has(&sent(&second), now), "the oldest of too many");
        assert_eq!(sessions.lock().len(), MOST);
        sessions.begin(false, now + LIFE);
        assert_eq!(sessions.lock().len(), 1, "those that are too old are forgotten");
    }
}
