//! `convergence generate`: a conversation without a server and without a key.

mod order;
mod progress;
mod target;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde::Serialize;
use tempfile::TempDir;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::spawn_blocking;

use self::order::{Order, in_flags};
use self::progress::{Display, minutes, say};
use self::target::Target;
use crate::app;
use crate::audio::{AudioError, Description, FileKind, Job, Outcome, Recording, Request, State, Studio};
use crate::clock::{Clock, SystemClock};
use crate::config::{Fault, Recorder};
use crate::providers::{Fetcher, Providers};

/// Whose recordings they are, in a studio that nobody else uses.
const OWNER: &str = "the command line";
/// The exit code when nothing was begun, since the flags are wrong; clap has the same.
const WRONG_FLAGS: u8 = 2;

const AFTER_HELP: &str = "\
Without a language model (LLM_BASE_URL), a prompt alone becomes a template of about a minute, and an outline is presented in \
its own words. For a real conversation give its lines with --transcript: as JSON, an array of objects with name, gender and message, \
or an object with one as transcript or conversation; or as text.

A file appears under its name when it is whole, and not at all if something fails. Pipes:
  convergence generate --prompt 'API security' --output - | ffplay -
  jq .transcript talk.json | convergence generate --transcript - --output talk.opus

Exit codes: 0 done; 1 it could not be made; 2 the flags are wrong, and nothing was begun; 130 Ctrl-C, 143 SIGTERM: nothing \
is left. The work needs room in TMPDIR (/tmp), 9 MB for each minute.
A flag wins over the environment, and that over a .env file.";

pub(super) fn command() -> Command {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let file = |name: &'static str, help: &'static str| {
        text(name, "FILE", help).value_parser(value_parser!(PathBuf))
    };
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    let command = Command::new("generate").about("Make a spoken conversation, without a server and a key");
    let command = command.args([
        text("prompt", "TEXT", "What to talk about"),
        text("duration", "MINUTES", "How long it is to be, 1 to 60 [default: 10]")
            .allow_negative_numbers(true),
        text("vibe", "TEXT", "The mood"),
        text("speakers", "TWO", "Who speaks: 'Ann (female, keeper), Ben (male)'"),
        text(
            "outline",
            "FILE|URL",
            "What to talk about, point by point: text, Markdown, JSON, .docx or .odt; - reads standard input",
        ),
        file(
            "transcript",
            "The lines to speak, word for word: JSON, or `Name: what is said`; - reads standard input",
        ),
        file("output", "Where the sound goes; - is standard output [default: conversation.wav]"),
        text("format", "wav|opus|mp3", "The form of the sound [default: as --output ends, else wav]"),
        text("engine", "NAME", "What is to speak [default: the best that is installed]"),
        text("female", "VOICE", "Who speaks for women, such as bf_emma [default: the engine's usual voice]"),
        text("male", "VOICE", "Who speaks for men, such as bm_george"),
        file("captions", "Also what is said, to be read along; the name ends in .vtt or .srt"),
        flag("force", "Replace files that are there; without it they stay, and nothing is begun"),
        flag("json", "Describe the recording on standard output, as the server does"),
        flag("quiet", "Say nothing on standard error but why it failed"),
    ]);
    super::with_settings_of(command, |name| Recorder::VARIABLES.contains(&name)).after_help(AFTER_HELP)
}

pub(super) fn run(flags: &ArgMatches) -> anyhow::Result<ExitCode> {
    let settings = super::settings(flags)?;
    let recorder = Recorder::read(&settings).map_err(|faults| super::wrong_settings(&faults))?;
    let order = match Order::read(flags) {
        Ok(order) => order,
        Err(faults) => {
            let faults = faults.join("\n  ");
            super::complain(&anyhow::anyhow!("these flags are wrong:\n  {faults}"));
            return Ok(ExitCode::from(WRONG_FLAGS));
        }
    };
    let scratch = tempfile::Builder::new().prefix("convergence-").tempdir();
    let scratch = scratch.with_context(|| format!("cannot make a folder in {}", temporary().display()))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let providers = Providers::new(recorder.providers, &recorder.data_dir, &clock);
    let providers = providers.map_err(|fault: Fault| anyhow::anyhow!("{fault}"))?;
    let work = Work {
        studio: app::studio(&recorder.audio, &providers, scratch.path().to_owned(), Box::new(|_, _| ())),
        fetcher: providers.fetcher,
        scratch,
        is_unwanted: Arc::default(),
        is_quiet: flags.get_flag("quiet"),
        wants_json: flags.get_flag("json"),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(work.carry_out(order));
    // A reader that does not read is not waited for.
    runtime.shutdown_background();
    code
}

/// Where temporary files lie.
fn temporary() -> PathBuf {
    std::env::temp_dir()
}

/// One recording, on its way to its files.
struct Work {
    /// Ends before its folder goes.
    studio: Studio,
    fetcher: Fetcher,
    /// All that is made lies in here until it is whole, and goes with it.
    scratch: TempDir,
    /// Set when somebody has interrupted.
    is_unwanted: Arc<AtomicBool>,
    is_quiet: bool,
    wants_json: bool,
}

impl Work {
    async fn carry_out(self, order: Order) -> anyhow::Result<ExitCode> {
        let mut interruptions = Interruptions::listen()?;
        let Order { mut request, sound, captions } = order;
        tokio::select! {
            fetched = self.fetch_outline(&mut request) => fetched?,
            code = interruptions.next() => return Ok(code),
        }
        let job = self.studio.submit(OWNER, String::new(), request).await.map_err(|error| advise(&error))?;
        let outcome = tokio::select! {
            outcome = watched(&job, Display::new(self.is_quiet)) => outcome,
            code = interruptions.next() => {
                let id = job.id.to_string();
                tokio::select! {
                    _ = self.studio.remove(OWNER, &id) => {}
                    _ = interruptions.next() => {}
                }
                return Ok(code);
            }
        };
        let recording = Outcome::clone(&outcome).map_err(|error| advise(&error))?;
        let copies = self.copies(&recording, &sound, captions.as_ref()).await?;
        let is_unwanted = Arc::clone(&self.is_unwanted);
        let mut delivery = spawn_blocking(move || target::deliver(copies, &is_unwanted));
        tokio::select! {
            delivered = &mut delivery => delivered??,
            code = interruptions.next() => {
                self.is_unwanted.store(true, Ordering::Relaxed);
                // A file takes a moment. Another program may never read.
                let is_whole = match sound {
                    Target::File { .. } => delivery.await?.is_ok(),
                    Target::Stdout | Target::Device(_) => false,
                };
                if !is_whole {
                    return Ok(code);
                }
            }
        }
        self.tell(recording, &sound, captions.as_ref())?;
        Ok(ExitCode::SUCCESS)
    }

    /// Fetches what `--outline` leads to, as the server would.
    async fn fetch_outline(&self, request: &mut Request) -> anyhow::Result<()> {
        // A transcript is spoken as it stands, so nobody needs the outline.
        if request.transcript.is_none()
            && let Some(url) = request.outline_url.take()
        {
            let text = self
                .fetcher
                .fetch(&url)
                .await
                .map_err(|error| anyhow::anyhow!("--outline: {}", in_flags(&error.to_string())))?;
            request.set_outline(&text).map_err(|bad| anyhow::anyhow!(order::faults(bad).join("; ")))?;
        }
        Ok(())
    }

    /// What is copied where.
    async fn copies(
        &self,
        recording: &Recording,
        sound: &Target,
        captions: Option<&(FileKind, Target)>,
    ) -> anyhow::Result<Vec<(PathBuf, Target)>> {
        let mut copies = vec![(self.studio.path(OWNER, recording), sound.clone())];
        if let Some((kind, target)) = captions {
            let found = self.studio.find(OWNER, &kind.name(recording.id)).await;
            let (path, _) = found.with_context(|| gone(self.scratch.path()))?;
            copies.push((path, target.clone()));
        }
        Ok(copies)
    }

    /// Says what has become of it.
    fn tell(
        &self,
        recording: Recording,
        sound: &Target,
        captions: Option<&(FileKind, Target)>,
    ) -> anyhow::Result<()> {
        let captions = captions.map(|(_, target)| target.name());
        if !self.is_quiet {
            summary(&recording, &sound.name(), captions.as_deref());
        }
        if !self.wants_json {
            return Ok(());
        }
        let made = Made { output: sound.name(), captions, description: recording.into() };
        let mut json = serde_json::to_vec_pretty(&made)?;
        json.push(b'\n');
        match io::stdout().lock().write_all(&json) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }
}

/// The signals that end the work.
struct Interruptions {
    interrupt: Signal,
    terminate: Signal,
}

impl Interruptions {
    fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for one, and says the exit code by which a shell knows it.
    async fn next(&mut self) -> ExitCode {
        let kind = tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
        };
        ExitCode::from(u8::try_from(128 + kind.as_raw_value()).unwrap_or(1))
    }
}

/// What has become of a job, shown on the way there.
async fn watched(job: &Job, mut display: Display) -> Arc<Outcome> {
    let mut state = job.watch();
    loop {
        match &*state.borrow_and_update() {
            State::Underway(progress) => display.show(progress),
            State::Ended(outcome) => return Arc::clone(outcome),
        }
        state.changed().await.expect("the job has the sender");
    }
}

/// The recording, as `--json` has it.
#[derive(Serialize)]
struct Made {
    output: String,
    captions: Option<String>,
    #[serde(flatten)]
    description: Description,
}

fn summary(recording: &Recording, sound: &str, captions: Option<&str>) {
    let name = if sound == "-" { "standard output" } else { sound };
    let length = minutes(Duration::try_from_secs_f64(recording.duration_seconds).unwrap_or_default());
    let (engine, source) = (&recording.voice_engine, recording.script_source.name());
    let form = recording.format.ending();
    let captions = captions.map(|name| format!(", captions in {name}")).unwrap_or_default();
    say(&format!("{name}: {length} of {form}, spoken by {engine}, script: {source}{captions}"));
    for warning in &recording.warnings {
        say(&format!("warning: {}", in_flags(warning)));
    }
}

/// Why there is no recording, and what to do.
fn advise(error: &AudioError) -> anyhow::Error {
    let folder = temporary();
    let folder = folder.display();
    match error {
        AudioError::NoRoom { .. } => {
            anyhow::anyhow!("{error} in {folder}; make some, or set TMPDIR to a folder on another disk")
        }
        AudioError::Storage(_) => anyhow::anyhow!("{error} (in {folder}; TMPDIR names another folder)"),
        AudioError::TooLong { .. } => anyhow::anyhow!("{error}; give fewer lines"),
        AudioError::TimedOut { .. } => {
            anyhow::anyhow!("{error}; try again when this machine has less to do, or with --audio-workers 1")
        }
        _ => anyhow::anyhow!("{error}"),
    }
}

fn gone(folder: &Path) -> String {
    format!("what was made is gone from {}; did something clean up there?", folder.display())
}
