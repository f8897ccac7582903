//! How an engine is doing, in the words of `/auth/status`.

use crate::app::App;
use crate::http;

/// How an [`Engine`](crate::Engine) is doing: what the server says at `/auth/status`. It names no key, client, sheet or path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    mode: Mode,
    reason: Option<String>,
}

/// Who is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Whoever has a key that works.
    Enabled,
    /// Nobody: there are no keys fresh enough to decide by, and requests get 503. So begins every engine that has keys to
    /// read, for a moment.
    Unavailable,
    /// Everybody, since `AUTH_ENABLED` is not `true`.
    Disabled,
    /// Everybody, since no source of keys is configured and `AUTH_FALLBACK` is not `closed`.
    Fallback,
}

impl Mode {
    /// Whether everybody is let through. Settings alone can make it so, at the start.
    pub fn is_open(self) -> bool {
        matches!(self, Mode::Disabled | Mode::Fallback)
    }

    /// The word for it in `/auth/status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Enabled => "enabled",
            Mode::Unavailable => "unavailable",
            Mode::Disabled => "disabled",
            Mode::Fallback => "fallback",
        }
    }
}

impl Status {
    pub(super) fn of(app: &App) -> Self {
        let http::Status { mode, reason, .. } = http::Status::of(app);
        let known = [Mode::Enabled, Mode::Disabled, Mode::Fallback];
        // A word that is new to this table lets nobody be thought safe.
        let mode = known.into_iter().find(|known| known.as_str() == mode).unwrap_or(Mode::Unavailable);
        Self { mode, reason }
    }

    /// Who is let through.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Why nobody is, or everybody; or what is wrong with keys that still decide.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}
