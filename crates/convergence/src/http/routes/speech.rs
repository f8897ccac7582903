//! `POST /v1/audio/speech` and `GET /v1/models`: the voices, for programs that were written for OpenAI's API and have another
//! base URL set. The key is asked for as everywhere; what these routes refuse, they refuse in OpenAI's words.

mod asked;
pub(in crate::http) mod models;
mod refused;

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response};

use self::asked::Asked;
pub(in crate::http) use self::refused::Refusal;
use self::refused::Refused;
use super::generate_audio::{VOICE_ENGINE, WARNING, must_be_json};
use super::recording::ALL_THAT_MAY_FAIL;
use super::{audio_quota, download, json, recording};
use crate::app::App;
use crate::audio::{Said, SoundForm, likely_length};
use crate::http::admit::Caller;
use crate::http::body::{self, Answer};
use crate::http::code::Code;
use crate::http::router::{reading, wrong_method};
use crate::http::{proxy, stamp};
use crate::wire::RequestBody;

const SPEECH: &str = "/v1/audio/speech";
const MODELS: &str = "/v1/models";

/// Whether a path is one of these routes. Where it leads to an upstream it is the upstream's, unless the operator says otherwise.
pub(crate) fn owns(app: &App, path: &str) -> bool {
    (path == SPEECH || path == MODELS || model_in(path).is_some())
        && app.openai_speech.unwrap_or_else(|| !proxy::leads_on(app, path))
}

/// Answers with the sound, or with what there is to speak.
pub(crate) async fn answer(app: &App, caller: &Caller, request: Request<RequestBody>) -> Response<Answer> {
    let path = request.uri().path();
    if path != SPEECH {
        let answer = match model_in(path) {
            Some(id) => models::one(app, id).map(|model| json(&model)),
            None => Ok(json(&models::all(app))),
        };
        return reading(request.method(), || answer.unwrap_or_else(Refused::into_answer));
    }
    if request.method() != Method::POST {
        return wrong_method("POST");
    }
    speak(app, caller, request).await.unwrap_or_else(Refused::into_answer)
}

/// The name in the path of one model.
fn model_in(path: &str) -> Option<&str> {
    path.strip_prefix(MODELS)?.strip_prefix('/')
}

#[utoipa::path(
    post,
    path = "/v1/audio/speech",
    tag = "OpenAI",
    operation_id = "speak",
    summary = "Says a text",
    description = "As OpenAI's route of this name does: the answer is the sound.",
    request_body = Asked,
    responses((
        status = 200,
        description = "It is said.",
        content(("audio/wav"), ("audio/ogg"), ("audio/mpeg"), ("audio/pcm")),
        headers(
            ("X-Voice-Engine" = String, description = "What spoke."),
            ("X-Audio-Warning" = String, description = "What was not done as asked."),
        ),
    )),
    extensions(("x-codes" = json!([
        &ALL_THAT_MAY_FAIL[..],
        &[Code::InvalidValue, Code::UnsupportedValue, Code::MissingRequiredParameter, Code::ModelNotFound],
    ].concat()))),
)]
pub(in crate::http) async fn speak(
    app: &App,
    caller: &Caller,
    request: Request<RequestBody>,
) -> Result<Response<Answer>, Refused> {
    must_be_json(request.headers())?;
    let listen = &app.listen;
    let body = body::read(request.into_body(), listen.max_body_bytes, listen.body_timeout).await;
    let body = body.map_err(recording::Refused::plain)?;
    let asked = recording::aside(move || Asked::read(&body)).await??;
    let engine = models::engine(app, &asked.model)?;
    let say = asked.of(engine)?;
    let form = say.form;
    // Kept until the sound is counted.
    let _promise = audio_quota::promise(app, caller, likely_length(&say.text)).await?;
    let said = app.studio.say(download::owner(caller), &caller.account(), say).await;
    let said = said.map_err(|error| recording::Refused::from(&error))?;
    Ok(sound(said, form, engine.name()))
}

fn sound(said: Said, form: SoundForm, engine: &str) -> Response<Answer> {
    let mut answer = Response::new(Answer::Bytes(said.sound));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(form)));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VOICE_ENGINE, stamp::encoded(engine));
    if said.left_out > 0 {
        let warning =
            format!("{} character(s) that an English voice cannot speak were left out", said.left_out);
        headers.insert(WARNING, stamp::encoded(&warning));
    }
    answer
}

fn media_type(form: SoundForm) -> &'static str {
    match form {
        SoundForm::Wav => "audio/wav",
        SoundForm::Opus => "audio/ogg; codecs=opus",
        SoundForm::Mp3 => download::MP3,
        SoundForm::Pcm => "audio/pcm",
    }
}
