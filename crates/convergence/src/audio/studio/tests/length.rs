//! A language model's script has the length that was asked for, by what is measured of the sound, also through a restart.

use std::sync::Mutex;

use futures_util::future::BoxFuture;

use super::super::super::outside::{Question, Trouble, Turn};
use super::*;

const STUBBORN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/audio/testdata/stubborn-voice");

/// A word without sense for each number: three syllables, of which there are 24,389.
fn word(number: usize) -> String {
    const SYLLABLES: [&str; 29] = [
        "ba", "be", "bo", "da", "de", "do", "fa", "fe", "ga", "go", "ka", "ke", "ko", "la", "le", "lo", "ma",
        "me", "mo", "na", "ne", "no", "pa", "po", "ra", "ro", "sa", "ta", "to",
    ];
    let number = number.wrapping_mul(7_919);
    [number % 29, number / 29 % 29, number / 841 % 29].map(|at| SYLLABLES[at]).concat()
}

/// Writes what is asked for, in words without sense.
#[derive(Default)]
struct Writer {
    /// The word "wait" stands in this block, counted from 1.
    waits_in: Option<usize>,
    blocks: Mutex<usize>,
}

impl Chat for Writer {
    fn model(&self) -> &'static str {
        "test-1"
    }

    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<String, Trouble>> {
        let answer = self.answer(question).to_string();
        Box::pin(async { Ok(answer) })
    }
}

impl Writer {
    fn answer(&self, question: &Question) -> serde_json::Value {
        if question.name == "cast" {
            return json!({"speakers": [
                {"name": "Mara", "gender": "female", "role": ""}, {"name": "Tom", "gender": "male", "role": ""},
            ]});
        }
        let Turn::Ours(told) = &question.turns[0] else { panic!("ours is first") };
        let told: serde_json::Value = serde_json::from_str(told).unwrap();
        let mut block = self.blocks.lock().unwrap();
        *block += 1;
        let number = |name: &str| usize::try_from(told[name].as_u64().unwrap()).unwrap();
        let (lines, words) = (number("lines"), number("words"));
        let first = usize::from(told["next_speaker"] == "Tom");
        let line = |at: usize| {
            let word = |place: usize| match place {
                2 if self.waits_in == Some(*block) && at == 1 => "wait".to_owned(),
                _ => word((*block * 16 + at) * 64 + place),
            };
            let text = (0..words / lines).map(word).collect::<Vec<_>>().join(" ");
            let speaker = ["Mara", "Tom"][(first + at) % 2];
            json!({"speaker": speaker, "text": format!("{text}."), "point": 0})
        };
        json!({"lines": (0..lines).map(line).collect::<Vec<_>>()})
    }
}

fn minutes(minutes: u32) -> Request {
    request(&json!({"prompt": "Nothing in particular", "duration": minutes}))
}

#[tokio::test]
async fn the_length_that_was_asked_for_is_met() {
    for asked in [2, 4] {
        let scene = Scene::new(None, |settings| settings.chat = Some(Arc::new(Writer::default())));
        let recording = scene.studio.record("Acme", String::new(), minutes(asked)).await.unwrap();
        let target = f64::from(asked) * 60.0;
        assert_eq!(recording.target_seconds, Some(asked * 60));
        let made = recording.duration_seconds;
        assert!((made - target).abs() <= 0.05 * target, "{made} s instead of {target} s");
        assert_eq!(recording.script_source.name(), "llm:test-1");
    }
}

#[tokio::test]
async fn a_restart_goes_on_with_the_script_that_was_begun() {
    let home = tempfile::tempdir().unwrap();
    symlink(STUBBORN, home.path().join("voice")).unwrap();
    let chat = Arc::new(Writer { waits_in: Some(2), ..Writer::default() });
    let studio = || {
        let mut chosen = settings(home.path(), Some(STUBBORN));
        chosen.chat = Some(chat.clone());
        Studio::new(chosen)
    };
    let first = studio();
    let job = first.submit("Acme", String::new(), minutes(2)).await.unwrap();
    let id = job.id.to_string();
    let said = || fs::read_to_string(home.path().join("said")).unwrap_or_default();
    until(|| said().contains("wait")).await;
    drop((job, first));

    fs::write(home.path().join("go"), "").unwrap();
    let second = studio();
    assert_eq!(second.resume().await, Ok(1));
    let outcome = second.job("Acme", &id).expect("it goes on").outcome().await;
    let recording = (*outcome).clone().unwrap();
    let made = recording.duration_seconds;
    assert!((made - 120.0).abs() <= 12.0, "{made} s");
    // Each block was written once: what there was is not asked for again.
    let lines: std::collections::HashSet<&str> =
        recording.script.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(lines.len(), recording.script.len());
    assert_eq!(recording.script.iter().filter(|line| line.message.contains("wait")).count(), 1);
    assert!(recording.script.windows(2).all(|pair| pair[0].name != pair[1].name));
}
