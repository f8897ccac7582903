//! Kokoro-82M: phonemes to samples, by a neural network that runs on this machine's processor alone.
//!
//! | step | file |
//! |---|---|
//! | the folder with the model and the voices | `files`, [`LoadError`] |
//! | the one node of the model that the runtime lacks, rewritten | `onnx` |
//! | whose voice | [`VoiceName`], [`Voice`] |
//! | a long line in pieces that the model can say, and the pieces joined | `pieces`, `join` |

use std::path::Path;
use std::sync::Arc;

use rten::{Model, NodeId, RunOptions, ThreadPool, ValueView};

use crate::phonemes::Phonemes;

pub use files::LoadError;
pub use voice::{DEFAULT_PAIR, Gender, Voice, VoiceName};

mod files;
mod onnx;
mod protobuf;

mod voice;

mod join;
mod pieces;

/// Samples in a second, of everything that is spoken here.
pub const SAMPLE_RATE: u32 = 24_000;

/// How much slower or faster than by itself a voice may speak.
pub const SPEEDS: std::ops::RangeInclusive<f32> = 0.5..=2.0;

/// The model, ready to speak. It takes 110 MB, and 350 MB more while one thread speaks or 480 MB while two do (measured at
/// the peak). It is free again when this is dropped.
pub struct Kokoro {
    model: Model,
    tokens: NodeId,
    style: NodeId,
    speed: NodeId,
    audio: NodeId,
}

/// Why nothing was spoken.
#[derive(Debug, thiserror::Error)]
pub enum SpeakError {
    /// The speed is none of [`SPEEDS`].
    #[error("a speed of {0}; it must be from {min} to {max}", min = SPEEDS.start(), max = SPEEDS.end())]
    Speed(f32),
    /// The runtime failed.
    #[error("the model failed: {0}")]
    Model(String),
    /// Nobody wants it any more.
    #[error("it is not wanted any more")]
    Unwanted,
}

impl Kokoro {
    /// Whether a folder has a model, as far as that can be told without reading it.
    pub fn look(folder: &Path) -> Result<(), LoadError> {
        files::look(folder)
    }

    /// Reads the model from the folder that `scripts/fetch-voices.sh` fills. Takes about half a second.
    pub fn load(folder: &Path) -> Result<Self, LoadError> {
        let path = folder.join(files::MODEL);
        let broken = |reason: String| LoadError::Unusable { path: path.clone(), reason };
        let mut bytes = files::read_model(folder)?;
        onnx::split_fused_matmul(&mut bytes).map_err(|fault| broken(fault.to_string()))?;
        let model = Model::load(bytes).map_err(|error| broken(error.to_string()))?;
        let node = |name| model.node_id(name).map_err(|error| broken(error.to_string()));
        let (tokens, style, speed, audio) = (node("tokens")?, node("style")?, node("speed")?, node("audio")?);
        Ok(Self { model, tokens, style, speed, audio })
    }

    /// Speaks, on one thread beside the caller's, which waits: mono samples from -1 to 1 at [`SAMPLE_RATE`], with little
    /// silence at both ends. Several threads may speak at once. `speed` is 1 for the voice's own pace. `is_wanted` is asked
    /// before each piece, which is eight seconds of sound at most: a line that nobody waits for is not spoken to its end.
    pub fn speak(
        &self,
        phonemes: &Phonemes,
        voice: &Voice,
        speed: f32,
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<Vec<f32>, SpeakError> {
        if !SPEEDS.contains(&speed) {
            return Err(SpeakError::Speed(speed));
        }
        // One thread: two lines at once on a thread each are spoken sooner than one after the other on two.
        let pool = Arc::new(ThreadPool::with_num_threads(1));
        let mut line = join::Line::default();
        for piece in pieces::pieces(phonemes.tokens()) {
            if !is_wanted() {
                return Err(SpeakError::Unwanted);
            }
            let samples = self.run(piece.tokens, voice, speed, &pool)?;
            line.append(&samples, piece.pause);
        }
        Ok(line.into_samples())
    }

    /// One piece, as the model says it.
    fn run(
        &self,
        tokens: &[u8],
        voice: &Voice,
        speed: f32,
        pool: &Arc<ThreadPool>,
    ) -> Result<Vec<f32>, SpeakError> {
        let padded: Vec<i32> =
            [0].into_iter().chain(tokens.iter().map(|&token| token.into())).chain([0]).collect();
        let (style, speed) = (voice.style(tokens.len()), [speed]);
        let fits = "the shape has the length of its numbers";
        let inputs = vec![
            (self.tokens, ValueView::from_shape([1, padded.len()], &padded).expect(fits).into()),
            (self.style, ValueView::from_shape([1, style.len()], style).expect(fits).into()),
            (self.speed, ValueView::from_shape([1], &speed).expect(fits).into()),
        ];
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(pool)));
        let [audio] = self
            .model
            .run_n(inputs, [self.audio], Some(options))
            .map_err(|error| SpeakError::Model(error.to_string()))?;
        let ([_], samples) =
            audio.into_shape_vec::<f32, 1>().map_err(|error| SpeakError::Model(error.to_string()))?;
        Ok(samples)
    }
}
