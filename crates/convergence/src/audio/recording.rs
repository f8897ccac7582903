//! What comes of a request: a recording, or why there is none.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::outside::Trouble;
use super::request::Line;
use super::script::{Coverage, ScriptError, ScriptSource};

/// The longest recording, in minutes.
pub const MAX_MINUTES: u32 = 90;

/// A file that a client may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// The sound: 16-bit PCM.
    #[default]
    Wav,
    /// The sound: Opus in Ogg.
    Opus,
    /// The sound: MP3, where that is built in.
    Mp3,
    /// What is said, as `WebVTT`.
    Vtt,
    /// What is said, as `SubRip`.
    Srt,
}

impl FileKind {
    const ALL: [Self; 5] = [Self::Wav, Self::Opus, Self::Mp3, Self::Vtt, Self::Srt];

    /// What its name ends in.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Opus => "opus",
            Self::Mp3 => "mp3",
            Self::Vtt => "vtt",
            Self::Srt => "srt",
        }
    }

    pub(super) fn of_ending(ending: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.ending() == ending)
    }

    /// What such a file of a recording is named.
    pub fn name(self, recording: Uuid) -> String {
        format!("{recording}.{}", self.ending())
    }
}

/// When a line is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Timing {
    /// Which line, from 0.
    pub line: usize,
    /// Which speaker, from 0, in the order in which they first speak.
    pub speaker: usize,
    /// Milliseconds from the start of the recording to the line's first sound.
    pub start_ms: u64,
    /// Milliseconds from the start of the recording to the line's end.
    pub end_ms: u64,
}

/// A finished recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// Its name.
    pub id: Uuid,
    /// In which form the sound is.
    pub format: FileKind,
    /// The real length of the audio.
    pub duration_seconds: f64,
    /// How long it was to be, in seconds, where the length was to be met.
    pub target_seconds: Option<u32>,
    /// How loud it is, in LUFS.
    pub loudness_lufs: Option<f64>,
    /// How long it took to make, waiting not counted, in milliseconds.
    pub processing_ms: u64,
    /// Who wrote the lines.
    pub script_source: ScriptSource,
    /// The lines that are spoken.
    pub script: Vec<Line>,
    /// What the client should know about what was not done as asked.
    pub warnings: Vec<String>,
    /// What became of each point of the outline, where there was one.
    #[serde(default)]
    pub outline_coverage: Vec<Coverage>,
    /// What spoke.
    pub voice_engine: String,
    /// When each line of the script is heard.
    pub timings: Vec<Timing>,
}

impl Recording {
    /// The name of its sound file.
    pub fn file(&self) -> String {
        self.format.name(self.id)
    }
}

/// Why there is no recording.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioError {
    /// Nothing on this machine can speak; ours to mend, by what `install` says.
    #[error("no voice: {install}")]
    NoVoice {
        /// What to do, naming the package.
        install: String,
    },
    /// The client has as many recordings waiting as it may.
    #[error("{waiting} recordings of yours wait already, retry after {retry_after_seconds} s")]
    QueueFull {
        /// How many.
        waiting: usize,
        /// When a place is likely to be free, at least 1.
        retry_after_seconds: u64,
    },
    /// The voice failed; the text is for the log.
    #[error("line {line}: the voice failed: {detail}")]
    Voice {
        /// Which line, from 0.
        line: usize,
        /// What the voice said.
        detail: String,
    },
    /// The voice took too long for a line.
    #[error("line {line}: no speech after {} s", .limit.as_secs_f32())]
    TimedOut {
        /// Which line, from 0.
        line: usize,
        /// The limit that was passed.
        limit: Duration,
    },
    /// The lines make more speech than one recording may hold; the client's to mend.
    #[error("the recording would be longer than {minutes} minutes")]
    TooLong {
        /// How many it may have.
        minutes: u32,
    },
    /// The disk has no room for such a recording.
    #[error("there is no room for a recording of {minutes} minutes")]
    NoRoom {
        /// How long it might become.
        minutes: u32,
    },
    /// A server elsewhere did not help.
    #[error(transparent)]
    Outside(#[from] Trouble),
    /// The language model writes nothing that can be spoken.
    #[error(transparent)]
    Script(ScriptError),
    /// The disk failed; the text is for the log.
    #[error("cannot keep the recording: {0}")]
    Storage(String),
    /// Whoever asked for it does not want it any more.
    #[error("cancelled")]
    Cancelled,
}

impl From<ScriptError> for AudioError {
    fn from(error: ScriptError) -> Self {
        match error {
            ScriptError::Outside(trouble) => Self::Outside(trouble),
            error @ ScriptError::Unusable { .. } => Self::Script(error),
        }
    }
}

impl AudioError {
    /// Says in the log what only the log is told: what the voice or the disk said.
    pub(super) fn log(&self, what: &str) {
        if matches!(self, Self::Voice { .. } | Self::Storage(_)) {
            tracing::error!("{what}: {self}");
        }
    }
}

impl From<std::io::Error> for AudioError {
    fn from(error: std::io::Error) -> Self {
        Self::Storage(error.to_string())
    }
}

/// What has come of a request.
pub type Outcome = Result<Recording, AudioError>;
