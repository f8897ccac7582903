//! Whole recordings, made and read again by others.

use std::f32::consts::TAU;
use std::io;

use proptest::prelude::*;

use super::*;

/// Something like speech: a tone that comes and goes four times a second.
fn line(hertz: f32, level: f32, ms: usize) -> Vec<f32> {
    let sample = |at: usize| {
        #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
        let t = at as f32 / RATE as f32;
        (TAU * hertz * t).sin() * (0.55 + 0.45 * (TAU * 4.0 * t).sin()) * level
    };
    trim((0..samples_in(ms)).map(sample).collect()).expect("it is heard")
}

struct Memory(Vec<Vec<f32>>);

impl Lines for Memory {
    fn read(&mut self, line: usize, samples: &mut Vec<f32>) -> io::Result<()> {
        samples.extend(&self.0[line]);
        Ok(())
    }
}

struct Scene {
    cues: Vec<Cue>,
    timeline: Timeline,
    lines: Memory,
}

impl Scene {
    /// Who speaks, and what; nobody asks.
    fn new(lines: Vec<(usize, Vec<f32>)>) -> Self {
        let cue = |(speaker, samples): &(usize, Vec<f32>)| Cue {
            speaker: *speaker,
            asks: false,
            samples: samples.len(),
        };
        let cues: Vec<Cue> = lines.iter().map(cue).collect();
        let timeline = Timeline::of(&cues, 7, None);
        Self { cues, timeline, lines: Memory(lines.into_iter().map(|(_, samples)| samples).collect()) }
    }

    fn master(&mut self) -> (Master, Vec<f32>) {
        let master =
            Master::measure(&self.cues, &self.timeline, &mut self.lines).expect("memory can be read");
        let mut samples = Vec::new();
        let sink = |block: &[f32]| {
            samples.extend_from_slice(block);
            Ok(())
        };
        master.render(&self.cues, &self.timeline, &mut self.lines, sink).expect("memory can be read");
        (master, samples)
    }
}

fn measured(samples: &[f32]) -> (f64, f64) {
    let mut loudness = Loudness::with_peak();
    loudness.add(samples);
    (loudness.lufs().expect("it is heard"), loudness.dbtp().expect("it is measured"))
}

#[test]
fn it_is_as_loud_as_it_should_be_and_both_speakers_are() {
    // One is soft, and the other has peaks far above the rest.
    let mut clicks = line(140.0, 0.2, 3_000);
    clicks.iter_mut().skip(1_000).step_by(9_000).for_each(|sample| *sample = 0.9);
    let mut scene =
        Scene::new(vec![(0, line(220.0, 0.02, 3_000)), (1, clicks), (0, line(200.0, 0.02, 2_000))]);
    let (master, samples) = scene.master();
    assert_eq!(samples.len(), scene.timeline.samples());
    let (lufs, dbtp) = measured(&samples);
    assert!((lufs - TARGET_LUFS).abs() < 0.6, "{lufs} LUFS");
    assert!((master.lufs().expect("it is heard") - lufs).abs() < 0.05);
    assert!(dbtp <= HIGHEST_DBTP + 0.01, "{dbtp} dBTP");
    let part = |line: usize| measured(&samples[scene.timeline.places()[line].clone()]).0;
    assert!((part(0) - part(1)).abs() < 1.5, "{} and {} LUFS", part(0), part(1));
}

/// Nothing but peaks: what is soft enough for them is never as loud as it should be.
#[test]
fn what_cannot_be_loud_enough_keeps_its_peaks_all_the_same() {
    let mut clicks = vec![0.000_01; RATE as usize * 2];
    clicks.iter_mut().step_by(12_000).for_each(|sample| *sample = 0.9);
    let mut scene = Scene::new(vec![(0, trim(clicks).expect("it is heard"))]);
    let (master, samples) = scene.master();
    let (lufs, dbtp) = measured(&samples);
    assert!(lufs < TARGET_LUFS - 1.0, "{lufs} LUFS: no such sound");
    assert!(dbtp <= HIGHEST_DBTP + 0.01, "{dbtp} dBTP");
    assert!((master.lufs().expect("it is heard") - lufs).abs() < 0.05);
}

#[test]
fn a_wav_file_is_what_its_header_says() {
    let samples = line(200.0, 0.5, 1_500);
    let mut file = WavFile::begin(Vec::new(), samples.len(), "Synthetic speech").expect("memory");
    samples.chunks(1_000).for_each(|block| file.write(block).expect("memory"));
    let bytes = file.finish().expect("memory");
    let size = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
    assert_eq!((size(4) + 8, size(40)), (bytes.len(), 2 * samples.len()));
    assert!(bytes.windows(16).any(|window| window == b"Synthetic speech"));

    let reader = hound::WavReader::new(&bytes[..]).expect("a WAV file");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    assert_eq!(reader.spec(), spec);
    let read: Vec<i16> = reader.into_samples().collect::<Result<_, _>>().expect("samples");
    let near = |(read, sample): (&i16, &f32)| (f32::from(*read) - sample * 32_768.0).abs() <= 1.5;
    assert!(read.len() == samples.len() && read.iter().zip(&samples).all(near));
}

#[test]
fn a_wav_file_has_as_many_samples_as_were_promised() {
    let mut short = WavFile::begin(Vec::new(), 3, "").expect("memory");
    short.write(&[0.0; 2]).expect("memory");
    assert!(short.write(&[0.0; 2]).is_err());
    assert!(WavFile::begin(Vec::new(), 3, "").expect("memory").finish().is_err());
    assert!(WavFile::begin(Vec::new(), usize::MAX / 2, "").is_err());
}

/// By the reader of the library that wrote it; `tests/` has one of others.
#[test]
fn an_opus_file_is_as_long_as_the_sound() {
    for ms in [1, 19, 20, 21, 1_234] {
        let samples: Vec<f32> = line(200.0, 0.5, 2_000).into_iter().take(samples_in(ms)).collect();
        let mut file = OpusFile::begin(Vec::new(), "Synthetic speech").expect("memory");
        samples.chunks(777).for_each(|block| file.write(block).expect("memory"));
        let bytes = file.finish().expect("memory");
        let mut reader = opus_pure::OggOpusReader::new(&bytes[..]).expect("an Ogg Opus file");
        assert_eq!(reader.tags().get("COMMENT"), Some("Synthetic speech"));
        let rate = i32::try_from(RATE).expect("small");
        let mut decoder = reader.head().decoder(rate).expect("a decoder");
        let mut trim = opus_pure::Trim::new(reader.head(), rate, 1).expect("one channel");
        let (mut block, mut read) = (vec![0.0; opus_pure::MAX_PACKET_SAMPLES], Vec::new());
        for packet in reader.packets() {
            let packet = packet.expect("a packet");
            let length =
                decoder.decode(&packet.data, opus_pure::MAX_PACKET_SAMPLES, &mut block).expect("sound");
            read.extend_from_slice(trim.keep(&packet, &block[..length]));
        }
        assert_eq!(read.len(), samples.len(), "{ms} ms");
    }
}

#[test]
fn sound_of_another_rate_is_as_long_and_as_high() {
    for from in [8_000, 16_000, 22_050, 44_100, 48_000] {
        #[expect(clippy::cast_precision_loss, reason = "a second")]
        let tone: Vec<f32> = (0..from).map(|at| (TAU * 300.0 * at as f32 / from as f32).sin()).collect();
        let samples = resample(tone, from).expect("a usual rate");
        assert!(samples.len().abs_diff(RATE as usize) <= 1, "{from} Hz: {}", samples.len());
        let crossings = samples.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
        assert!((298..=301).contains(&crossings), "{from} Hz: {crossings}");
    }
    assert_eq!(resample(vec![0.5], RATE).expect("ours"), [0.5]);
}

#[test]
fn silence_at_the_ends_goes_but_for_an_edge() {
    let edge = samples_in(60);
    let mut samples = vec![0.001; RATE as usize];
    samples.extend([0.2; 160]);
    samples.extend(vec![-0.001; RATE as usize]);
    let trimmed = trim(samples).expect("it is heard");
    assert_eq!(trimmed.len(), edge + 160 + edge);
    assert_eq!((trimmed[0], trimmed[trimmed.len() - 1]), (0.0, 0.0), "it begins and ends softly");
    assert_eq!(trim(vec![0.003; 5_000]), None);
    assert_eq!(trim(Vec::new()), None);
    assert_eq!(trim(vec![1.0]).map(|samples| samples.len()), Some(1));
}

#[test]
fn pauses_follow_the_talk() {
    let cue = |speaker, asks| Cue { speaker, asks, samples: samples_in(100) };
    let cues = [cue(0, true), cue(1, false), cue(1, false), cue(0, false)];
    let pauses = |seed, wanted| {
        let timings = Timeline::of(&cues, seed, wanted).timings();
        timings.windows(2).map(|pair| pair[1].start_ms - pair[0].end_ms).collect::<Vec<_>>()
    };
    let usual = pauses(1, None);
    assert!(
        (170..=230).contains(&usual[0]) && (130..=170).contains(&usual[1]) && (250..=450).contains(&usual[2])
    );
    assert_eq!(pauses(1, None), usual);
    assert_ne!(pauses(2, None), usual);
    let sum = |pauses: Vec<u64>| pauses.into_iter().sum::<u64>();
    let (short, long) = (sum(pauses(1, Some(0))), sum(pauses(1, Some(samples_in(60_000)))));
    assert!(short >= sum(usual.clone()) * 79 / 100 && long <= sum(usual.clone()) * 121 / 100);
    let wanted = 400 + sum(usual) * 110 / 100;
    let fitted = 400 + sum(pauses(1, Some(samples_in(usize::try_from(wanted).expect("small")))));
    assert!(fitted.abs_diff(wanted) < 20, "{fitted} ms instead of {wanted} ms");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_true_peak_above_the_highest(
        lines in prop::collection::vec((0..2_usize, 80.0_f32..400.0, 0.01_f32..1.0, 100..1_500_usize), 1..5),
        spikes in prop::collection::vec(0..1_000_usize, 0..8),
    ) {
        let mut lines: Vec<(usize, Vec<f32>)> =
            lines.into_iter().map(|(speaker, hertz, level, ms)| (speaker, line(hertz, level, ms))).collect();
        for spike in spikes {
            let samples = &mut lines[0].1;
            let at = spike % samples.len();
            samples[at] = 1.0;
        }
        let mut scene = Scene::new(lines);
        let (_, samples) = scene.master();
        prop_assert_eq!(samples.len(), scene.timeline.samples());
        let (lufs, dbtp) = measured(&samples);
        prop_assert!(dbtp <= HIGHEST_DBTP + 0.01, "{} dBTP", dbtp);
        prop_assert!(lufs <= TARGET_LUFS + 0.2, "{} LUFS", lufs);
    }
}
