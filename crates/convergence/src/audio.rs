//! Prompt to lines, lines to speech, speech to a WAV file.
//!
//! | step | file | what may go wrong |
//! |---|---|---|
//! | read and check what the client asks | `request` | [`BadRequest`], every fault at once |
//! | the lines to speak | `script` | no language model, or one that writes nothing of use; a warning without one |
//! | who speaks with which voice | `cast` | a warning when both say the same gender |
//! | words that an English voice can read | `clean` | a warning when characters are left out |
//! | speech, line by line | `voice`, `flite`, `remote` | no program, a failing one, one that hangs |
//! | one file: trimmed, equally loud, with pauses | `mix` | longer than [`MAX_MINUTES`] |
//! | a file that only its owner finds | `store` | the disk |
//!
//! [`Studio`] walks these steps. It bounds how many recordings are made at once, and a caller that drops the
//! future of [`Studio::record`] ends the work: the voice program is killed and no file stays.
//!
//! This module knows nothing of HTTP, keys or clients: an owner is a name that comes from outside, and `outside` says what
//! servers elsewhere do for it, not how they are reached.

pub use mix::Timing;
pub use outside::{Chat, Helper, Question, Sound, Speech, Trouble, Turn};
pub use request::{BadRequest, Fault, Gender, Line, Person, Request};
pub use script::{Coverage, Outline, Point, ScriptError, ScriptSource};
pub use studio::{AudioError, MAX_MINUTES, Recording, Studio, StudioSettings};

mod studio;

mod outside;

mod request;
mod script;

mod cast;
mod clean;

mod voice;

mod flite;
mod mix;
mod remote;
mod store;
