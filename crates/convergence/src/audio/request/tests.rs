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
        assert_eq!(read(&json!({"prompt": "x", "duration": minutes})).unwrap().duration_minutes, expected);
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
    assert_eq!(
        read(&json!({})).unwrap_err(),
        ["prompt is required unless `transcript`, `outline` or `outline_url` is given"]
    );
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
fn a_transcript_in_an_object_or_in_plain_lines() {
    let line = json!({"name": "Ann", "gender": "female", "message": "Hello."});
    for name in ["conversation", "transcript"] {
        let request = read(&json!({"transcript": {"topic": "x", name: [line]}})).unwrap();
        assert_eq!(request.transcript.unwrap()[0].name, "Ann");
    }
    let text =
        "Dr. Ann Lee: Hello.\n\n**Ben (male):** Look: a colon, and\nhttps://example.com.\nDr. Ann Lee: Bye.";
    let request = read(&json!({"transcript": text})).unwrap();
    let said = request.transcript.iter().flatten().map(|line| (&*line.name, line.gender, &*line.message));
    assert_eq!(
        said.collect::<Vec<_>>(),
        [
            ("Dr. Ann Lee", Gender::Female, "Hello."),
            ("Ben", Gender::Male, "Look: a colon, and https://example.com."),
            ("Dr. Ann Lee", Gender::Female, "Bye."),
        ]
    );
    assert_eq!(request.notes.len(), 1);
    assert!(request.notes[0].contains("so Dr. Ann Lee is female;"), "{}", request.notes[0]);

    let speakers = json!([{"name": "Ann", "gender": "male"}, {"name": "Ben", "gender": "female"}]);
    let request = read(&json!({"transcript": "Ann: Hi.\nBen: Hi.", "speakers": speakers})).unwrap();
    assert_eq!((request.transcript.unwrap()[0].gender, request.notes.len()), (Gender::Male, 0));
    assert_eq!(
        read(&json!({"transcript": "Nobody says this."})).unwrap_err(),
        ["transcript[0].name must be text of 1 to 100 characters"]
    );
}

#[test]
fn speakers_are_two_and_differ() {
    let two = |one: &str, other: &str| json!({"prompt": "x", "speakers": [{"name": one, "gender": "female"}, {"name": other, "gender": "male"}]});
    assert_eq!(read(&two("Ann", "Ben")).unwrap().speakers.unwrap()[1].name, "Ben");
    assert_eq!(read(&two("Ann", "Ann")).unwrap_err(), ["speakers must have two different names"]);
    assert_eq!(
        read(&json!({"prompt": "x", "speakers": [{"name": "Ann"}, 5]})).unwrap_err(),
        ["speakers[0].gender is required", "speakers[1] must be an object with `name` and `gender`",]
    );
    assert_eq!(
        read(&json!({"prompt": "x", "speakers": "Ann"})).unwrap_err(),
        ["speakers must be an array of two objects with `name` and `gender`"]
    );
}

#[test]
fn an_outline_stands_in_for_a_prompt() {
    assert_eq!(read(&json!({"outline": "- a"})).unwrap().outline, Some(Outline::read("- a")));
    let mut request = read(&json!({"outline_url": " https://example.com/a "})).unwrap();
    assert_eq!(request.outline_url.as_deref(), Some("https://example.com/a"));
    assert!(request.set_outline("***").is_err());
    request.set_outline("- b").unwrap();
    assert_eq!((request.outline, request.outline_url), (Some(Outline::read("- b")), None));
    assert_eq!(
        read(&json!({"outline": "- a", "outline_url": "https://example.com"})).unwrap_err(),
        ["outline_url must not be given together with `outline`"]
    );
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
    transcript[4].gender differs from what was said before of the same name
    transcript names 3 speakers; there are two voices, so at most two can speak
    duration must be a whole number of minutes from 1 to 60
    vibe must be text of 0 to 200 characters
    ");
}

#[test]
fn a_transcript_is_bounded() {
    let line = json!({"name": "Ann", "gender": "female", "message": "Hello."});
    let allowed = "transcript must be an array of 1 to 300 items, an object with one as `conversation`, or text with as many lines `Name: message`";
    assert!(read(&json!({"transcript": vec![line.clone(); 300]})).is_ok());
    assert_eq!(read(&json!({"transcript": vec![line.clone(); 301]})).unwrap_err(), [allowed]);
    assert_eq!(read(&json!({"transcript": []})).unwrap_err(), [allowed]);
    assert_eq!(read(&json!({"transcript": {"talk": [line]}})).unwrap_err(), [allowed]);
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
