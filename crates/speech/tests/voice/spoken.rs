//! What is spoken is speech, and always the same.

use std::cell::Cell;

use speech::kokoro::{SAMPLE_RATE, SpeakError, VoiceName};
use speech::phonemes::{English, Phonemes};

use crate::pitch::median_pitch;
use crate::{KOKORO, PAIR, phonemes, speak, voice};

/// Two short lines.
const LINES: [&str; 2] = ["The key was revoked this morning.", "And nobody has noticed?"];

#[allow(clippy::cast_precision_loss, reason = "some seconds of samples")]
fn seconds(samples: &[f32]) -> f32 {
    samples.len() as f32 / SAMPLE_RATE as f32
}

/// Numbers that are finite, loud enough to be heard, not clipped, and as many as so many phonemes take.
fn assert_is_speech(samples: &[f32], phonemes: &Phonemes) {
    assert!(samples.iter().all(|sample| sample.is_finite() && sample.abs() <= 1.0));
    #[allow(clippy::cast_precision_loss, reason = "some seconds of samples")]
    let loudness = (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32).sqrt();
    assert!((0.01..0.5).contains(&loudness), "a loudness of {loudness}");
    #[allow(clippy::cast_precision_loss, reason = "some hundred phonemes")]
    let each = seconds(samples) / phonemes.len() as f32;
    assert!((0.04..0.12).contains(&each), "{each} s for each of {} phonemes", phonemes.len());
}

#[test]
fn the_same_line_is_the_same_samples_on_one_thread_and_on_two() {
    let lines = LINES.map(phonemes);
    let say = |index: usize| speak(&lines[index], &PAIR[index]);
    let alone = [say(0), say(1)];
    let at_once = std::thread::scope(|scope| {
        let other = scope.spawn(|| say(1));
        [say(0), other.join().expect("it spoke")]
    });
    assert!(alone == at_once, "the samples differ");
    for (samples, line) in alone.iter().zip(&lines) {
        assert_is_speech(samples, line);
    }
}

#[test]
fn a_woman_and_a_man_are_told_apart_by_their_pitch() {
    let line = phonemes("Good morning, and welcome to all of you.");
    let [woman, man] = [0, 1].map(|index| median_pitch(&speak(&line, &PAIR[index]), SAMPLE_RATE));
    assert!(woman > man + 30.0, "{woman} Hz and {man} Hz");
}

#[test]
fn a_line_longer_than_the_model_takes_at_once_is_spoken_to_its_end() {
    let text = "One two three four five six seven eight nine ten, ".repeat(3)
        + "and that is all there is to say about it.";
    let line = phonemes(&text);
    assert!(line.len() > 150, "{} phonemes are one piece", line.len());
    let samples = speak(&line, &PAIR[1]);
    assert_is_speech(&samples, &line);
    let ends = [&samples[..4_800], &samples[samples.len() - 4_800..]];
    assert!(
        ends.iter().all(|end| end.iter().any(|sample| sample.abs() > 0.01)),
        "silence of 0.2 s at an end"
    );
}

#[test]
fn a_line_that_is_not_wanted_any_more_ends_with_the_piece_that_is_being_spoken() {
    let line =
        phonemes(&("Stop. ".to_owned() + &"One two three four five six seven eight nine ten, ".repeat(9)));
    let asked = Cell::new(0);
    let is_wanted = || asked.replace(asked.get() + 1) == 0;
    let spoken = KOKORO.speak(&line, &PAIR[0], 1.0, &is_wanted);
    assert!(matches!(spoken, Err(SpeakError::Unwanted)));
    assert_eq!(asked.get(), 2, "before the first piece and before the second");
}

#[test]
fn speed_makes_it_shorter_or_longer() {
    let line = phonemes(LINES[1]);
    let [slow, fast] =
        [0.7, 1.4].map(|speed| KOKORO.speak(&line, &PAIR[0], speed, &|| true).expect("it speaks"));
    assert!(seconds(&slow) > 1.3 * seconds(&fast), "{} s and {} s", seconds(&slow), seconds(&fast));
    for speed in [0.0, 0.49, 2.01, -1.0, f32::NAN, f32::INFINITY] {
        assert!(
            matches!(KOKORO.speak(&line, &PAIR[0], speed, &|| true), Err(SpeakError::Speed(_))),
            "{speed}"
        );
    }
}

#[test]
fn phonemes_by_hand_are_spoken_and_nothing_is_silence() {
    let word = Phonemes::by_hand("/kˌubɚnˈɛtɪs/").expect("known symbols");
    let mut line = phonemes("It runs on");
    line.append(&word);
    line.append(&phonemes("."));
    assert!(line.to_string().ends_with(" kˌubɚnˈɛtɪs."), "{line}");
    assert_is_speech(&speak(&line, &PAIR[0]), &line);
    for silent in ["", " ", "."] {
        let nothing = speak(&Phonemes::by_hand(silent).expect("known symbols"), &PAIR[0]);
        assert!(seconds(&nothing) < 1.0, "{} s of {silent:?}", seconds(&nothing));
    }
}

#[test]
fn a_british_voice_speaks_british_phonemes() {
    let name: VoiceName = "bf_emma".parse().expect("a voice");
    let line = English::new(name.accent()).read("I can't park the car here.").expect("English");
    assert!(line.to_string().contains("kˈɑː"), "{line}");
    assert_is_speech(&speak(&line, &voice(name)), &line);
}
