//! A recording, from what was asked for to its files: written and spoken by turns, and mixed.
//!
//! The length that was asked for is met by measuring: whoever writes learns after each few lines how long they have become,
//! and writes as much more as is left.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use speech::sound::RATE;
use tokio::task::spawn_blocking;

use super::cast::Cast;
use super::job::{Job, Phase};
use super::mixing::{mix, timeline};
use super::recording::{AudioError, MAX_MINUTES, Outcome, Recording, Timing};
use super::request::Request;
use super::script::{self, Left, Script, ScriptSource, USUAL_PACE};
use super::speaking::Speaking;
use super::spool::Spool;
use super::store::SCRIPT;
use super::studio::Tools;

/// What each file says of itself.
pub(super) const WHAT_IT_IS: &str =
    "Synthetic speech: no person has said this. Made by Convergence, voice engine ";

/// Bytes that a second of sound may take on the disk: of each line, and of the file that is made of them.
const BYTES_PER_SECOND: u64 = RATE as u64 * (4 + 2);

/// What is left free on the disk for others.
const RESERVE: u64 = 64 << 20;

/// Makes a job's recording. What is written and spoken already is not written or spoken again.
pub(super) async fn make(tools: &Tools, job: &Arc<Job>) -> Outcome {
    let begun = Instant::now();
    let request = &job.order.request;
    let voice = tools.voices.choose(request.engine.as_deref(), request.voices.names())?;
    check_room(tools, request).await?;
    let (mut script, spool) = write_and_speak(tools, job, &Speaking { tools, job, voice }).await?;
    script.told.warnings.extend(Cast::of(&script.lines).warning);
    script.told.warnings.extend(left_out(&spool));

    job.advance(|progress| progress.phase = Phase::Mixing);
    let target = matches!(script.told.source, ScriptSource::Llm(_)).then_some(request.duration_minutes * 60);
    let wanted = target.map(|seconds| seconds as usize * RATE as usize);
    let (mixed, comment) = (Arc::clone(job), format!("{WHAT_IT_IS}{}", voice.engine()));
    let (spool, timeline, lufs) = in_background(move || mix(&mixed, spool, wanted, &comment)).await?;
    let timings = spool.lines().iter().zip(timeline.timings()).enumerate();
    let timings = timings.map(|(line, (spoken, heard))| Timing {
        line,
        speaker: spoken.speaker,
        start_ms: heard.start_ms,
        end_ms: heard.end_ms,
    });
    Ok(Recording {
        id: job.id,
        format: request.format,
        duration_seconds: timeline.seconds(),
        target_seconds: target,
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

/// The whole script, and its lines as sound on the disk. What is written is kept before it is spoken, so that a restart goes on
/// with it.
async fn write_and_speak(
    tools: &Tools,
    job: &Arc<Job>,
    speaking: &Speaking<'_>,
) -> Result<(Script, Spool), AudioError> {
    let (folder, opened) = (job.folder.clone(), job.folder.path.clone());
    let (before, mut spool) =
        in_background(move || Ok((folder.read_json::<Script>(SCRIPT), Spool::open(&opened)?))).await?;
    let mut writer = script::writer(job.order.request.clone(), tools.chat.clone());
    let mut script = before.unwrap_or_else(|| Script::nothing(writer.told()));
    speaking.check(&script.lines, &mut spool)?;
    if !script.lines.is_empty() {
        writer.go_on(&script);
        spool = speaking.speak(&script.lines, spool).await?;
    }
    while !script.has_ended {
        job.advance(|progress| progress.phase = Phase::Writing);
        let next = writer.next(left(&job.order.request, &script, &spool)).await?;
        script.has_ended = next.is_empty() || writer.has_ended();
        script.lines.extend(next);
        script.told = writer.told();
        let (folder, kept) = (job.folder.clone(), script.clone());
        in_background(move || folder.write_json(SCRIPT, &kept)).await?;
        spool = speaking.speak(&script.lines, spool).await?;
    }
    if spool.lines().is_empty() {
        return Err(AudioError::Voice { line: 0, detail: "there are no lines".to_owned() });
    }
    Ok((script, spool))
}

/// What is left of the asked length, by what has been spoken.
#[expect(clippy::cast_precision_loss, reason = "a few thousand words")]
fn left(request: &Request, script: &Script, spool: &Spool) -> Left {
    let spoken = timeline(spool, None).seconds();
    let words: usize = script.lines.iter().map(|line| script::words(&line.message)).sum();
    let words_per_minute = if words == 0 { USUAL_PACE } else { words as f64 * 60.0 / spoken };
    Left { seconds: f64::from(request.duration_minutes) * 60.0 - spoken, words_per_minute }
}

/// Whether the disk has room for it, before anything is made. A word takes less than half a second.
async fn check_room(tools: &Tools, request: &Request) -> Result<(), AudioError> {
    let lines = request.transcript.iter().flatten();
    let words: u64 = lines.map(|line| script::words(&line.message) as u64).sum();
    let seconds = (u64::from(request.duration_minutes) * 60).max(words / 2).min(u64::from(MAX_MINUTES) * 60);
    let store = tools.store.clone();
    let free = in_background(move || store.free()).await?;
    if free < seconds * BYTES_PER_SECOND + RESERVE {
        return Err(AudioError::NoRoom {
            minutes: u32::try_from(seconds.div_ceil(60)).unwrap_or(MAX_MINUTES),
        });
    }
    Ok(())
}

/// What to tell the client about lines of which not all can be said.
fn left_out(spool: &Spool) -> Vec<String> {
    let counts = spool.lines().iter().map(|spoken| spoken.left_out).enumerate();
    let told = counts.filter(|(_, count)| *count > 0).map(|(line, count)| {
        format!("line {line}: {count} character(s) that an English voice cannot speak were left out")
    });
    told.collect()
}

/// The disk and long sums are not for threads on which others wait.
pub(super) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}
