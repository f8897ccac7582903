//! A recording, from what was asked for to its files: written, spoken line by line, several at a time, and mixed.

use std::fs::File;
use std::io::{self, BufWriter};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use speech::sound::{self, Caption, Cue, Master, OpusFile, RATE, Timeline, WavFile};
use speech::text::Spoken as Words;
use tokio::task::spawn_blocking;

use super::cast::Cast;
use super::job::{Job, Phase};
use super::recording::{AudioError, FileKind, MAX_MINUTES, Outcome, Recording, Timing};
use super::request::{Line, Pair};
use super::script::{self, Script};
use super::spool::{Spoken, Spool};
use super::store::SCRIPT;
use super::studio::Tools;
use super::voice::{Voice, VoiceError};

/// What each file says of itself.
pub(super) const WHAT_IT_IS: &str =
    "Synthetic speech: no person has said this. Made by Convergence, voice engine ";

/// Bytes that a second of sound may take on the disk: of each line, and of the file that is made of them.
const BYTES_PER_SECOND: u64 = RATE as u64 * (4 + 2);

/// What is left free on the disk for others.
const RESERVE: u64 = 64 << 20;

/// Makes a job's recording. What is spoken already is not spoken again.
pub(super) async fn make(tools: &Tools, job: &Arc<Job>) -> Outcome {
    let begun = Instant::now();
    let request = &job.order.request;
    let (format, duration) = (request.format, request.duration_minutes);
    let voice = tools.voices.choose(request.engine.as_deref(), request.voices.names())?;
    let pair = request.voices.clone();
    job.advance(|progress| progress.phase = Phase::Writing);
    let mut script = write(tools, job).await?;
    check_room(tools, &script, duration).await?;
    let cast = Cast::of(&script.lines);
    script.told.warnings.extend(cast.warning.clone());
    let spool = speak(tools, job, (voice, &pair), &mut script, &cast).await?;

    job.advance(|progress| progress.phase = Phase::Mixing);
    let (mixed, comment) = (Arc::clone(job), format!("{WHAT_IT_IS}{}", voice.engine()));
    let (spool, timeline, lufs) = in_background(move || mix(&mixed, spool, format, &comment)).await?;
    let timings = spool.lines().iter().zip(timeline.timings()).enumerate();
    let timings = timings.map(|(line, (spoken, heard))| Timing {
        line,
        speaker: spoken.speaker,
        start_ms: heard.start_ms,
        end_ms: heard.end_ms,
    });
    Ok(Recording {
        id: job.id,
        format,
        duration_seconds: timeline.seconds(),
        target_seconds: None,
        loudness_lufs: lufs,
        processing_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        script_source: script.told.source,
        script: script.lines,
        warnings: script.told.warnings,
        outline_coverage: script.told.coverage,
        voice_engine: voice.engine().to_owned(),
        timings: timings.collect(),
    })
}

/// The script: the one from before a restart, if there is one, so that what is spoken of it stays.
async fn write(tools: &Tools, job: &Job) -> Result<Script, AudioError> {
    let folder = job.folder.clone();
    if let Some(script) = in_background(move || Ok(folder.read_json(SCRIPT))).await? {
        return Ok(script);
    }
    let script = script::write(job.order.request.clone(), tools.chat.clone()).await?;
    let (folder, kept) = (job.folder.clone(), script.clone());
    in_background(move || folder.write_json(SCRIPT, &kept)).await?;
    Ok(script)
}

/// Whether the disk has room for it, before anything is made. A word takes less than half a second.
async fn check_room(tools: &Tools, script: &Script, minutes: u32) -> Result<(), AudioError> {
    let words: u64 = script.lines.iter().map(|line| line.message.split_whitespace().count() as u64).sum();
    let seconds = (u64::from(minutes) * 60).max(words / 2).min(u64::from(MAX_MINUTES) * 60);
    let store = tools.store.clone();
    let free = in_background(move || store.free()).await?;
    if free < seconds * BYTES_PER_SECOND + RESERVE {
        return Err(AudioError::NoRoom {
            minutes: u32::try_from(seconds.div_ceil(60)).unwrap_or(MAX_MINUTES),
        });
    }
    Ok(())
}

/// All lines as sound without silent ends, on the disk, several spoken at a time.
async fn speak(
    tools: &Tools,
    job: &Arc<Job>,
    (voice, pair): (&dyn Voice, &Pair),
    script: &mut Script,
    cast: &Cast,
) -> Result<Spool, AudioError> {
    let words: Vec<Words> = script.lines.iter().map(|line| tools.reader.read(&line.message)).collect();
    script.told.warnings.extend(words.iter().enumerate().filter_map(|(line, words)| left_out(line, words)));
    let parts =
        script.lines.iter().zip(words).map(|(line, words)| Part::of(line, words, cast, (voice, pair)));
    let parts: Vec<Part> = parts.collect();
    let folder = job.folder.path.clone();
    let mut spool = in_background(move || Spool::open(&folder)).await?;
    let there =
        spool.lines().iter().zip(&parts).take_while(|(spoken, part)| part.is_spoken_as(spoken)).count();
    spool.truncate(there)?;
    job.advance(|progress| {
        (progress.phase, progress.lines, progress.lines_spoken) = (Phase::Speaking, parts.len(), there);
        progress.seconds_spoken = seconds(spool.end());
    });

    let clock = Pace { begun: Instant::now(), there, lines: parts.len() };
    let spoken = stream::iter(parts.into_iter().enumerate().skip(there)).map(|(index, part)| async move {
        let _turn = tools.turns.acquire().await;
        let samples =
            voice.speak(&part.words, &part.voice, 1.0).await.map_err(|error| failed(index, error))?;
        Ok::<_, AudioError>((index, part, samples))
    });
    let mut spoken = spoken.buffered(tools.parallel);
    while let Some(line) = spoken.next().await {
        let (index, part, samples) = line?;
        let silent = || AudioError::Voice { line: index, detail: "it made no sound".to_owned() };
        let samples = sound::trim(samples).ok_or_else(silent)?;
        if spool.end() + samples.len() as u64 > u64::from(MAX_MINUTES) * 60 * u64::from(RATE) {
            return Err(AudioError::TooLong { minutes: MAX_MINUTES });
        }
        spool = in_background(move || {
            spool.append(Spoken { samples: samples.len(), ..part.spoken }, &samples)?;
            Ok(spool)
        })
        .await?;
        job.advance(|progress| {
            progress.lines_spoken = index + 1;
            progress.seconds_spoken = seconds(spool.end());
            progress.eta_seconds = Some(clock.left(index + 1));
        });
    }
    if spool.lines().is_empty() {
        return Err(AudioError::Voice { line: 0, detail: "there are no lines".to_owned() });
    }
    Ok(spool)
}

/// What to tell the client about a line of which not all can be said.
fn left_out(line: usize, words: &Words) -> Option<String> {
    let count = words.left_out;
    (count > 0).then(|| {
        format!("line {line}: {count} character(s) that an English voice cannot speak were left out")
    })
}

/// A line on its way to a voice.
struct Part {
    words: Words,
    voice: String,
    /// Without its samples.
    spoken: Spoken,
}

impl Part {
    fn of(line: &Line, words: Words, cast: &Cast, (engine, pair): (&dyn Voice, &Pair)) -> Self {
        let (speaker, gender) = cast.part(&line.name);
        let said = words.words();
        let voice = pair.of(gender).map_or_else(|| engine.usual(gender), Into::into).into_owned();
        let spoken = Spoken {
            line: line.clone(),
            speaker,
            asks: said.ends_with('?'),
            said,
            voice: format!("{} {voice}", engine.engine()),
            samples: 0,
        };
        Self { words, voice, spoken }
    }

    fn is_spoken_as(&self, spoken: &Spoken) -> bool {
        self.spoken == Spoken { samples: 0, ..spoken.clone() }
    }
}

/// How long the lines take that are still to come.
struct Pace {
    begun: Instant,
    there: usize,
    lines: usize,
}

impl Pace {
    /// In whole seconds.
    fn left(&self, spoken: usize) -> u64 {
        let done = u32::try_from(spoken - self.there).unwrap_or(u32::MAX).max(1);
        let left = u32::try_from(self.lines - spoken).unwrap_or(u32::MAX);
        (self.begun.elapsed() / done)
            .saturating_mul(left)
            .as_millis()
            .div_ceil(1_000)
            .try_into()
            .unwrap_or(u64::MAX)
    }
}

/// The files of a recording, of its spoken lines.
fn mix(
    job: &Job,
    mut spool: Spool,
    format: FileKind,
    comment: &str,
) -> io::Result<(Spool, Timeline, Option<f64>)> {
    let cues: Vec<Cue> = spool.lines().iter().map(Spoken::cue).collect();
    let timeline = Timeline::of(&cues, seed(&spool), None);
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

/// Why a line was not spoken, for whoever asked for it.
pub(super) fn failed(line: usize, error: VoiceError) -> AudioError {
    match error {
        VoiceError::Missing(install) => AudioError::NoVoice { install },
        VoiceError::TimedOut(limit) => AudioError::TimedOut { line, limit },
        VoiceError::Failed(detail) => AudioError::Voice { line, detail },
        VoiceError::Outside(trouble) => AudioError::Outside(trouble),
    }
}

/// The disk and long sums are not for threads on which others wait.
pub(super) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

fn seconds(samples: u64) -> f64 {
    Duration::from_micros(samples.saturating_mul(1_000_000) / u64::from(RATE)).as_secs_f64()
}
