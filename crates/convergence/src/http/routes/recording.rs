//! What a client is told of a recording, and of one that there is not.

use http::header::RETRY_AFTER;
use http::{HeaderValue, Response};
use serde::Serialize;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use super::download::DOWNLOAD;
use crate::app::App;
use crate::audio::{AudioError, Description, FileKind, Recording, Trouble};
use crate::http::body::Answer;
use crate::http::code::Code;
use crate::http::problem::{MemberError, Problem};
use crate::providers::FetchError;

/// What a sound that is asked for may be refused with.
pub(super) const ALL_THAT_MAY_FAIL: [Code; 19] = [
    Code::UnsupportedMediaType,
    Code::InvalidJson,
    Code::BodyTooLarge,
    Code::BodyUnreadable,
    Code::BodyTimeout,
    Code::AudioQuotaExceeded,
    Code::UsageUnavailable,
    Code::QueueFull,
    Code::TooLong,
    Code::NoRoom,
    Code::NoVoice,
    Code::VoiceTimeout,
    Code::RecordingFailed,
    Code::ProviderUnavailable,
    Code::ProviderTimeout,
    Code::ProviderBusy,
    Code::ProviderRefused,
    Code::ProviderUnusable,
    Code::BudgetSpent,
];

/// A recording, as JSON has it.
#[derive(Serialize, ToSchema)]
#[schema(as = Recording)]
pub(super) struct Spoken {
    /// It is there.
    success: bool,
    /// The same for people.
    message: String,
    /// Where the sound is, below the server's address.
    audio_url: String,
    /// What is said, to be read along.
    captions: Captions,
    /// The recording in the server's `DATA_DIR`.
    output_path: String,
    #[serde(flatten)]
    description: Description,
}

/// What is said and when, in files.
#[derive(Serialize, ToSchema)]
struct Captions {
    /// `WebVTT`, for web pages.
    vtt: String,
    /// `SubRip`, for players.
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
        let (code, retry_after) = match error {
            AudioError::NoVoice { .. } => (Code::NoVoice, Some(60)),
            AudioError::QueueFull { retry_after_seconds, .. } => {
                (Code::QueueFull, Some(*retry_after_seconds))
            }
            AudioError::TimedOut { .. } => (Code::VoiceTimeout, None),
            AudioError::TooLong { .. } => (Code::TooLong, None),
            AudioError::NoRoom { .. } => (Code::NoRoom, Some(60)),
            AudioError::Outside(trouble) => return Self::from(trouble),
            AudioError::Script(_) => (Code::ScriptUnusable, None),
            AudioError::Cancelled => (Code::Cancelled, None),
            // What the voice or the disk said is for the log.
            AudioError::Voice { .. } | AudioError::Storage(_) => {
                return Self::plain(Problem::new(Code::RecordingFailed, "try again"));
            }
        };
        Self { problem: Problem::new(code, error.to_string()), retry_after }
    }
}

/// What a server elsewhere could not do. Its own words are in no answer.
impl From<&Trouble> for Refused {
    fn from(trouble: &Trouble) -> Self {
        let (code, retry_after) = match *trouble {
            Trouble::Away(_) | Trouble::BrokeOff(_) => (Code::ProviderUnavailable, Some(30)),
            Trouble::TimedOut { .. } => (Code::ProviderTimeout, None),
            Trouble::Busy { retry_after_seconds, .. } => {
                let after = retry_after_seconds.unwrap_or(30);
                (Code::ProviderBusy, Some(after))
            }
            Trouble::Refused { .. } => (Code::ProviderRefused, None),
            Trouble::Unusable { .. } => (Code::ProviderUnusable, None),
            Trouble::Spent { retry_after_seconds, .. } => (Code::BudgetSpent, Some(retry_after_seconds)),
        };
        Self { problem: Problem::new(code, trouble.to_string()), retry_after }
    }
}

/// Why `outline_url` gave no outline.
impl From<FetchError> for Refused {
    fn from(error: FetchError) -> Self {
        let code = match error {
            FetchError::Away => Code::OutlineUnavailable,
            FetchError::TimedOut => Code::OutlineTimeout,
            FetchError::MediaType => Code::OutlineMediaType,
            _ => Code::InvalidRequest,
        };
        let detail = format!("outline_url: {error}");
        let errors = vec![MemberError { member: "outline_url".to_owned(), detail: error.to_string() }];
        Self::plain(Problem { errors, ..Problem::new(code, detail) })
    }
}
