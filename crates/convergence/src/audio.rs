//! Prompt to lines, lines to speech, speech to a recording.
//!
//! | step | file | what may go wrong |
//! |---|---|---|
//! | read and check what the client asks | `request` | [`BadRequest`], every fault at once |
//! | a job, and whose turn it is | `studio`, `job`, `queue` | the client has too many waiting |
//! | how long it is likely to be | `estimate` | |
//! | the lines to speak | `script` | no language model, or one that writes nothing of use; a warning without one |
//! | who speaks with which voice | `cast` | a warning when both say the same gender |
//! | words as they are spoken | the crate `speech` | a warning when characters are left out |
//! | speech, several lines at a time | `making`, `speaking`, `voice`, `kokoro`, `flite`, `remote` | no model, no program, a failing one, one that hangs |
//! | a line that was paid for before | `line_cache` | |
//! | what is spoken already, on the disk | `spool` | no room, longer than [`MAX_MINUTES`] |
//! | one file: equally loud, with pauses | `mixing`, `sound_file`, the crate `speech` | |
//! | a text said at once, into memory | `saying`, `turns` | the client has too many waiting, the text is too long |
//! | files that only their owner finds | `store`, `recording`, `description` | the disk |
//!
//! [`Studio`] walks these steps on a thread of its own. It bounds how many recordings are made at once, and whoever drops the
//! future of [`Studio::record`], or cancels a [`Job`], ends the work: the voice program is killed and no file stays. A server that
//! is stopped goes on after its next start where it was.
//!
//! This module knows nothing of HTTP, keys or clients: an owner is a name that comes from outside, and `outside` says what
//! servers elsewhere do for it, not how they are reached.

pub use description::Description;
pub use estimate::likely_length;
pub use job::{Job, Phase, Progress, State};
pub use outside::{Chat, Helper, Question, Sound, Speech, Trouble, Turn};
pub use recording::{AudioError, FileKind, MAX_MINUTES, Outcome, Recording, Timing};
pub use request::{BadRequest, Fault, Gender, Line, Person, Request, is_speakable};
pub use saying::{Engine, Said, Say};
pub use script::{Coverage, Outline, Point, ScriptError, ScriptSource};
pub use sound_file::{HAS_MP3, SoundForm, WITHOUT_MP3};
pub use studio::{OnRecorded, Studio, StudioSettings};

mod studio;

mod job;
mod queue;

mod outside;

mod estimate;
mod request;
mod script;

mod cast;
mod line_cache;

mod making;
mod mixing;
mod saying;
mod sound_file;
mod speaking;
mod turns;
mod voice;

mod description;
mod flite;
mod kokoro;
mod recording;
mod remote;
mod spool;
mod store;

#[cfg(test)]
pub(crate) mod tests;
