//! `POST /convergence/generate-audio`: a prompt or a transcript becomes a spoken conversation (P25).

use std::path::PathBuf;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};

use super::recording::{Refused, aside, describe};
use super::{audio_quota, download, jobs, json};
use crate::app::App;
use crate::audio::{self, AudioError, BadRequest, FileKind, Recording};
use crate::http::admit::Caller;
use crate::http::body::{self, Answer};
use crate::http::problem::{MemberError, Problem};
use crate::http::stamp;
use crate::wire::RequestBody;

const SCRIPT_SOURCE: HeaderName = HeaderName::from_static("x-script-source");
pub(super) const VOICE_ENGINE: HeaderName = HeaderName::from_static("x-voice-engine");
pub(super) const WARNING: HeaderName = HeaderName::from_static("x-audio-warning");
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Answers with the recording, or at once where that is preferred.
pub(crate) async fn answer(app: &App, caller: &Caller, request: Request<RequestBody>) -> Response<Answer> {
    let wished = Wished::by(request.headers());
    match speak(app, caller, request, &wished).await {
        Ok(answer) => answer,
        Err(refused) => refused.answer(),
    }
}

async fn speak(
    app: &App,
    caller: &Caller,
    request: Request<RequestBody>,
    wished: &Wished,
) -> Result<Response<Answer>, Refused> {
    must_be_json(request.headers())?;
    let listen = &app.listen;
    let body = body::read(request.into_body(), listen.max_body_bytes, listen.body_timeout).await;
    let body = body.map_err(Refused::plain)?;
    let mut wanted = aside(move || audio::Request::from_json(&body)).await?.map_err(bad_request)?;
    if let Some(format) = wished.sound {
        wanted.format = format;
    }
    let promise = audio_quota::promise(app, caller, wanted.likely_length()).await?;
    // A transcript is spoken as it stands, so nobody needs the outline.
    if wanted.transcript.is_none()
        && let Some(url) = wanted.outline_url.take()
    {
        let text = app.fetcher.fetch(&url).await.map_err(Refused::from)?;
        let read = move || wanted.set_outline(&text).map(|()| wanted);
        wanted = aside(read).await?.map_err(bad_request)?;
    }
    let owner = download::owner(caller);
    let refused = |error: AudioError| Refused::from(&error);
    let job = app.studio.submit(owner, caller.account(), wanted).await.map_err(refused)?;
    // From here on the studio knows of it.
    drop(promise);
    if wished.not_to_wait {
        return Ok(jobs::accepted(app, owner, &job));
    }
    let recording = app.studio.wait(&job).await.map_err(refused)?;
    Ok(match wished.sound {
        Some(_) => sound(app.studio.path(owner, &recording), &recording).await,
        None => json(&describe(app, owner, recording)),
    })
}

/// The sound itself; what its maker should know stands in headers.
async fn sound(path: PathBuf, recording: &Recording) -> Response<Answer> {
    let mut answer = download::whole(path, recording.format).await;
    let headers = answer.headers_mut();
    headers.insert(SCRIPT_SOURCE, stamp::encoded(&recording.script_source.name()));
    headers.insert(VOICE_ENGINE, stamp::encoded(&recording.voice_engine));
    for warning in &recording.warnings {
        headers.append(WARNING, stamp::encoded(warning));
    }
    answer
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

/// How a client wants to be answered, by its headers.
struct Wished {
    /// The sound itself, in this form, and no JSON.
    sound: Option<FileKind>,
    /// `Prefer: respond-async` (RFC 7240).
    not_to_wait: bool,
}

impl Wished {
    fn by(headers: &HeaderMap) -> Self {
        let ranges = || headers.get_all(ACCEPT).iter().flat_map(words);
        // `*/*` is what every client sends, and means the JSON.
        let sound = ranges().find_map(|range| match &range[..] {
            b"audio/wav" | b"audio/x-wav" | b"audio/wave" | b"audio/*" => Some(FileKind::Wav),
            b"audio/ogg" | b"audio/opus" => Some(FileKind::Opus),
            b"audio/mpeg" | b"audio/mp3" if audio::HAS_MP3 => Some(FileKind::Mp3),
            _ => None,
        });
        let not_to_wait = headers.get_all(PREFER).iter().flat_map(words).any(|word| word == b"respond-async");
        Self { sound, not_to_wait }
    }
}

/// The members of a list, in lower case, without their parameters.
fn words(value: &HeaderValue) -> Vec<Vec<u8>> {
    let value = value.as_bytes().to_ascii_lowercase();
    let word =
        |member: &[u8]| member.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii().to_vec();
    value.split(|byte| *byte == b',').map(word).collect()
}

/// # Errors
/// The body is said to be something else than JSON.
pub(super) fn must_be_json(headers: &HeaderMap) -> Result<(), Refused> {
    if is_json(headers) {
        return Ok(());
    }
    Err(Refused::plain(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "Unsupported media type",
        "send the request as JSON: Content-Type: application/json",
    )))
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return true };
    let media_type = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let media_type = media_type.to_ascii_lowercase();
    media_type == b"application/json" || media_type.ends_with(b"+json")
}
