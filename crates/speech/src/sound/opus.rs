//! Opus in Ogg (RFC 6716, RFC 7845): a tenth of the size, and no difference that is heard in speech.

use std::io::{self, Write};

use opus_pure::{Application, MAX_PACKET_BYTES, OggOpusWriter, OpusEncoder, OpusHead, OpusTags, Signal};

use super::{RATE, samples_in};

/// Of speech in one channel; more is not heard.
const BITS_PER_SECOND: i32 = 40_000;

/// Samples in a packet.
const FRAME: usize = samples_in(20);

/// Time in an Ogg file is counted 48,000 times a second.
const TICKS: usize = 48_000 / RATE as usize;

/// The stream's number. There is one stream in a file, so that any does; always the same one makes the same bytes of the same
/// sound.
const SERIAL: u32 = 1;

/// An Ogg Opus file that is being written.
pub struct OpusFile<W: Write> {
    encoder: OpusEncoder,
    ogg: OggOpusWriter<W>,
    /// Samples that make no packet yet.
    pending: Vec<f32>,
    /// Samples that were handed in.
    samples: usize,
    /// How far the encoder is behind, in ticks.
    delay: usize,
    packet: Vec<u8>,
}

impl<W: Write> OpusFile<W> {
    /// Begins a file. `comment` stands in it as what it is.
    ///
    /// # Errors
    /// What `out` says.
    pub fn begin(out: W, comment: &str) -> io::Result<Self> {
        let rate = i32::try_from(RATE).map_err(io::Error::other)?;
        let mut encoder = OpusEncoder::new(rate, 1, Application::Audio).map_err(io::Error::other)?;
        encoder.bitrate_bps = BITS_PER_SECOND;
        encoder.signal_type = Some(Signal::Voice);
        let head = OpusHead::for_encoder(&encoder, RATE);
        let delay = usize::from(head.pre_skip);
        let mut tags = OpusTags::new();
        tags.push("COMMENT", comment).map_err(io::Error::other)?;
        let ogg = OggOpusWriter::with_serial(out, head, tags, SERIAL).map_err(io::Error::other)?;
        let packet = vec![0; MAX_PACKET_BYTES];
        Ok(Self { encoder, ogg, pending: Vec::with_capacity(FRAME), samples: 0, delay, packet })
    }

    /// Goes on with these samples.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write(&mut self, mut samples: &[f32]) -> io::Result<()> {
        self.samples += samples.len();
        while !samples.is_empty() {
            // A full frame waits, since the last one of a file says how much of it counts.
            if self.pending.len() == FRAME {
                let length = self.encode()?;
                self.ogg.write_packet(&self.packet[..length]).map_err(io::Error::other)?;
            }
            let (now, later) = samples.split_at(samples.len().min(FRAME - self.pending.len()));
            self.pending.extend(now);
            samples = later;
        }
        Ok(())
    }

    /// Ends the file: what the encoder still holds comes out, and its last packet says where the sound ends.
    ///
    /// # Errors
    /// What `out` says.
    pub fn finish(mut self) -> io::Result<W> {
        let end = self.delay + self.samples * TICKS;
        loop {
            self.pending.resize(FRAME, 0.0);
            let length = self.encode()?;
            let written = usize::try_from(self.ogg.granule()).unwrap_or_default();
            let packet = &self.packet[..length];
            let Some(left) = end.checked_sub(written).filter(|left| *left <= FRAME * TICKS) else {
                self.ogg.write_packet(packet).map_err(io::Error::other)?;
                continue;
            };
            let left = u32::try_from(left).map_err(io::Error::other)?;
            self.ogg.write_packet_with_duration(packet, left).map_err(io::Error::other)?;
            return self.ogg.finish().map_err(io::Error::other);
        }
    }

    /// Encodes what is pending, and says how many bytes of the packet that takes.
    fn encode(&mut self) -> io::Result<usize> {
        let length = self.encoder.encode(&self.pending, FRAME, &mut self.packet).map_err(io::Error::other)?;
        self.pending.clear();
        Ok(length)
    }
}
