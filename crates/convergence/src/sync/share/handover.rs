//! From server to server: what one has read is left on the board, and the others take it from there.

use std::io;
use std::sync::Arc;

use tracing::debug;

use super::Began;
use crate::fleet::{Board, Note, Trouble};
use crate::sync::pieces::{Known, Manifest};
use crate::sync::roll::Roll;
use crate::sync::standing::Standing;

/// What another server has read, and made of it.
pub(in crate::sync) struct Directory {
    /// When the reading began, by Redis' clock.
    pub(super) stamp: i64,
    /// The same as a Unix second, by the clock of who has read it.
    pub(in crate::sync) read_at: i64,
    pub(in crate::sync) roll: Arc<Roll>,
    pub(in crate::sync) standing: Standing,
    pub(in crate::sync) problems: usize,
}

/// What this server has read, for the others.
pub(super) struct Own {
    pub(super) began: Began,
    pub(super) read_at: i64,
    pub(super) roll: Arc<Roll>,
    pub(super) standing: Standing,
    pub(super) problems: usize,
}

impl Directory {
    /// What is on the board, for a server that uses `in_use`. Nothing, if it cannot be had at present: it may be replaced
    /// just now, and the next look tells.
    pub(super) async fn fetch(board: &Board, in_use: Option<&Arc<Roll>>) -> Option<Self> {
        let fetched = Self::try_fetch(board, in_use).await;
        fetched.inspect_err(|why| debug!("the directory of another server cannot be had yet: {why}")).ok()
    }

    async fn try_fetch(board: &Board, in_use: Option<&Arc<Roll>>) -> Result<Self, Lost> {
        let (stamp, text) = board.read(Note::Directory).await?.ok_or(Lost::Gone)?;
        let manifest: Manifest = serde_json::from_str(&text)?;
        let old = in_use.cloned().unwrap_or_default();
        let (old, known) = apart(move || (Known::of(&old), old)).await.map(|(known, old)| (old, known))?;
        let pieces = board.fetch(&manifest.missing(&known)).await?.ok_or(Lost::Gone)?;
        let whole = apart(move || manifest.assemble(&old, &known, pieces).map(|roll| (manifest, roll)));
        let (Manifest { read_at, standing, problems, .. }, roll) = whole.await??;
        Ok(Self { stamp, read_at, roll: Arc::new(roll), standing, problems })
    }
}

impl Own {
    /// Leaves it on the board, unless something is there that was read later. With which stamp.
    pub(super) async fn leave(&self, board: &Board, stamp: i64) -> Result<Option<i64>, Lost> {
        let (roll, standing) = (Arc::clone(&self.roll), self.standing.clone());
        let (read_at, problems) = (self.read_at, self.problems);
        let cut = apart(move || {
            let (manifest, pieces) = Manifest::of(&roll, standing, read_at, problems);
            serde_json::to_string(&manifest).map(|text| (text, pieces))
        });
        let (text, pieces) = cut.await??;
        board.put(&pieces).await?;
        let stamp = board.leave(Note::Directory, Some(stamp), &text).await?;
        if let Some(stamp) = stamp {
            let names: Vec<&str> = pieces.iter().map(|(name, _)| &**name).collect();
            if !board.tidy(stamp, &names).await? {
                return Err(Lost::Gone);
            }
        }
        Ok(stamp)
    }
}

/// Why a directory was not handed over.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    #[error("{0}")]
    Redis(String),
    #[error("a piece of it is gone")]
    Gone,
    #[error("it cannot be read: {0}")]
    Form(#[from] serde_json::Error),
    #[error(transparent)]
    Piece(#[from] io::Error),
}

impl From<Trouble> for Lost {
    fn from(trouble: Trouble) -> Self {
        Lost::Redis(trouble.to_string())
    }
}

/// Does what takes a moment for a large directory on a thread where that holds nobody up.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)
}
