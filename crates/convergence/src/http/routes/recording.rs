//! What a client is told of a recording, and of one that there is not.

use http::StatusCode;
use http::header::RETRY_AFTER;
use http::{HeaderValue, Response};
use serde::Serialize;
use tokio::task::spawn_blocking;

use super::download::DOWNLOAD;
use crate::app::App;
use crate::audio::{AudioError, Description, FileKind, Recording, Trouble};
use crate::http::body::Answer;
use crate::http::problem::{MemberError, Problem};
use crate::providers::FetchError;

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
    #[serde(flatten)]
    description: Description,
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
        description: Description::from(recording),
    }
}

/// Reads what a client has sent on a thread where nobody else waits: of an hour's transcript each line is read as a voice would read it,
/// to see whether there is a word in it.
///
/// # Errors
/// The reading broke off.
pub(super) async fn aside<T: Send + 'static>(
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refused> {
    spawn_blocking(read).await.map_err(|broken| Refused::from(&AudioError::Storage(broken.to_string())))
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

    /// Of one that may come again in so many seconds.
    pub(super) fn until(problem: Problem, retry_after: u64) -> Self {
        Self { problem, retry_after: Some(retry_after) }
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
            AudioError::Outside(trouble) => return Self::from(trouble),
            AudioError::Script(_) => (StatusCode::BAD_GATEWAY, "script_unusable", "No script", None),
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

/// What a server elsewhere could not do. Its own words are in no answer.
impl From<&Trouble> for Refused {
    fn from(trouble: &Trouble) -> Self {
        let (status, code, title, retry_after) = match *trouble {
            Trouble::Away(_) | Trouble::BrokeOff(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "provider_unavailable", "Provider unavailable", Some(30))
            }
            Trouble::TimedOut { .. } => {
                (StatusCode::GATEWAY_TIMEOUT, "provider_timeout", "The provider took too long", None)
            }
            Trouble::Busy { retry_after_seconds, .. } => {
                let after = retry_after_seconds.unwrap_or(30);
                (StatusCode::SERVICE_UNAVAILABLE, "provider_busy", "Provider busy", Some(after))
            }
            Trouble::Refused { .. } => {
                (StatusCode::BAD_GATEWAY, "provider_refused", "Refused by the provider", None)
            }
            Trouble::Unusable { .. } => {
                (StatusCode::BAD_GATEWAY, "provider_unusable", "Unusable answer of the provider", None)
            }
            Trouble::Spent { retry_after_seconds, .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "budget_spent", "Budget used up", Some(retry_after_seconds))
            }
        };
        Self { problem: Problem::new(status, code, title, trouble.to_string()), retry_after }
    }
}

/// Why `outline_url` gave no outline.
impl From<FetchError> for Refused {
    fn from(error: FetchError) -> Self {
        let (status, code, title) = match error {
            FetchError::Away => (StatusCode::BAD_GATEWAY, "outline_unavailable", "Outline unavailable"),
            FetchError::TimedOut => {
                (StatusCode::GATEWAY_TIMEOUT, "outline_unavailable", "Outline unavailable")
            }
            FetchError::MediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "outline_media_type", "Unsupported outline")
            }
            _ => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", "Invalid request"),
        };
        let detail = format!("outline_url: {error}");
        let errors = vec![MemberError { member: "outline_url".to_owned(), detail: error.to_string() }];
        Self::plain(Problem { errors, ..Problem::new(status, code, title, detail) })
    }
}
