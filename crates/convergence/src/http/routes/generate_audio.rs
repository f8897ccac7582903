//! `POST /convergence/generate-audio`: a prompt or a transcript becomes a spoken conversation (P25).

use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use serde::Serialize;

use super::download::{self, DOWNLOAD};
use super::json;
use crate::app::App;
use crate::audio::{self, AudioError, BadRequest, Coverage, Line, Recording, ScriptSource, Timing, Trouble};
use crate::http::admit::Caller;
use crate::http::body::{self, Answer};
use crate::http::problem::{MemberError, Problem};
use crate::http::stamp;
use crate::providers::FetchError;
use crate::usage::Kind;
use crate::wire::RequestBody;

const SCRIPT_SOURCE: HeaderName = HeaderName::from_static("x-script-source");
const WARNING: HeaderName = HeaderName::from_static("x-audio-warning");

#[derive(Serialize)]
struct Spoken {
    success: bool,
    message: String,
    audio_url: String,
    /// The recording in the server's `DATA_DIR`.
    output_path: String,
    /// The audio's real length.
    duration_seconds: f64,
    script_source: ScriptSource,
    voice_engine: &'static str,
    warnings: Vec<String>,
    /// What became of each point of the outline.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outline_coverage: Vec<Coverage>,
    /// The lines as spoken; may be sent back as a request's `transcript`.
    transcript: Vec<Line>,
    timings: Vec<Timing>,
}

pub(crate) async fn answer(app: &App, caller: &Caller, request: Request<RequestBody>) -> Response<Answer> {
    let wants_wav = accepts_wav(request.headers());
    match speak(app, caller, request).await {
        Ok(recording) if wants_wav => wav(recording).await,
        Ok(recording) => json(&describe(app, recording)),
        Err(problem) => problem.answer_with_wait(),
    }
}

async fn speak(app: &App, caller: &Caller, request: Request<RequestBody>) -> Result<Recording, Refused> {
    if !is_json(request.headers()) {
        return Err(Refused::plain(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Unsupported media type",
            "send the request as JSON: Content-Type: application/json",
        )));
    }
    let listen = &app.listen;
    let body = body::read(request.into_body(), listen.max_body_bytes, listen.body_timeout).await;
    let body = body.map_err(Refused::plain)?;
    let mut wanted = audio::Request::from_json(&body).map_err(bad_request)?;
    // A transcript is spoken as it stands, so nobody needs the outline.
    if let Some(url) = wanted.outline_url.take_if(|_| wanted.transcript.is_none()) {
        let text = app.fetcher.fetch(&url).await.map_err(fetch_problem)?;
        wanted.set_outline(&text).map_err(bad_request)?;
    }
    let recording = app.studio.record(download::owner(caller), wanted).await;
    let recording = recording.map_err(|error| audio_problem(&error))?;
    let length = Duration::try_from_secs_f64(recording.duration_seconds).unwrap_or_default();
    caller.count(app, Kind::AudioMs, u64::try_from(length.as_millis()).unwrap_or(u64::MAX));
    Ok(recording)
}

/// The WAV itself; what its maker should know stands in headers.
async fn wav(recording: Recording) -> Response<Answer> {
    let mut answer = download::whole(recording.path).await;
    let headers = answer.headers_mut();
    headers.insert(SCRIPT_SOURCE, stamp::encoded(&recording.script_source.name()));
    for warning in &recording.warnings {
        headers.append(WARNING, stamp::encoded(warning));
    }
    answer
}

fn describe(app: &App, recording: Recording) -> Spoken {
    let path = recording.path.strip_prefix(&app.data_dir).unwrap_or(&recording.path);
    Spoken {
        success: true,
        message: format!("conversation of {:.1} s recorded", recording.duration_seconds),
        audio_url: format!("{DOWNLOAD}{}", recording.file),
        output_path: path.display().to_string(),
        duration_seconds: recording.duration_seconds,
        script_source: recording.script_source,
        voice_engine: recording.voice_engine,
        warnings: recording.warnings,
        outline_coverage: recording.outline_coverage,
        transcript: recording.script,
        timings: recording.timings,
    }
}

/// A request that gets no recording, and when to come again, where that would help.
struct Refused {
    problem: Problem,
    retry_after: Option<u64>,
}

impl Refused {
    fn plain(problem: Problem) -> Self {
        Self { problem, retry_after: None }
    }

    fn answer_with_wait(&self) -> Response<Answer> {
        let mut answer = self.problem.answer();
        if let Some(seconds) = self.retry_after {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}

fn bad_request(bad: BadRequest) -> Refused {
    Refused::plain(match bad {
        BadRequest::NotJson(why) => Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_json",
            "Invalid JSON",
            format!("the body must be one JSON object: {why}"),
        ),
        BadRequest::Invalid(faults) => {
            let errors: Vec<MemberError> = faults
                .into_iter()
                .map(|fault| MemberError { member: fault.member, detail: fault.detail })
                .collect();
            let detail = errors.iter().map(|error| format!("{}: {}", error.member, error.detail));
            let detail = detail.collect::<Vec<_>>().join("; ");
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Problem { errors, ..Problem::new(status, "invalid_request", "Invalid request", detail) }
        }
    })
}

fn audio_problem(error: &AudioError) -> Refused {
    let (status, code, title, retry_after) = match error {
        AudioError::NoVoice { .. } => {
            (StatusCode::SERVICE_UNAVAILABLE, "no_voice", "No voice installed", Some(60))
        }
        AudioError::QueueFull { retry_after_seconds } => {
            (StatusCode::SERVICE_UNAVAILABLE, "queue_full", "Too much to say", Some(*retry_after_seconds))
        }
        AudioError::TimedOut { .. } => {
            (StatusCode::GATEWAY_TIMEOUT, "voice_timeout", "The voice took too long", None)
        }
        AudioError::Outside(trouble) => return trouble_problem(trouble),
        AudioError::Script(_) => (StatusCode::BAD_GATEWAY, "script_unusable", "No script", None),
        AudioError::TooLong => (StatusCode::UNPROCESSABLE_ENTITY, "too_long", "Too much to say", None),
        AudioError::Voice { .. } | AudioError::Storage(_) => {
            // What the voice or the disk said is for the log.
            tracing::error!("a conversation could not be recorded: {error}");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            return Refused::plain(Problem::new(status, "recording_failed", "Recording failed", "try again"));
        }
    };
    Refused { problem: Problem::new(status, code, title, error.to_string()), retry_after }
}

/// What a server elsewhere could not do. Its own words are in no answer.
fn trouble_problem(trouble: &Trouble) -> Refused {
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
    Refused { problem: Problem::new(status, code, title, trouble.to_string()), retry_after }
}

/// Why `outline_url` gave no outline.
fn fetch_problem(error: FetchError) -> Refused {
    let (status, code, title) = match error {
        FetchError::Away => (StatusCode::BAD_GATEWAY, "outline_unavailable", "Outline unavailable"),
        FetchError::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "outline_unavailable", "Outline unavailable"),
        FetchError::MediaType => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "outline_media_type", "Unsupported outline")
        }
        _ => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", "Invalid request"),
    };
    let detail = format!("outline_url: {error}");
    let errors = vec![MemberError { member: "outline_url".to_owned(), detail: error.to_string() }];
    Refused::plain(Problem { errors, ..Problem::new(status, code, title, detail) })
}

/// The answer is the WAV itself if the client names it; `*/*` is what every client sends and means the JSON.
fn accepts_wav(headers: &HeaderMap) -> bool {
    let named = |value: &HeaderValue| {
        let value = value.as_bytes().to_ascii_lowercase();
        value.split(|byte| *byte == b',').any(|range| {
            let media_type = range.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
            matches!(media_type, b"audio/wav" | b"audio/x-wav" | b"audio/wave" | b"audio/*")
        })
    };
    headers.get_all(ACCEPT).iter().any(named)
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return true };
    let media_type = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let media_type = media_type.to_ascii_lowercase();
    media_type == b"application/json" || media_type.ends_with(b"+json")
}
