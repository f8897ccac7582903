//! `GET /convergence/download/{file}`: a recording, for the client that made it and nobody else. Ranges, conditions
//! and HEAD are the file service's (RFC 9110, 13 and 14).

use std::path::PathBuf;

use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, RANGE};
use http::{HeaderValue, Request, Response, StatusCode};
use tower_http::services::ServeFile;

use crate::app::App;
use crate::audio::FileKind;
use crate::http::admit::Caller;
use crate::http::body::Answer;
use crate::http::code::Code;
use crate::http::problem::{Problem, not_found};
use crate::wire::RequestBody;

/// Where recordings are: this, and the file's name.
pub(crate) const DOWNLOAD: &str = "/convergence/download/";

#[utoipa::path(
    get,
    path = "/convergence/download/{file}",
    tag = "Audio",
    operation_id = "download",
    summary = "A recording, or its captions",
    description = "For the client that made it and nobody else. Ranges, `If-Modified-Since` and `If-None-Match` work.",
    params(
        (
            "file" = String,
            Path,
            description = "As `audio_url` and `captions` name it.",
            pattern = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[.](wav|opus|mp3|vtt|srt)$",
            example = "0198c0de-0000-7000-8000-000000000000.wav",
        ),
        ("Range" = Option<String>, Header, description = "Which bytes (RFC 9110, 14.2)."),
    ),
    responses(
        (
            status = 200,
            description = "The whole file.",
            content(("audio/wav"), ("audio/ogg"), ("audio/mpeg"), ("text/vtt"), ("application/x-subrip")),
            headers(
                ("Content-Disposition" = String, description = "Its name."),
                ("Last-Modified" = String, description = "When it was made."),
                ("Accept-Ranges" = String, description = "`bytes`."),
            ),
        ),
        (
            status = 206,
            description = "Those bytes.",
            content(("audio/wav"), ("audio/ogg"), ("audio/mpeg"), ("text/vtt"), ("application/x-subrip")),
            headers(("Content-Range" = String, description = "Which they are.")),
        ),
        (status = 304, description = "It has not changed."),
        (
            status = 416,
            description = "There are no such bytes.",
            headers(("Content-Range" = String, description = "How many there are.")),
        ),
    ),
    extensions(("x-codes" = json!([Code::NotFound, Code::RecordingUnreadable]))),
)]
pub(crate) async fn answer(app: &App, caller: &Caller, request: Request<RequestBody>) -> Response<Answer> {
    let file = request.uri().path().strip_prefix(DOWNLOAD).unwrap_or_default();
    match app.studio.find(owner(caller), file).await {
        Some((path, kind)) => send(path, kind, request.map(|_| ())).await,
        None => not_found(),
    }
}

/// A recording from its first byte to its last, as the answer to the request that made it.
pub(super) async fn whole(path: PathBuf, kind: FileKind) -> Response<Answer> {
    send(path, kind, Request::new(())).await
}

/// Whose recordings a caller may have: its client's. With the door open, all callers are one.
pub(super) fn owner(caller: &Caller) -> &str {
    caller.client().unwrap_or_default()
}

/// Whether a range is in bytes, the unit's name being in any case.
fn is_in_bytes(range: &HeaderValue) -> bool {
    range.as_bytes().get(..6).is_some_and(|unit| unit.eq_ignore_ascii_case(b"bytes="))
}

/// RFC 3003.
pub(super) const MP3: &str = "audio/mpeg";

/// What a file is to be taken for.
fn media_type(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Wav => "audio/wav",
        // RFC 7845, 9.
        FileKind::Opus => "audio/ogg; codecs=opus",
        FileKind::Mp3 => MP3,
        FileKind::Vtt => "text/vtt; charset=utf-8",
        FileKind::Srt => "application/x-subrip; charset=utf-8",
    }
}

async fn send(path: PathBuf, kind: FileKind, mut request: Request<()>) -> Response<Answer> {
    // What is in no unit that is known has to be taken for nothing (RFC 9110, 14.2); the service would refuse it.
    if request.headers().get(RANGE).is_some_and(|range| !is_in_bytes(range)) {
        request.headers_mut().remove(RANGE);
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let media_type: mime::Mime = media_type(kind).parse().expect("a media type");
    match ServeFile::new_with_mime(path, &media_type).try_call(request).await {
        Ok(answer) if answer.status() == StatusCode::NOT_FOUND => not_found(),
        Ok(answer) => {
            let mut answer = answer.map(|body| Answer::File(Box::pin(body)));
            let headers = answer.headers_mut();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("private"));
            if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
                headers.insert(CONTENT_DISPOSITION, value);
            }
            answer
        }
        Err(error) => {
            tracing::error!("a recording could not be opened: {error}");
            Problem::new(Code::RecordingUnreadable, "try again").answer()
        }
    }
}
