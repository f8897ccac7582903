//! The studio makes recordings: so many at once, so many waiting, the rest is sent away.

use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use super::cast::Cast;
use super::clean::clean;
use super::flite::Flite;
use super::mix::{self, Take, Timing};
use super::outside::{Chat, Speech, Trouble};
use super::remote::Remote;
use super::request::{Line, Request};
use super::script::{self, Coverage, Left, ScriptError, ScriptSource, Told, USUAL_PACE};
use super::store::Store;
use super::voice::{Voice, VoiceError};

/// The longest recording, in minutes. Speech waits in memory until all of it can be mixed: 2 MB a minute.
pub const MAX_MINUTES: u32 = 90;

/// What a studio needs to know.
#[derive(Debug, Clone)]
pub struct StudioSettings {
    /// Where recordings are kept; made with mode 0700 when first needed.
    pub directory: PathBuf,
    /// Recordings made at once, at least 1.
    pub workers: usize,
    /// Recordings that may wait for a worker.
    pub queue: usize,
    /// For one run of the voice program, which speaks at most 400 characters.
    pub line_timeout: Duration,
    /// Age at which [`Studio::sweep`] removes a recording.
    pub retention: Duration,
    /// The voice program; `None` looks for `flite` on the `PATH`.
    pub voice_program: Option<PathBuf>,
}

/// Makes recordings and finds them again. Share it in an `Arc`; it works on any number of runtimes.
pub struct Studio {
    voice: Box<dyn Voice>,
    chat: Option<Arc<dyn Chat>>,
    store: Store,
    retention: Duration,
    /// One permit for each recording that is being made or waits.
    places: Arc<Semaphore>,
    /// One permit for each recording that is being made. It is fair: who waits longest is next.
    desks: Arc<Semaphore>,
    workers: usize,
    /// How long the last recording took, in milliseconds, as a guess at the next one.
    last_took: AtomicU64,
}

/// A finished recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// Its name, for [`Studio::find`]: a random UUID and `.wav`.
    pub file: String,
    /// Where it lies.
    pub path: PathBuf,
    /// The real length of the audio.
    pub duration_seconds: f64,
    /// Who wrote the lines.
    pub script_source: ScriptSource,
    /// The lines that are spoken.
    pub script: Vec<Line>,
    /// What the client should know about what was not done as asked.
    pub warnings: Vec<String>,
    /// What became of each point of the outline, where there was one.
    pub outline_coverage: Vec<Coverage>,
    /// What spoke.
    pub voice_engine: &'static str,
    /// When each line of the script is heard.
    pub timings: Vec<Timing>,
}

/// Why there is no recording.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// Nothing on this machine can speak; ours to mend, by what `install` says.
    #[error("no voice: {install}")]
    NoVoice {
        /// What to do, naming the package.
        install: String,
    },
    /// All workers are busy and all places to wait are taken.
    #[error("all audio workers are busy and the queue is full, retry after {retry_after_seconds} s")]
    QueueFull {
        /// When a place is likely to be free, at least 1.
        retry_after_seconds: u64,
    },
    /// The voice failed; the text is for the log.
    #[error("line {line}: the voice failed: {detail}")]
    Voice {
        /// Which line, from 0.
        line: usize,
        /// What the voice said.
        detail: String,
    },
    /// The voice took too long for a line.
    #[error("line {line}: no speech after {} s", .limit.as_secs_f32())]
    TimedOut {
        /// Which line, from 0.
        line: usize,
        /// The limit that was passed.
        limit: Duration,
    },
    /// The lines make more speech than one recording may hold; the client's to mend.
    #[error("the recording would be longer than {MAX_MINUTES} minutes")]
    TooLong,
    /// A server elsewhere did not help.
    #[error(transparent)]
    Outside(#[from] Trouble),
    /// The language model writes nothing that can be spoken.
    #[error("{0}")]
    Script(ScriptError),
    /// The disk failed.
    #[error("cannot keep the recording: {0}")]
    Storage(#[from] io::Error),
}

impl From<ScriptError> for AudioError {
    fn from(error: ScriptError) -> Self {
        match error {
            ScriptError::Outside(trouble) => Self::Outside(trouble),
            error @ ScriptError::Unusable { .. } => Self::Script(error),
        }
    }
}

impl Studio {
    /// A studio that has touched nothing yet.
    pub fn new(settings: StudioSettings) -> Self {
        let StudioSettings { directory, workers, queue, line_timeout, retention, voice_program } = settings;
        let workers = workers.max(1);
        Self {
            voice: Box::new(Flite::new(voice_program, directory.clone(), line_timeout)),
            chat: None,
            store: Store::new(directory),
            retention,
            places: Arc::new(Semaphore::new(workers + queue)),
            desks: Arc::new(Semaphore::new(workers)),
            workers,
            last_took: AtomicU64::new(2_000),
        }
    }

    /// The same with a language model that writes, and an engine that speaks, where there are any.
    #[must_use]
    pub fn helped_by(mut self, chat: Option<Arc<dyn Chat>>, speech: Option<Arc<dyn Speech>>) -> Self {
        self.chat = chat;
        if let Some(speech) = speech {
            self.voice = Box::new(Remote(speech));
        }
        self
    }

    /// Makes a recording for `owner`, who alone can find it.
    ///
    /// Dropping the future cancels: the voice program is killed, the worker is free, and no file is left.
    pub async fn record(&self, owner: &str, request: Request) -> Result<Recording, AudioError> {
        let seat = self.sit_down().await?;
        let begun = Instant::now();
        if let Some(install) = self.voice.fault() {
            return Err(AudioError::NoVoice { install });
        }
        let store = self.store.clone();
        in_background(move || store.open().map(drop)).await?;

        let (lines, told) = self.write(request).await?;
        let Told { source, mut warnings, coverage } = told;
        let cast = Cast::of(&lines);
        warnings.extend(cast.warning.clone());
        let (takes, rate) = self.speak(&lines, &cast, &mut warnings).await?;

        let (store, owner) = (self.store.clone(), owner.to_owned());
        let (fresh, timings, samples) = in_background(move || {
            // The seat is taken until the work ends, even if nobody waits for it any more.
            let _seat = seat;
            let mut draft = store.draft(&owner)?;
            let (timings, samples) =
                mix::mix(&takes, rate, BufWriter::new(draft.file())).map_err(io::Error::other)?;
            Ok((draft.finish()?, timings, samples))
        })
        .await?;

        // Nothing waits from here on: the file either reaches the caller or has vanished.
        let (file, path) = fresh.take()?;
        self.last_took.store(begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(Recording {
            file,
            path,
            duration_seconds: seconds(samples, rate),
            script_source: source,
            script: lines,
            warnings,
            outline_coverage: coverage,
            voice_engine: self.voice.engine(),
            timings,
        })
    }

    /// The path of a recording, if it is this owner's. `file` may be anything that a client sent.
    pub async fn find(&self, owner: &str, file: &str) -> Option<PathBuf> {
        let (store, owner, file) = (self.store.clone(), owner.to_owned(), file.to_owned());
        in_background(move || Ok(store.find(&owner, &file))).await.ok().flatten()
    }

    /// Why nothing can be spoken now and what to install; `None` when a voice is there.
    pub fn voice_fault(&self) -> Option<String> {
        self.voice.fault()
    }

    /// Removes recordings older than the retention and says how many. Call it now and then.
    pub async fn sweep(&self) -> Result<usize, AudioError> {
        let (store, retention) = (self.store.clone(), self.retention);
        Ok(in_background(move || store.sweep(retention)).await?)
    }

    /// Waits for a worker, if there is a place to wait.
    async fn sit_down(&self) -> Result<Seat, AudioError> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| AudioError::QueueFull { retry_after_seconds: self.retry_after() })?;
        let desk =
            Arc::clone(&self.desks).acquire_owned().await.expect("the studio never closes its semaphores");
        Ok(Seat { _desk: desk, _place: place })
    }

    /// One of the workers is likely to be done when the time of one recording, shared among them, has passed.
    fn retry_after(&self) -> u64 {
        self.last_took.load(Ordering::Relaxed).div_ceil(1_000 * self.workers as u64).clamp(1, 120)
    }

    /// The whole script, by the usual pace.
    #[expect(clippy::cast_precision_loss, reason = "a few thousand words")]
    async fn write(&self, request: Request) -> Result<(Vec<Line>, Told), ScriptError> {
        let mut left =
            Left { seconds: f64::from(request.duration_minutes) * 60.0, words_per_minute: USUAL_PACE };
        let mut writer = script::writer(request, self.chat.clone());
        let mut lines = Vec::new();
        loop {
            let next = writer.next(left).await?;
            if next.is_empty() {
                return Ok((lines, writer.told()));
            }
            let words: usize = next.iter().map(|line| script::words(&line.message)).sum();
            left.seconds -= words as f64 * 60.0 / USUAL_PACE;
            lines.extend(next);
        }
    }

    /// All lines as sound without silent ends, and the samples per second of all of them.
    async fn speak(
        &self,
        lines: &[Line],
        cast: &Cast,
        warnings: &mut Vec<String>,
    ) -> Result<(Vec<Take>, u32), AudioError> {
        let mut takes: Vec<Take> = Vec::with_capacity(lines.len());
        let mut rate = None;
        let mut samples = 0;
        for (index, line) in lines.iter().enumerate() {
            let cleaned = clean(&line.message);
            warnings.extend(cleaned.warning(&format!("line {index}")));
            let (speaker, voice) = cast.part(&line.name);
            let spoken =
                self.voice.speak(&cleaned.text, voice).await.map_err(|error| failed(index, error))?;
            let broken = |detail: &str| AudioError::Voice { line: index, detail: detail.to_owned() };
            if *rate.get_or_insert(spoken.rate) != spoken.rate {
                return Err(broken("the two voices have different sample rates"));
            }
            samples += spoken.samples.len();
            if samples > MAX_MINUTES as usize * 60 * spoken.rate as usize {
                return Err(AudioError::TooLong);
            }
            let samples = mix::trim(spoken).ok_or_else(|| broken("it made no sound"))?;
            takes.push(Take { speaker, asks: cleaned.text.ends_with('?'), samples });
        }
        let none = || AudioError::Voice { line: 0, detail: "there are no lines".to_owned() };
        Ok((takes, rate.ok_or_else(none)?))
    }
}

/// The right to work, given back when dropped.
struct Seat {
    _desk: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

fn failed(line: usize, error: VoiceError) -> AudioError {
    match error {
        VoiceError::Missing(install) => AudioError::NoVoice { install },
        VoiceError::TimedOut(limit) => AudioError::TimedOut { line, limit },
        VoiceError::Failed(detail) => AudioError::Voice { line, detail },
        VoiceError::Outside(trouble) => AudioError::Outside(trouble),
    }
}

/// The disk and long sums are not for the threads that serve requests. What the work returns is dropped when
/// nobody waits for it any more.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

#[expect(clippy::cast_precision_loss, reason = "90 minutes are far fewer samples than 2^52")]
fn seconds(samples: usize, rate: u32) -> f64 {
    samples as f64 / f64::from(rate)
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "test sounds are short")]
mod tests;
