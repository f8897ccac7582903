//! What a client asks for, read from JSON and checked. All faults are named at once.

mod outline;
mod schema;
mod transcript;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use speech::text::Reader;
use utoipa::ToSchema;

use super::recording::FileKind;
use super::script::Outline;
use super::sound_file::{HAS_MP3, WITHOUT_MP3};
use super::voice::{ENGINES, is_voice};

/// Characters of a prompt, counted after trimming.
const PROMPT: RangeInclusive<usize> = 1..=4_000;
/// Minutes that can be asked for, and what is meant when nothing is said.
const DURATION: RangeInclusive<u32> = 1..=60;
const DEFAULT_DURATION: u32 = 10;
/// Characters of a vibe, a role and a speaker's name.
const VIBE: RangeInclusive<usize> = 0..=200;
const ROLE: RangeInclusive<usize> = 0..=200;
const NAME: RangeInclusive<usize> = 1..=100;
/// Lines of a transcript, characters of one of them, and of all: an hour of speech is about 60,000 characters.
const LINES: RangeInclusive<usize> = 1..=300;
const MESSAGE: RangeInclusive<usize> = 1..=2_000;
const TRANSCRIPT_CHARACTERS: usize = 60_000;
/// Characters of an address.
const ADDRESS: RangeInclusive<usize> = 1..=2_000;

/// What a client asks for, read and checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// The topic in the client's own words; always present when there is neither transcript nor outline.
    pub prompt: Option<String>,
    /// The length asked for, in minutes, 1 to 60.
    pub duration_minutes: u32,
    /// The mood asked for.
    pub vibe: Option<String>,
    /// Who speaks, where the client has said so.
    pub speakers: Option<[Person; 2]>,
    /// What is to be talked about, in its order.
    pub outline: Option<Outline>,
    /// Where the outline is, as long as nobody has fetched it.
    pub outline_url: Option<String>,
    /// The lines to speak, word for word.
    pub transcript: Option<Vec<Line>>,
    /// The engine that is to speak, by its name; the preferred one, if nothing is said.
    pub engine: Option<String>,
    /// The voices that are to speak.
    #[serde(default)]
    pub voices: Pair,
    /// In which form the sound is to be: WAV, Opus or MP3.
    pub format: FileKind,
    /// What the client should know about how this was read.
    pub notes: Vec<String>,
}

/// One of the two who speak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name.
    pub name: String,
    /// Which voice fits.
    pub gender: Gender,
    /// What the person is in this conversation; not spoken.
    pub role: Option<String>,
}

/// The voices of a conversation, by their names; the engine's usual ones, where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// Speaks for women.
    pub female: Option<String>,
    /// Speaks for men.
    pub male: Option<String>,
}

impl Pair {
    /// Those that are named.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        [&self.female, &self.male].into_iter().flatten().map(String::as_str)
    }

    pub(super) fn of(&self, gender: Gender) -> Option<&str> {
        match gender {
            Gender::Female => self.female.as_deref(),
            Gender::Male => self.male.as_deref(),
        }
    }
}

/// One line of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Line {
    /// Who speaks. Lines with the same name have the same gender.
    pub name: String,
    /// Which voice fits.
    pub gender: Gender,
    /// What the speaker is in this conversation; not spoken.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What is said.
    pub message: String,
}

/// The gender of a speaker, which chooses the voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Gender {
    /// A woman's voice.
    Female,
    /// A man's voice.
    Male,
}

/// Why a body is not a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// The body is no JSON text; the detail says where it stops being one.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// The body is JSON that says something that is not allowed. There is at least one fault.
    #[error("the body has {} fault(s)", .0.len())]
    Invalid(Vec<Fault>),
}

/// One thing that is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The member, as in `duration` or `transcript[3].message`; `body` is the whole.
    pub member: String,
    /// What is allowed there.
    pub detail: String,
}

impl Request {
    /// Reads the JSON body. All faults at once, each naming its member and what is allowed.
    /// A member that is `null` counts as absent; unknown members are ignored.
    pub fn from_json(body: &[u8]) -> Result<Self, BadRequest> {
        let value: Value =
            serde_json::from_slice(body).map_err(|error| BadRequest::NotJson(error.to_string()))?;
        let mut faults = Faults(Vec::new());
        let Value::Object(members) = value else {
            faults.add("body", "must be a JSON object");
            return Err(BadRequest::Invalid(faults.0));
        };

        let mut notes = Vec::new();
        let speakers = present(&members, "speakers").and_then(|value| read_speakers(value, &mut faults));
        let transcript = present(&members, "transcript")
            .map(|value| transcript::read(value, speakers.as_ref(), &mut notes, &mut faults));
        let has_outline = ["outline", "outline_url"].map(|name| present(&members, name).is_some());
        if has_outline == [true, true] {
            faults.add("outline_url", "must not be given together with `outline`");
        }
        let prompt = text(&members, "", "prompt", PROMPT, &mut faults);
        match &prompt {
            Some(prompt) if !prompt.is_empty() => must_be_speakable("prompt", prompt, &mut faults),
            None if transcript.is_none()
                && has_outline == [false, false]
                && present(&members, "prompt").is_none() =>
            {
                faults.add("prompt", "is required unless `transcript`, `outline` or `outline_url` is given");
            }
            _ => {}
        }
        let outline =
            present(&members, "outline").and_then(|value| outline::read(value, "outline", &mut faults));
        let request = Self {
            prompt,
            duration_minutes: read_duration(&members, &mut faults),
            vibe: text(&members, "", "vibe", VIBE, &mut faults).filter(|vibe| !vibe.is_empty()),
            speakers,
            outline,
            outline_url: text(&members, "", "outline_url", ADDRESS, &mut faults),
            transcript,
            engine: read_engine(&members, &mut faults),
            voices: read_voices(&members, &mut faults),
            format: read_format(&members, &mut faults),
            notes,
        };
        if faults.0.is_empty() { Ok(request) } else { Err(BadRequest::Invalid(faults.0)) }
    }

    /// Takes what was fetched from `outline_url`.
    pub fn set_outline(&mut self, text: &str) -> Result<(), BadRequest> {
        let mut faults = Faults(Vec::new());
        let outline = Outline::read(text);
        if !outline::check(&outline, "outline_url", &mut faults) {
            return Err(BadRequest::Invalid(faults.0));
        }
        (self.outline, self.outline_url) = (Some(outline), None);
        Ok(())
    }
}

struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, member: impl Into<String>, detail: impl Into<String>) {
        self.0.push(Fault { member: member.into(), detail: detail.into() });
    }
}

fn present<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).filter(|value| !value.is_null())
}

/// A trimmed text of an allowed length. `None` is absent, or a fault that has been added.
fn text(
    members: &Map<String, Value>,
    parent: &str,
    name: &str,
    length: RangeInclusive<usize>,
    faults: &mut Faults,
) -> Option<String> {
    let text = present(members, name)?.as_str().map(str::trim);
    let text = text.filter(|text| length.contains(&text.chars().count()));
    if text.is_none() {
        let allowed = format!("must be text of {} to {} characters", length.start(), length.end());
        faults.add(format!("{parent}{name}"), allowed);
    }
    text.map(str::to_owned)
}

/// JSON has one kind of number, so `10.0` is as whole as `10`.
fn read_duration(members: &Map<String, Value>, faults: &mut Faults) -> u32 {
    let Some(value) = present(members, "duration") else { return DEFAULT_DURATION };
    let minutes = DURATION.into_iter().find(|minutes| value.as_f64() == Some(f64::from(*minutes)));
    minutes.unwrap_or_else(|| {
        let allowed =
            format!("must be a whole number of minutes from {} to {}", DURATION.start(), DURATION.end());
        faults.add("duration", allowed);
        DEFAULT_DURATION
    })
}

/// WAV unless something is said.
fn read_format(members: &Map<String, Value>, faults: &mut Faults) -> FileKind {
    match present(members, "format").map(Value::as_str) {
        None | Some(Some("wav")) => FileKind::Wav,
        Some(Some("opus")) => FileKind::Opus,
        Some(Some("mp3")) if HAS_MP3 => FileKind::Mp3,
        Some(other) => {
            let is_mp3 = other == Some("mp3");
            faults.add("format", if is_mp3 { WITHOUT_MP3 } else { "must be `wav`, `opus` or `mp3`" });
            FileKind::Wav
        }
    }
}

/// A voice for each gender.
fn read_voices(members: &Map<String, Value>, faults: &mut Faults) -> Pair {
    let Some(value) = present(members, "voices") else { return Pair::default() };
    let Some(voices) = value.as_object() else {
        faults.add("voices", "must be an object with `female`, `male` or both");
        return Pair::default();
    };
    let mut read = |gender: &str| {
        let name = present(voices, gender)?.as_str().filter(|name| is_voice(name));
        if name.is_none() {
            faults.add(format!("voices.{gender}"), "must be the name of a voice, such as `af_heart`");
        }
        name.map(str::to_owned)
    };
    let pair = Pair { female: read("female"), male: read("male") };
    if pair.female.is_some() && pair.female == pair.male {
        faults.add("voices", "must be two voices, so that the speakers can be told apart");
    }
    pair
}

/// An engine by its name.
fn read_engine(members: &Map<String, Value>, faults: &mut Faults) -> Option<String> {
    let name = present(members, "engine")?.as_str().filter(|name| ENGINES.contains(name));
    if name.is_none() {
        faults.add("engine", format!("must be one of `{}`", ENGINES.join("`, `")));
    }
    name.map(str::to_owned)
}

/// Two people with different names, who speak in every line.
fn read_speakers(value: &Value, faults: &mut Faults) -> Option<[Person; 2]> {
    let Some([one, other]) = value.as_array().map(Vec::as_slice) else {
        faults.add("speakers", "must be an array of two objects with `name` and `gender`");
        return None;
    };
    let mut read = |item: &Value, parent: &str| {
        let Some(members) = item.as_object() else {
            faults.add(parent.trim_end_matches('.'), "must be an object with `name` and `gender`");
            return None;
        };
        let required = ["name", "gender"].into_iter().filter(|name| present(members, name).is_none());
        required.for_each(|name| faults.add(format!("{parent}{name}"), "is required"));
        let name = text(members, parent, "name", NAME, faults);
        if let Some(name) = &name {
            must_be_speakable(&format!("{parent}name"), name, faults);
        }
        let role = text(members, parent, "role", ROLE, faults).filter(|role| !role.is_empty());
        let gender = transcript::gender(members, parent, faults).ok()??;
        Some(Person { name: name?, gender, role })
    };
    let pair = [read(one, "speakers[0]."), read(other, "speakers[1].")];
    let [Some(one), Some(other)] = pair else { return None };
    if one.name == other.name {
        faults.add("speakers", "must have two different names");
        return None;
    }
    Some([one, other])
}

/// Whether there is a word in it that a voice can speak.
pub fn is_speakable(text: &str) -> bool {
    Reader::default().read(text).is_speakable()
}

fn must_be_speakable(member: &str, text: &str, faults: &mut Faults) {
    if !is_speakable(text) {
        faults.add(member, "has no word that an English voice can speak");
    }
}

#[cfg(test)]
mod tests;
