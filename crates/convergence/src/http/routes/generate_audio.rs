//! `POST /convergence/generate-audio`: a prompt or a transcript becomes a spoken conversation (P25).

use std::path::PathBuf;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};

use super::recording::{ALL_THAT_MAY_FAIL, Refused, Spoken, aside, describe};
use super::{audio_quota, download, jobs, json};
use crate::app::App;
use crate::audio::{self, AudioError, BadRequest, FileKind, Recording};
use crate::http::admit::Caller;
use crate::http::body::{self, Answer};
use crate::http::code::Code;
use crate::http::problem::{MemberError, Problem};
use crate::http::stamp;
use crate::wire::RequestBody;

const SCRIPT_SOURCE: HeaderName = HeaderName::from_static("x-script-source");
pub(super) const VOICE_ENGINE: HeaderName = HeaderName::from_static("x-voice-engine");
pub(super) const WARNING: HeaderName = HeaderName::from_static("x-audio-warning");
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Answers with the recording, or at once where that is preferred.
#[utoipa::path(
    post,
    path = "/convergence/generate-audio",
    tag = "Audio",
    operation_id = "generate_audio",
    summary = "Makes a spoken conversation",
    description = "Of a prompt, an outline or a transcript. The answer comes when it is made, or at once with `Prefer: \
        respond-async`. It is JSON that says where the sound is, or with `Accept: audio/wav` or `audio/ogg` the sound itself.",
    params(("Prefer" = Option<String>, Header, description = "`respond-async`: do not wait for it (RFC 7240).", example = "respond-async")),
    request_body = audio::Request,
    responses(
        (
            status = 200,
            description = "It is made.",
            content(
                (Spoken = "application/json"),
                ("audio/wav"),
                ("audio/ogg"),
                ("audio/mpeg"),
            ),
            headers(
                ("X-Script-Source" = String, description = "With sound: who wrote the lines."),
                ("X-Voice-Engine" = String, description = "With sound: what spoke."),
                ("X-Audio-Warning" = String, description = "With sound: what was not done as asked; one line for each."),
            ),
        ),
        (
            status = 202,
            description = "It is begun.",
            body = jobs::Told,
            headers(
                ("Location" = String, description = "Where to ask how far it is."),
                ("Preference-Applied" = String, description = "`respond-async`."),
            ),
            links(
                ("job" = (operation_id = "job", parameters(("id" = "$response.body#/id")))),
                ("events" = (operation_id = "job_events", parameters(("id" = "$response.body#/id")))),
                ("delete" = (operation_id = "delete_job", parameters(("id" = "$response.body#/id")))),
            ),
        ),
    ),
    extensions(("x-codes" = json!([
        &ALL_THAT_MAY_FAIL[..],
        &[
            Code::InvalidRequest,
            Code::OutlineMediaType,
            Code::OutlineUnavailable,
            Code::OutlineTimeout,
            Code::RecordingUnreadable,
            Code::ScriptUnusable,
            Code::Cancelled,
        ],
    ].concat()))),
)]
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
        BadRequest::NotJson(why) => {
            Problem::new(Code::InvalidJson, format!("the body must be one JSON object: {why}"))
        }
        BadRequest::Invalid(faults) => {
            let errors: Vec<MemberError> = faults
                .into_iter()
                .map(|fault| MemberError { member: fault.member, detail: fault.detail })
                .collect();
            let detail = errors.iter().map(|error| format!("{}: {}", error.member, error.detail));
            let detail = detail.collect::<Vec<_>>().join("; ");
            Problem { errors, ..Problem::new(Code::InvalidRequest, detail) }
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
        Code::UnsupportedMediaType,
        "send the request as JSON: Content-Type: application/json",
    )))
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return true };
    let media_type = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let media_type = media_type.to_ascii_lowercase();
    media_type == b"application/json" || media_type.ends_with(b"+json")
}
