//! How much speaking goes on at a time, and how long its results are kept.

use std::time::Duration;

use super::listen::cores;
use super::settings::Reader;

/// The studio's size.
#[derive(Clone, Copy)]
pub struct Audio {
    /// `AUDIO_WORKERS`.
    pub workers: usize,
    /// `AUDIO_QUEUE`.
    pub queue: usize,
    /// `AUDIO_RETENTION`.
    pub retention: Duration,
    /// `AUDIO_DISK_MB`, in bytes.
    pub most_bytes: u64,
}

impl Audio {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            workers: reader.number("AUDIO_WORKERS", 1..=256, cores()),
            queue: reader.number("AUDIO_QUEUE", 0..=10_000, 16),
            retention: reader.seconds("AUDIO_RETENTION", 86_400),
            most_bytes: reader.number("AUDIO_DISK_MB", 1..=1_000_000_000, 10_000) * 1_000_000,
        }
    }
}
