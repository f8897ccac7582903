//! Lines that a server elsewhere has spoken, on the disk: what has been paid for is not paid for twice. Each owner has a
//! folder of their own, so that nobody learns from the time it takes what others have had spoken.
//!
//! A file is named by a hash of all that decides its sound, and begins with a hash of that sound: what is damaged is no line.

use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use speech::sound;
use speech::text::Spoken as Words;
use tokio::task::spawn_blocking;
use tracing::warn;

use super::store::hex;
use super::studio::Tools;
use super::voice::{Manner, Voice, VoiceError};

const HASH_BYTES: usize = 32;

impl Tools {
    /// Speaks a line for `owner`, in its turn among all lines; or finds it, where it had to be paid for and was spoken for them
    /// before.
    ///
    /// # Errors
    /// The voice's. The disk's are none: then it is spoken anew.
    pub(super) async fn speak(
        &self,
        owner: &str,
        voice: &dyn Voice,
        words: &Words,
        manner: Manner<'_>,
    ) -> Result<Vec<f32>, VoiceError> {
        let _turn = self.turns.acquire().await;
        let Some(identity) = voice.paid_for(manner) else { return voice.speak(words, manner).await };
        let file = self.store.lines(owner).join(name(&identity, &words.words()));
        let looked = file.clone();
        let found = spawn_blocking(move || read(&looked)).await.map_err(VoiceError::failed)?;
        if let Some(samples) = found {
            return Ok(samples);
        }
        let samples = voice.speak(words, manner).await?;
        let kept = spawn_blocking(move || {
            // Silence is the server's fault, and a mend of it should be heard.
            let is_sound = sound::trim(samples.clone()).is_some();
            let written = if is_sound { write(&file, &samples) } else { Ok(()) };
            (samples, written)
        });
        let (samples, written) = kept.await.map_err(VoiceError::failed)?;
        if let Err(error) = written {
            warn!("a line that was spoken elsewhere cannot be kept: {error}");
        }
        Ok(samples)
    }
}

/// The name of a line's file.
fn name(identity: &str, text: &str) -> PathBuf {
    // The length tells where the first ends.
    let hash = Sha256::new().chain_update(identity.len().to_le_bytes()).chain_update(identity);
    format!("{}.f32", hex(&hash.chain_update(text).finalize())).into()
}

/// The samples of a file; nothing where there is none, or it is not whole.
fn read(file: &Path) -> Option<Vec<f32>> {
    let bytes = fs::read(file).ok()?;
    let (hash, sound) = bytes.split_at_checked(HASH_BYTES)?;
    let (samples, rest) = sound.as_chunks::<4>();
    let is_whole = rest.is_empty() && Sha256::digest(sound)[..] == *hash;
    is_whole.then(|| samples.iter().map(|sample| f32::from_le_bytes(*sample)).collect())
}

/// Writes a file whole or not at all.
fn write(file: &Path, samples: &[f32]) -> io::Result<()> {
    let folder = file.parent().expect("a line lies in a folder");
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let sound: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut draft = tempfile::Builder::new().prefix(".draft-").tempfile_in(folder)?;
    draft.write_all(&Sha256::digest(&sound))?;
    draft.write_all(&sound)?;
    draft.persist(file).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_whole_or_not_at_all() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("lines").join(name("voice", "Hello."));
        assert_eq!(read(&file), None);
        let samples = vec![0.0, 0.25, -1.0];
        write(&file, &samples).unwrap();
        assert_eq!(read(&file), Some(samples.clone()));
        let whole = fs::read(&file).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&file, damaged).unwrap();
            assert_eq!(read(&file), None, "byte {at}");
            fs::write(&file, &whole[..at]).unwrap();
            assert_eq!(read(&file), None, "{at} bytes");
        }
        write(&file, &samples).unwrap();
        assert_eq!(read(&file), Some(samples), "it is made anew");
    }

    #[test]
    fn nothing_that_decides_the_sound_is_left_out_of_its_name() {
        let names = [("a", "b"), ("a", "c"), ("b", "b"), ("ab", ""), ("", "ab")]
            .map(|(identity, text)| name(identity, text));
        for (at, name) in names.iter().enumerate() {
            assert!(!names[..at].contains(name), "{at}");
        }
    }
}
