//! Sound on its way into one of its forms, wherever that goes.

use std::io::{self, Write};

#[cfg(feature = "mp3")]
use speech::sound::Mp3File;
use speech::sound::{OpusFile, Pcm, WavFile};

use super::recording::FileKind;

/// Whether MP3 is built in: its encoder's licence is the LGPL, so it is only where somebody wants it.
pub const HAS_MP3: bool = cfg!(feature = "mp3");

/// What is said to whoever asks for MP3 where it is not.
pub const WITHOUT_MP3: &str = "mp3 is not built in here; build with `cargo build --release --features mp3`";

/// The forms of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoundForm {
    /// A file of 16-bit samples.
    Wav,
    /// Opus in Ogg.
    Opus,
    /// MP3, where it is built in.
    Mp3,
    /// The samples alone: 16 bits, little-endian, one channel, 24,000 a second.
    Pcm,
}

impl SoundForm {
    /// That of a recording's file.
    pub(super) fn of(kind: FileKind) -> Self {
        match kind {
            FileKind::Opus => Self::Opus,
            FileKind::Mp3 => Self::Mp3,
            FileKind::Wav | FileKind::Vtt | FileKind::Srt => Self::Wav,
        }
    }
}

/// Sound that is being written.
pub(super) enum SoundFile<W: Write> {
    Wav(WavFile<W>),
    Opus(Box<OpusFile<W>>),
    #[cfg(feature = "mp3")]
    Mp3(Box<Mp3File<W>>),
    Pcm(W, Pcm),
}

impl<W: Write> SoundFile<W> {
    /// Begins, with as many samples to come. `comment` stands in a file as what it is.
    ///
    /// # Errors
    /// There are too many for this form, it is not built in, or what `out` says.
    pub(super) fn begin(form: SoundForm, out: W, samples: usize, comment: &str) -> io::Result<Self> {
        match form {
            SoundForm::Wav => WavFile::begin(out, samples, comment).map(Self::Wav),
            SoundForm::Opus => OpusFile::begin(out, comment).map(|file| Self::Opus(Box::new(file))),
            #[cfg(feature = "mp3")]
            SoundForm::Mp3 => Mp3File::begin(out, comment).map(|file| Self::Mp3(Box::new(file))),
            #[cfg(not(feature = "mp3"))]
            SoundForm::Mp3 => Err(io::Error::new(io::ErrorKind::Unsupported, WITHOUT_MP3)),
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
            #[cfg(feature = "mp3")]
            Self::Mp3(file) => file.write(samples),
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
            #[cfg(feature = "mp3")]
            Self::Mp3(file) => file.finish(),
            Self::Pcm(out, _) => Ok(out),
        }
    }
}
