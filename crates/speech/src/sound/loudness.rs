//! How loud sound is: integrated loudness and true peak by ITU-R BS.1770, as EBU R 128 has it.

use ebur128::{EbuR128, Mode};

use super::{RATE, decibels};

/// Measures sound that is handed to it in blocks.
pub struct Loudness {
    meter: EbuR128,
    /// For sound that is shorter than what the measure is made of.
    energy: f64,
    samples: usize,
}

/// Sound of this many samples and fewer has no integrated loudness: blocks of 400 ms are what it is made of.
const SHORT: usize = RATE as usize * 4 / 10;

impl Default for Loudness {
    fn default() -> Self {
        Self::of_mode(Mode::I)
    }
}

impl Loudness {
    /// One that measures the true peak as well, which takes longer.
    pub fn with_peak() -> Self {
        Self::of_mode(Mode::I | Mode::TRUE_PEAK)
    }

    fn of_mode(mode: Mode) -> Self {
        let meter = EbuR128::new(1, RATE, mode).expect("one channel at a usual rate");
        Self { meter, energy: 0.0, samples: 0 }
    }

    /// Goes on with these samples.
    pub fn add(&mut self, samples: &[f32]) {
        self.meter.add_frames_f32(samples).expect("one channel: any number of samples are whole frames");
        self.energy += samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>();
        self.samples += samples.len();
    }

    /// Integrated loudness in LUFS; `None` of silence. For less than half a second, that of its energy as it is.
    pub fn lufs(&self) -> Option<f64> {
        let gated = self.meter.loudness_global().ok().filter(|lufs| lufs.is_finite());
        if gated.is_some() || self.samples > SHORT || self.energy == 0.0 {
            return gated;
        }
        #[expect(clippy::cast_precision_loss, reason = "not even half a second")]
        let mean = self.energy / self.samples as f64;
        // The constant of BS.1770, less the weighting.
        Some(-0.691 + decibels(mean.sqrt()))
    }

    /// The true peak in dBTP, if it is measured; far below 0 for silence.
    pub fn dbtp(&self) -> Option<f64> {
        self.meter.true_peak(0).ok().map(|peak| decibels(peak.max(1e-9)))
    }
}
