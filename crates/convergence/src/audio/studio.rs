//! The studio makes recordings: so many at once, clients in turns, and goes on after a restart with what it was at.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use speech::text::{Lexicon, Reader};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::flite::Flite;
use super::job::{Job, Order, State};
use super::kokoro::Neural;
use super::making::{in_background, make};
use super::outside::{Chat, Speech};
use super::queue::Queue;
use super::recording::{AudioError, FileKind, Outcome, Recording};
use super::remote::Remote;
use super::request::Request;
use super::spool;
use super::store::{OUTCOME, REQUEST, SCRIPT, Store, parse_id};
use super::turns::Turns;
use super::voice::{Voice, Voices};
use crate::os;

pub use self::workload::Workload;
use self::workload::millis;

/// What is told of a finished recording: the account that came with the request, and how long it is.
pub type OnRecorded = Box<dyn Fn(&str, Duration) + Send + Sync>;

const NOT_RECORDED: &str = "a conversation could not be recorded";

/// What a studio needs to know.
pub struct StudioSettings {
    /// Where recordings are kept; made with mode 0700 when first needed.
    pub directory: PathBuf,
    /// Recordings made at once, at least 1.
    pub workers: usize,
    /// Lines spoken at once, by all recordings together, at least 1.
    pub parallel: usize,
    /// Recordings of a client that may wait, and texts to be said at once.
    pub queue: usize,
    /// For one run of the voice program, which speaks at most 400 characters.
    pub line_timeout: Duration,
    /// Age at which [`Studio::sweep`] removes a recording.
    pub retention: Duration,
    /// Bytes of recordings beyond which it removes the oldest.
    pub most_bytes: u64,
    /// Where the neural voice is.
    pub voices: PathBuf,
    /// The voice program; `None` looks for `flite` on the `PATH`.
    pub voice_program: Option<PathBuf>,
    /// How words are said that the built-in lexicon does not know, or otherwise.
    pub lexicon: Lexicon,
    /// A language model that writes, where there is one.
    pub chat: Option<Arc<dyn Chat>>,
    /// A server that speaks, where there is one; it comes before the voices of this machine.
    pub speech: Option<Arc<dyn Speech>>,
    /// Told of each finished recording.
    pub on_recorded: OnRecorded,
}

/// Makes recordings and finds them again. It has a thread of its own, from the first recording on.
pub struct Studio {
    inner: Arc<Inner>,
    runtime: OnceLock<Runtime>,
}

struct Inner {
    tools: Tools,
    queue_length: usize,
    retention: Duration,
    most_bytes: u64,
    on_recorded: OnRecorded,
    board: Mutex<Board>,
    /// Of those who wait for a text to be said.
    saying: Arc<Turns>,
    /// How long the last recording took, in milliseconds, as a guess at the next one.
    last_took: AtomicU64,
    /// How much sound the finished recordings have, and how long they took, in milliseconds.
    made: AtomicU64,
    spent: AtomicU64,
    /// Of the studio's thread, once there is one.
    thread: OnceLock<Handle>,
}

/// What it takes to make a recording.
pub(super) struct Tools {
    pub(super) reader: Reader,
    pub(super) voices: Voices,
    pub(super) chat: Option<Arc<dyn Chat>>,
    pub(super) store: Store,
    /// One for each line that is spoken at once.
    pub(super) turns: Semaphore,
    pub(super) parallel: usize,
}

/// What is asked for and has not ended.
struct Board {
    queue: Queue,
    jobs: HashMap<Uuid, Arc<Job>>,
}

impl Studio {
    /// A studio that has touched nothing yet.
    pub fn new(settings: StudioSettings) -> Self {
        let (workers, parallel) = (settings.workers.max(1), settings.parallel.max(1));
        let flite = Flite::new(settings.voice_program, settings.directory.clone(), settings.line_timeout);
        let remote = settings.speech.map(|speech| Box::new(Remote(speech)) as Box<dyn Voice>);
        let flite = Box::new(flite) as Box<dyn Voice>;
        let neural = Box::new(Neural::new(settings.voices, parallel)) as Box<dyn Voice>;
        let tools = Tools {
            reader: Reader::new(settings.lexicon),
            voices: Voices::new(remote.into_iter().chain([neural, flite]).collect()),
            chat: settings.chat,
            store: Store::new(settings.directory),
            turns: Semaphore::new(parallel),
            parallel,
        };
        let inner = Inner {
            tools,
            queue_length: settings.queue,
            retention: settings.retention,
            most_bytes: settings.most_bytes,
            on_recorded: settings.on_recorded,
            saying: Arc::new(Turns::new(workers, settings.queue)),
            board: Mutex::new(Board { queue: Queue::new(workers), jobs: HashMap::new() }),
            last_took: AtomicU64::new(2_000),
            made: AtomicU64::new(0),
            spent: AtomicU64::new(0),
            thread: OnceLock::new(),
        };
        Self { inner: Arc::new(inner), runtime: OnceLock::new() }
    }

    /// Takes a request for `owner`, who alone can find what comes of it. `account` is what is told of it when it is finished.
    ///
    /// # Errors
    /// The owner has too many waiting, nothing can speak, or the disk's.
    pub async fn submit(
        &self,
        owner: &str,
        account: String,
        request: Request,
    ) -> Result<Arc<Job>, AudioError> {
        self.begin(owner, account, request).await.inspect_err(|error| error.log(NOT_RECORDED))
    }

    async fn begin(&self, owner: &str, account: String, request: Request) -> Result<Arc<Job>, AudioError> {
        let inner = &self.inner;
        inner.tools.voices.choose(request.engine.as_deref(), request.voices.names())?;
        inner.check_queue(owner)?;
        let order = Order { owner: owner.to_owned(), account, asked_at: SystemTime::now(), request };
        let store = inner.tools.store.clone();
        let job = in_background(move || {
            let folder = store.create(&order.owner, Uuid::new_v4())?;
            folder.write_json(REQUEST, &order)?;
            Ok(Job::new(folder, order))
        });
        let job = Arc::new(job.await?);
        self.start()?;
        inner.take(Arc::clone(&job));
        Ok(job)
    }

    /// How a job of this owner's is doing; nothing where there is none. `id` may be anything that a client sent.
    pub async fn look(&self, owner: &str, id: &str) -> Option<(Uuid, State)> {
        if let Some(job) = self.job(owner, id) {
            let state = job.watch().borrow().clone();
            return Some((job.id, state));
        }
        let id = parse_id(id)?;
        let folder = self.inner.tools.store.folder(owner, id);
        let outcome = in_background(move || Ok(folder.read_json::<Outcome>(OUTCOME))).await.ok().flatten()?;
        Some((id, State::Ended(Arc::new(outcome))))
    }

    /// A job of this owner's that has not ended.
    pub fn job(&self, owner: &str, id: &str) -> Option<Arc<Job>> {
        let job = self.inner.board().jobs.get(&parse_id(id)?).cloned();
        job.filter(|job| job.order.owner == owner)
    }

    /// Ends the work on a job of this owner's, and removes what came of it; whether there was one.
    pub async fn remove(&self, owner: &str, id: &str) -> bool {
        let underway = self.job(owner, id);
        if let Some(job) = &underway {
            self.inner.cancel(job);
            // It may have been finished just now.
            job.outcome().await;
        }
        let Some(id) = parse_id(id) else { return false };
        let folder = self.inner.tools.store.folder(owner, id);
        let removed = move || {
            let is_there = folder.path.join(OUTCOME).is_file();
            if is_there {
                folder.remove();
            }
            Ok(is_there)
        };
        in_background(removed).await.unwrap_or(false) || underway.is_some()
    }

    /// The path of a recording's file, if it is this owner's. `file` may be anything that a client sent.
    pub async fn find(&self, owner: &str, file: &str) -> Option<(PathBuf, FileKind)> {
        let (store, owner, file) = (self.inner.tools.store.clone(), owner.to_owned(), file.to_owned());
        in_background(move || Ok(store.find(&owner, &file))).await.ok().flatten()
    }

    /// Where a recording of this owner's lies.
    pub fn path(&self, owner: &str, recording: &Recording) -> PathBuf {
        self.inner.tools.store.folder(owner, recording.id).file(recording.format)
    }

    /// Why nothing can be spoken now and what to install; `None` when a voice is there.
    pub fn voice_fault(&self) -> Option<String> {
        self.inner.tools.voices.fault()
    }

    /// Goes on with what was begun before the server was stopped, and says how many recordings those are.
    ///
    /// # Errors
    /// The disk's.
    pub async fn resume(&self) -> Result<usize, AudioError> {
        let store = self.inner.tools.store.clone();
        let read = move || {
            let jobs = store.unfinished()?.into_iter().filter_map(|folder| {
                let order: Order = folder.read_json(REQUEST)?;
                Some(Arc::new(Job::new(folder, order)))
            });
            Ok(jobs.collect::<Vec<_>>())
        };
        let jobs = in_background(read).await?;
        let number = jobs.len();
        if number > 0 {
            self.start()?;
        }
        for job in jobs {
            self.inner.take(job);
        }
        Ok(number)
    }

    /// Removes recordings older than the retention, and the oldest of too many, and says how many. Call it now and then.
    ///
    /// # Errors
    /// The disk's.
    pub async fn sweep(&self) -> Result<usize, AudioError> {
        let inner = Arc::clone(&self.inner);
        let sweep = move || {
            inner.tools.voices.rest();
            let is_live = |id| inner.board().jobs.contains_key(&id);
            inner.tools.store.sweep(inner.retention, inner.most_bytes, is_live)
        };
        Ok(in_background(sweep).await?)
    }

    /// Makes the thread, if there is none yet: most servers never speak.
    fn start(&self) -> io::Result<()> {
        if self.runtime.get().is_none() {
            let runtime = Builder::new_multi_thread()
                .worker_threads(1)
                .thread_name("studio")
                .on_thread_start(os::let_requests_go_first)
                .enable_all()
                .build()?;
            let runtime = self.runtime.get_or_init(|| runtime);
            self.inner.thread.get_or_init(|| runtime.handle().clone());
        }
        Ok(())
    }
}

impl Drop for Studio {
    /// What is being made ends, and goes on when the server is started again.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Inner {
    fn board(&self) -> MutexGuard<'_, Board> {
        // Each change is one step; a thread that panicked has left nothing half done.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_queue(&self, owner: &str) -> Result<(), AudioError> {
        let board = self.board();
        if board.queue.has_room(owner, self.queue_length) {
            return Ok(());
        }
        Err(board.queue.full(owner, self.last_took.load(Ordering::Relaxed)))
    }

    /// Has a job wait for its turn, which may be now.
    fn take(self: &Arc<Self>, job: Arc<Job>) {
        {
            let mut board = self.board();
            board.queue.push(&job.order.owner, job.id);
            board.jobs.insert(job.id, job);
        }
        self.begin_what_may();
    }

    fn begin_what_may(self: &Arc<Self>) {
        let Some(thread) = self.thread.get() else { return };
        let mut board = self.board();
        while let Some(id) = board.queue.next() {
            if let Some(job) = board.jobs.get(&id).cloned() {
                thread.spawn(Arc::clone(self).work_on(job));
            }
        }
    }

    async fn work_on(self: Arc<Self>, job: Arc<Job>) {
        let begun = Instant::now();
        let outcome = tokio::select! {
            outcome = make(&self.tools, &job) => outcome,
            () = job.cancelled() => Err(AudioError::Cancelled),
        };
        let outcome = if job.is_cancelled() { Err(AudioError::Cancelled) } else { outcome };
        let took = millis(begun.elapsed());
        self.last_took.store(took, Ordering::Relaxed);
        let outcome = self.keep(&job, outcome).await.inspect_err(|error| error.log(NOT_RECORDED));
        if outcome.is_ok() {
            self.spent.fetch_add(took, Ordering::Relaxed);
        }
        {
            let mut board = self.board();
            board.queue.done(&job.order.owner);
            board.jobs.remove(&job.id);
        }
        job.end(outcome);
        self.begin_what_may();
    }

    /// Keeps what has come of it.
    async fn keep(&self, job: &Job, outcome: Outcome) -> Outcome {
        let (folder, kept) = (job.folder.clone(), outcome.clone());
        let written = in_background(move || {
            if kept == Err(AudioError::Cancelled) {
                folder.remove();
                return Ok(());
            }
            folder.write_json(OUTCOME, &kept)?;
            folder.remove_files(&[REQUEST, SCRIPT, spool::SAMPLES, spool::INDEX]);
            Ok(())
        });
        let outcome = written.await.map_err(AudioError::from).and(outcome);
        if let Ok(recording) = &outcome {
            let length = Duration::try_from_secs_f64(recording.duration_seconds).unwrap_or_default();
            self.made.fetch_add(millis(length), Ordering::Relaxed);
            (self.on_recorded)(&job.order.account, length);
        }
        outcome
    }

    /// Ends the work on a job, or has it never begin.
    fn cancel(self: &Arc<Self>, job: &Arc<Job>) {
        job.cancel();
        let waited = self.board().queue.remove(&job.order.owner, job.id);
        if waited {
            self.board().jobs.remove(&job.id);
            job.folder.remove();
            job.end(Err(AudioError::Cancelled));
        }
    }
}

mod waiting;

mod workload;

mod saying;

#[cfg(test)]
mod tests;
