//! What deserves a person's look is told to a webhook, each thing once.
//!
//! | step | file |
//! |---|---|
//! | what is told, and in which words | `event` |
//! | once a minute: what there is to know | `facts` |
//! | what of that deserves telling | `look` |
//! | what has been told, and what waits to be; kept on disk | `memory` |
//! | who of several servers tells it, and what each has to know of the others | `others` |
//! | a message, in either format | `message` |
//! | to the webhook | `hook` |
//! | the loop around all of it | `watcher` |
//!
//! Only `facts` and `others` ask anybody, and only `hook` calls: what is between them depends on facts, memory and the time alone.

mod event;

mod facts;

mod look;
mod memory;

mod message;

mod others;

mod hook;
mod watcher;

#[cfg(test)]
mod tests;

pub(crate) use facts::Watched;
pub(crate) use hook::Hook;
pub(crate) use others::Others;
pub(crate) use watcher::Watcher;
