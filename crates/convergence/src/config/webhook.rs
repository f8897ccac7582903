//! The secret that the spreadsheet's script and this server share.

use aws_lc_rs::hmac;

use super::settings::Reader;

/// The shortest secret, in bytes: below that it could be guessed.
const SHORTEST: usize = 16;

/// `SHEET_WEBHOOK_SECRET`, a secret.
#[derive(Clone)]
pub struct WebhookSecret(hmac::Key);

impl WebhookSecret {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.with(
            "SHEET_WEBHOOK_SECRET",
            "at least 16 bytes, such as openssl rand -hex 32 prints",
            |text| (text.len() >= SHORTEST).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes()))),
        )
    }

    /// Whether `mac` is the HMAC-SHA256 of these parts, one after the other; in constant time.
    pub(crate) fn signed(&self, parts: &[&[u8]], mac: &[u8]) -> bool {
        hmac::verify(&self.0, &parts.concat(), mac).is_ok()
    }
}
