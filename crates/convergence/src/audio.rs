//! Prompt to lines, lines to speech, speech to a WAV file.
//!
//! | step | file | what may go wrong |
//! |---|---|---|
//! | read and check what the client asks | `request` | [`BadRequest`], every fault at once |
//! | the lines to speak | `script` | a warning when the template writes them |
//! | who speaks with which voice | `cast` | a warning when both say the same gender |
//! | words as they are spoken | `speech::text` | a warning when characters are left out |
//! | speech, line by line | `voice`, `flite` | no program, a failing one, one that hangs |
//! | one file: trimmed, equally loud, with pauses | `mix` | longer than [`MAX_MINUTES`] |
//! | a file that only its owner finds | `store` | the disk |
//!
//! [`Studio`] walks these steps. It bounds how many recordings are made at once, and a caller that drops the
//! future of [`Studio::record`] ends the work: the voice program is killed and no file stays.
//!
//! This module knows nothing of HTTP, keys or clients: an owner is a name that comes from outside.

pub use mix::Timing;
pub use request::{BadRequest, Fault, Gender, Line, Request};
pub use script::ScriptSource;
pub use studio::{AudioError, MAX_MINUTES, Recording, Studio, StudioSettings};

mod studio;

mod request;
mod script;

mod cast;

mod voice;

mod flite;
mod mix;
mod store;
