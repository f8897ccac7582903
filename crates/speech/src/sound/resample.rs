//! Sound of another rate.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, ResampleError, Resampler, ResamplerConstructionError};

use super::RATE;

/// Samples that are worked on at a time.
const CHUNK: usize = 1_024;

/// Why sound keeps its rate.
#[derive(Debug, thiserror::Error)]
pub enum CannotResample {
    /// There is no way from this rate to [`RATE`].
    #[error("sound of {from} Hz cannot be converted: {why}")]
    Rate {
        /// Samples per second.
        from: u32,
        /// What the resampler says.
        why: ResamplerConstructionError,
    },
    /// The resampler has failed.
    #[error("sound cannot be converted: {0}")]
    Failed(#[from] ResampleError),
}

/// The same sound at [`RATE`].
///
/// # Errors
/// `from`, in samples per second, is no rate that can be converted.
pub fn resample(samples: Vec<f32>, from: u32) -> Result<Vec<f32>, CannotResample> {
    if from == RATE || samples.is_empty() {
        return Ok(samples);
    }
    let mut resampler = Fft::<f32>::new(from as usize, RATE as usize, CHUNK, 1, FixedSync::Both)
        .map_err(|why| CannotResample::Rate { from, why })?;
    let input = InterleavedSlice::new(&samples, 1, samples.len())
        .expect("one channel of as many frames as there are samples");
    Ok(resampler.process_all(&input, samples.len(), None)?.take_data())
}
