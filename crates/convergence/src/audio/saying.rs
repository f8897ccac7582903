//! One text, said by one voice into memory: no script, no job, no file that is kept.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::pin::pin;
use std::time::Duration;
use std::{io, iter};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use speech::sound::{self, Cue, Lines, Master, RATE, Timeline};
use speech::text::Spoken as Words;

use super::making::{WHAT_IT_IS, in_background};
use super::recording::AudioError;
use super::request::Gender;
use super::sound_file::{SoundFile, SoundForm};
use super::speaking::failed;
use super::studio::Tools;
use super::voice::{Manner, Voice};

/// The longest text's sound, in minutes. It is held in memory: 6 MB a minute while it is made.
const MOST_MINUTES: u32 = 10;
const MOST_SAMPLES: usize = MOST_MINUTES as usize * 60 * RATE as usize;

/// Nobody speaks as many characters in that time; numbers and the like grow when they are read.
const MOST_CHARACTERS: usize = MOST_MINUTES as usize * 60 * 30;

/// Characters that are spoken at a time, half as many where they are spoken slowly: a long text is spoken by several workers, and
/// one that is not wanted any more soon ends.
const PIECE: usize = 400;

/// What is to be said, and by whom.
#[derive(Debug, Clone)]
pub struct Say {
    /// One of [`super::Studio::engines`].
    pub engine: &'static str,
    /// One of that engine's voices.
    pub voice: String,
    /// As a person would write it.
    pub text: String,
    /// How fast: one of [`Engine::speeds`], 1 for the voice's own pace.
    pub speed: f32,
    /// In which mood, in a sentence; for engines that can be told.
    pub mood: Option<String>,
    /// In which form the sound is to be.
    pub form: SoundForm,
}

/// What was said.
#[derive(Debug, Clone)]
pub struct Said {
    /// The sound.
    pub sound: Bytes,
    /// How long it is.
    pub length: Duration,
    /// Characters that an English voice cannot speak.
    pub left_out: usize,
}

/// Something that can speak now.
#[derive(Clone, Copy)]
pub struct Engine<'a>(pub(super) &'a dyn Voice);

impl<'a> Engine<'a> {
    /// What it is called.
    pub fn name(self) -> &'static str {
        self.0.engine()
    }

    /// Whether it has a voice of this name.
    pub fn has(self, voice: &str) -> bool {
        self.0.has(voice)
    }

    /// The name of its voice that speaks if no other is asked for.
    pub fn usual(self, gender: Gender) -> Cow<'a, str> {
        self.0.usual(gender)
    }

    /// How fast its voices can be asked to speak.
    pub fn speeds(self) -> RangeInclusive<f32> {
        self.0.speeds()
    }
}

/// Says it for `owner`, several pieces at a time.
pub(super) async fn say(tools: &Tools, owner: &str, say: Say) -> Result<Said, AudioError> {
    let engine = tools.voices.choose(Some(say.engine), iter::once(&*say.voice))?;
    let words = tools.reader.read(&say.text);
    let left_out = words.left_out;
    if words.words().len() > MOST_CHARACTERS {
        return Err(AudioError::TooLong { minutes: MOST_MINUTES });
    }
    let pieces = speak(tools, owner, engine, &say, words).await?;
    let comment = format!("{WHAT_IT_IS}{}", engine.engine());
    let (sound, length) = in_background(move || mix(pieces, say.form, &comment)).await?;
    Ok(Said { sound: sound.into(), length, left_out })
}

/// The parts of a text as sound without silent ends.
async fn speak(
    tools: &Tools,
    owner: &str,
    engine: &dyn Voice,
    say: &Say,
    words: Words,
) -> Result<Pieces, AudioError> {
    // The disk's room is for recordings, but a voice may need the folder.
    let store = tools.store.clone();
    in_background(move || store.free()).await?;
    let limit = if say.speed < 1.0 { PIECE / 2 } else { PIECE };
    let parts = words.parts(limit).into_iter().enumerate();
    let spoken = stream::iter(parts).map(|(index, part)| async move {
        let manner = Manner { voice: &say.voice, speed: say.speed, mood: say.mood.as_deref() };
        tools.speak(owner, engine, &part, manner).await.map_err(|error| failed(index, error))
    });
    gather(spoken.buffered(tools.parallel), MOST_SAMPLES).await
}

/// What is spoken, without silent ends: `most` samples of it at most.
async fn gather(
    spoken: impl Stream<Item = Result<Vec<f32>, AudioError>>,
    most: usize,
) -> Result<Pieces, AudioError> {
    let mut spoken = pin!(spoken);
    let (mut pieces, mut length) = (Vec::new(), 0);
    while let Some(samples) = spoken.next().await {
        // A part without a sound is no fault where others have one.
        let Some(samples) = sound::trim(samples?) else { continue };
        length += samples.len();
        if length > most {
            return Err(AudioError::TooLong { minutes: MOST_MINUTES });
        }
        pieces.push(samples);
    }
    if pieces.is_empty() {
        return Err(AudioError::Voice { line: 0, detail: "it made no sound".to_owned() });
    }
    Ok(Pieces(pieces))
}

/// Pieces of one text, as sound.
struct Pieces(Vec<Vec<f32>>);

impl Lines for Pieces {
    fn read(&mut self, line: usize, samples: &mut Vec<f32>) -> io::Result<()> {
        samples.extend_from_slice(&self.0[line]);
        Ok(())
    }
}

/// All of it in the form that is wanted, as loud as a recording is, and how long it is.
fn mix(mut pieces: Pieces, form: SoundForm, comment: &str) -> io::Result<(Vec<u8>, Duration)> {
    let cue = |samples: &Vec<f32>| Cue { speaker: 0, asks: false, samples: samples.len() };
    let cues: Vec<Cue> = pieces.0.iter().map(cue).collect();
    let timeline = Timeline::of(&cues, 0, None);
    let master = Master::measure(&cues, &timeline, &mut pieces)?;
    let mut file = SoundFile::begin(form, Vec::new(), timeline.samples(), comment)?;
    master.render(&cues, &timeline, &mut pieces, |block| file.write(block))?;
    Ok((file.finish()?, Duration::try_from_secs_f64(timeline.seconds()).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn what_is_too_long_is_not_spoken_to_its_end() {
        let begun = Cell::new(0);
        let spoken = || {
            stream::iter([4, 4, 4]).map(|samples| {
                begun.set(begun.get() + 1);
                Ok(vec![1.0; samples])
            })
        };
        let whole = gather(spoken(), 12).await.unwrap().0.concat().len();
        assert_eq!((whole, begun.replace(0)), (12, 3));
        let refused = gather(spoken(), 7).await.err();
        assert_eq!((refused, begun.get()), (Some(AudioError::TooLong { minutes: MOST_MINUTES }), 2));
    }
}
