//! The neural voice, on this machine's processor: loaded when it is first needed, and given up when nobody has spoken for a
//! while.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use speech::kokoro::{DEFAULT_PAIR, Kokoro, LoadError, Voice as Timbre, VoiceName};
use speech::phonemes::{Accent, English, Phonemes};
use speech::sound::RATE;
use speech::text::{Piece, Spoken as Words};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::request::Gender;
use super::voice::{Manner, Voice, VoiceError};

/// What it says comes as it is.
const _: () = assert!(speech::kokoro::SAMPLE_RATE == RATE);

/// For how long the model stays in memory when nobody speaks: it takes 200 MB, and half a second to load.
const KEPT: Duration = Duration::from_mins(5);

/// Kokoro-82M.
pub(super) struct Neural {
    folder: PathBuf,
    loaded: Arc<Mutex<Loaded>>,
    /// One for each line that is spoken at once, which takes 350 MB and half as much for each more. Kept until a line has
    /// ended, also where nobody waits for it any more.
    turns: Arc<Semaphore>,
}

/// What is in memory.
#[derive(Default)]
struct Loaded {
    model: Option<Arc<Kokoro>>,
    voices: HashMap<VoiceName, Arc<Timbre>>,
    readers: HashMap<Accent, Arc<English>>,
    used: Option<Instant>,
}

/// What one line needs.
struct Set {
    model: Arc<Kokoro>,
    voice: Arc<Timbre>,
    reader: Arc<English>,
}

impl Neural {
    /// That of this folder, which `scripts/fetch-voices.sh` fills. So many lines are spoken at once.
    pub(super) fn new(folder: PathBuf, parallel: usize) -> Self {
        Self { folder, loaded: Arc::default(), turns: Arc::new(Semaphore::new(parallel)) }
    }

    async fn speak_line(&self, words: &Words, voice: &str, speed: f32) -> Result<Vec<f32>, VoiceError> {
        let name: VoiceName = voice.parse().map_err(VoiceError::failed)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(VoiceError::failed)?;
        let (folder, loaded, words) = (self.folder.clone(), Arc::clone(&self.loaded), words.clone());
        // Gone when this future is dropped, as it is when a job is cancelled.
        let listener = Arc::new(());
        let heard_by = Arc::downgrade(&listener);
        let spoken = spawn_blocking(move || {
            let _turn = turn;
            let set = lock(&loaded).set(&folder, name)?;
            let phonemes = set.phonemes(&words)?;
            let is_wanted = || heard_by.strong_count() > 0;
            let spoken = set.model.speak(&phonemes, &set.voice, speed, &is_wanted);
            let samples = spoken.map_err(VoiceError::failed)?;
            lock(&loaded).used = Some(Instant::now());
            Ok(samples)
        });
        let spoken = spoken.await;
        drop(listener);
        spoken.map_err(VoiceError::failed)?
    }
}

impl Loaded {
    /// What is needed for a line by this voice. Lines that come meanwhile wait for it.
    fn set(&mut self, folder: &std::path::Path, name: VoiceName) -> Result<Set, VoiceError> {
        let voice = match self.voices.get(&name) {
            Some(voice) => Arc::clone(voice),
            None => Arc::clone(
                self.voices
                    .entry(name)
                    .or_insert(Arc::new(Timbre::load(folder, name).map_err(|error| missing(&error))?)),
            ),
        };
        let model = match &self.model {
            Some(model) => Arc::clone(model),
            None => Arc::clone(
                self.model.insert(Arc::new(Kokoro::load(folder).map_err(|error| missing(&error))?)),
            ),
        };
        let accent = name.accent();
        let reader = self.readers.entry(accent).or_insert_with(|| Arc::new(English::new(accent)));
        self.used = Some(Instant::now());
        Ok(Set { model, voice, reader: Arc::clone(reader) })
    }
}

impl Set {
    fn phonemes(&self, words: &Words) -> Result<Phonemes, VoiceError> {
        let mut all = Phonemes::default();
        for piece in &words.pieces {
            all.append(&match piece {
                Piece::Words(text) => self.reader.read(text).map_err(VoiceError::failed)?,
                Piece::Sounds { phonemes, .. } => Phonemes::by_hand(phonemes).map_err(VoiceError::failed)?,
            });
        }
        Ok(all)
    }
}

impl Voice for Neural {
    fn engine(&self) -> &'static str {
        "kokoro"
    }

    fn fault(&self) -> Option<String> {
        Kokoro::look(&self.folder).err().map(|error| told(&error))
    }

    fn has(&self, voice: &str) -> bool {
        voice.parse::<VoiceName>().is_ok()
    }

    fn usual(&self, gender: Gender) -> Cow<'_, str> {
        let [female, male] = DEFAULT_PAIR;
        match gender {
            Gender::Female => female.as_str().into(),
            Gender::Male => male.as_str().into(),
        }
    }

    fn speak<'a>(
        &'a self,
        words: &'a Words,
        manner: Manner<'a>,
    ) -> BoxFuture<'a, Result<Vec<f32>, VoiceError>> {
        Box::pin(self.speak_line(words, manner.voice, manner.speed))
    }

    fn rest(&self) {
        let mut loaded = lock(&self.loaded);
        if loaded.used.is_some_and(|used| used.elapsed() > KEPT) {
            *loaded = Loaded::default();
        }
    }
}

/// Why the voice cannot speak. The folder's name is for the log.
fn missing(error: &LoadError) -> VoiceError {
    if !matches!(error, LoadError::Missing { .. }) {
        tracing::error!("the neural voice cannot be loaded: {error}");
    }
    VoiceError::Missing(told(error))
}

/// The same, for clients.
fn told(error: &LoadError) -> String {
    match error {
        LoadError::Missing { .. } => {
            "for the neural voice, run scripts/fetch-voices.sh, or set VOICES_DIR to the folder that has it"
                .to_owned()
        }
        _ => "the neural voice cannot be loaded, and the server's log says why".to_owned(),
    }
}

fn lock(loaded: &Mutex<Loaded>) -> MutexGuard<'_, Loaded> {
    // Each change is one step; a thread that panicked has left nothing half done.
    loaded.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use speech::text::Reader;

    use super::*;

    fn voices() -> PathBuf {
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/../../voices");
        std::env::var_os("VOICES_DIR").map_or_else(|| here.into(), PathBuf::from)
    }

    async fn until(happens: impl Fn() -> bool) {
        let begun = Instant::now();
        while !happens() {
            assert!(begun.elapsed() < Duration::from_mins(2), "it never happens");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    #[tokio::test]
    async fn a_line_that_nobody_waits_for_is_not_spoken_to_its_end() {
        let neural = Neural::new(voices(), 1);
        assert_eq!(neural.fault(), None);
        let began = || lock(&neural.loaded).used;
        let words = Reader::default().read(&format!("Stop. {}", "One two three four five six, ".repeat(40)));
        let voice = neural.usual(Gender::Female).into_owned();
        {
            let mut line = pin!(neural.speak_line(&words, &voice, 1.0));
            assert!(line.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            until(|| began().is_some()).await;
        }
        let used = began();
        until(|| neural.turns.available_permits() == 1).await;
        assert_eq!(began(), used, "it has come to its end");
    }
}
