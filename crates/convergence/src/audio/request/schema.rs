//! What a request may be, as a JSON schema: the bounds are the reader's own constants.

use std::borrow::Cow;

use serde_json::{Value, json};
use utoipa::openapi::schema::{AllOfBuilder, AnyOfBuilder, Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::{
    ADDRESS, DEFAULT_DURATION, DURATION, ENGINES, Gender, LINES, MESSAGE, NAME, PROMPT, ROLE, Request, VIBE,
};

impl ToSchema for Request {
    fn name() -> Cow<'static, str> {
        "AudioRequest".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Gender::name().into_owned(), Gender::schema()));
    }
}

impl PartialSchema for Request {
    fn schema() -> RefOr<Schema> {
        AllOfBuilder::new()
            .description(Some(
                "What is to be heard. A member that is `null` counts as absent; members of other names are ignored.",
            ))
            .item(serde_json::from_value::<Schema>(members()).expect("a schema, by the test below"))
            .item(about())
            .examples([json!({"prompt": "Two developers discussing API security", "duration": 10})])
            .into()
    }
}

/// Each member by itself.
fn members() -> Value {
    json!({
        "type": "object",
        "properties": {
            "prompt": text(&PROMPT, "The topic, in your own words."),
            "duration": {
                "type": ["integer", "null"],
                "minimum": DURATION.start(),
                "maximum": DURATION.end(),
                "description": format!("How long it is to be, in minutes; {DEFAULT_DURATION} if nothing is said. A transcript is as long as it is."),
            },
            "vibe": text(&VIBE, "The mood."),
            "speakers": speakers(),
            "outline": {
                "type": ["string", "array", "object", "null"],
                "description": "What is to be talked about: Markdown or text, or JSON whose texts are its points.",
            },
            "outline_url": text(&ADDRESS, "Where the outline is: Markdown, plain text or HTML."),
            "transcript": transcript(),
            "engine": choice(&ENGINES, "What is to speak; the best there is, if nothing is said."),
            "voices": {
                "type": ["object", "null"],
                "description": "The voices by their names, such as `af_heart`; two different ones.",
                "properties": {
                    "female": {"type": ["string", "null"], "description": "Speaks for women."},
                    "male": {"type": ["string", "null"], "description": "Speaks for men."},
                },
            },
            "format": choice(&["wav", "opus", "mp3"], "The form of the sound: WAV if nothing is said, MP3 where it is built in. `Accept` comes before it."),
        },
    })
}

/// One of them says what it is about.
fn about() -> AnyOfBuilder {
    let kinds = [
        ("prompt", Type::String.into()),
        ("outline", SchemaType::AnyValue),
        ("outline_url", Type::String.into()),
        ("transcript", SchemaType::AnyValue),
    ];
    kinds.into_iter().fold(AnyOfBuilder::new(), |about, (name, kind)| {
        about.item(ObjectBuilder::new().property(name, Object::with_type(kind)).required(name))
    })
}

fn speakers() -> Value {
    json!({
        "type": ["array", "null"],
        "minItems": 2,
        "maxItems": 2,
        "description": "The two who speak, by different names.",
        "items": {
            "type": "object",
            "required": ["name", "gender"],
            "properties": {
                "name": {"type": "string", "minLength": NAME.start(), "maxLength": NAME.end()},
                "gender": {"$ref": "#/components/schemas/Gender"},
                "role": text(&ROLE, "What the person is in this conversation; not spoken."),
            },
        },
    })
}

/// Lines in three forms.
fn transcript() -> Value {
    let lines = json!({
        "type": "array",
        "minItems": LINES.start(),
        "maxItems": LINES.end(),
        "items": {
            "type": "object",
            "required": ["name", "message"],
            "properties": {
                "name": {"type": "string", "minLength": NAME.start(), "maxLength": NAME.end()},
                "gender": {
                    "type": ["string", "null"],
                    "enum": ["female", "male", null],
                    "description": "Which voice fits; required where a name comes first.",
                },
                "role": text(&ROLE, "What the speaker is in this conversation; not spoken."),
                "message": {
                    "type": "string",
                    "minLength": MESSAGE.start(),
                    "maxLength": MESSAGE.end(),
                    "description": "What is said.",
                },
            },
        },
    });
    json!({
        "description": "The lines to speak, word for word, by at most two people.",
        "oneOf": [
            lines,
            {"type": "object", "required": ["conversation"], "properties": {"conversation": lines}},
            {"type": "object", "required": ["transcript"], "properties": {"transcript": lines}},
            {"type": "string", "description": "Lines `Name: message`, or `Name (female): message`."},
            {"type": "null"},
        ],
    })
}

fn text(length: &std::ops::RangeInclusive<usize>, description: &str) -> Value {
    json!({
        "type": ["string", "null"],
        "minLength": length.start(),
        "maxLength": length.end(),
        "description": description,
    })
}

fn choice(words: &[&str], description: &str) -> Value {
    let words: Vec<Option<&str>> = words.iter().copied().map(Some).chain([None]).collect();
    json!({"type": ["string", "null"], "enum": words, "description": description})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_schema_is_lost_on_the_way_into_the_document() {
        let schema = serde_json::to_value(Request::schema()).unwrap();
        assert_eq!(schema["allOf"][0], members());
    }
}
