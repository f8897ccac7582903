//! The voices: which there are, and one of them loaded.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::files::{self, LoadError};
use crate::phonemes::Accent;

/// The English voices of Kokoro v1.0. The first letter is the accent, the second the gender.
const NAMES: [&str; 28] = [
    "af_alloy",
    "af_aoede",
    "af_bella",
    "af_heart",
    "af_jessica",
    "af_kore",
    "af_nicole",
    "af_nova",
    "af_river",
    "af_sarah",
    "af_sky",
    "am_adam",
    "am_echo",
    "am_eric",
    "am_fenrir",
    "am_liam",
    "am_michael",
    "am_onyx",
    "am_puck",
    "am_santa",
    "bf_alice",
    "bf_emma",
    "bf_isabella",
    "bf_lily",
    "bm_daniel",
    "bm_fable",
    "bm_george",
    "bm_lewis",
];

/// The two that are told apart best, a woman and a man: their pitch differs by 76 Hz at the median.
pub const DEFAULT_PAIR: [VoiceName; 2] = [VoiceName("af_heart"), VoiceName("am_michael")];

/// Numbers in one style.
const WIDTH: usize = 256;

/// Styles of a voice: one for each count of phonemes in what is said at once.
const STYLES: usize = 510;

/// Whether a voice is a woman's or a man's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gender {
    /// A woman's.
    Female,
    /// A man's.
    Male,
}

/// The name of a voice that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VoiceName(&'static str);

/// No voice has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no voice {0:?}; there are: {list}", list = NAMES.join(", "))]
pub struct UnknownVoice(String);

impl VoiceName {
    /// All of them, in the order of their names.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.into_iter().map(Self)
    }

    /// As it is written: `af_heart`.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// How it speaks English: what it is to say comes from an [`English`](crate::phonemes::English) of the same accent.
    pub fn accent(self) -> Accent {
        if self.0.starts_with('a') { Accent::American } else { Accent::British }
    }

    /// Whose it is.
    pub fn gender(self) -> Gender {
        if self.0[1..].starts_with('f') { Gender::Female } else { Gender::Male }
    }
}

impl FromStr for VoiceName {
    type Err = UnknownVoice;

    fn from_str(name: &str) -> Result<Self, UnknownVoice> {
        Self::all().find(|known| known.0 == name).ok_or_else(|| UnknownVoice(name.to_owned()))
    }
}

impl fmt::Display for VoiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A voice, ready to speak with; half a megabyte.
pub struct Voice {
    name: VoiceName,
    /// `STYLES` times `WIDTH` numbers.
    styles: Vec<f32>,
}

impl Voice {
    /// Reads a voice from the folder that `scripts/fetch-voices.sh` fills.
    pub fn load(folder: &Path, name: VoiceName) -> Result<Self, LoadError> {
        let path = folder.join(format!("{name}.bin"));
        let bytes = files::read(&path)?;
        let damaged = |reason: String| LoadError::Damaged { path: path.clone(), reason };
        let wanted = STYLES * WIDTH * size_of::<f32>();
        if bytes.len() != wanted {
            return Err(damaged(format!("{} bytes, not {wanted}", bytes.len())));
        }
        let (numbers, _) = bytes.as_chunks();
        let styles: Vec<f32> = numbers.iter().map(|&number| f32::from_le_bytes(number)).collect();
        // The numbers of all voices lie between -4 and 3.
        if let Some(wrong) = styles.iter().find(|number| !(-8.0..=8.0).contains(*number)) {
            return Err(damaged(format!("a style has the number {wrong}")));
        }
        Ok(Self { name, styles })
    }

    /// Which it is.
    pub fn name(&self) -> VoiceName {
        self.name
    }

    /// How it says so many phonemes at once.
    pub(super) fn style(&self, phonemes: usize) -> &[f32] {
        let row = phonemes.min(STYLES - 1);
        &self.styles[row * WIDTH..][..WIDTH]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_who_speaks() {
        let count = |accent, gender| {
            VoiceName::all().filter(|name| (name.accent(), name.gender()) == (accent, gender)).count()
        };
        assert_eq!(count(Accent::American, Gender::Female), 11);
        assert_eq!(count(Accent::American, Gender::Male), 9);
        assert_eq!(count(Accent::British, Gender::Female), 4);
        assert_eq!(count(Accent::British, Gender::Male), 4);
        assert_eq!(DEFAULT_PAIR.map(VoiceName::gender), [Gender::Female, Gender::Male]);
        for name in VoiceName::all().chain(DEFAULT_PAIR) {
            assert_eq!(name.as_str().parse(), Ok(name));
        }
    }

    #[test]
    fn a_name_that_there_is_not_is_answered_with_those_there_are() {
        let error = "af_hart".parse::<VoiceName>().expect_err("no such voice");
        assert!(
            error.to_string().starts_with("there is no voice \"af_hart\"; there are: af_alloy, "),
            "{error}"
        );
    }
}
