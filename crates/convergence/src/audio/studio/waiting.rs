//! What it takes to wait for recordings, and how much of them there is to wait for.

use std::sync::Arc;
use std::time::Duration;

use super::{Inner, Studio};
use crate::audio::job::Job;
use crate::audio::recording::{AudioError, Recording};
use crate::audio::request::Request;

impl Studio {
    /// Makes a recording and waits for it. Dropping the future cancels: work on it ends, and no file is left.
    ///
    /// # Errors
    /// Nothing comes of it.
    pub async fn record(
        &self,
        owner: &str,
        account: String,
        request: Request,
    ) -> Result<Recording, AudioError> {
        let job = self.submit(owner, account, request).await?;
        self.wait(&job).await
    }

    /// Waits for a job. Dropping the future cancels that.
    ///
    /// # Errors
    /// Nothing comes of it.
    pub async fn wait(&self, job: &Arc<Job>) -> Result<Recording, AudioError> {
        let _wanted = Wanted { inner: &self.inner, job };
        let outcome = job.outcome().await;
        (*outcome).clone()
    }

    /// How much sound is likely to come of all jobs of this owner's that have not ended. A job that is finished is told of
    /// before it counts no more here.
    pub fn underway(&self, owner: &str) -> Duration {
        let board = self.inner.board();
        board.jobs.values().filter(|job| job.order.owner == owner).map(|job| job.likely_length).sum()
    }
}

/// Somebody waits for a job; when that ends, so does the work.
struct Wanted<'a> {
    inner: &'a Arc<Inner>,
    job: &'a Arc<Job>,
}

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        if !self.job.has_ended() {
            self.inner.cancel(self.job);
        }
    }
}
