//! An outline as a conversation, without a language model: one presents the points in the outline's own words, the other
//! asks. Every point is said, in its order, and nothing is said of the subject that the outline does not say.

use super::super::request::{Line, Person, Request};
use super::outline::{Outline, Point};
use super::{Coverage, ScriptSource, Told, Written, line, not_padded, template, usual_cast, words};

/// Points are said one after another until the turn has this many words.
const TURN_WORDS: usize = 45;
/// What is longer is said in several turns. A line holds at most 2,000 characters.
const LONGEST: usize = 700;

/// Before a heading, before what follows it, and before what follows that. No two neighbours are the same.
const HEADINGS: [&str; 4] =
    ["What comes next?", "And then?", "What is the next part?", "Shall we go on to the next part?"];
const POINTS: [&str; 4] =
    ["And what does it say about that?", "Go on.", "I see. What else?", "Please continue."];

/// The whole script; the same for the same outline and speakers.
pub(super) fn present(outline: &Outline, request: Request) -> Written {
    let [host, guest] = request.speakers.unwrap_or_else(usual_cast);
    let mut warnings = request.notes;
    warnings.push(
        "no language model is configured, so the outline is presented in its own words".to_owned()
            + &not_padded(request.duration_minutes),
    );
    if outline.code_lines > 0 {
        warnings.push(format!("{} line(s) of code in the outline are not spoken", outline.code_lines));
    }
    let topic = request.prompt.map(|prompt| template::topic(&prompt, &mut warnings));
    let mood = request.vibe.and_then(|vibe| template::mood(&vibe, &mut warnings));

    let mut talk = Talk { host, guest, lines: Vec::new(), coverage: Vec::new(), asked: 0 };
    talk.open(topic.as_deref(), mood.as_deref());
    let mut turn = Turn::default();
    for point in &outline.points {
        if point.is_heading || turn.words + words(&point.text) > TURN_WORDS {
            talk.say(&std::mem::take(&mut turn));
        }
        turn.add(point);
    }
    talk.say(&turn);
    talk.close();
    let told = Told { source: ScriptSource::Outline, warnings, coverage: talk.coverage };
    Written { lines: talk.lines, told }
}

/// Points that are said in one go.
#[derive(Default)]
struct Turn<'a> {
    points: Vec<&'a Point>,
    words: usize,
}

impl<'a> Turn<'a> {
    fn add(&mut self, point: &'a Point) {
        self.words += words(&point.text);
        self.points.push(point);
    }
}

struct Talk {
    host: Person,
    guest: Person,
    lines: Vec<Line>,
    coverage: Vec<Coverage>,
    asked: usize,
}

impl Talk {
    fn open(&mut self, topic: Option<&str>, mood: Option<&str>) {
        let mood = mood.map(|mood| format!(" The mood we were asked for is {mood}.")).unwrap_or_default();
        let (host, guest) = (&self.host.name, &self.guest.name);
        let welcome = match topic {
            Some(topic) => {
                format!("Hello and welcome. I am {host}, and this is {guest}. {}{mood}", sentence(topic))
            }
            None => format!("Hello and welcome. I am {host}, and this is {guest}.{mood}"),
        };
        let answer = format!("Hello {host}. I have an outline here, and I will keep to its words.");
        self.host_says(welcome);
        self.guest_says(answer);
    }

    /// The host asks, the guest says these points.
    fn say(&mut self, turn: &Turn<'_>) {
        let Some(first) = turn.points.first() else { return };
        let question = match (self.coverage.is_empty(), first.is_heading) {
            (true, _) => "What does it begin with?",
            (false, true) => HEADINGS[self.asked % HEADINGS.len()],
            (false, false) => POINTS[self.asked % POINTS.len()],
        };
        self.asked += 1;
        self.host_says(question.to_owned());
        let begun = self.lines.len();
        let covered =
            |point: &Point| Coverage { point: point.text.clone(), covered: true, line: Some(begun) };
        self.coverage.extend(turn.points.iter().map(|point| covered(point)));
        let text: Vec<String> = turn.points.iter().map(|point| sentence(&point.text)).collect();
        for (at, piece) in pieces(&text.join(" ")).into_iter().enumerate() {
            if at > 0 {
                self.host_says("Go on.".to_owned());
            }
            self.guest_says(piece);
        }
    }

    fn close(&mut self) {
        self.host_says("Is there anything else in it?".to_owned());
        self.guest_says("No, that is all of it.".to_owned());
        let thanks = format!("Thank you, {}, and goodbye.", self.guest.name);
        self.host_says(thanks);
    }

    fn host_says(&mut self, message: String) {
        self.lines.push(line(&self.host, message));
    }

    fn guest_says(&mut self, message: String) {
        self.lines.push(line(&self.guest, message));
    }
}

/// With a mark at its end, so that a voice comes to rest there.
fn sentence(text: &str) -> String {
    let text = text.trim_end_matches([',', ';', ':', ' ']);
    let stop = if text.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    format!("{text}{stop}")
}

/// A text in pieces that a line can hold, cut where a sentence ends, else between words, else anywhere.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while let Some((limit, _)) = rest.char_indices().nth(LONGEST) {
        let window = &rest[..limit];
        let after = |mark: &str| window.rfind(mark).map(|at| at + mark.len());
        let cut = [". ", "? ", "! "].into_iter().filter_map(after).max().or_else(|| after(" "));
        let (piece, tail) = rest.split_at(cut.unwrap_or(limit));
        pieces.push(piece.trim_end().to_owned());
        rest = tail.trim_start();
    }
    pieces.push(rest.to_owned());
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Writer;
    use super::super::tests::LEFT;
    use super::*;

    fn present(outline: &str, request: Request) -> (Vec<Line>, Told) {
        let mut written = super::present(&Outline::read(outline), request);
        let lines = futures_util::FutureExt::now_or_never(written.next(LEFT)).unwrap().unwrap();
        (lines, written.told())
    }

    fn asked(minutes: u32) -> Request {
        Request { duration_minutes: minutes, ..Request::default() }
    }

    #[test]
    fn an_outline_is_presented_in_its_own_words() {
        let (lines, told) =
            present("# Keys\n- one for each client\n- none shared\n# Locks\nAn open end:", asked(10));
        let said: Vec<String> = lines.iter().map(|line| format!("{}: {}", line.name, line.message)).collect();
        insta::assert_snapshot!(said.join("\n"), @"
        Julia: Hello and welcome. I am Julia, and this is Peter.
        Peter: Hello Julia. I have an outline here, and I will keep to its words.
        Julia: What does it begin with?
        Peter: Keys. one for each client. none shared.
        Julia: And then?
        Peter: Locks. An open end.
        Julia: Is there anything else in it?
        Peter: No, that is all of it.
        Julia: Thank you, Peter, and goodbye.
        ");
        assert_eq!(told.source, ScriptSource::Outline);
        assert_eq!(
            told.warnings,
            ["no language model is configured, so the outline is presented in its own words; \
              it was not padded to the 10 minutes asked"]
        );
        let at: Vec<Option<usize>> = told.coverage.iter().map(|point| point.line).collect();
        assert_eq!(at, [Some(3), Some(3), Some(3), Some(5), Some(5)]);
    }

    #[test]
    fn what_is_not_spoken_is_said() {
        let request = Request { prompt: Some("Doors and keys".into()), ..asked(1) };
        let (lines, told) = present("- a\n```\nlet x = 1;\n```", request);
        assert!(lines[0].message.ends_with("Doors and keys."), "{}", lines[0].message);
        assert_eq!(told.warnings[1], "1 line(s) of code in the outline are not spoken");
    }

    #[test]
    fn a_long_point_is_said_in_several_turns() {
        let (lines, told) = present(&"a word ".repeat(1_000), asked(10));
        assert!(lines.iter().all(|line| line.message.chars().count() <= LONGEST));
        assert_eq!(told.coverage.len(), 1);
    }

    proptest! {
        #[test]
        fn all_of_it_is_said_in_order_by_turns(points in prop::collection::vec("[a-z]{1,9}( [a-z]{1,9}){0,60}", 1..30)) {
            let outline = format!("- {}", points.join("\n- "));
            let (lines, told) = present(&outline, asked(10));
            prop_assert!(lines.windows(2).all(|pair| pair[0].name != pair[1].name));
            prop_assert!(lines.windows(2).all(|pair| pair[0].message != pair[1].message));
            let said: Vec<&str> = lines[2..lines.len() - 3].iter().filter(|line| line.name == "Peter")
                .map(|line| line.message.as_str()).collect();
            prop_assert_eq!(said.join(" ").replace('.', ""), points.join(" "));
            prop_assert!(told.coverage.iter().zip(&points).all(|(point, own)| point.point == *own && point.covered));
            prop_assert_eq!(lines, present(&outline, asked(10)).0);
        }
    }
}
