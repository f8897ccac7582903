//! A RIFF reader that takes what servers really send: sizes that were never filled in, chunks before and after the sound.

/// One channel of samples from -1 to 1.
#[derive(Debug, PartialEq)]
pub(super) struct Sound {
    /// Samples per second.
    pub(super) rate: u32,
    pub(super) samples: Vec<f32>,
}

/// How samples are written.
#[derive(Clone, Copy)]
struct Format {
    is_float: bool,
    channels: usize,
    rate: u32,
    /// Of one sample of one channel.
    bytes: usize,
}

/// Reads a WAV, several channels as their mean. The error says what is wrong.
pub(super) fn read(bytes: &[u8]) -> Result<Sound, &'static str> {
    let Some(mut rest) = bytes.strip_prefix(b"RIFF").and_then(|rest| rest.get(4..)?.strip_prefix(b"WAVE"))
    else {
        return Err("it is no WAV");
    };
    let mut format = None;
    while let Some((id, size, body)) = chunk(rest) {
        if id == b"fmt " {
            format = Some(read_format(&body[..size])?);
        } else if id == b"data" {
            let format = format.ok_or("its WAV has no format before its sound")?;
            return Ok(read_samples(&body[..size], format));
        }
        // A chunk of an odd size is followed by a byte that is none of it.
        rest = body.get(size + size % 2..).unwrap_or_default();
    }
    Err("its WAV has no sound")
}

/// The name of the first chunk, its size, and all that follows its head. A size beyond the end, or none for the sound, means:
/// as much as there is. Whoever streams does not know it when it writes the head.
fn chunk(bytes: &[u8]) -> Option<(&[u8], usize, &[u8])> {
    let (head, body) = bytes.split_at_checked(8)?;
    let (id, size) = head.split_at(4);
    let size = u32::from_le_bytes(size.try_into().ok()?);
    let is_unknown = size == 0 && id == b"data";
    let size = usize::try_from(size).ok().filter(|size| *size <= body.len() && !is_unknown);
    Some((id, size.unwrap_or(body.len()), body))
}

fn read_format(body: &[u8]) -> Result<Format, &'static str> {
    let number = |at: usize| body.get(at..at + 2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let read = || {
        let rate = body.get(4..8)?.try_into().ok().map(u32::from_le_bytes)?;
        Some((number(0)?, number(2)?, rate, number(14)?))
    };
    let (tag, channels, rate, bits) = read().ok_or("its WAV has half a format")?;
    // The extensible format has the tag at the beginning of a longer one.
    let tag = if tag == 0xfffe { number(24).unwrap_or_default() } else { tag };
    let is_float = match (tag, bits) {
        (1, 8 | 16 | 24 | 32) => false,
        (3, 32) => true,
        _ => return Err("its WAV is compressed, or has samples of a size that is not read"),
    };
    if !(1..=8).contains(&channels) {
        return Err("its WAV has no channels, or more than 8");
    }
    Ok(Format { is_float, channels: channels.into(), rate, bytes: usize::from(bits / 8) })
}

fn read_samples(data: &[u8], format: Format) -> Sound {
    let frames = data.chunks_exact(format.bytes * format.channels);
    let mut channels = Vec::with_capacity(format.channels);
    let samples = frames.map(|frame| {
        channels.clear();
        channels.extend(frame.chunks_exact(format.bytes).map(|bytes| sample(bytes, format.is_float)));
        mono(&channels)
    });
    Sound { rate: format.rate, samples: samples.collect() }
}

#[expect(clippy::cast_precision_loss, reason = "nobody hears the last of 32 bits")]
fn sample(bytes: &[u8], is_float: bool) -> f32 {
    let value = match *bytes {
        [a] => (f32::from(a) - 128.0) / 128.0,
        [a, b] => f32::from(i16::from_le_bytes([a, b])) / 32_768.0,
        [a, b, c] => i32::from_le_bytes([0, a, b, c]) as f32 / 2_147_483_648.0,
        [a, b, c, d] if is_float => f32::from_le_bytes([a, b, c, d]),
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]) as f32 / 2_147_483_648.0,
        _ => 0.0,
    };
    if value.is_finite() { value.clamp(-1.0, 1.0) } else { 0.0 }
}

/// The mean of a frame's channels.
#[expect(clippy::cast_precision_loss, reason = "a frame has a few channels")]
pub(super) fn mono(frame: &[f32]) -> f32 {
    frame.iter().sum::<f32>() / frame.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A WAV of these chunks, with the sizes that they say themselves.
    fn wav(chunks: &[(&[u8; 4], u32, &[u8])]) -> Vec<u8> {
        let mut bytes = b"RIFF\xff\xff\xff\xffWAVE".to_vec();
        for (id, size, body) in chunks {
            bytes.extend([&id[..], &size.to_le_bytes(), body].concat());
        }
        bytes
    }

    fn format(tag: u16, channels: u16, bits: u16) -> Vec<u8> {
        let mut body = Vec::new();
        body.extend([tag, channels].iter().flat_map(|number| number.to_le_bytes()));
        body.extend([24_000_u32, 0].iter().flat_map(|number| number.to_le_bytes()));
        body.extend([channels * bits / 8, bits].iter().flat_map(|number| number.to_le_bytes()));
        body
    }

    const TWO: [u8; 4] = [0, 0x40, 0, 0xc0];

    #[test]
    fn sizes_that_were_never_filled_in_are_no_harm() {
        let plain = format(1, 1, 16);
        for size in [4, 0, u32::MAX, 1_000] {
            let bytes = wav(&[(b"fmt ", 16, &plain), (b"data", size, &TWO)]);
            assert_eq!(read(&bytes), Ok(Sound { rate: 24_000, samples: vec![0.5, -0.5] }), "{size}");
        }
    }

    #[test]
    fn other_chunks_are_no_sound() {
        let bytes = wav(&[
            (b"LIST", 3, b"abc\0"),
            (b"fmt ", 16, &format(1, 1, 16)),
            (b"JUNK", 2, b"xx"),
            (b"data", 4, &TWO),
            (b"LIST", 4, b"more"),
        ]);
        assert_eq!(read(&bytes).unwrap().samples, [0.5, -0.5]);
    }

    #[test]
    fn every_size_of_sample_is_read() {
        let float = [0.5_f32.to_le_bytes(), f32::NAN.to_le_bytes(), 9.0_f32.to_le_bytes()].concat();
        let extensible = [format(0xfffe, 1, 16), vec![22, 0, 16, 0, 4, 0, 0, 0, 1, 0], vec![0; 14]].concat();
        for (format, data, expected) in [
            (format(1, 1, 8), &[192, 0][..], &[0.5, -1.0][..]),
            (format(1, 1, 24), &[0, 0, 0x40], &[0.5]),
            (format(1, 1, 32), &[0, 0, 0, 0xc0], &[-0.5]),
            (format(3, 1, 32), &float, &[0.5, 0.0, 1.0]),
            (format(1, 2, 16), &TWO, &[0.0]),
            (extensible, &TWO, &[0.5, -0.5]),
        ] {
            let size = u32::try_from(format.len()).unwrap();
            let bytes = wav(&[(b"fmt ", size, &format), (b"data", 0, data)]);
            assert_eq!(read(&bytes).unwrap().samples, expected);
        }
    }

    #[test]
    fn what_is_broken_says_so() {
        let (data, plain) = ((b"data", 4, &TWO[..]), format(1, 1, 16));
        for bytes in [
            Vec::new(),
            b"RIFF\0\0\0\0WAV".to_vec(),
            wav(&[]),
            wav(&[data]),
            wav(&[(b"fmt ", 16, &plain)]),
            wav(&[(b"fmt ", 4, &plain[..4]), data]),
            wav(&[(b"fmt ", 16, &format(2, 1, 16)), data]),
            wav(&[(b"fmt ", 16, &format(1, 0, 16)), data]),
        ] {
            assert!(read(&bytes).is_err(), "{bytes:?}");
        }
        let cut = wav(&[(b"fmt ", 16, &plain), (b"data", 4, &TWO[..3])]);
        assert_eq!(read(&cut).unwrap().samples, [0.5], "half a sample is none");
    }
}
