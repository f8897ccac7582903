//! The lines to speak: the client's own, or a short template that is honest about being one.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use speech::text::Reader;

use super::request::{Gender, Line, Request};

/// Words of the prompt that the template reads out; the rest would not fit a minute.
const TOPIC_WORDS: usize = 24;
/// A mood of more words is a description, which the template cannot follow.
const VIBE_WORDS: usize = 4;

/// Where the lines came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScriptSource {
    /// The client gave them; they are spoken word for word.
    Transcript,
    /// The built-in template wrote them around the prompt.
    Template,
}

impl ScriptSource {
    /// The word for it, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transcript => "transcript",
            Self::Template => "template",
        }
    }
}

/// The lines of a recording.
pub(super) struct Script {
    pub(super) lines: Vec<Line>,
    pub(super) source: ScriptSource,
    pub(super) warnings: Vec<String>,
}

/// A given transcript as it stands; otherwise the template, the same for the same request.
pub(super) fn write(request: Request) -> Script {
    let Request { prompt, duration_minutes, vibe, transcript, .. } = request;
    if let Some(lines) = transcript {
        let unused = [("`prompt`", prompt.is_some()), ("`vibe`", vibe.is_some())];
        let unused: Vec<_> = unused.into_iter().filter_map(|(name, given)| given.then_some(name)).collect();
        let warning = format!("the transcript is spoken as it stands, without {}", unused.join(" and "));
        let warnings = if unused.is_empty() { Vec::new() } else { vec![warning] };
        return Script { lines, source: ScriptSource::Transcript, warnings };
    }

    let mut warnings = vec![
        "no language model is configured, so this is a template of about a minute".to_owned()
            + &match duration_minutes {
                1 => String::new(),
                minutes => format!("; it was not padded to the {minutes} minutes asked"),
            },
    ];
    let prompt = prompt.unwrap_or_default();
    let topic = topic(&prompt, &mut warnings);
    let mood = vibe.and_then(|vibe| mood(&vibe, &mut warnings));
    Script { lines: template(&prompt, &topic, mood.as_deref()), source: ScriptSource::Template, warnings }
}

/// The client's own words, as many as fit.
fn topic(prompt: &str, warnings: &mut Vec<String>) -> String {
    let words: Vec<&str> = prompt.split_whitespace().collect();
    if words.len() > TOPIC_WORDS {
        let count = words.len();
        warnings.push(format!("the template reads the first {TOPIC_WORDS} of the prompt's {count} words"));
    }
    words[..words.len().min(TOPIC_WORDS)].join(" ").trim_end_matches(['.', ',', ';', ':']).to_owned()
}

fn mood(vibe: &str, warnings: &mut Vec<String>) -> Option<String> {
    let words: Vec<&str> = vibe.split_whitespace().collect();
    if words.len() > VIBE_WORDS || !Reader::default().read(vibe).is_speakable() {
        warnings.push(format!(
            "the template follows a `vibe` of one to {VIBE_WORDS} words; this one is not used"
        ));
        return None;
    }
    Some(words.join(" ").trim_end_matches(['.', ',', ';', ':', '!', '?']).to_owned())
}

/// A conversation of 140 to 180 words. It says nothing of the topic that the client did not say.
fn template(prompt: &str, topic: &str, mood: Option<&str>) -> Vec<Line> {
    // Different prompts get different phrasings, and one prompt always the same.
    let digest = Sha256::digest(prompt.as_bytes());
    let pick = |place: usize, phrasings: [&str; 3]| phrasings[usize::from(digest[place]) % 3].to_owned();
    let stop = if topic.ends_with(['!', '?']) { "" } else { "." };
    let mood = mood.map(|mood| format!(" The mood we were asked for is {mood}.")).unwrap_or_default();

    let messages = [
        pick(
            0,
            [
                "Hello and welcome. I am Julia, and Peter is here with me.",
                "Welcome, and thank you for listening. I am Julia, with Peter.",
                "Good to have you with us. I am Julia, and this is Peter.",
            ],
        ) + " No language model is set up to write for us, so this is a short template."
            + &mood,
        "Hello Julia. What have we been asked to talk about?".to_owned(),
        format!("In the words of the request: {topic}{stop}"),
        pick(
            1,
            [
                "Thank you. Where would you begin with a topic like that?",
                "All right. What would you ask first about a topic like that?",
                "I see. How would you open a conversation about that one?",
            ],
        ),
        pick(
            2,
            [
                "With the people it concerns. Who are they, and what do they need from it?",
                "With the reason for asking. Who wants to know, and what will they do next?",
                "With the words themselves. What do we mean by them, and what do we leave out?",
            ],
        ),
        "And then?".to_owned(),
        "I would ask what is known, what is open, and how to tell a good answer from a bad one.".to_owned(),
        pick(
            3,
            [
                "I would want an example as well. Can we follow one case from beginning to end?",
                "I would add a doubt as well. What could prove our first idea to be wrong?",
                "I would look for the hard part as well. Where do people usually get stuck?",
            ],
        ),
        "That is one for somebody who knows the subject.".to_owned(),
        "And what should our listeners do?".to_owned(),
        pick(
            4,
            [
                "Take these questions along, and look for the answers that matter to them.",
                "Choose one of these questions, and go and find a good answer to it.",
                "Keep the question they liked best, and ask it where the answers are.",
            ],
        ),
        "Thank you, Julia, and goodbye.".to_owned(),
    ];
    let parts = [("Julia", Gender::Female, "host"), ("Peter", Gender::Male, "guest")];
    let line = |((name, gender, role), message): ((&str, Gender, &str), String)| Line {
        name: name.to_owned(),
        gender,
        role: Some(role.to_owned()),
        message,
    };
    parts.into_iter().cycle().zip(messages).map(line).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(prompt: &str, vibe: Option<&str>, duration_minutes: u32) -> Request {
        Request {
            prompt: Some(prompt.into()),
            duration_minutes,
            vibe: vibe.map(Into::into),
            transcript: None,
            engine: None,
            voices: super::super::request::Pair::default(),
            format: super::super::recording::FileKind::Wav,
        }
    }

    fn spoken(script: &Script) -> String {
        script.lines.iter().map(|line| line.message.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_template_is_honest() {
        let script = write(request("Two developers discussing API security", Some("friendly"), 10));
        assert_eq!(script.source, ScriptSource::Template);
        assert_eq!(
            script.warnings,
            ["no language model is configured, so this is a template of about a minute; \
              it was not padded to the 10 minutes asked"]
        );
        assert!(spoken(&script).contains("the request: Two developers discussing API security."));
        assert!(spoken(&script).contains("is friendly."));
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let script = write(request(&"word ".repeat(100), Some("calm, but with a lot of energy"), 1));
        insta::assert_snapshot!(script.warnings.join("\n"), @"
        no language model is configured, so this is a template of about a minute
        the template reads the first 24 of the prompt's 100 words
        the template follows a `vibe` of one to 4 words; this one is not used
        ");
    }

    #[test]
    fn a_transcript_is_spoken_as_it_stands() {
        let line = Line { name: "Ann".into(), gender: Gender::Female, role: None, message: "Hello.".into() };
        let given = Request { transcript: Some(vec![line.clone()]), ..request("A topic", None, 10) };
        let script = write(given);
        assert_eq!((script.source, script.lines), (ScriptSource::Transcript, vec![line]));
        assert_eq!(script.warnings, ["the transcript is spoken as it stands, without `prompt`"]);
    }

    proptest! {
        #[test]
        fn about_a_minute_and_always_the_same(prompt in "[a-z]{1,9}( [a-z]{1,9}){0,40}", vibe in "[a-z]{3,9}( [a-z]{3,9}){0,3}") {
            let script = write(request(&prompt, Some(&vibe), 10));
            let words = spoken(&script).split_whitespace().count();
            prop_assert!((140..=180).contains(&words), "{words} words");
            prop_assert!(script.lines.windows(2).all(|pair| pair[0].name != pair[1].name));
            prop_assert_eq!(spoken(&script), spoken(&write(request(&prompt, Some(&vibe), 10))));
        }
    }
}
