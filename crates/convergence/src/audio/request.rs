//! What a client asks for, read from JSON and checked. All faults are named at once.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use speech::text::Reader;

use super::recording::FileKind;
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
/// There are two voices, and two people must not sound like one.
const SPEAKERS: usize = 2;

/// What a client asks for, read and checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The topic in the client's own words; always present when there is no transcript.
    pub prompt: Option<String>,
    /// The length asked for, in minutes, 1 to 60.
    pub duration_minutes: u32,
    /// The mood asked for.
    pub vibe: Option<String>,
    /// The lines to speak, word for word.
    pub transcript: Option<Vec<Line>>,
    /// The engine that is to speak, by its name; the preferred one, if nothing is said.
    pub engine: Option<String>,
    /// The voices that are to speak.
    #[serde(default)]
    pub voices: Pair,
    /// In which form the sound is to be: WAV or Opus.
    pub format: FileKind,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Who speaks. Lines with the same name have the same gender.
    pub name: String,
    /// Which voice fits.
    pub gender: Gender,
    /// What the speaker is in this conversation; not spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What is said.
    pub message: String,
}

/// The gender of a speaker, which chooses the voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

        let transcript = present(&members, "transcript").map(|value| read_transcript(value, &mut faults));
        let prompt = text(&members, "", "prompt", PROMPT, &mut faults);
        match &prompt {
            Some(prompt) if !prompt.is_empty() => must_be_speakable("prompt", prompt, &mut faults),
            None if transcript.is_none() && present(&members, "prompt").is_none() => {
                faults.add("prompt", "is required unless `transcript` is given");
            }
            _ => {}
        }
        let request = Self {
            prompt,
            duration_minutes: read_duration(&members, &mut faults),
            vibe: text(&members, "", "vibe", VIBE, &mut faults).filter(|vibe| !vibe.is_empty()),
            transcript,
            engine: read_engine(&members, &mut faults),
            voices: read_voices(&members, &mut faults),
            format: read_format(&members, &mut faults),
        };
        if faults.0.is_empty() { Ok(request) } else { Err(BadRequest::Invalid(faults.0)) }
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
        Some(_) => {
            faults.add("format", "must be `wav` or `opus`");
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

fn read_transcript(value: &Value, faults: &mut Faults) -> Vec<Line> {
    let Some(items) = value.as_array().filter(|items| LINES.contains(&items.len())) else {
        faults.add("transcript", format!("must be an array of {} to {} items", LINES.start(), LINES.end()));
        return Vec::new();
    };
    let mut genders = HashMap::new();
    let lines: Vec<Line> = items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| read_line(item, &format!("transcript[{index}]"), &mut genders, faults))
        .collect();
    if genders.len() > SPEAKERS {
        let detail =
            format!("names {} speakers; there are two voices, so at most two can speak", genders.len());
        faults.add("transcript", detail);
    }
    if lines.iter().map(|line| line.message.chars().count()).sum::<usize>() > TRANSCRIPT_CHARACTERS {
        let detail =
            format!("must have at most {TRANSCRIPT_CHARACTERS} characters in all its messages together");
        faults.add("transcript", detail);
    }
    lines
}

/// One item, or `None` and what is wrong with it. `genders` holds what earlier items said of each name.
fn read_line(
    item: &Value,
    place: &str,
    genders: &mut HashMap<String, Option<Gender>>,
    faults: &mut Faults,
) -> Option<Line> {
    let Some(members) = item.as_object() else {
        faults.add(place, "must be an object with `name`, `gender` and `message`");
        return None;
    };
    let parent = format!("{place}.");
    let mut required = |name: &str, length| {
        if present(members, name).is_none() {
            faults.add(format!("{parent}{name}"), "is required");
        }
        text(members, &parent, name, length, faults)
    };
    let name = required("name", NAME);
    let message = required("message", MESSAGE);
    let role = text(members, &parent, "role", ROLE, faults).filter(|role| !role.is_empty());
    if let Some(message) = &message {
        must_be_speakable(&format!("{parent}message"), message, faults);
    }

    let said = read_gender(members, &parent, faults);
    let name = name?;
    let known = genders.get(&name).copied();
    let gender = match (said, known) {
        (Ok(Some(said)), Some(Some(known))) if said != known => {
            faults.add(format!("{parent}gender"), "differs from what an earlier item says of the same name");
            None
        }
        (Ok(Some(said)), _) => Some(said),
        (Ok(None), Some(known)) => known,
        (Ok(None), None) => {
            faults.add(format!("{parent}gender"), "is required where a name comes first");
            None
        }
        (Err(()), _) => None,
    };
    // A name whose gender was wrong once is known from then on, so that one slip is one fault.
    genders.entry(name.clone()).and_modify(|known| *known = known.or(gender)).or_insert(gender);
    Some(Line { name, gender: gender?, role, message: message? })
}

fn read_gender(
    members: &Map<String, Value>,
    parent: &str,
    faults: &mut Faults,
) -> Result<Option<Gender>, ()> {
    let Some(value) = present(members, "gender") else { return Ok(None) };
    match value.as_str().map(|word| word.trim().to_ascii_lowercase()).as_deref() {
        Some("female") => Ok(Some(Gender::Female)),
        Some("male") => Ok(Some(Gender::Male)),
        _ => {
            faults.add(format!("{parent}gender"), "must be `female` or `male`");
            Err(())
        }
    }
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
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Result<Request, Vec<String>> {
        Request::from_json(body.to_string().as_bytes()).map_err(|bad| match bad {
            BadRequest::NotJson(detail) => panic!("{detail}"),
            BadRequest::Invalid(faults) => {
                faults.into_iter().map(|fault| format!("{} {}", fault.member, fault.detail)).collect()
            }
        })
    }

    #[test]
    fn the_guides_request() {
        let request =
            read(&json!({"prompt": " Two developers discussing API security ", "duration": 10})).unwrap();
        assert_eq!(request.prompt.as_deref(), Some("Two developers discussing API security"));
        assert_eq!((request.duration_minutes, request.vibe, request.transcript), (10, None, None));
    }

    #[test]
    fn duration_is_a_whole_number_of_minutes() {
        for (minutes, expected) in [(json!(1), 1), (json!(60), 60), (json!(10.0), 10), (json!(null), 10)] {
            assert_eq!(
                read(&json!({"prompt": "x", "duration": minutes})).unwrap().duration_minutes,
                expected
            );
        }
        for wrong in
            [json!(0), json!(61), json!(10.5), json!("10"), json!(-1), json!(true), json!(1e300), json!([])]
        {
            let faults = read(&json!({"prompt": "x", "duration": wrong})).unwrap_err();
            assert_eq!(faults, ["duration must be a whole number of minutes from 1 to 60"], "{wrong}");
        }
    }

    #[test]
    fn a_prompt_is_counted_in_characters_after_trimming() {
        assert!(read(&json!({"prompt": format!("  {}  ", "é".repeat(4_000))})).is_ok());
        let allowed = "prompt must be text of 1 to 4000 characters";
        for wrong in [json!("a".repeat(4_001)), json!("  \n "), json!(5)] {
            assert_eq!(read(&json!({"prompt": wrong})).unwrap_err(), [allowed]);
        }
        assert_eq!(read(&json!({})).unwrap_err(), ["prompt is required unless `transcript` is given"]);
        assert_eq!(
            read(&json!({"prompt": "🎉 ** 你好"})).unwrap_err(),
            ["prompt has no word that an English voice can speak"]
        );
    }

    #[test]
    fn a_transcript_in_the_originals_form() {
        let request = read(&json!({"transcript": [
            {"name": "Sarah", "gender": "Female", "role": "host", "message": "Hello.", "timestamp": "00:00"},
            {"name": "John", "gender": "MALE", "message": "Hi there."},
            {"name": "Sarah", "message": "Shall we?"},
        ]}))
        .unwrap();
        let lines = request.transcript.unwrap();
        assert_eq!(lines[0].role.as_deref(), Some("host"));
        assert_eq!(lines[1].gender, Gender::Male);
        assert_eq!((lines[2].name.as_str(), lines[2].gender), ("Sarah", Gender::Female));
    }

    #[test]
    fn all_faults_at_once() {
        let faults = read(&json!({
            "duration": 99, "vibe": "v".repeat(201), "transcript": [
                {"name": "Ann", "message": "Hello."},
                {"name": "Ben", "gender": "robot", "message": "***"},
                "hello",
                {"name": "Cy", "gender": "male"},
                {"name": "Cy", "gender": "female", "message": "x".repeat(2_001)},
            ]
        }))
        .unwrap_err();
        insta::assert_snapshot!(faults.join("\n"), @"
        transcript[0].gender is required where a name comes first
        transcript[1].message has no word that an English voice can speak
        transcript[1].gender must be `female` or `male`
        transcript[2] must be an object with `name`, `gender` and `message`
        transcript[3].message is required
        transcript[4].message must be text of 1 to 2000 characters
        transcript[4].gender differs from what an earlier item says of the same name
        transcript names 3 speakers; there are two voices, so at most two can speak
        duration must be a whole number of minutes from 1 to 60
        vibe must be text of 0 to 200 characters
        ");
    }

    #[test]
    fn a_transcript_is_bounded() {
        let line = json!({"name": "Ann", "gender": "female", "message": "Hello."});
        let allowed = "transcript must be an array of 1 to 300 items";
        assert!(read(&json!({"transcript": vec![line.clone(); 300]})).is_ok());
        assert_eq!(read(&json!({"transcript": vec![line.clone(); 301]})).unwrap_err(), [allowed]);
        assert_eq!(read(&json!({"transcript": []})).unwrap_err(), [allowed]);
        assert_eq!(read(&json!({"transcript": {"conversation": [line]}})).unwrap_err(), [allowed]);
        let long = json!({"name": "Ann", "gender": "female", "message": "a".repeat(2_000)});
        assert!(read(&json!({"transcript": vec![long.clone(); 30]})).is_ok());
        assert_eq!(read(&json!({"transcript": vec![long; 31]})).unwrap_err().len(), 1);
    }

    #[test]
    fn what_is_no_json_object() {
        assert!(matches!(Request::from_json(b"{\"prompt\":"), Err(BadRequest::NotJson(_))));
        assert!(matches!(Request::from_json(b"\xff"), Err(BadRequest::NotJson(_))));
        assert_eq!(read(&json!(["x"])).unwrap_err(), ["body must be a JSON object"]);
    }
}
