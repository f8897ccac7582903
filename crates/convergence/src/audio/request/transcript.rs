//! A transcript, in any of its forms: items as JSON, an object around them, or plain lines `Name: what is said`.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{Faults, Gender, LINES, Line, MESSAGE, NAME, Person, ROLE, TRANSCRIPT_CHARACTERS};
use super::{must_be_speakable, present, text};

/// There are two voices, and two people must not sound like one.
const SPEAKERS: usize = 2;

/// Whose gender is known, by name; `None` where what was said of it is wrong.
type Genders = HashMap<String, Option<Gender>>;

/// The lines, and notes for the client. `speakers` says the genders that the transcript itself does not say.
pub(super) fn read(
    value: &Value,
    speakers: Option<&[Person; 2]>,
    notes: &mut Vec<String>,
    faults: &mut Faults,
) -> Vec<Line> {
    let of_text;
    let items = match value {
        Value::String(text) => {
            of_text = items_of_text(text, speakers.is_some(), notes);
            Some(&of_text)
        }
        Value::Object(members) => {
            ["conversation", "transcript"].iter().find_map(|name| members.get(*name)?.as_array())
        }
        value => value.as_array(),
    };
    let Some(items) = items.filter(|items| LINES.contains(&items.len())) else {
        let detail = format!(
            "must be an array of {} to {} items, an object with one as `conversation`, or text with as many lines `Name: message`",
            LINES.start(),
            LINES.end()
        );
        faults.add("transcript", detail);
        return Vec::new();
    };
    let mut genders = Genders::new();
    let lines: Vec<Line> = items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| {
            read_line(item, &format!("transcript[{index}]"), speakers, &mut genders, faults)
        })
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

/// Items out of plain text. A line without a name goes on with the one before it. `Ann (female): ...` says a gender; of
/// names without one, the first is female and the second male unless the genders come from elsewhere.
fn items_of_text(text: &str, genders_are_given: bool, notes: &mut Vec<String>) -> Vec<Value> {
    let mut spoken: Vec<(&str, Option<&str>, String)> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match (name_of(line), spoken.last_mut()) {
            (Some((name, gender, message)), _) => spoken.push((name, gender, message.to_owned())),
            (None, Some((_, _, message))) => {
                message.push(' ');
                message.push_str(line);
            }
            // Nobody says it: the item's fault will be that it has no name.
            (None, None) => spoken.push(("", None, line.to_owned())),
        }
    }
    let mut names: Vec<&str> = Vec::new();
    let mut guessed: Vec<String> = Vec::new();
    let mut items = Vec::new();
    for (name, gender, message) in spoken {
        let is_first = !names.contains(&name);
        if is_first {
            names.push(name);
        }
        let guess = ["female", "male"].get(names.len() - 1).filter(|_| is_first && !genders_are_given);
        if let (None, Some(guess)) = (gender, guess) {
            guessed.push(format!("{name} is {guess}"));
        }
        items.push(json!({"name": name, "gender": gender.or(guess.copied()), "message": message}));
    }
    if !guessed.is_empty() {
        notes.push(format!(
            "the transcript says no gender, so {}; write `Name (male): ...`, or use `speakers`, to change that",
            guessed.join(" and ")
        ));
    }
    items
}

/// The name in front of a line, a gender in brackets after it, and what is said. A name has up to four words, so that a
/// sentence with a colon in it is none.
fn name_of(line: &str) -> Option<(&str, Option<&str>, &str)> {
    let (name, message) = line.split_once(':')?;
    let name = name.trim_matches(|mark: char| mark == '*' || mark == '_' || mark.is_whitespace());
    let message = message.trim_start_matches('*').trim();
    let (name, gender) = match name.strip_suffix(')').and_then(|name| name.rsplit_once('(')) {
        Some((name, gender)) => (name.trim(), Some(gender)),
        None => (name, None),
    };
    let is_name = name.starts_with(char::is_alphabetic)
        && name.split_whitespace().count() <= 4
        && !message.starts_with("//")
        && !message.is_empty();
    is_name.then_some((name, gender, message))
}

/// One item, or `None` and what is wrong with it. `genders` holds what earlier items said of each name.
fn read_line(
    item: &Value,
    place: &str,
    speakers: Option<&[Person; 2]>,
    genders: &mut Genders,
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

    let said = gender(members, &parent, faults);
    let name = name?;
    let of_speakers = || speakers?.iter().find(|person| person.name == name).map(|person| person.gender);
    let known = genders.get(&name).copied().or_else(|| of_speakers().map(Some));
    let gender = match (said, known) {
        (Ok(Some(said)), Some(Some(known))) if said != known => {
            faults.add(format!("{parent}gender"), "differs from what was said before of the same name");
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

/// What is said of a gender; `Err` is a fault that has been added.
pub(super) fn gender(
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
