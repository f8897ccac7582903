//! Something that is wrong for a while: said once, and again once an hour.

use std::time::Duration;

use tracing::warn;

/// How often the same words are repeated.
const REPEAT_AFTER: Duration = Duration::from_hours(1);

/// What was last said to be wrong, and at which uptime.
#[derive(Default)]
pub(crate) struct Complaint(Option<(String, Duration)>);

impl Complaint {
    /// Warns, unless the same was said within the hour.
    pub(crate) fn say(&mut self, now: Duration, words: &str) {
        let is_known = |(said, at): &(String, Duration)| said == words && now < *at + REPEAT_AFTER;
        if !self.0.as_ref().is_some_and(is_known) {
            warn!("{words}");
            self.0 = Some((words.to_owned(), now));
        }
    }

    /// It is well again. Says whether it was not.
    pub(crate) fn end(&mut self) -> bool {
        self.0.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_said_once_an_hour_and_other_words_at_once() {
        let mut complaint = Complaint::default();
        let mut said_at = |minute: u64, words: &str| {
            let now = Duration::from_mins(minute);
            complaint.say(now, words);
            complaint.0.as_ref().is_some_and(|(_, at)| *at == now)
        };
        assert!(said_at(0, "no access"));
        assert!(!said_at(59, "no access"));
        assert!(said_at(60, "no access"));
        assert!(said_at(61, "no header"));
        assert!(complaint.end() && !complaint.end());
    }
}
