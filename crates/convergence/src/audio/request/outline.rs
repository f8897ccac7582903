//! An outline in a request: text, or JSON whose texts are its points.

use serde_json::Value;

use super::{Faults, must_be_speakable};
use crate::audio::script::{Outline, Point};

/// Characters of an outline: as much as a transcript may have.
const CHARACTERS: usize = 60_000;
/// Points of an outline.
const POINTS: usize = 300;
/// Objects and arrays in one another.
const DEEPEST: usize = 8;

/// What an object of an outline may have, in the order in which it is read: what stands above, what it says, what is below.
const ABOVE: [&str; 5] = ["title", "heading", "name", "topic", "section"];
const SAID: [&str; 4] = ["text", "description", "summary", "content"];
const BELOW: [&str; 8] =
    ["points", "items", "bullets", "key_points", "sections", "subsections", "children", "outline"];

/// The outline, or nothing and what is wrong with the member of this name.
pub(super) fn read(value: &Value, member: &str, faults: &mut Faults) -> Option<Outline> {
    let outline = if let Value::String(text) = value {
        if text.chars().count() > CHARACTERS {
            faults.add(member, format!("must have at most {CHARACTERS} characters"));
            return None;
        }
        Outline::read(text)
    } else {
        let mut points = Vec::new();
        if let Err(detail) = collect(value, false, DEEPEST, &mut points) {
            faults.add(member, detail);
            return None;
        }
        Outline::of(points)
    };
    check(&outline, member, faults).then_some(outline)
}

/// Whether it can be talked about.
pub(super) fn check(outline: &Outline, member: &str, faults: &mut Faults) -> bool {
    let before = faults.0.len();
    let characters: usize = outline.points.iter().map(|point| point.text.chars().count()).sum();
    let points = outline.points.len();
    if points == 0 {
        faults.add(member, "has no point: write headings, lists or paragraphs");
    } else if points > POINTS {
        faults.add(member, format!("has {points} points; at most {POINTS} are taken"));
    } else if characters > CHARACTERS {
        faults.add(member, format!("must have at most {CHARACTERS} characters"));
    } else {
        let all: Vec<&str> = outline.points.iter().map(|point| &*point.text).collect();
        must_be_speakable(member, &all.join(" "), faults);
    }
    faults.0.len() == before
}

/// Every text in its order. What is not understood is a fault: nothing of an outline is left out in silence.
fn collect(value: &Value, is_heading: bool, depth: usize, points: &mut Vec<Point>) -> Result<(), String> {
    if depth == 0 {
        return Err(format!("may have at most {DEEPEST} objects and arrays in one another"));
    }
    match value {
        Value::Null => {}
        Value::String(text) => points.push(Point { text: text.clone(), is_heading }),
        Value::Array(values) => {
            values.iter().try_for_each(|value| collect(value, is_heading, depth - 1, points))?;
        }
        Value::Object(members) => {
            let known = ABOVE.iter().chain(&SAID).chain(&BELOW);
            if members.keys().any(|name| known.clone().all(|known| known != name)) {
                let known: Vec<&str> = known.copied().collect();
                return Err(format!("an object of an outline may have {}", known.join(", ")));
            }
            for (names, above) in [(&ABOVE[..], true), (&SAID[..], false), (&BELOW[..], false)] {
                for value in names.iter().filter_map(|name| members.get(*name)) {
                    collect(value, above, depth - 1, points)?;
                }
            }
        }
        Value::Bool(_) | Value::Number(_) => {
            return Err("must be text, or JSON whose values are texts".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn points(value: &Value) -> Result<Vec<String>, String> {
        let mut faults = Faults(Vec::new());
        let outline = read(value, "outline", &mut faults);
        let shown = |point: Point| if point.is_heading { format!("# {}", point.text) } else { point.text };
        match (outline, faults.0.pop()) {
            (Some(outline), None) => Ok(outline.points.into_iter().map(shown).collect()),
            (None, Some(fault)) => Err(fault.detail),
            _ => panic!("an outline or a fault"),
        }
    }

    #[test]
    fn json_is_read_from_above_to_below() {
        let value = json!({"sections": [
            {"points": ["one", "two"], "title": "First"},
            {"bullets": [{"text": "three", "children": ["four"]}], "heading": "Second"},
        ], "title": "All"});
        assert_eq!(points(&value).unwrap(), ["# All", "# First", "one", "two", "# Second", "three", "four"]);
        assert_eq!(points(&json!(["a", "b"])).unwrap(), ["a", "b"]);
        assert_eq!(points(&json!("# A\n- b")).unwrap(), ["# A", "b"]);
    }

    #[test]
    fn nothing_is_left_out_in_silence() {
        let deep = (0..9).fold(json!("x"), |value, _| json!([value]));
        for (value, expected) in [
            (json!({"title": "A", "notes": "b"}), "an object of an outline may have title"),
            (json!([1]), "must be text"),
            (deep, "at most 8 objects"),
            (json!(""), "has no point"),
            (json!([]), "has no point"),
            (json!(vec!["a"; 301]), "has 301 points"),
            (json!("x".repeat(60_001)), "at most 60000 characters"),
            (json!(vec!["x".repeat(30_001); 2]), "at most 60000 characters"),
            (json!("你好"), "has no word"),
        ] {
            let fault = points(&value).unwrap_err();
            assert!(fault.contains(expected), "{fault}");
        }
    }
}
