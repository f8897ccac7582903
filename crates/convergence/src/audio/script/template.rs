//! A short template around a prompt, which is honest about being one.

use sha2::{Digest, Sha256};

use super::super::request::{Line, Person, Request};
use super::{ScriptSource, Written, line, not_padded, usual_cast};
use speech::text::Reader;

/// Words of the prompt that the template reads out; the rest would not fit a minute.
const TOPIC_WORDS: usize = 24;
/// A mood of more words is a description, which the template cannot follow.
const VIBE_WORDS: usize = 4;

/// About a minute around the prompt, the same for the same request.
pub(super) fn write(request: Request) -> Written {
    let mut warnings = request.notes;
    warnings.push(
        "no language model is configured, so this is a template of about a minute".to_owned()
            + &not_padded(request.duration_minutes),
    );
    let prompt = request.prompt.unwrap_or_default();
    let topic = topic(&prompt, &mut warnings);
    let mood = request.vibe.and_then(|vibe| mood(&vibe, &mut warnings));
    let cast = request.speakers.unwrap_or_else(usual_cast);
    Written::new(template(&prompt, &topic, mood.as_deref(), &cast), ScriptSource::Template, warnings)
}

/// The client's own words, as many as fit.
pub(super) fn topic(prompt: &str, warnings: &mut Vec<String>) -> String {
    let words: Vec<&str> = prompt.split_whitespace().collect();
    if words.len() > TOPIC_WORDS {
        let count = words.len();
        warnings.push(format!("only the first {TOPIC_WORDS} of the prompt's {count} words are read out"));
    }
    words[..words.len().min(TOPIC_WORDS)].join(" ").trim_end_matches(['.', ',', ';', ':']).to_owned()
}

pub(super) fn mood(vibe: &str, warnings: &mut Vec<String>) -> Option<String> {
    let words: Vec<&str> = vibe.split_whitespace().collect();
    if words.len() > VIBE_WORDS || !Reader::default().read(vibe).is_speakable() {
        warnings.push(format!(
            "without a language model a `vibe` has one to {VIBE_WORDS} words; this one is not used"
        ));
        return None;
    }
    Some(words.join(" ").trim_end_matches(['.', ',', ';', ':', '!', '?']).to_owned())
}

/// A conversation of 140 to 180 words. It says nothing of the topic that the client did not say.
fn template(prompt: &str, topic: &str, mood: Option<&str>, cast: &[Person; 2]) -> Vec<Line> {
    let [host, guest] = [&cast[0].name, &cast[1].name];
    // Different prompts get different phrasings, and one prompt always the same.
    let digest = Sha256::digest(prompt.as_bytes());
    let pick = |place: usize, phrasings: [&str; 3]| phrasings[usize::from(digest[place]) % 3].to_owned();
    let stop = if topic.ends_with(['!', '?']) { "" } else { "." };
    let mood = mood.map(|mood| format!(" The mood we were asked for is {mood}.")).unwrap_or_default();

    let messages = [
        pick(0, ["Hello and welcome.", "Welcome, and thank you for listening.", "Good to have you with us."])
            + &format!(" I am {host}, and this is {guest}.")
            + " No language model is set up to write for us, so this is a short template."
            + &mood,
        format!("Hello {host}. What have we been asked to talk about?"),
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
        format!("Thank you, {host}, and goodbye."),
    ];
    cast.iter().cycle().zip(messages).map(|(person, message)| line(person, message)).collect()
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
            ..Request::default()
        }
    }

    fn spoken(script: &Written) -> String {
        script.lines.iter().map(|line| line.message.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_template_is_honest() {
        let script = write(request("Two developers discussing API security", Some("friendly"), 10));
        assert_eq!(script.told.source, ScriptSource::Template);
        assert_eq!(
            script.told.warnings,
            ["no language model is configured, so this is a template of about a minute; \
              it was not padded to the 10 minutes asked"]
        );
        assert!(spoken(&script).contains("the request: Two developers discussing API security."));
        assert!(spoken(&script).contains("is friendly."));
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let script = write(request(&"word ".repeat(100), Some("calm, but with a lot of energy"), 1));
        insta::assert_snapshot!(script.told.warnings.join("\n"), @"
        no language model is configured, so this is a template of about a minute
        only the first 24 of the prompt's 100 words are read out
        without a language model a `vibe` has one to 4 words; this one is not used
        ");
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
