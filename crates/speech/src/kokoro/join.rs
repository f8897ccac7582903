//! Pieces of speech joined to one line: without the model's silence around each, with the pause that its last mark asks for,
//! and without clicks.

use crate::phonemes::Pause;

use super::SAMPLE_RATE;

/// Below this a sample is silence: -50 dB of the loudest there can be.
const SILENCE: f32 = 0.003_162;

/// How much silence is kept around a piece: a breath, a fading consonant.
const KEPT: usize = milliseconds(30);

/// How long an edge takes to fade.
const FADE: usize = milliseconds(5);

/// A line that grows piece by piece.
#[derive(Default)]
pub(super) struct Line {
    samples: Vec<f32>,
    /// What comes after the last piece.
    pause: Option<Pause>,
}

impl Line {
    /// Goes on with a piece, after which this pause comes.
    pub(super) fn append(&mut self, piece: &[f32], pause: Pause) {
        let audible = |sample: &f32| sample.abs() > SILENCE;
        let (Some(first), Some(last)) = (piece.iter().position(audible), piece.iter().rposition(audible))
        else {
            return;
        };
        let silence = self.pause.map_or(0, silence);
        self.samples.resize(self.samples.len() + silence, 0.0);
        let start = self.samples.len();
        let kept = &piece[first.saturating_sub(KEPT)..piece.len().min(last + 1 + KEPT)];
        self.samples.extend(kept.iter().map(|sample| sample.clamp(-1.0, 1.0)));
        fade(&mut self.samples[start..]);
        self.pause = Some(pause);
    }

    /// The whole.
    pub(super) fn into_samples(self) -> Vec<f32> {
        self.samples
    }
}

/// How many samples of silence a pause is, beside what is kept around the pieces: about what the model makes of it.
fn silence(pause: Pause) -> usize {
    match pause {
        Pause::Sentence => milliseconds(300),
        Pause::Clause => milliseconds(120),
        Pause::Word => 0,
    }
}

/// Lets both edges begin at nothing.
fn fade(samples: &mut [f32]) {
    let length = FADE.min(samples.len() / 2);
    for at in 0..length {
        #[allow(clippy::cast_precision_loss, reason = "both are small")]
        let share = at as f32 / length as f32;
        let mirrored = samples.len() - 1 - at;
        samples[at] *= share;
        samples[mirrored] *= share;
    }
}

const fn milliseconds(count: usize) -> usize {
    count * SAMPLE_RATE as usize / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second of a tone, with a second of silence on each side.
    fn tone() -> Vec<f32> {
        let second = SAMPLE_RATE as usize;
        let mut samples = vec![0.0; 3 * second];
        for (at, sample) in samples[second..2 * second].iter_mut().enumerate() {
            *sample = if at / 60 % 2 == 0 { 0.5 } else { -0.5 };
        }
        samples
    }

    #[test]
    fn pieces_are_joined_with_the_pause_they_ask_for() {
        let spoken = SAMPLE_RATE as usize + 2 * KEPT;
        for (pause, silence) in [(Pause::Sentence, 7_200), (Pause::Clause, 2_880), (Pause::Word, 0)] {
            let mut line = Line::default();
            line.append(&tone(), pause);
            line.append(&tone(), Pause::Sentence);
            assert_eq!(line.into_samples().len(), 2 * spoken + silence, "{pause:?}");
        }
    }

    #[test]
    fn a_piece_that_is_loud_at_its_edges_makes_no_click() {
        let second = SAMPLE_RATE as usize;
        let mut line = Line::default();
        for _ in 0..2 {
            line.append(&vec![0.5; second], Pause::Word);
        }
        let samples = line.into_samples();
        assert_eq!(samples.len(), 2 * second);
        let jump = samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(samples[0] == 0.0 && samples[2 * second - 1] == 0.0 && jump < 0.01, "a jump by {jump}");
    }

    #[test]
    fn what_cannot_be_heard_adds_nothing() {
        let mut line = Line::default();
        line.append(&vec![0.001; 5_000], Pause::Sentence);
        line.append(&[], Pause::Sentence);
        assert!(line.into_samples().is_empty());
    }
}
