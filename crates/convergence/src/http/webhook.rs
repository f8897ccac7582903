//! Who may say that the sheet has changed: whoever signs with the shared secret, once for each notice.

mod message;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

pub(super) use self::message::Notice;
use self::message::Signature;
use crate::config::WebhookSecret;

/// How far the time in a signature may be from this machine's, in seconds.
pub(super) const WINDOW: i64 = 300;

/// The largest body, in bytes; ours has about 120.
pub(super) const MOST_BYTES: usize = 4_096;

/// How many notices are remembered. Only signed ones are, and Apps Script sends fewer in two windows.
const MOST_NOTICES: usize = 10_000;

/// The webhook of a server that has `SHEET_WEBHOOK_SECRET`.
pub(crate) struct Webhook {
    secret: WebhookSecret,
    /// The ids of notices that were taken, and the Unix second until which their signature is good.
    taken: Mutex<HashMap<Uuid, i64>>,
}

/// What to do about a notice that is genuine.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Genuine {
    /// The sheet was changed at this Unix millisecond.
    New { changed_at: i64 },
    /// It was taken before: a repetition by the sender, who missed the answer, or by somebody who listened.
    Repeated,
}

/// Why a call is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The header is missing, repeated, or not in its form.
    NoSignature,
    /// Its time is too far from this machine's.
    WrongTime,
    WrongSignature,
    /// It is signed, and its body is no notice.
    NoNotice,
    /// So many were taken that one more could not be told from a repetition later.
    TooMany,
}

impl Webhook {
    pub(crate) fn new(secret: WebhookSecret) -> Self {
        Self { secret, taken: Mutex::default() }
    }

    /// Whether a header's value is a signature of this time: all that can be said before the body is there.
    ///
    /// # Errors
    /// It is none, or an old one.
    pub(super) fn timely(header: &[u8], now: i64) -> Result<Signature<'_>, Refused> {
        let signature = Signature::parse(header).ok_or(Refused::NoSignature)?;
        let timely = (now.saturating_sub(WINDOW)..=now.saturating_add(WINDOW)).contains(&signature.at);
        if timely { Ok(signature) } else { Err(Refused::WrongTime) }
    }

    /// Takes a notice: the signature is checked over the bytes as they came, and only then are they read.
    ///
    /// # Errors
    /// Anything else than a notice of the script's.
    pub(super) fn take(&self, signature: &Signature<'_>, body: &[u8], now: i64) -> Result<Genuine, Refused> {
        if !self.secret.signed(&[signature.time.as_bytes(), b".", body], &signature.mac) {
            return Err(Refused::WrongSignature);
        }
        let notice = Notice::from_json(body).ok_or(Refused::NoNotice)?;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() >= MOST_NOTICES {
            taken.retain(|_, until| *until >= now);
        }
        let full = taken.len() >= MOST_NOTICES;
        match taken.entry(notice.id) {
            Entry::Occupied(mut known) => {
                // Sent again with a newer signature, it can be repeated for longer.
                let until = known.get_mut();
                *until = (*until).max(signature.at + WINDOW);
                Ok(Genuine::Repeated)
            }
            Entry::Vacant(_) if full => Err(Refused::TooMany),
            Entry::Vacant(place) => {
                place.insert(signature.at + WINDOW);
                Ok(Genuine::New { changed_at: notice.changed_at() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac;

    use super::*;
    use crate::config::{Config, Settings};

    const SECRET: &str = "a secret of some length";
    const NOW: i64 = 1_764_547_200;

    fn webhook() -> Webhook {
        let mut settings = Settings::default();
        settings.set("SHEET_WEBHOOK_SECRET", SECRET);
        let config = Config::read(&settings).unwrap_or_else(|faults| panic!("{faults:?}"));
        Webhook::new(config.webhook.expect("it is set"))
    }

    fn take(webhook: &Webhook, id: Uuid, at: i64, now: i64) -> Result<Genuine, Refused> {
        let body = format!(r#"{{"id":"{id}","sent_at":5,"edited_at":null}}"#);
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let mac = hmac::sign(&key, format!("{at}.{body}").as_bytes());
        let hex = mac.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        let header = format!("t={at},v1={hex}");
        webhook.take(&Webhook::timely(header.as_bytes(), now)?, body.as_bytes(), now)
    }

    #[test]
    fn a_notice_is_taken_once_however_long_its_signature_is_good() {
        let (webhook, id) = (webhook(), Uuid::from_u128(1));
        assert_eq!(take(&webhook, id, NOW + WINDOW, NOW), Ok(Genuine::New { changed_at: 5 }));
        assert_eq!(take(&webhook, id, NOW + WINDOW, NOW + 2 * WINDOW), Ok(Genuine::Repeated));
        assert_eq!(take(&webhook, id, NOW + WINDOW, NOW + 2 * WINDOW + 1), Err(Refused::WrongTime));
        assert_eq!(take(&webhook, id, NOW + WINDOW + 1, NOW), Err(Refused::WrongTime));
        assert_eq!(take(&webhook, id, NOW, NOW + WINDOW + 1), Err(Refused::WrongTime));
    }

    #[test]
    fn memory_is_bounded_and_never_forgets_what_could_be_repeated() {
        let webhook = webhook();
        for number in 0..MOST_NOTICES as u128 {
            assert!(take(&webhook, Uuid::from_u128(number), NOW, NOW).is_ok());
        }
        let one_more = Uuid::from_u128(u128::MAX);
        assert_eq!(take(&webhook, one_more, NOW, NOW), Err(Refused::TooMany));
        assert_eq!(take(&webhook, Uuid::from_u128(0), NOW, NOW), Ok(Genuine::Repeated));
        let later = NOW + WINDOW + 1;
        assert_eq!(take(&webhook, one_more, later, later), Ok(Genuine::New { changed_at: 5 }));
        assert_eq!(webhook.taken.lock().expect("no panic").len(), 1);
    }
}
