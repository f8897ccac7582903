//! The lines of a recording that have been spoken, on the disk: an hour of them is not for the memory, and whoever is
//! interrupted goes on where it was.
//!
//! `lines.f32` has their samples, one line after the other; `lines.jsonl` says what each line is. A line counts once it
//! stands in the second.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use serde::{Deserialize, Serialize};
use speech::sound::{Cue, Lines};

use super::request::Line;

pub(super) const SAMPLES: &str = "lines.f32";
pub(super) const INDEX: &str = "lines.jsonl";

const SAMPLE_BYTES: u64 = 4;

/// A line that has been spoken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spoken {
    pub(super) line: Line,
    /// In these words.
    pub(super) said: String,
    /// The speaker's number.
    pub(super) speaker: usize,
    pub(super) asks: bool,
    /// Characters that have no sound.
    pub(super) left_out: usize,
    /// By which engine and voice; another one would speak it anew.
    pub(super) voice: String,
    /// How many samples it has.
    pub(super) samples: usize,
}

impl Spoken {
    pub(super) fn cue(&self) -> Cue {
        Cue { speaker: self.speaker, asks: self.asks, samples: self.samples }
    }
}

/// The spoken lines of one recording.
pub(super) struct Spool {
    samples: File,
    index: File,
    lines: Vec<Spoken>,
    /// The first sample of each line, and the end of the last one.
    places: Vec<u64>,
}

impl Spool {
    /// That of a folder, with what is in it already. What was left half written is cut off.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let open = |name: &str| {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(0o600).open(folder.join(name))
        };
        let (samples, index) = (open(SAMPLES)?, open(INDEX)?);
        let mut spool = Self { samples, index, lines: Vec::new(), places: vec![0] };
        spool.recover()?;
        Ok(spool)
    }

    /// Takes in the whole lines of the index of which all samples are there.
    fn recover(&mut self) -> io::Result<()> {
        let there = self.samples.metadata()?.len() / SAMPLE_BYTES;
        let mut reader = BufReader::new(self.index.try_clone()?);
        let mut text = Vec::new();
        let mut kept = 0;
        while reader.read_until(b'\n', &mut text)? > 0 && text.ends_with(b"\n") {
            let Ok(spoken) = serde_json::from_slice::<Spoken>(&text) else { break };
            let end = self.end() + spoken.samples as u64;
            if end > there {
                break;
            }
            kept += text.len() as u64;
            self.lines.push(spoken);
            self.places.push(end);
            text.clear();
        }
        self.index.set_len(kept)?;
        self.samples.set_len(self.end() * SAMPLE_BYTES)
    }

    pub(super) fn lines(&self) -> &[Spoken] {
        &self.lines
    }

    /// Samples of all lines.
    pub(super) fn end(&self) -> u64 {
        self.places.last().copied().unwrap_or(0)
    }

    /// Forgets the lines from this one on.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn truncate(&mut self, lines: usize) -> io::Result<()> {
        if lines >= self.lines.len() {
            return Ok(());
        }
        self.lines.truncate(lines);
        self.places.truncate(lines + 1);
        self.samples.set_len(self.end() * SAMPLE_BYTES)?;
        self.index.set_len(0)?;
        self.index.seek(SeekFrom::Start(0))?;
        let index: Vec<u8> = self.lines.iter().map(entry).collect::<io::Result<Vec<_>>>()?.concat();
        self.index.write_all(&index)
    }

    /// Goes on with a line: its samples are on the disk before it counts.
    ///
    /// # Errors
    /// The disk's. The line does not count then.
    pub(super) fn append(&mut self, spoken: Spoken, samples: &[f32]) -> io::Result<()> {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let end = self.end();
        self.samples.write_all_at(&bytes, end * SAMPLE_BYTES)?;
        self.samples.sync_data()?;
        self.index.seek(SeekFrom::End(0))?;
        self.index.write_all(&entry(&spoken)?)?;
        self.places.push(end + spoken.samples as u64);
        self.lines.push(spoken);
        Ok(())
    }
}

impl Lines for Spool {
    fn read(&mut self, line: usize, samples: &mut Vec<f32>) -> io::Result<()> {
        let (from, to) = (self.places[line], self.places[line + 1]);
        let length = usize::try_from((to - from) * SAMPLE_BYTES).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        self.samples.read_exact_at(&mut bytes, from * SAMPLE_BYTES)?;
        let (whole, _) = bytes.as_chunks::<4>();
        samples.extend(whole.iter().map(|sample| f32::from_le_bytes(*sample)));
        Ok(())
    }
}

fn entry(spoken: &Spoken) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(spoken)?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::request::Gender;
    use super::*;

    fn spoken(number: usize, samples: usize) -> Spoken {
        let line = Line {
            name: "Ann".into(),
            gender: Gender::Female,
            role: None,
            message: format!("Line {number}."),
        };
        Spoken {
            line,
            said: "line".into(),
            speaker: number % 2,
            asks: false,
            left_out: 0,
            voice: "v".into(),
            samples,
        }
    }

    fn sound(number: usize, samples: usize) -> Vec<f32> {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        (0..samples).map(|at| (number * 1_000 + at) as f32).collect()
    }

    fn filled(folder: &Path, lengths: &[usize]) -> Spool {
        let mut spool = Spool::open(folder).expect("a disk");
        for (number, &length) in lengths.iter().enumerate() {
            spool.append(spoken(number, length), &sound(number, length)).expect("a disk");
        }
        spool
    }

    fn holds(spool: &mut Spool, lengths: &[usize]) {
        assert_eq!(spool.lines().len(), lengths.len());
        for (number, &length) in lengths.iter().enumerate() {
            let mut samples = Vec::new();
            spool.read(number, &mut samples).expect("a disk");
            assert_eq!(
                (spool.lines()[number].clone(), samples),
                (spoken(number, length), sound(number, length))
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Whatever was cut off of either file, the lines that are whole are there, and it goes on behind them.
        #[test]
        fn what_was_spoken_is_there_after_an_interruption(
            lengths in prop::collection::vec(0..50_usize, 1..6),
            samples_left in 0.0_f64..1.0,
            index_left in 0.0_f64..1.0,
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            drop(filled(folder.path(), &lengths));
            for (name, left) in [(SAMPLES, samples_left), (INDEX, index_left)] {
                let file = OpenOptions::new().write(true).open(folder.path().join(name)).expect("a file");
                #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
                let length = (file.metadata().expect("a file").len() as f64 * left) as u64;
                file.set_len(length).expect("a disk");
            }
            let mut spool = Spool::open(folder.path()).expect("a disk");
            let kept = spool.lines().len();
            holds(&mut spool, &lengths[..kept]);
            for (number, &length) in lengths.iter().enumerate().skip(kept) {
                spool.append(spoken(number, length), &sound(number, length)).expect("a disk");
            }
            holds(&mut spool, &lengths);
            holds(&mut Spool::open(folder.path()).expect("a disk"), &lengths);
        }
    }

    #[test]
    fn lines_can_be_forgotten_from_one_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut spool = filled(folder.path(), &[3, 4, 5]);
        spool.truncate(9).expect("a disk");
        spool.truncate(1).expect("a disk");
        holds(&mut spool, &[3]);
        spool.append(spoken(1, 7), &sound(1, 7)).expect("a disk");
        holds(&mut spool, &[3, 7]);
        holds(&mut Spool::open(folder.path()).expect("a disk"), &[3, 7]);
    }
}
