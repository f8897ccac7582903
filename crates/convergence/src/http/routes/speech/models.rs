//! The engines that can speak, as models.

use serde::Serialize;
use utoipa::ToSchema;

use super::Refused;
use crate::app::App;
use crate::audio::Engine;
use crate::http::code::Code;
use crate::http::routes::recording;

/// OpenAI's models, which many programs have built in. Here they mean whatever speaks best.
const OPENAIS: [&str; 3] = ["tts-1", "tts-1-hd", "gpt-4o-mini-tts"];

/// Models, as OpenAI's clients read them.
#[derive(Serialize, ToSchema)]
#[schema(as = Models)]
pub(in crate::http) struct List {
    /// `list`.
    object: &'static str,
    /// All there are.
    data: Vec<Model>,
}

/// A model, as OpenAI's clients read it.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Model {
    /// Its name.
    id: String,
    /// `model`.
    object: &'static str,
    /// In seconds since 1970; 0, since nobody knows. Clients want a number.
    created: u64,
    /// `convergence`.
    owned_by: &'static str,
}

impl Model {
    fn new(id: &str) -> Self {
        Self { id: id.to_owned(), object: "model", created: 0, owned_by: "convergence" }
    }
}

/// All that can speak now.
#[utoipa::path(
    get,
    path = "/v1/models",
    tag = "OpenAI",
    operation_id = "models",
    summary = "What can speak",
    description = "This server's engines, as models.",
    responses((status = 200, description = "All that can speak now.", body = List)),
)]
pub(in crate::http) fn all(app: &App) -> List {
    let data = app.studio.engines().map(|engine| Model::new(engine.name())).collect();
    List { object: "list", data }
}

/// The one of this name, OpenAI's names among them.
///
/// # Errors
/// There is none, or it cannot speak.
#[utoipa::path(
    get,
    path = "/v1/models/{model}",
    tag = "OpenAI",
    operation_id = "model",
    summary = "Whether this can speak",
    description = "By its own name, or by one of OpenAI's.",
    params(("model" = String, Path, description = "Its name; OpenAI's `tts-1`, `tts-1-hd` and `gpt-4o-mini-tts` mean what speaks best.", example = "tts-1")),
    responses((status = 200, description = "It can.", body = Model)),
    extensions(("x-codes" = json!([Code::ModelNotFound, Code::NoVoice]))),
)]
pub(in crate::http) fn one(app: &App, id: &str) -> Result<Model, Refused> {
    engine(app, id).map(|_| Model::new(id))
}

/// What is to speak for a model.
///
/// # Errors
/// There is no such model, or it cannot speak.
pub(super) fn engine<'a>(app: &'a App, model: &str) -> Result<Engine<'a>, Refused> {
    let name = if OPENAIS.contains(&model) { None } else { Some(model) };
    if name.is_some_and(|name| !app.studio.knows(name)) {
        let names: Vec<&str> = app.studio.engines().map(Engine::name).chain(OPENAIS).collect();
        let message = format!("model: must be one of {}", names.join(", "));
        return Err(Refused::parameter(Code::ModelNotFound, "model", message));
    }
    app.studio.engine(name).map_err(|error| recording::Refused::from(&error).into())
}
