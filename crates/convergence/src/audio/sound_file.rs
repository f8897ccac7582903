//! Sound on its way into one of its forms, wherever that goes.

use std::io::{self, Write};

use speech::sound::{OpusFile, Pcm, WavFile};

/// The forms of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoundForm {
    /// A file of 16-bit samples.
    Wav,
    /// Opus in Ogg.
    Opus,
    /// The samples alone: 16 bits, little-endian, one channel, 24,000 a second.
    Pcm,
}

/// Sound that is being written.
pub(super) enum SoundFile<W: Write> {
    Wav(WavFile<W>),
    Opus(Box<OpusFile<W>>),
    Pcm(W, Pcm),
}

impl<W: Write> SoundFile<W> {
    /// Begins, with as many samples to come. `comment` stands in a file as what it is.
    ///
    /// # Errors
    /// There are too many for this form, or what `out` says.
    pub(super) fn begin(form: SoundForm, out: W, samples: usize, comment: &str) -> io::Result<Self> {
        match form {
            SoundForm::Wav => WavFile::begin(out, samples, comment).map(Self::Wav),
            SoundForm::Opus => OpusFile::begin(out, comment).map(|file| Self::Opus(Box::new(file))),
            SoundForm::Pcm => Ok(Self::Pcm(out, Pcm::default())),
        }
    }

    /// Goes on with these samples.
    ///
    /// # Errors
    /// What `out` says.
    pub(super) fn write(&mut self, samples: &[f32]) -> io::Result<()> {
        match self {
            Self::Wav(file) => file.write(samples),
            Self::Opus(file) => file.write(samples),
            Self::Pcm(out, pcm) => {
                let mut bytes = Vec::with_capacity(2 * samples.len());
                pcm.push(samples, &mut bytes);
                out.write_all(&bytes)
            }
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// There are fewer samples than were to come, or what `out` says.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Wav(file) => file.finish(),
            Self::Opus(file) => file.finish(),
            Self::Pcm(out, _) => Ok(out),
        }
    }
}
