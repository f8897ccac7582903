//! Lines to sound on the disk, several at a time.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use speech::sound::{self, RATE};
use speech::text::Spoken as Words;

use super::cast::Cast;
use super::job::{Job, Phase};
use super::making::in_background;
use super::recording::{AudioError, MAX_MINUTES};
use super::request::Line;
use super::spool::{Spoken, Spool};
use super::studio::Tools;
use super::voice::{Manner, Voice, VoiceError};

/// What speaks the lines of one job.
pub(super) struct Speaking<'a> {
    pub(super) tools: &'a Tools,
    pub(super) job: &'a Arc<Job>,
    pub(super) voice: &'a dyn Voice,
}

impl Speaking<'_> {
    /// Forgets what was spoken before a restart and would be spoken otherwise now.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn check(&self, lines: &[Line], spool: &mut Spool) -> io::Result<()> {
        let cast = Cast::of(lines);
        let there = spool
            .lines()
            .iter()
            .zip(lines)
            .take_while(|(spoken, line)| self.part(line, &cast).is_spoken_as(spoken))
            .count();
        spool.truncate(there)
    }

    /// Speaks the lines that are not in the spool yet.
    ///
    /// # Errors
    /// A line cannot be spoken, all together are too long, or the disk's.
    pub(super) async fn speak(&self, lines: &[Line], mut spool: Spool) -> Result<Spool, AudioError> {
        let Self { tools, job, voice } = *self;
        let (cast, there) = (Cast::of(lines), spool.lines().len());
        job.advance(|progress| {
            (progress.phase, progress.lines, progress.lines_spoken) = (Phase::Speaking, lines.len(), there);
            progress.seconds_spoken = seconds(spool.end());
        });

        let clock = Pace { begun: Instant::now(), there, lines: lines.len() };
        let mood = self.mood();
        let mood = mood.as_deref();
        let parts: Vec<Part> = lines[there..].iter().map(|line| self.part(line, &cast)).collect();
        let spoken = stream::iter((there..).zip(parts)).map(|(index, part)| async move {
            let manner = Manner { voice: &part.voice, speed: 1.0, mood };
            let samples = tools.speak(&job.order.owner, voice, &part.words, manner).await;
            Ok::<_, AudioError>((index, part, samples.map_err(|error| failed(index, error))?))
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
        Ok(spool)
    }

    /// How lines are to be spoken, in a sentence.
    fn mood(&self) -> Option<String> {
        self.job.order.request.vibe.as_ref().map(|vibe| format!("Speak in this mood: {vibe}"))
    }

    fn part(&self, line: &Line, cast: &Cast) -> Part {
        let words = self.tools.reader.read(&line.message);
        let (speaker, gender) = cast.part(&line.name);
        let said = words.words();
        let named = self.job.order.request.voices.of(gender);
        let voice = named.map_or_else(|| self.voice.usual(gender), Into::into).into_owned();
        let mood = self.mood();
        let manner = Manner { voice: &voice, speed: 1.0, mood: mood.as_deref() };
        let sound = self.voice.paid_for(manner).unwrap_or_else(|| voice.clone());
        let spoken = Spoken {
            line: line.clone(),
            speaker,
            asks: said.ends_with('?'),
            said,
            left_out: words.left_out,
            voice: format!("{} {sound}", self.voice.engine()),
            samples: 0,
        };
        Part { words, voice, spoken }
    }
}

/// A line on its way to a voice.
struct Part {
    words: Words,
    voice: String,
    /// Without its samples.
    spoken: Spoken,
}

impl Part {
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

/// Why a line was not spoken, for whoever asked for it.
pub(super) fn failed(line: usize, error: VoiceError) -> AudioError {
    match error {
        VoiceError::Missing(install) => AudioError::NoVoice { install },
        VoiceError::TimedOut(limit) => AudioError::TimedOut { line, limit },
        VoiceError::Failed(detail) => AudioError::Voice { line, detail },
        VoiceError::Outside(trouble) => AudioError::Outside(trouble),
    }
}

fn seconds(samples: u64) -> f64 {
    Duration::from_micros(samples.saturating_mul(1_000_000) / u64::from(RATE)).as_secs_f64()
}
