//! Sound out of what a server has sent, by what it is and not by what it is called.

use std::io::Cursor;

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use super::wav;
use crate::audio::Sound;

/// Samples per second of plain PCM where nobody says.
const PCM_RATE: u32 = 24_000;

/// Mono sound, or what is wrong with it in words of ours.
pub(super) fn decode(content_type: &str, body: &[u8]) -> Result<Sound, &'static str> {
    let sound = if body.starts_with(b"RIFF") {
        let wav::Sound { rate, samples } = wav::read(body)?;
        Sound { rate, samples }
    } else if body.starts_with(b"ID3") || matches!(body, [0xff, second, ..] if second & 0xe6 == 0xe2) {
        mp3(body)?
    } else if body.starts_with(b"OggS") || body.starts_with(b"fLaC") || body.get(4..8) == Some(b"ftyp") {
        return Err("it is sound in another form than WAV, MP3 or PCM");
    } else if content_type.contains("pcm") || content_type.contains("audio/l16") {
        pcm(content_type, body)
    } else {
        return Err("it is neither WAV nor MP3 nor PCM");
    };
    match (sound.rate, sound.samples.len()) {
        (_, 0) => Err("it has no sound"),
        (8_000..=192_000, _) => Ok(sound),
        _ => Err("it has a rate outside 8 to 192 kHz"),
    }
}

/// Samples of 16 bits, least byte first, as `OpenAI`'s API has them; `rate=` may say how many a second.
fn pcm(content_type: &str, body: &[u8]) -> Sound {
    let rate = content_type.split(';').find_map(|part| part.trim().strip_prefix("rate=")?.parse().ok());
    let (pairs, _) = body.as_chunks::<2>();
    let samples = pairs.iter().map(|pair| f32::from(i16::from_le_bytes(*pair)) / 32_768.0).collect();
    Sound { rate: rate.unwrap_or(PCM_RATE), samples }
}

/// Frames that are broken are left out, as players do.
fn mp3(body: &[u8]) -> Result<Sound, &'static str> {
    const BROKEN: &str = "its MP3 is broken";
    let stream =
        MediaSourceStream::new(Box::new(Cursor::new(body.to_vec())), MediaSourceStreamOptions::default());
    let (format, metadata) = (FormatOptions::default(), MetadataOptions::default());
    let mut format =
        symphonia::default::get_probe().probe(&Hint::new(), stream, format, metadata).map_err(|_| BROKEN)?;
    let track = format.default_track(TrackType::Audio).ok_or(BROKEN)?;
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio()).ok_or(BROKEN)?;
    let options = AudioDecoderOptions::default();
    let mut decoder =
        symphonia::default::get_codecs().make_audio_decoder(parameters, &options).map_err(|_| BROKEN)?;
    let id = track.id;
    let mut sound = Sound { rate: 0, samples: Vec::new() };
    let mut interleaved: Vec<f32> = Vec::new();
    // An end that comes too early is an end.
    while let Ok(Some(packet)) = format.next_packet() {
        if packet.track_id != id {
            continue;
        }
        match decoder.decode(&packet) {
            Ok(buffer) => {
                sound.rate = buffer.spec().rate();
                let channels = buffer.spec().channels().count().max(1);
                buffer.copy_to_vec_interleaved(&mut interleaved);
                sound.samples.extend(interleaved.chunks_exact(channels).map(wav::mono));
            }
            Err(Error::DecodeError(_)) => {}
            Err(_) => break,
        }
    }
    Ok(sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pcm_has_the_rate_that_is_said() {
        let body = [0, 0, 0, 0x40, 0, 0xc0, 1];
        let sound = decode("audio/pcm", &body).unwrap();
        assert_eq!((sound.rate, sound.samples), (24_000, vec![0.0, 0.5, -0.5]));
        assert_eq!(decode("audio/l16; rate=16000", &body).unwrap().rate, 16_000);
        assert!(decode("audio/pcm;rate=1", &body).is_err());
    }

    #[test]
    fn what_is_no_sound_is_an_error() {
        for (kind, body) in [
            ("application/json", &b"{\"error\": 1}"[..]),
            ("audio/wav", b""),
            ("audio/pcm", b""),
            ("audio/mpeg", b"ID3"),
            ("audio/mpeg", &[0xff, 0xfb, 0x90, 0x00]),
            ("audio/ogg", b"OggS..."),
            ("audio/wav", b"RIFF\0\0\0\0WAVE"),
        ] {
            assert!(decode(kind, body).is_err(), "{kind} {body:?}");
        }
    }

    /// A real encoder's file: 0.25 s of 440 Hz at 24 kHz.
    #[test]
    fn an_mp3_is_decoded() {
        let sound = decode("application/octet-stream", include_bytes!("testdata/tone.mp3")).unwrap();
        assert_eq!(sound.rate, 24_000);
        assert!((5_000..9_000).contains(&sound.samples.len()), "{}", sound.samples.len());
        let loudest = sound.samples.iter().fold(0.0_f32, |most, sample| most.max(sample.abs()));
        assert!((0.3..0.8).contains(&loudest), "{loudest}");
        // The silence around it is not quite silent.
        let loud: Vec<f32> = sound.samples.into_iter().filter(|sample| sample.abs() > 0.05).collect();
        let crossings = loud.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] > 0.0).count();
        assert!((95..=125).contains(&crossings), "440 Hz for a quarter of a second, not {crossings} waves");
    }
}
