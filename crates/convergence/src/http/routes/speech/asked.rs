//! The body of `POST /v1/audio/speech`, read and checked: all faults in one message.

use std::borrow::Cow;

use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Refused;
use crate::audio::{Engine, Gender, HAS_MP3, Say, SoundForm, WITHOUT_MP3, is_speakable};
use crate::http::code::Code;
use crate::http::problem::Problem;
use crate::http::routes::recording;

/// Characters of a text and of instructions, as many as OpenAI takes.
const MOST_CHARACTERS: usize = 4_096;

/// The names that OpenAI's voices have, and whose voices they sound like: programs have them built in.
const OPENAIS: [(&str, Gender); 13] = [
    ("alloy", Gender::Female),
    ("ash", Gender::Male),
    ("ballad", Gender::Male),
    ("cedar", Gender::Male),
    ("coral", Gender::Female),
    ("echo", Gender::Male),
    ("fable", Gender::Male),
    ("marin", Gender::Female),
    ("nova", Gender::Female),
    ("onyx", Gender::Male),
    ("sage", Gender::Female),
    ("shimmer", Gender::Female),
    ("verse", Gender::Male),
];

/// What is asked for. What is unknown has no effect.
pub(super) struct Asked {
    pub(super) model: String,
    input: String,
    voice: String,
    speed: f32,
    instructions: Option<String>,
    form: SoundForm,
}

impl ToSchema for Asked {
    fn name() -> Cow<'static, str> {
        "SpeechRequest".into()
    }
}

impl PartialSchema for Asked {
    fn schema() -> RefOr<Schema> {
        let choice = |words: &[&str], description: &str| {
            let words: Vec<Option<&str>> = words.iter().copied().map(Some).chain([None]).collect();
            json!({"type": ["string", "null"], "enum": words, "description": description})
        };
        let schema = json!({
            "type": "object",
            "description": "What is to be said. Members of other names have no effect.",
            "required": ["model", "input", "voice"],
            "properties": {
                "model": {"type": "string", "minLength": 1, "description": "One of `/v1/models`, or one of OpenAI's."},
                "input": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": MOST_CHARACTERS,
                    "description": "The text.",
                },
                "voice": {
                    "oneOf": [
                        {"type": "string", "minLength": 1},
                        {"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "minLength": 1}}},
                    ],
                    "description": "One of the model's voices, or one of OpenAI's.",
                },
                "instructions": {
                    "type": ["string", "null"],
                    "maxLength": MOST_CHARACTERS,
                    "description": "How it is to be said, for engines that can be told.",
                },
                "speed": {"type": ["number", "null"], "description": "1 is the voice's own pace."},
                "response_format": choice(&["wav", "opus", "pcm", "mp3"], "WAV if nothing is said; MP3 where it is built in."),
                "stream_format": choice(&["audio"], "The sound is sent as it is."),
            },
            "examples": [{"model": "tts-1", "input": "Good morning.", "voice": "alloy"}],
        });
        serde_json::from_value::<Schema>(schema).expect("a schema, by the test of the document").into()
    }
}

/// What is wrong with a member: its name, the code, and what is allowed there.
type Fault = (&'static str, Code, String);

impl Asked {
    /// # Errors
    /// The body is no JSON object, or members of it are wrong.
    pub(super) fn read(body: &[u8]) -> Result<Self, Refused> {
        let invalid = |why: String| {
            recording::Refused::plain(Problem::new(
                Code::InvalidJson,
                format!("the body must be one JSON object: {why}"),
            ))
        };
        let members: Map<String, Value> =
            serde_json::from_slice(body).map_err(|error| invalid(error.to_string()))?;
        let mut faults = Vec::new();
        let asked = Self {
            model: text(&members, "model", &mut faults),
            input: input(&members, &mut faults),
            voice: voice(&members, &mut faults),
            speed: speed(&members, &mut faults),
            instructions: instructions(&members, &mut faults),
            form: form(&members, &mut faults),
        };
        faults.extend(check_stream_format(&members));
        refuse(&faults)?;
        Ok(asked)
    }

    /// The same for this engine. Its own voices are meant by their names, and OpenAI's are its usual ones.
    ///
    /// # Errors
    /// It has no such voice, or not at that speed.
    pub(super) fn of(self, engine: Engine<'_>) -> Result<Say, Refused> {
        let mut faults = Vec::new();
        let openais = OPENAIS.iter().find(|(name, _)| *name == self.voice);
        let voice = match openais {
            _ if engine.has(&self.voice) => self.voice,
            Some((_, gender)) => engine.usual(*gender).into_owned(),
            None => {
                let [female, male] = [Gender::Female, Gender::Male].map(|gender| engine.usual(gender));
                let (name, openais) = (engine.name(), OPENAIS.map(|(name, _)| name).join(", "));
                let wrong =
                    format!("must be a voice of {name}, such as {female} and {male}, or one of {openais}");
                faults.push(("voice", Code::InvalidValue, wrong));
                String::new()
            }
        };
        let speeds = engine.speeds();
        if !speeds.contains(&self.speed) {
            let wrong = format!("must be from {} to {} for {}", speeds.start(), speeds.end(), engine.name());
            faults.push(("speed", Code::UnsupportedValue, wrong));
        }
        refuse(&faults)?;
        let Self { input: text, speed, instructions: mood, form, .. } = self;
        Ok(Say { engine: engine.name(), voice, text, speed, mood, form })
    }
}

/// # Errors
/// There are faults: all of them in one message, under the name of the first.
fn refuse(faults: &[Fault]) -> Result<(), Refused> {
    let Some((parameter, code, _)) = faults.first() else { return Ok(()) };
    let messages = faults.iter().map(|(name, _, wrong)| format!("{name}: {wrong}"));
    let message = messages.collect::<Vec<_>>().join("; ");
    Err(Refused::parameter(*code, parameter, message))
}

fn present<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).filter(|value| !value.is_null())
}

/// A text that must be there; empty where a fault has been added.
fn text(members: &Map<String, Value>, name: &'static str, faults: &mut Vec<Fault>) -> String {
    match present(members, name) {
        Some(Value::String(text)) if !text.trim().is_empty() => return text.clone(),
        Some(_) => faults.push((name, Code::InvalidValue, "must be text".to_owned())),
        None => faults.push((name, Code::MissingRequiredParameter, "is required".to_owned())),
    }
    String::new()
}

fn input(members: &Map<String, Value>, faults: &mut Vec<Fault>) -> String {
    let input = text(members, "input", faults);
    let wrong = if input.is_empty() {
        None
    } else if input.chars().count() > MOST_CHARACTERS {
        Some(format!("must have at most {MOST_CHARACTERS} characters"))
    } else if !is_speakable(&input) {
        Some("has no word that an English voice can speak".to_owned())
    } else {
        None
    };
    faults.extend(wrong.map(|wrong| ("input", Code::InvalidValue, wrong)));
    input
}

/// A name, or an object that has it as `id`.
fn voice(members: &Map<String, Value>, faults: &mut Vec<Fault>) -> String {
    match present(members, "voice").and_then(Value::as_object) {
        Some(voice) if voice.get("id").is_some_and(Value::is_string) => text(voice, "id", faults),
        _ => text(members, "voice", faults),
    }
}

/// For engines that can be told how to speak; without an effect on others.
fn instructions(members: &Map<String, Value>, faults: &mut Vec<Fault>) -> Option<String> {
    let value = present(members, "instructions")?;
    let text = value.as_str().filter(|text| text.chars().count() <= MOST_CHARACTERS);
    if text.is_none() {
        let wrong = format!("must be text of at most {MOST_CHARACTERS} characters");
        faults.push(("instructions", Code::InvalidValue, wrong));
    }
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// WAV unless something is said: OpenAI's MP3 is among ours only where it is built in.
fn form(members: &Map<String, Value>, faults: &mut Vec<Fault>) -> SoundForm {
    match present(members, "response_format").map(Value::as_str) {
        None | Some(Some("wav")) => SoundForm::Wav,
        Some(Some("opus")) => SoundForm::Opus,
        Some(Some("pcm")) => SoundForm::Pcm,
        Some(Some("mp3")) if HAS_MP3 => SoundForm::Mp3,
        Some(other) => {
            let wrong = "must be wav, opus, pcm or mp3, since there is no encoder for others here";
            let wrong = if other == Some("mp3") { WITHOUT_MP3 } else { wrong };
            faults.push(("response_format", Code::UnsupportedValue, wrong.to_owned()));
            SoundForm::Wav
        }
    }
}

/// The voice's own pace unless something is said.
fn speed(members: &Map<String, Value>, faults: &mut Vec<Fault>) -> f32 {
    let Some(value) = present(members, "speed") else { return 1.0 };
    #[expect(clippy::cast_possible_truncation, reason = "a speed needs few digits")]
    let speed = value.as_f64().map(|speed| speed as f32);
    speed.unwrap_or_else(|| {
        faults.push(("speed", Code::InvalidValue, "must be a number".to_owned()));
        1.0
    })
}

fn check_stream_format(members: &Map<String, Value>) -> Option<Fault> {
    let form = present(members, "stream_format")?;
    (form != "audio").then(|| ("stream_format", Code::UnsupportedValue, "must be audio".to_owned()))
}
