//! The last step: what was spoken becomes one file, and captions beside it.

use std::io::{self, BufWriter};

use speech::sound::{self, Caption, Cue, Master, Timeline};

use super::job::Job;
use super::recording::FileKind;
use super::sound_file::{SoundFile, SoundForm};
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
    let (cues, timeline) = (cues(&spool), timeline(&spool, wanted));
    let master = Master::measure(&cues, &timeline, &mut spool)?;
    let (folder, id) = (&job.folder, job.id);
    let draft = tempfile::Builder::new().prefix(".draft-").tempfile_in(&folder.path)?;
    let out = BufWriter::new(draft.as_file().try_clone()?);
    let mut file = SoundFile::begin(SoundForm::of(format), out, timeline.samples(), comment)?;
    master.render(&cues, &timeline, &mut spool, |block| {
        if job.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        file.write(block)
    })?;
    file.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
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

/// When the lines that are spoken so far would be heard, if that were all; `wanted` as for [`mix`].
pub(super) fn timeline(spool: &Spool, wanted: Option<usize>) -> Timeline {
    Timeline::of(&cues(spool), seed(spool), wanted)
}

fn cues(spool: &Spool) -> Vec<Cue> {
    spool.lines().iter().map(Spoken::cue).collect()
}

/// The same lines have the same pauses.
fn seed(spool: &Spool) -> u64 {
    spool.lines().iter().fold(0, |seed: u64, spoken| {
        seed.rotate_left(5).wrapping_mul(31).wrapping_add(spoken.line.message.len() as u64)
    })
}
