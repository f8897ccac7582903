//! What deserves a person's look is told to a webhook, each thing once.
//!
//! | step | file |
//! |---|---|
//! | what is told, and in which words | `event` |
//! | once a minute: what there is to know | `facts` |
//! | what of that deserves telling | `look` |
//! | what has been told, and what waits to be; kept on disk | `memory` |
//! | a message, in either format | `message` |
//! | to the webhook | `hook` |
//! | the loop around all of it | `watcher` |
//!
//! Only `facts` asks anybody, only `hook` calls anybody: what is between them depends on facts, memory and the time alone.

mod event;

mod facts;

mod look;
mod memory;

mod message;

mod hook;
mod watcher;

#[cfg(test)]
mod tests;

pub(crate) use facts::Watched;
pub(crate) use hook::Hook;
pub(crate) use watcher::Watcher;
