//! What is told of a finished recording, wherever its files are.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::recording::{FileKind, Recording, Timing};
use super::request::Line;
use super::script::{Coverage, ScriptSource};

/// A recording as JSON has it, for clients of the server and for the command line.
#[derive(Debug, Serialize, ToSchema)]
pub struct Description {
    /// The form of the sound.
    pub format: FileKind,
    /// The audio's real length.
    pub duration_seconds: f64,
    /// How long it was to be, where the length was to be met.
    #[schema(required)]
    pub target_seconds: Option<u32>,
    /// How long it took to make.
    pub processing_seconds: f64,
    /// How loud it is, in LUFS.
    #[schema(required)]
    pub loudness_lufs: Option<f64>,
    /// No person has said it.
    pub synthetic: bool,
    /// Who wrote the lines: `transcript`, `outline`, `template` or `llm:` and the model's name.
    #[schema(value_type = String, example = "template")]
    pub script_source: ScriptSource,
    /// What spoke.
    pub voice_engine: String,
    /// What was not done as asked.
    pub warnings: Vec<String>,
    /// What became of each point of the outline.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outline_coverage: Vec<Coverage>,
    /// The lines as spoken; may be given back as a request's `transcript`.
    pub transcript: Vec<Line>,
    /// When each of them is heard.
    pub timings: Vec<Timing>,
}

impl From<Recording> for Description {
    fn from(recording: Recording) -> Self {
        Self {
            format: recording.format,
            duration_seconds: recording.duration_seconds,
            target_seconds: recording.target_seconds,
            processing_seconds: Duration::from_millis(recording.processing_ms).as_secs_f64(),
            loudness_lufs: recording.loudness_lufs,
            synthetic: true,
            script_source: recording.script_source,
            voice_engine: recording.voice_engine,
            warnings: recording.warnings,
            outline_coverage: recording.outline_coverage,
            transcript: recording.script,
            timings: recording.timings,
        }
    }
}
