//! Step 3: whether a known key stands at this second (P09). Checked on every request, however old the directory is.

use crate::directory::Entry;
use crate::record::Record;
use crate::refusal::Cause;

/// `Ok` while the key's row is readable, active, not yet revoked, and not past its expiry.
pub(crate) fn standing(entry: &Entry, unix: i64) -> Result<(), Cause> {
    if !entry.is_readable() {
        Err(Cause::UnreadableRow)
    } else if !entry.is_active() {
        Err(Cause::Inactive)
    } else if unix >= entry.revoked_at {
        Err(Cause::Revoked { since: entry.revoked_at })
    } else if unix > entry.expires_at {
        Err(Cause::Expired { last_valid: entry.expires_at })
    } else {
        Ok(())
    }
}

impl Record {
    /// The same of a record that is in no directory: what the row says at this second.
    pub fn standing(&self, unix: i64) -> Result<(), Cause> {
        let Self { readable, active, revoked_at, expires_at, .. } = self;
        match (readable, active, revoked_at, expires_at) {
            (false, ..) => Err(Cause::UnreadableRow),
            (_, false, ..) => Err(Cause::Inactive),
            (_, _, &Some(since), _) if unix >= since => Err(Cause::Revoked { since }),
            (.., &Some(last_valid)) if unix > last_valid => Err(Cause::Expired { last_valid }),
            _ => Ok(()),
        }
    }
}
