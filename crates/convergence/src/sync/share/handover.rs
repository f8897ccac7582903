//! From server to server: what one has read is left on the board, and the others take it from there.

use std::io;
use std::sync::Arc;

use tracing::debug;

use crate::fleet::{Board, Note, Trouble};
use crate::sync::pieces::{Directory, Known, Manifest};
use crate::sync::roll::Roll;

/// What is on the board, for a server that uses `in_use`, and its stamp. Nothing, if it cannot be had at present: it may be
/// replaced just now, and the next look tells.
pub(super) async fn fetch(board: &Board, in_use: Option<&Arc<Roll>>) -> Option<(i64, Directory)> {
    let fetched = try_fetch(board, in_use).await;
    fetched.inspect_err(|why| debug!("the directory of another server cannot be had yet: {why}")).ok()
}

async fn try_fetch(board: &Board, in_use: Option<&Arc<Roll>>) -> Result<(i64, Directory), Lost> {
    let (stamp, text) = board.read(Note::Directory).await?.ok_or(Lost::Gone)?;
    let manifest: Manifest = serde_json::from_str(&text)?;
    let old = in_use.cloned().unwrap_or_default();
    let (old, known) = apart(move || (Known::of(&old), old)).await.map(|(known, old)| (old, known))?;
    let pieces = board.fetch(&manifest.missing(&known)).await?.ok_or(Lost::Gone)?;
    let directory = apart(move || manifest.assemble(&old, &known, pieces)).await??;
    Ok((stamp, directory))
}

/// Leaves a directory on the board, unless something is there that was read later. With which stamp.
pub(super) async fn leave(board: &Board, directory: &Directory, stamp: i64) -> Result<Option<i64>, Lost> {
    let directory = directory.clone();
    let cut = apart(move || {
        let (manifest, pieces) = Manifest::of(&directory);
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
