//! WAV files: RIFF with one channel of 16-bit samples, written from the front to the end.

use std::io::{self, Write};

use super::RATE;
use super::timeline::mixed;

/// What stands before the samples, in bytes: any reader that skips as much finds them.
const HEADER: u32 = 44;

/// Sound as 16-bit samples, little-endian, which is what a WAV file has behind its header.
#[derive(Default)]
pub struct Pcm {
    /// Samples that were made.
    made: u64,
}

impl Pcm {
    /// Goes on with these samples.
    pub fn push(&mut self, samples: &[f32], bytes: &mut Vec<u8>) {
        for sample in samples {
            bytes.extend(rounded(*sample, self.made).to_le_bytes());
            self.made += 1;
        }
    }
}

/// A WAV file that is being written.
pub struct WavFile<W> {
    out: W,
    /// Samples that are still to come.
    left: usize,
    info: Vec<u8>,
    pcm: Pcm,
    buffer: Vec<u8>,
}

impl<W: Write> WavFile<W> {
    /// Begins a file of so many samples. `comment` stands in it as what it is (`ICMT`).
    ///
    /// # Errors
    /// The samples are too many for a WAV file, or what `out` says.
    pub fn begin(mut out: W, samples: usize, comment: &str) -> io::Result<Self> {
        let info = info(comment);
        let too_long = || io::Error::new(io::ErrorKind::InvalidInput, "too long for a WAV file");
        let data =
            u32::try_from(samples).ok().and_then(|samples| samples.checked_mul(2)).ok_or_else(too_long)?;
        let behind = u32::try_from(info.len()).map_err(|_| too_long())?;
        let riff =
            data.checked_add(HEADER - 8).and_then(|size| size.checked_add(behind)).ok_or_else(too_long)?;
        let mut header = Vec::with_capacity(HEADER as usize);
        header.extend(b"RIFF");
        header.extend(riff.to_le_bytes());
        header.extend(b"WAVEfmt ");
        header.extend(16_u32.to_le_bytes());
        // PCM, one channel, samples and bytes a second, bytes and bits a sample.
        header.extend(1_u16.to_le_bytes());
        header.extend(1_u16.to_le_bytes());
        header.extend(RATE.to_le_bytes());
        header.extend((2 * RATE).to_le_bytes());
        header.extend(2_u16.to_le_bytes());
        header.extend(16_u16.to_le_bytes());
        header.extend(b"data");
        header.extend(data.to_le_bytes());
        out.write_all(&header)?;
        Ok(Self { out, left: samples, info, pcm: Pcm::default(), buffer: Vec::new() })
    }

    /// Goes on with these samples.
    ///
    /// # Errors
    /// There are more than were promised, or what `out` says.
    pub fn write(&mut self, samples: &[f32]) -> io::Result<()> {
        self.left = self
            .left
            .checked_sub(samples.len())
            .ok_or_else(|| io::Error::other("there are more samples than the header says"))?;
        self.buffer.clear();
        self.pcm.push(samples, &mut self.buffer);
        self.out.write_all(&self.buffer)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// There are fewer samples than were promised, or what `out` says.
    pub fn finish(mut self) -> io::Result<W> {
        if self.left > 0 {
            return Err(io::Error::other("there are fewer samples than the header says"));
        }
        self.out.write_all(&self.info)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// A list of what is known of the file, behind the samples.
fn info(comment: &str) -> Vec<u8> {
    let mut text = comment.as_bytes().to_vec();
    text.push(0);
    // Chunks have an even length.
    if text.len() % 2 == 1 {
        text.push(0);
    }
    let size = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    let mut list = b"LIST".to_vec();
    list.extend(size(4 + 8 + text.len()));
    list.extend(b"INFOICMT");
    list.extend(size(text.len()));
    list.extend(text);
    list
}

/// 16 bits of a sample, with triangular dither: what is cut off becomes a hiss that nobody hears, and no distortion. The hiss is
/// the same in each recording.
fn rounded(sample: f32, number: u64) -> i16 {
    let random = mixed(number);
    let uniform = |bits: u64| f64::from(u16::try_from(bits & 0xffff).unwrap_or_default()) / 65_536.0;
    // Silence stays silent.
    let dither = if sample == 0.0 { 0.0 } else { uniform(random) - uniform(random >> 16) };
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and peaks are limited before")]
    let rounded = (f64::from(sample) * 32_768.0 + dither).round() as i16;
    rounded
}
