//! How much speaking goes on at a time, and how long its results are kept.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use speech::text::Lexicon;

use super::listen::cores;
use super::settings::Reader;

/// A lexicon of more bytes than this is some other file.
const LEXICON_BYTES: u64 = 1 << 20;

/// The studio's size.
#[derive(Clone)]
pub struct Audio {
    /// `AUDIO_WORKERS`.
    pub workers: usize,
    /// `AUDIO_QUEUE`.
    pub queue: usize,
    /// `VOICES_DIR`.
    pub voices: PathBuf,
    /// `AUDIO_RETENTION`.
    pub retention: Duration,
    /// `AUDIO_DISK_MB`, in bytes.
    pub most_bytes: u64,
    /// `OPENAI_SPEECH`; `None` leaves its paths to an upstream where there is one.
    pub openai_speech: Option<bool>,
    /// What `LEXICON_FILE` says; empty without one.
    pub lexicon: Lexicon,
}

impl Audio {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            workers: reader.number("AUDIO_WORKERS", 1..=256, cores()),
            queue: reader.number("AUDIO_QUEUE", 0..=10_000, 16),
            voices: super::absolute(reader.text("VOICES_DIR").unwrap_or("voices")),
            retention: reader.seconds("AUDIO_RETENTION", 86_400),
            most_bytes: reader.number("AUDIO_DISK_MB", 1..=1_000_000_000, 10_000) * 1_000_000,
            openai_speech: reader.choice("OPENAI_SPEECH"),
            lexicon: lexicon(reader),
        }
    }
}

/// The user's lexicon, or every fault in it.
fn lexicon(reader: &mut Reader<'_>) -> Lexicon {
    let Some(path) = reader.text("LEXICON_FILE").map(super::absolute) else { return Lexicon::default() };
    let faults = match text(&path) {
        Ok(text) => match Lexicon::parse(&text) {
            Ok(lexicon) => return lexicon,
            Err(faults) => faults.iter().map(ToString::to_string).collect(),
        },
        Err(fault) => vec![fault],
    };
    for fault in faults {
        reader.fault("LEXICON_FILE", fault);
    }
    Lexicon::default()
}

fn text(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("the file cannot be read: {error}");
    let size = path.metadata().map_err(unreadable)?.len();
    if size > LEXICON_BYTES {
        return Err(format!("the file has {size} bytes; a lexicon has at most {LEXICON_BYTES}"));
    }
    std::fs::read_to_string(path).map_err(unreadable)
}
