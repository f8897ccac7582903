//! Speaks a text into a WAV file: `cargo run --release -p speech --example say -- af_heart hello.wav "Hello there."`
//!
//! The voices are looked for in `VOICES_DIR`, else in `voices/` here. For ears, and for programs that listen.

use std::path::PathBuf;

use speech::kokoro::{Kokoro, SAMPLE_RATE, Voice, VoiceName};
use speech::phonemes::English;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, wav, text] = &arguments[..] else {
        return Err("usage: say VOICE FILE.wav TEXT".into());
    };
    let folder = std::env::var_os("VOICES_DIR").map_or_else(|| PathBuf::from("voices"), PathBuf::from);
    let name: VoiceName = name.parse()?;
    let phonemes = English::new(name.accent()).read(text)?;
    println!("{phonemes}");
    let samples = Kokoro::load(&folder)?.speak(&phonemes, &Voice::load(&folder, name)?, 1.0, &|| true)?;

    let format = hound::WavSpec {
        channels: 1,
        sample_rate: SAMPLE_RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(wav, format)?;
    for sample in samples {
        #[allow(clippy::cast_possible_truncation, reason = "from -32767 to 32767")]
        file.write_sample((sample.clamp(-1.0, 1.0) * 32_767.0) as i16)?;
    }
    Ok(file.finalize()?)
}
