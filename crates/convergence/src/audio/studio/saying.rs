//! The studio says a text at once, for somebody who waits for it.

use std::iter;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::Studio;
use crate::audio::recording::AudioError;
use crate::audio::saying::{self, Engine, Said, Say};
use crate::audio::voice::ENGINES;

impl Studio {
    /// What can speak now, the preferred one first.
    pub fn engines(&self) -> impl Iterator<Item = Engine<'_>> {
        self.inner.tools.voices.able().map(Engine)
    }

    /// One of them: the one of this name, or else the preferred one.
    ///
    /// # Errors
    /// It cannot speak, or none can.
    pub fn engine(&self, name: Option<&str>) -> Result<Engine<'_>, AudioError> {
        self.inner.tools.voices.choose(name, iter::empty()).map(Engine)
    }

    /// Whether there is an engine of this name, able to speak or not.
    pub fn knows(&self, engine: &str) -> bool {
        ENGINES.contains(&engine)
    }

    /// Says a text for `owner`, in its turn; `account` is told how long it was. Dropping the future ends the
    /// work.
    ///
    /// # Errors
    /// The owner has too many waiting, nothing can speak, or the text is too long.
    pub async fn say(&self, owner: &str, account: &str, say: Say) -> Result<Said, AudioError> {
        let said =
            self.say_in_turn(owner, say).await.inspect_err(|error| error.log("a text could not be said"))?;
        (self.inner.on_recorded)(account, said.length);
        Ok(said)
    }

    async fn say_in_turn(&self, owner: &str, say: Say) -> Result<Said, AudioError> {
        let mut turn = self.inner.saying.ask(owner)?;
        turn.come().await;
        self.start()?;
        let Some(thread) = self.inner.thread.get() else { return Err(AudioError::Cancelled) };
        let inner = Arc::clone(&self.inner);
        // A set, since a task alone goes on when nobody waits for it.
        let mut work = JoinSet::new();
        let owner = owner.to_owned();
        work.spawn_on(async move { saying::say(&inner.tools, &owner, say).await }, thread);
        match work.join_next().await {
            Some(Ok(said)) => said,
            Some(Err(broken)) => Err(AudioError::Voice { line: 0, detail: broken.to_string() }),
            None => Err(AudioError::Cancelled),
        }
    }
}
