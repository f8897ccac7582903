//! What a client is told of a recording, and of one that there is not.

use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;
use http::{HeaderValue, Response};
use serde::Serialize;

use super::download::DOWNLOAD;
use crate::app::App;
use crate::audio::{AudioError, FileKind, Line, Recording, ScriptSource, Timing};
use crate::http::body::Answer;
use crate::http::problem::Problem;

/// A recording, as JSON has it.
#[derive(Serialize)]
pub(super) struct Spoken {
    success: bool,
    message: String,
    audio_url: String,
    /// What is said, to be read along.
    captions: Captions,
    /// The recording in the server's `DATA_DIR`.
    output_path: String,
    format: FileKind,
    /// The audio's real length.
    duration_seconds: f64,
    /// How long it was to be, where the length was to be met.
    target_seconds: Option<u32>,
    /// How long it took to make.
    processing_seconds: f64,
    loudness_lufs: Option<f64>,
    /// No person has said it.
    synthetic: bool,
    script_source: ScriptSource,
    voice_engine: String,
    warnings: Vec<String>,
    /// The lines as spoken; may be sent back as a request's `transcript`.
    transcript: Vec<Line>,
    timings: Vec<Timing>,
}

#[derive(Serialize)]
struct Captions {
    vtt: String,
    srt: String,
}

/// Tells of a recording of `owner`'s.
pub(super) fn describe(app: &App, owner: &str, recording: Recording) -> Spoken {
    let path = app.studio.path(owner, &recording);
    let url = |file: String| format!("{DOWNLOAD}{file}");
    Spoken {
        success: true,
        message: format!("conversation of {:.1} s recorded", recording.duration_seconds),
        audio_url: url(recording.file()),
        captions: Captions {
            vtt: url(FileKind::Vtt.name(recording.id)),
            srt: url(FileKind::Srt.name(recording.id)),
        },
        output_path: path.strip_prefix(&app.data_dir).unwrap_or(&path).display().to_string(),
        format: recording.format,
        duration_seconds: recording.duration_seconds,
        target_seconds: recording.target_seconds,
        processing_seconds: Duration::from_millis(recording.processing_ms).as_secs_f64(),
        loudness_lufs: recording.loudness_lufs,
        synthetic: true,
        script_source: recording.script_source,
        voice_engine: recording.voice_engine,
        warnings: recording.warnings,
        transcript: recording.script,
        timings: recording.timings,
    }
}

/// A request that gets no recording, and when to come again, where that would help.
pub(super) struct Refused {
    pub(super) problem: Problem,
    retry_after: Option<u64>,
}

impl Refused {
    pub(super) fn plain(problem: Problem) -> Self {
        Self { problem, retry_after: None }
    }

    /// The whole answer.
    pub(super) fn answer(&self) -> Response<Answer> {
        let mut answer = self.problem.answer();
        if let Some(seconds) = self.retry_after {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}

impl From<&AudioError> for Refused {
    fn from(error: &AudioError) -> Self {
        let (status, code, title, retry_after) = match error {
            AudioError::NoVoice { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "no_voice", "No voice installed", Some(60))
            }
            AudioError::QueueFull { retry_after_seconds, .. } => {
                (StatusCode::TOO_MANY_REQUESTS, "queue_full", "Too much to say", Some(*retry_after_seconds))
            }
            AudioError::TimedOut { .. } => {
                (StatusCode::GATEWAY_TIMEOUT, "voice_timeout", "The voice took too long", None)
            }
            AudioError::TooLong { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "too_long", "Too much to say", None)
            }
            AudioError::NoRoom { .. } => {
                (StatusCode::INSUFFICIENT_STORAGE, "no_room", "The disk is full", Some(60))
            }
            AudioError::Cancelled => (StatusCode::GONE, "cancelled", "Cancelled", None),
            // What the voice or the disk said is for the log.
            AudioError::Voice { .. } | AudioError::Storage(_) => {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                return Self::plain(Problem::new(
                    status,
                    "recording_failed",
                    "Recording failed",
                    "try again",
                ));
            }
        };
        Self { problem: Problem::new(status, code, title, error.to_string()), retry_after }
    }
}
