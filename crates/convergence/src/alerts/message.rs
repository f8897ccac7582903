//! One message with all that is new, in either format.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;
use serde_json::{Value, json};

use super::event::{Alert, Event};
use crate::config::AlertFormat;

/// So many alerts of a kind are written out where people read them.
const MOST_LINES: usize = 20;

/// How much is shown of one, in characters: names come from cells, which can hold a novel.
const LONGEST_LINE: usize = 500;

/// What is told at once.
pub(super) struct Message<'a> {
    /// The server that tells it.
    pub(super) instance: &'a str,
    /// RFC 3339.
    pub(super) sent_at: String,
    pub(super) alerts: &'a [Alert],
    /// How many more there were.
    pub(super) left_out: u64,
}

/// An alert with its sentence.
#[derive(Serialize)]
struct Told<'a> {
    id: &'a str,
    at: &'a str,
    #[serde(flatten)]
    event: &'a Event,
    text: String,
}

impl Message<'_> {
    pub(super) fn body(&self, format: AlertFormat) -> Value {
        match format {
            AlertFormat::Slack => json!({ "text": self.text() }),
            AlertFormat::Json => {
                let told = |Alert { id, at, event, .. }: &'_ Alert| {
                    json!(Told { id, at, event, text: event.to_string() })
                };
                json!({
                    "source": "convergence",
                    "instance": self.instance,
                    "sent_at": self.sent_at,
                    "alerts": self.alerts.iter().map(told).collect::<Vec<_>>(),
                    "left_out": self.left_out,
                })
            }
        }
    }

    /// For people: a line for each, but not for hundreds of a kind.
    fn text(&self) -> String {
        let mut text = format!("Convergence on {}", escaped(self.instance));
        let mut left_out: BTreeMap<&str, usize> = BTreeMap::new();
        let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
        for alert in self.alerts {
            let kind = alert.event.kind();
            let written = lines.entry(kind).or_default();
            if *written == MOST_LINES {
                *left_out.entry(kind).or_default() += 1;
                continue;
            }
            *written += 1;
            // Writing to a string does not fail.
            let _ = write!(text, "\n\u{2022} {}", escaped(&alert.event.to_string()));
        }
        for (kind, number) in left_out {
            let _ = write!(text, "\n\u{2022} and {number} more {kind}");
        }
        if self.left_out > 0 {
            let _ = write!(text, "\n\u{2022} and {} more, which are too many to say", self.left_out);
        }
        text
    }
}

/// Text that says nothing to Slack but itself: in angle brackets it would call everybody in a channel. What is not seen, or
/// turns the direction of the rest, is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars().take(LONGEST_LINE) {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c if c.is_control() => escaped.push(' '),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c => escaped.push(c),
        }
    }
    escaped
}
