use proptest::prelude::*;
use serde_json::json;

use super::super::usual_cast;
use super::*;

const WELL: [(&str, &str); 4] = [
    ("Julia", "Where does the story of the lighthouse begin?"),
    ("Peter", "With a storm in the spring of 1811, and a ship that nobody saw in time."),
    ("Julia", "So people built a tower (a small one at first) out of wood."),
    ("Peter", "It burned down twice before they thought of stone."),
];

fn block(lines: &[(&str, &str)]) -> Block {
    let lines: Vec<Value> =
        lines.iter().map(|(speaker, text)| json!({"speaker": speaker, "text": text})).collect();
    Block::read(&json!({"lines": lines}).to_string()).expect("a block")
}

fn checked(lines: &[(&str, &str)], before: &[&str], is_closing: bool) -> (Vec<String>, Vec<String>) {
    let cast = usual_cast();
    let before: Vec<Line> = before.iter().map(|text| line(&cast[1], (*text).to_owned())).collect();
    let frame = Frame { cast: &cast, next: 0, lines: 4, words: 80, is_closing, before: &before, points: 0 };
    let checked = check(block(lines), &frame);
    (checked.kept.into_iter().map(|(line, _)| line.message).collect(), checked.faults)
}

/// The good block with its third line replaced: what is said to be wrong.
fn faults_with(speaker: &str, text: &str) -> Vec<String> {
    let mut lines = WELL;
    lines[2] = (speaker, text);
    checked(&lines, &["We heard of the fishermen and of their boats first."], false).1
}

#[test]
fn a_good_block_is_kept_whole() {
    let (kept, faults) = checked(&WELL, &[], false);
    assert_eq!((kept.len(), faults), (4, vec![]));
}

#[test]
fn each_fault_is_named_with_its_line() {
    for (text, fault) in [
        ("...", "no word that can be spoken"),
        ("", "no word that can be spoken"),
        ("[laughs] I did not know that.", "stage direction"),
        ("I did not know that. *sighs deeply* Well.", "stage direction"),
        ("I did not know that (chuckling).", "stage direction"),
        ("Narrator: The night was dark.", "label"),
        ("Julia: The night was dark.", "label"),
        ("Thank you for listening, everyone!", "ends the conversation"),
        ("Well, goodbye then.", "ends the conversation"),
        ("We heard of the fishermen, and of their boats, first!", "repeats"),
        ("First we heard of the fishermen and of their boats.", "repeats"),
        ("Where does the story of the lighthouse begin?", "repeats"),
        (&"word ".repeat(100), "much too long"),
    ] {
        let faults = faults_with("Julia", text);
        assert!(
            faults.len() == 1 && faults[0].starts_with("line 3: ") && faults[0].contains(fault),
            "{text}: {faults:?}"
        );
    }
    assert!(faults_with("Narrator", "A line.")[0].contains("neither of the two"));
    assert!(faults_with("Peter", "A line of mine.")[0].contains("take turns"));
}

#[test]
fn what_only_looks_like_a_fault_is_none() {
    for text in [
        "It was *very* late, and **dark**.",
        "Here is the thing: it held.",
        "It took 5 * 3 people.",
        "Right, yes.",
        "A tower (made of wood) burns.",
    ] {
        assert_eq!(faults_with("Julia", text), [""; 0], "{text}");
    }
    let (kept, faults) = checked(&[("Julia", "Thank you, and goodbye."), ("Peter", "Goodbye.")], &[], true);
    assert_eq!((kept.len(), faults), (2, vec![]));
    // People say yes again.
    assert!(!Words::of("Yes, yes.").is_like(&Words::of("Yes, yes.")));
}

#[test]
fn what_is_kept_takes_turns_and_fits() {
    let lines = [WELL[1], WELL[0], WELL[0], WELL[1], ("Julia", "[music]"), WELL[3], WELL[2]];
    let (kept, faults) = checked(&lines, &[], false);
    assert_eq!(kept, [WELL[0].1, WELL[1].1, WELL[2].1]);
    assert_eq!(faults.len(), 3, "{faults:?}");
    let (_, faults) = checked(&WELL[..1], &[], false);
    assert_eq!(faults, ["there are 1 lines where 4 were asked for"]);
}

#[test]
fn json_is_found_in_what_a_model_says() {
    for answer in
        ["{\"lines\":[]}", "```json\n{\"lines\":[]}\n```", "<think>{ hm }</think> Here: {\"lines\": []}"]
    {
        assert!(Block::read(answer).is_some(), "{answer}");
    }
    for answer in ["", "}{", "{\"lines\": [", "[]", "{\"lines\": [{\"speaker\": 1}]}"] {
        assert!(Block::read(answer).is_none(), "{answer}");
    }
}

#[test]
fn a_point_is_believed_where_its_words_are_heard() {
    assert!(is_about("A key for every client.", "Clients have keys"));
    assert!(!is_about("The weather is nice.", "Clients have keys"));
    assert!(is_about("Anything.", "Why us"));
}

proptest! {
    /// Whatever a model writes within the schema, what is kept takes turns, fits, and is spoken by the two.
    #[test]
    fn what_is_kept_is_well_formed(lines in prop::collection::vec(("Julia|Peter|Narrator| Julia ", "([a-z]{1,8}|\\[x\\]|goodbye|\\*sighs\\*)( [a-z]{1,8}){0,40}", any::<u8>()), 0..30)) {
        let cast = usual_cast();
        let json: Vec<Value> = lines.iter().map(|(speaker, text, point)| json!({"speaker": speaker, "text": text, "point": point})).collect();
        let frame = Frame { cast: &cast, next: 1, lines: 8, words: 150, is_closing: false, before: &[], points: 3 };
        let checked = check(Block::read(&json!({"lines": json}).to_string()).unwrap(), &frame);
        prop_assert!(checked.kept.len() <= 8);
        for (at, (line, point)) in checked.kept.iter().enumerate() {
            prop_assert_eq!(&line.name, &cast[(at + 1) % 2].name);
            prop_assert!(!line.message.contains("goodbye") && !line.message.contains('['));
            prop_assert!(point.is_none_or(|point| point < 3));
        }
    }
}
