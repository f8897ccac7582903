//! How long a recording is likely to be, before anything of it is spoken.

use std::time::Duration;

use super::request::Request;

/// A character of written English takes a voice so long, pauses included: Flite's take 55 and 64 ms. Numbers and addresses take
/// longer, since they are written shorter than they are said.
const CHARACTER: Duration = Duration::from_millis(60);

/// The pause between two lines.
const PAUSE: Duration = Duration::from_millis(400);

/// How long it is likely to take to say a text.
pub fn likely_length(text: &str) -> Duration {
    CHARACTER * u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

impl Request {
    /// How long its recording is likely to be: of lines by what they say, and else as long as was asked for.
    pub fn likely_length(&self) -> Duration {
        match &self.transcript {
            Some(lines) => lines.iter().map(|line| likely_length(&line.message) + PAUSE).sum(),
            None => Duration::from_mins(self.duration_minutes.into()),
        }
    }
}
