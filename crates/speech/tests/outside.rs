//! What is written is read by the programs of others: Xiph's own for Opus (Debian package `opus-tools`), and mpg123 for MP3.

use std::f32::consts::TAU;
use std::fs;
use std::path::Path;
use std::process::Command;

#[cfg(feature = "mp3")]
use speech::sound::Mp3File;
use speech::sound::{OpusFile, RATE};

/// 3.217 s of a tone that comes and goes.
fn sound() -> Vec<f32> {
    let length = RATE as usize * 3_217 / 1_000;
    #[expect(clippy::cast_precision_loss, reason = "three seconds")]
    let sample = |at: usize| {
        let t = at as f32 / RATE as f32;
        (TAU * 220.0 * t).sin() * (0.3 + 0.2 * (TAU * 3.0 * t).sin())
    };
    (0..length).map(sample).collect()
}

fn opus(path: &Path) -> Vec<f32> {
    let samples = sound();
    let file = fs::File::create(path).expect("a folder");
    let mut opus = OpusFile::begin(std::io::BufWriter::new(file), "Synthetic speech").expect("a disk");
    samples.chunks(4_096).for_each(|block| opus.write(block).expect("a disk"));
    opus.finish().expect("a disk");
    samples
}

/// What a program says, both ways; it must succeed.
fn run(program: &str, arguments: &[&Path]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output =
        output.unwrap_or_else(|error| panic!("{program}: {error}; apt-get install opus-tools mpg123"));
    let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat();
    assert!(output.status.success(), "{program}: {said}");
    said
}

#[test]
fn opusinfo_finds_nothing_to_complain_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("talk.opus");
    opus(&path);
    let said = run("opusinfo", &[&path]);
    assert!(
        said.contains("COMMENT=Synthetic speech") && said.contains("Playback length: 0m:03.217s"),
        "{said}"
    );
    assert!(!said.to_lowercase().contains("warning") && !said.to_lowercase().contains("error"), "{said}");
    let size = fs::metadata(&path).expect("a file").len();
    assert!(size < 30_000, "{size} bytes");
}

#[test]
fn opusdec_hears_what_was_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, decoded) = (folder.path().join("talk.opus"), folder.path().join("talk.wav"));
    let samples = opus(&path);
    let options = ["--quiet", "--rate", "24000", "--no-dither"].map(Path::new);
    run("opusdec", &[&options[..], &[&path, &decoded]].concat());
    let read = wav(&decoded);
    assert!(read.len().abs_diff(samples.len()) <= 1, "{} samples of {}", read.len(), samples.len());
    let decibels = decibels(&read, &samples);
    assert!(decibels > 15.0, "the signal is {decibels} dB above what was changed");
}

#[cfg(feature = "mp3")]
#[test]
fn mpg123_hears_what_was_said_as_mp3() {
    /// Samples of a frame, of which both ends of a file may have a few too many.
    const FRAME: usize = 576;
    let folder = tempfile::tempdir().expect("a folder");
    let (path, decoded) = (folder.path().join("talk.mp3"), folder.path().join("talk.wav"));
    let (samples, out) = (sound(), fs::File::create(&path).expect("a folder"));
    let mut mp3 = Mp3File::begin(out, "Synthetic speech").expect("an encoder");
    samples.chunks(4_096).for_each(|block| mp3.write(block).expect("a disk"));
    mp3.finish().expect("a disk");

    let said = run(
        "mpg123",
        &["--test", "--long-tag"].map(Path::new).into_iter().chain([&*path]).collect::<Vec<_>>(),
    );
    assert!(said.contains("Synthetic speech"), "{said}");
    assert!(["warning", "error"].iter().all(|word| !said.to_lowercase().contains(word)), "{said}");
    let options = ["--quiet", "--wav"].map(Path::new);
    run("mpg123", &[&options[..], &[&decoded, &path]].concat());
    let read = wav(&decoded);
    assert_eq!((read.len() % FRAME, fs::metadata(&path).expect("a file").len() < 30_000), (0, true));
    let longer = read.len() - samples.len();
    assert!(longer <= 4 * FRAME, "{longer} samples more than were written");
    let loudest = (0..=longer).map(|late| decibels(&read[late..], &samples)).fold(f64::MIN, f64::max);
    assert!(loudest > 15.0, "the signal is {loudest} dB above what was changed");
}

/// The samples of a WAV file.
fn wav(path: &Path) -> Vec<i16> {
    let file = hound::WavReader::open(path).expect("a WAV file");
    file.into_samples().collect::<Result<_, _>>().expect("samples")
}

/// How much louder the sound is than what was changed of it.
fn decibels(read: &[i16], samples: &[f32]) -> f64 {
    let energy = |samples: &mut dyn Iterator<Item = f64>| samples.map(|sample| sample.powi(2)).sum::<f64>();
    let pairs =
        || read.iter().zip(samples).map(|(read, sample)| (f64::from(*read) / 32_768.0, f64::from(*sample)));
    let noise = energy(&mut pairs().map(|(read, sample)| read - sample));
    let signal = energy(&mut pairs().map(|(_, sample)| sample));
    10.0 * (signal / noise).log10()
}
