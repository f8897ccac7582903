//! Lines of speech to one WAV: equally loud speakers, no clicks, pauses as people make them.

use std::io::{Seek, Write};
use std::ops::Range;

use serde::Serialize;

use super::voice::Pcm;

/// Below -50 dBFS is silence, and this much of it stays at both ends of a line: words begin softer than that, and
/// with 30 ms a recogniser missed some first words.
const SILENCE: u16 = 103;
const EDGE_MS: usize = 60;
/// Each line fades in and out, since a wave cut in its middle clicks.
const FADE_MS: usize = 5;
/// Pauses before a line, in milliseconds.
const TURN_MS: usize = 300;
const AFTER_QUESTION_MS: usize = 200;
const SAME_SPEAKER_MS: usize = 150;
/// How loud each speaker is on average, as a share of full scale: -19 dBFS.
const LOUDNESS: f64 = 0.112_2;
/// No sample is louder than this: -1 dBFS.
const PEAK: f64 = 0.891_2;

/// When a line is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Timing {
    /// Which line, from 0.
    pub line: usize,
    /// Which speaker, from 0, in the order in which they first speak.
    pub speaker: usize,
    /// Milliseconds from the start of the recording to the line's first sound.
    pub start_ms: u64,
    /// Milliseconds from the start of the recording to the line's end.
    pub end_ms: u64,
}

/// One spoken line, without silence at its ends.
pub(super) struct Take {
    pub(super) speaker: usize,
    /// Whether it asks something; the answer comes quicker.
    pub(super) asks: bool,
    pub(super) samples: Vec<i16>,
}

/// The sound without the silence at its ends. `None`: there is nothing but silence.
pub(super) fn trim(pcm: Pcm) -> Option<Vec<i16>> {
    let is_sound = |sample: &i16| sample.unsigned_abs() > SILENCE;
    let first = pcm.samples.iter().position(is_sound)?;
    let last = pcm.samples.iter().rposition(is_sound)?;
    let edge = samples_in(EDGE_MS, pcm.rate);
    let kept = first.saturating_sub(edge)..(last + edge + 1).min(pcm.samples.len());
    let mut samples = pcm.samples;
    samples.truncate(kept.end);
    samples.drain(..kept.start);
    Some(samples)
}

/// Writes the takes as one mono 16-bit WAV and says when each is heard. The number is the samples written.
pub(super) fn mix(
    takes: &[Take],
    rate: u32,
    out: impl Write + Seek,
) -> Result<(Vec<Timing>, usize), hound::Error> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::new(out, spec)?;
    let gains = gains(takes);
    let mut timings = Vec::with_capacity(takes.len());
    let mut written = 0;
    let mut before: Option<&Take> = None;
    for (line, take) in takes.iter().enumerate() {
        let pause = before.map_or(0, |before| samples_in(pause_ms(before, take), rate));
        for _ in 0..pause {
            wav.write_sample(0_i16)?;
        }
        let place = written + pause..written + pause + take.samples.len();
        for (at, &sample) in take.samples.iter().enumerate() {
            let fade = fade(at, take.samples.len(), samples_in(FADE_MS, rate));
            wav.write_sample(to_i16(f64::from(sample) * gains[take.speaker] * fade))?;
        }
        timings.push(timing(line, take.speaker, &place, rate));
        written = place.end;
        before = Some(take);
    }
    wav.finalize()?;
    Ok((timings, written))
}

/// One gain per speaker makes all equally loud on average. If that is too loud for the peaks, all get softer
/// together, so that they stay equal and no wave is bent.
fn gains(takes: &[Take]) -> Vec<f64> {
    let speakers = takes.iter().map(|take| take.speaker + 1).max().unwrap_or(0);
    let mut gains = Vec::with_capacity(speakers);
    let mut peak = 0.0_f64;
    for speaker in 0..speakers {
        let samples =
            || takes.iter().filter(move |take| take.speaker == speaker).flat_map(|take| &take.samples);
        let (count, energy) = samples().fold((0.0_f64, 0.0), |(count, energy), sample| {
            (count + 1.0, energy + f64::from(*sample).powi(2))
        });
        let average = (energy / count.max(1.0)).sqrt().max(1.0);
        let gain = LOUDNESS * FULL / average;
        let loudest = samples().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
        peak = peak.max(f64::from(loudest) * gain);
        gains.push(gain);
    }
    let softer = (PEAK * FULL / peak.max(1.0)).min(1.0);
    gains.into_iter().map(|gain| gain * softer).collect()
}

fn pause_ms(before: &Take, take: &Take) -> usize {
    match (before.speaker == take.speaker, before.asks) {
        (true, _) => SAME_SPEAKER_MS,
        (false, true) => AFTER_QUESTION_MS,
        (false, false) => TURN_MS,
    }
}

/// The share of the sound at one sample, rising from 0 and falling to it.
#[expect(clippy::cast_precision_loss, reason = "a fade is some hundred samples long")]
fn fade(at: usize, length: usize, fade: usize) -> f64 {
    let from_edge = at.min(length - 1 - at).min(fade);
    from_edge as f64 / fade as f64
}

fn timing(line: usize, speaker: usize, place: &Range<usize>, rate: u32) -> Timing {
    let ms = |sample: usize| sample as u64 * 1_000 / u64::from(rate);
    Timing { line, speaker, start_ms: ms(place.start), end_ms: ms(place.end) }
}

fn samples_in(ms: usize, rate: u32) -> usize {
    ms * rate as usize / 1_000
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, and the gains keep it from having to"
)]
fn to_i16(sample: f64) -> i16 {
    sample.round() as i16
}

/// Full scale of 16 bits.
const FULL: f64 = 32_768.0;

#[cfg(test)]
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "test sounds are short")]
pub(super) mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    const RATE: u32 = 16_000;

    /// The length of a sound in seconds.
    pub(crate) fn seconds(pcm: &Pcm) -> f64 {
        pcm.samples.len() as f64 / f64::from(pcm.rate)
    }

    /// The median pitch of a voice in hertz, 60 to 400, by autocorrelation over its voiced stretches of 40 ms.
    pub(crate) fn pitch(pcm: &Pcm) -> f64 {
        let rate = pcm.rate as usize;
        let mut found: Vec<f64> = pcm
            .samples
            .chunks_exact(rate / 25)
            .filter_map(|frame| {
                let at = |lag: usize| {
                    frame.iter().zip(&frame[lag..]).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
                };
                let energy = at(0);
                let (lag, best) = (rate / 400..rate / 60)
                    .map(|lag| (lag, at(lag)))
                    .max_by(|(_, a), (_, b)| a.total_cmp(b))?;
                let is_voiced = energy > frame.len() as f64 * 1e5 && best > 0.4 * energy;
                is_voiced.then(|| rate as f64 / lag as f64)
            })
            .collect();
        found.sort_by(f64::total_cmp);
        found[found.len() / 2]
    }

    fn tone(speaker: usize, loudness: f64, ms: usize, asks: bool) -> Take {
        let sample = |at: usize| to_i16((at as f64 * 0.08).sin() * loudness * FULL);
        Take { speaker, asks, samples: (0..samples_in(ms, RATE)).map(sample).collect() }
    }

    fn mixed(takes: &[Take]) -> (Vec<i16>, Vec<Timing>) {
        let mut file = Cursor::new(Vec::new());
        let (timings, written) = mix(takes, RATE, &mut file).unwrap();
        let bytes = file.into_inner();
        let riff = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
        assert_eq!((riff + 8, bytes.len()), (bytes.len(), 44 + 2 * written), "the header tells the size");
        let reader = hound::WavReader::new(&bytes[..]).unwrap();
        (reader.into_samples().collect::<Result<_, _>>().unwrap(), timings)
    }

    fn loudness(samples: &[i16]) -> f64 {
        (samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
            / FULL
    }

    #[test]
    fn silence_at_the_ends_goes_but_for_an_edge() {
        let mut samples = vec![50_i16; 16_000];
        samples.extend([5_000; 160]);
        samples.extend([-50; 8_000]);
        assert_eq!(trim(Pcm { rate: RATE, samples }).unwrap().len(), 960 + 160 + 960);
        assert_eq!(trim(Pcm { rate: RATE, samples: vec![100; 16_000] }), None);
        assert_eq!(trim(Pcm { rate: RATE, samples: vec![i16::MIN] }).unwrap(), [i16::MIN]);
    }

    #[test]
    fn speakers_are_equally_loud() {
        let (samples, timings) = mixed(&[tone(0, 0.02, 1_000, false), tone(1, 0.9, 1_000, false)]);
        let part = |timing: &Timing| {
            let range = timing.start_ms as usize * 16..timing.end_ms as usize * 16;
            20.0 * loudness(&samples[range]).log10()
        };
        let (quiet, loud) = (part(&timings[0]), part(&timings[1]));
        assert!((quiet - loud).abs() < 0.1 && (quiet + 19.0).abs() < 0.2, "{quiet} and {loud} dBFS");
    }

    #[test]
    fn pauses_follow_the_talk() {
        let takes = [
            tone(0, 0.1, 100, true),
            tone(1, 0.1, 100, false),
            tone(1, 0.1, 100, false),
            tone(0, 0.1, 100, false),
        ];
        let (samples, timings) = mixed(&takes);
        let times: Vec<_> = timings.iter().map(|timing| (timing.start_ms, timing.end_ms)).collect();
        assert_eq!(times, [(0, 100), (300, 400), (550, 650), (950, 1_050)]);
        assert_eq!(samples.len(), samples_in(1_050, RATE));
        assert!(samples[1_600..4_800].iter().all(|sample| *sample == 0), "pauses are silent");
        assert_eq!((samples[0], samples[1_599]), (0, 0), "a line begins and ends softly");
    }

    proptest! {
        #[test]
        fn no_peak_above_minus_one_decibel(lines in prop::collection::vec((0..2_usize, prop::collection::vec(any::<i16>(), 1..400)), 1..6)) {
            let takes: Vec<Take> =
                lines.into_iter().map(|(speaker, samples)| Take { speaker, asks: false, samples }).collect();
            let (samples, timings) = mixed(&takes);
            prop_assert!(samples.iter().all(|sample| f64::from(sample.unsigned_abs()) <= PEAK * FULL + 1.0));
            prop_assert!(timings.windows(2).all(|pair| pair[0].end_ms < pair[1].start_ms));
        }
    }
}
