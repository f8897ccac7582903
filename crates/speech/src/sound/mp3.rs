//! MP3 (MPEG-2 Layer III), for players that know nothing else. By LAME, and so only with the feature `mp3`.

use std::io::{self, Write};

use mp3lame_encoder::max_required_buffer_size;
use mp3lame_encoder::{Bitrate, Builder, Encoder, FlushGap, Id3Tag, Mode, MonoPcm, Quality};

use super::RATE;

/// Of speech in one channel at our rate; more is not heard.
const BITRATE: Bitrate = Bitrate::Kbps64;

/// An MP3 file that is being written. It is up to 0.1 s longer than its sound: there is a little silence at both ends.
pub struct Mp3File<W: Write> {
    out: W,
    encoder: Encoder,
    bytes: Vec<u8>,
}

impl<W: Write> Mp3File<W> {
    /// Begins a file. Of `comment`, which stands in it as what it is, 250 bytes are kept.
    ///
    /// # Errors
    /// The encoder's.
    pub fn begin(out: W, comment: &str) -> io::Result<Self> {
        let tag = Id3Tag {
            title: b"",
            artist: b"",
            album: b"",
            album_art: b"",
            year: b"",
            comment: comment.as_bytes(),
        };
        let encoder = Builder::new()
            .ok_or(io::ErrorKind::OutOfMemory)?
            .with_num_channels(1)
            .and_then(|builder| builder.with_mode(Mode::Mono))
            .and_then(|builder| builder.with_sample_rate(RATE))
            .and_then(|builder| builder.with_brate(BITRATE))
            .and_then(|builder| builder.with_quality(Quality::Good))
            // It would have to be written last, and to stand first.
            .and_then(|builder| builder.with_to_write_vbr_tag(false))
            .map_err(io::Error::other)?
            .with_id3_tag(tag)
            .map_err(|_| io::Error::other("the comment cannot be kept"))?
            .build()
            .map_err(io::Error::other)?;
        Ok(Self { out, encoder, bytes: Vec::new() })
    }

    /// Goes on with these samples.
    ///
    /// # Errors
    /// The encoder's, or what `out` says.
    pub fn write(&mut self, samples: &[f32]) -> io::Result<()> {
        self.bytes.clear();
        self.bytes.reserve(max_required_buffer_size(samples.len()));
        self.encoder.encode_to_vec(MonoPcm(samples), &mut self.bytes).map_err(io::Error::other)?;
        self.out.write_all(&self.bytes)
    }

    /// Ends the file: what the encoder still holds comes out, with silence behind it up to a whole frame.
    ///
    /// # Errors
    /// The encoder's, or what `out` says.
    pub fn finish(mut self) -> io::Result<W> {
        self.bytes.clear();
        self.bytes.reserve(max_required_buffer_size(0));
        self.encoder.flush_to_vec::<FlushGap>(&mut self.bytes).map_err(io::Error::other)?;
        self.out.write_all(&self.bytes)?;
        self.out.flush()?;
        Ok(self.out)
    }
}
