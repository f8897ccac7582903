//! What is told. Names and fingerprints stand in it, and never a key.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that deserves a person's look, as it is kept and sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Alert {
    /// The same for the same matter, whichever server sees it.
    pub(super) id: String,
    /// RFC 3339: when it was seen.
    pub(super) at: String,
    /// Until this Unix second nobody else is to tell the same.
    pub(super) until: i64,
    #[serde(flatten)]
    pub(super) event: Event,
}

/// What it is. Moments are in RFC 3339, keys by their fingerprints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event {
    /// The keys could not be read for a while. Once they are too old to be in use, this is told again.
    SheetStale { last_read_at: Option<String>, in_use: bool, error: Option<String> },
    /// A refresh is held by the accident guard.
    SheetHeld,
    /// Neither of the two any more.
    SheetWell,
    /// A client nears the end of a quota.
    QuotaUsed {
        client_name: String,
        quota: Allowance,
        /// Requests, or seconds of sound.
        limit: u64,
        used: u64,
        percent: u64,
        resets_at: String,
    },
    /// A client's errors have become more: in the last five minutes, and in the hour before.
    ErrorsJumped { client_name: String, errors: u64, requests: u64, errors_before: u64, requests_before: u64 },
    /// A key is about to expire.
    KeyExpires { client_name: String, key: String, expires_at: String, days_left: u64 },
    /// A key that works is used by nobody.
    KeyUnused { client_name: String, key: String, last_used_at: Option<String>, days: u64 },
    /// That messages arrive.
    Test,
}

/// A limit beside that of the minute, by the name that its column ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Allowance {
    /// Requests of the day.
    Day,
    /// Requests of the month.
    Month,
    /// Sound of the day.
    AudioDay,
}

impl Allowance {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::AudioDay => "audio_day",
        }
    }
}

impl Event {
    /// What many of its kind are called.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::SheetStale { .. } | Self::SheetHeld | Self::SheetWell => "about the keys' source",
            Self::QuotaUsed { .. } => "quotas that near their end",
            Self::ErrorsJumped { .. } => "clients with more errors",
            Self::KeyExpires { .. } => "keys that expire soon",
            Self::KeyUnused { .. } => "keys that are not used",
            Self::Test => "tests",
        }
    }
}

/// In a sentence.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SheetStale { last_read_at, in_use, error } => {
                let since = last_read_at.as_deref().unwrap_or("the start");
                let effect = if *in_use { "those of then stay in use" } else { "nobody is let through" };
                write!(f, "The keys have not been read since {since}; {effect}")?;
                error.iter().try_for_each(|error| write!(f, ": {error}"))
            }
            Self::SheetHeld => write!(
                f,
                "A refresh is held: too many working keys are gone from the source or unreadable in it. Those from before \
                 stay in use until it is repaired, or confirmed with `convergence keys accept`"
            ),
            Self::SheetWell => write!(f, "The keys are read and in use again"),
            Self::QuotaUsed { client_name, quota, limit, used, percent, resets_at } => {
                let what = match quota {
                    Allowance::Day => "requests of the day",
                    Allowance::Month => "requests of the month",
                    Allowance::AudioDay => "seconds of sound of the day",
                };
                write!(
                    f,
                    "{client_name} has used {percent} % of its quota: {used} of {limit} {what}, until {resets_at}"
                )
            }
            Self::ErrorsJumped { client_name, errors, requests, errors_before, requests_before } => write!(
                f,
                "{client_name} has {errors} errors in {requests} requests of the last five minutes, after {errors_before} in \
                 {requests_before} of the hour before"
            ),
            Self::KeyExpires { client_name, key, expires_at, days_left } => {
                let days = if *days_left == 1 { "day" } else { "days" };
                write!(f, "A key of {client_name} ({key}) expires within {days_left} {days}, at {expires_at}")
            }
            Self::KeyUnused { client_name, key, last_used_at, days } => {
                write!(f, "A key of {client_name} ({key}) works and was not used for {days} days; ")?;
                match last_used_at {
                    Some(at) => write!(f, "the last time was {at}"),
                    None => write!(f, "it never was"),
                }
            }
            Self::Test => write!(f, "This is a test. Alerts arrive here"),
        }
    }
}
