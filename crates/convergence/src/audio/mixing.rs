//! The last step: what was spoken becomes one file, and captions beside it.

use std::fs::File;
use std::io::{self, BufWriter};

use speech::sound::{self, Caption, Cue, Master, OpusFile, Timeline, WavFile};

use super::job::Job;
use super::recording::FileKind;
use super::spool::{Spoken, Spool};

/// The files of a recording, of its spoken lines. Where the whole is to have a length of `wanted` samples, the pauses are made
/// for that as far as they may. Says when each line is heard, and how loud the whole is, in LUFS.
///
/// # Errors
/// The disk's, or the job is cancelled.
pub(super) fn mix(
    job: &Job,
    mut spool: Spool,
    wanted: Option<usize>,
    comment: &str,
) -> io::Result<(Spool, Timeline, Option<f64>)> {
    let format = job.order.request.format;
    let cues: Vec<Cue> = spool.lines().iter().map(Spoken::cue).collect();
    let timeline = Timeline::of(&cues, seed(&spool), wanted);
    let master = Master::measure(&cues, &timeline, &mut spool)?;
    let (folder, id) = (&job.folder, job.id);
    let draft = tempfile::Builder::new().prefix(".draft-").tempfile_in(&folder.path)?;
    let out = BufWriter::new(draft.as_file().try_clone()?);
    let mut file = SoundFile::begin(format, out, timeline.samples(), comment)?;
    master.render(&cues, &timeline, &mut spool, |block| {
        if job.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        file.write(block)
    })?;
    file.finish()?;
    draft.as_file().sync_all()?;
    let captions: Vec<Caption<'_>> = spool
        .lines()
        .iter()
        .zip(timeline.timings())
        .map(|(spoken, timing)| Caption { speaker: &spoken.line.name, text: &spoken.line.message, timing })
        .collect();
    folder.write(&FileKind::Vtt.name(id), sound::web_vtt(captions.iter().copied()).as_bytes())?;
    folder.write(&FileKind::Srt.name(id), sound::srt(captions.iter().copied()).as_bytes())?;
    draft.persist(folder.file(format)).map_err(|error| error.error)?;
    Ok((spool, timeline, master.lufs()))
}

/// When the lines that are spoken so far would be heard.
pub(super) fn timeline(spool: &Spool) -> Timeline {
    let cues: Vec<Cue> = spool.lines().iter().map(Spoken::cue).collect();
    Timeline::of(&cues, seed(spool), None)
}

/// The same lines have the same pauses.
fn seed(spool: &Spool) -> u64 {
    spool.lines().iter().fold(0, |seed: u64, spoken| {
        seed.rotate_left(5).wrapping_mul(31).wrapping_add(spoken.line.message.len() as u64)
    })
}

/// A file that is being written, in either form.
enum SoundFile {
    Wav(WavFile<BufWriter<File>>),
    Opus(Box<OpusFile<BufWriter<File>>>),
}

impl SoundFile {
    fn begin(format: FileKind, out: BufWriter<File>, samples: usize, comment: &str) -> io::Result<Self> {
        match format {
            FileKind::Opus => OpusFile::begin(out, comment).map(|file| Self::Opus(Box::new(file))),
            _ => WavFile::begin(out, samples, comment).map(Self::Wav),
        }
    }

    fn write(&mut self, samples: &[f32]) -> io::Result<()> {
        match self {
            Self::Wav(file) => file.write(samples),
            Self::Opus(file) => file.write(samples),
        }
    }

    fn finish(self) -> io::Result<()> {
        let out = match self {
            Self::Wav(file) => file.finish(),
            Self::Opus(file) => file.finish(),
        };
        out?.into_inner().map_err(io::IntoInnerError::into_error).map(drop)
    }
}
