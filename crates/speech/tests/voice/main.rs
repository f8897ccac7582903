//! The neural voice itself, by the model and the voices that `scripts/fetch-voices.sh` gets: they are looked for in the
//! folder `VOICES_DIR`, else in `voices/` at the workspace's root. Without them these tests fail, and say what to run.

mod faults;
mod pitch;
mod spoken;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use speech::kokoro::{DEFAULT_PAIR, Kokoro, Voice, VoiceName};
use speech::phonemes::{English, Phonemes};

/// Where the voices are.
fn folder() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../voices");
    std::env::var_os("VOICES_DIR").map_or(here, PathBuf::from)
}

/// Loaded once: it takes half a second and 200 MB.
static KOKORO: LazyLock<Kokoro> =
    LazyLock::new(|| Kokoro::load(&folder()).unwrap_or_else(|error| panic!("{error}")));

/// The woman and the man who speak if nobody else is asked for.
static PAIR: LazyLock<[Voice; 2]> = LazyLock::new(|| DEFAULT_PAIR.map(voice));

fn voice(name: VoiceName) -> Voice {
    Voice::load(&folder(), name).unwrap_or_else(|error| panic!("{error}"))
}

static ENGLISH: LazyLock<English> = LazyLock::new(|| English::new(DEFAULT_PAIR[0].accent()));

fn phonemes(text: &str) -> Phonemes {
    ENGLISH.read(text).expect("English")
}

fn speak(phonemes: &Phonemes, voice: &Voice) -> Vec<f32> {
    KOKORO.speak(phonemes, voice, 1.0, &|| true).expect("it speaks")
}
