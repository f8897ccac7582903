use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

mod jobs;
mod length;

use super::super::ScriptSource;
use super::super::job::Progress;
use super::super::recording::Timing;
use super::super::tests::{pitch, seconds};
use super::*;

/// A studio of its own directory, whose voice program is `home/voice` if `program` is given.
struct Scene {
    home: TempDir,
    studio: Arc<Studio>,
}

impl Scene {
    fn new(program: Option<&str>, settings: impl FnOnce(&mut StudioSettings)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut chosen = self::settings(home.path(), program);
        settings(&mut chosen);
        if let Some(program) = program {
            symlink(program, home.path().join("voice")).unwrap();
        }
        Self { home, studio: Arc::new(Studio::new(chosen)) }
    }

    /// Starts a recording as a task, which can be dropped by `abort`.
    fn start(&self) -> tokio::task::JoinHandle<Result<Recording, AudioError>> {
        let studio = Arc::clone(&self.studio);
        tokio::spawn(async move { studio.record("Acme", String::new(), talk()).await })
    }

    /// The process that the slow voice program has become.
    async fn pid(&self) -> String {
        let file = self.home.path().join("pid");
        until(|| file.exists()).await;
        fs::read_to_string(file).unwrap().trim().to_owned()
    }

    fn files(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, found) } else { found.push(path) }
            }
        }
        let mut found = Vec::new();
        walk(&self.home.path().join("audio"), &mut found);
        found
    }
}

fn settings(home: &Path, program: Option<&str>) -> StudioSettings {
    StudioSettings {
        directory: home.join("audio"),
        workers: 1,
        parallel: 2,
        queue: 0,
        line_timeout: Duration::from_mins(1),
        retention: Duration::from_hours(1),
        most_bytes: u64::MAX,
        voices: home.join("voices"),
        voice_program: program.map(|_| home.join("voice")),
        lexicon: Lexicon::default(),
        chat: None,
        speech: None,
        on_recorded: Box::new(|_, _| {}),
    }
}

/// Sleeps for ever at the first text it is given, and is Flite afterwards.
const SLOW: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/audio/testdata/slow-voice");

fn request(body: &serde_json::Value) -> Request {
    Request::from_json(body.to_string().as_bytes()).unwrap()
}

fn talk() -> Request {
    request(&json!({"transcript": [
        {"name": "Sarah", "gender": "female", "message": "Good morning. Have you seen the new report?"},
        {"name": "John", "gender": "male", "message": "I have. The second chapter is the best part of it."},
        {"name": "Sarah", "message": "I agree with you."},
    ]}))
}

async fn until(condition: impl Fn() -> bool) {
    let waited = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waited).await.expect("the condition never came true");
}

/// Whether a process runs; one that ended and waits for its parent to notice does not.
fn runs(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn read(path: &Path) -> Vec<f32> {
    let wav = hound::WavReader::open(path).unwrap();
    wav.into_samples::<i16>().map(|sample| f32::from(sample.unwrap()) / 32_768.0).collect()
}

#[tokio::test]
async fn a_transcript_is_spoken_by_two_voices() {
    let scene = Scene::new(None, |_| {});
    let recording = scene.studio.record("Acme", String::new(), talk()).await.unwrap();
    assert_eq!((&recording.script_source, &*recording.voice_engine), (&ScriptSource::Transcript, "flite"));
    assert!(recording.warnings.is_empty());
    let path = scene.studio.path("Acme", &recording);
    assert!(scene.files().contains(&path));
    assert_eq!(scene.studio.find("Acme", &recording.file()).await, Some((path.clone(), FileKind::Wav)));
    assert_eq!(scene.studio.find("Other", &recording.file()).await, None);

    let sound = read(&path);
    assert!((recording.duration_seconds - seconds(&sound)).abs() < 1e-9);
    let part = |line: usize| {
        let Timing { start_ms, end_ms, .. } = recording.timings[line];
        let at = |ms: u64| usize::try_from(ms).unwrap() * 24;
        pitch(&sound[at(start_ms)..at(end_ms)])
    };
    let (her, him, her_again) = (part(0), part(1), part(2));
    assert!(her.min(her_again) - him > 30.0, "{her}, {him} and {her_again} Hz");
}

#[tokio::test]
async fn a_prompt_makes_about_a_minute() {
    let scene = Scene::new(None, |_| {});
    let guide = request(&json!({"prompt": "Two developers discussing API security", "duration": 10}));
    let recording = scene.studio.record("Acme", String::new(), guide).await.unwrap();
    println!("{} s", recording.duration_seconds);
    assert_eq!(recording.script_source, ScriptSource::Template);
    assert!((45.0..75.0).contains(&recording.duration_seconds), "{} s", recording.duration_seconds);
}

#[tokio::test]
async fn what_cannot_be_spoken_is_said() {
    let scene = Scene::new(None, |_| {});
    let given = request(&json!({"transcript": [
        {"name": "Ann", "gender": "male", "message": "Hello 👋 there."},
        {"name": "Ben", "gender": "male", "message": "Hello."},
    ]}));
    let recording = scene.studio.record("Acme", String::new(), given).await.unwrap();
    insta::assert_snapshot!(recording.warnings.join("\n"), @"
    both speakers are male; Ben speaks with the female voice, so that the two can be told apart
    line 0: 1 character(s) that an English voice cannot speak were left out
    ");
}

#[tokio::test]
async fn who_leaves_frees_the_worker_and_leaves_nothing() {
    let scene = Scene::new(Some(SLOW), |_| {});
    let task = scene.start();
    let pid = scene.pid().await;
    assert!(runs(&pid));
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    until(|| !runs(&pid)).await;
    until(|| scene.files().is_empty() && scene.studio.inner.board().queue.is_free()).await;
    // The only worker takes the next one, and there is no queue.
    scene.studio.record("Acme", String::new(), talk()).await.unwrap();
}

#[tokio::test]
async fn a_hanging_voice_is_stopped() {
    let scene = Scene::new(Some(SLOW), |settings| settings.line_timeout = Duration::from_millis(500));
    let task = scene.start();
    let pid = scene.pid().await;
    assert!(matches!(task.await.unwrap(), Err(AudioError::TimedOut { .. })));
    until(|| !runs(&pid)).await;
    let [kept] = &scene.files()[..] else { panic!("{:?}", scene.files()) };
    assert!(kept.ends_with(OUTCOME), "what came of it can be looked up");
}

#[tokio::test]
async fn a_voice_installed_later_is_used() {
    let scene = Scene::new(Some("/nonexistent/flite"), |_| {});
    let refused = scene.studio.record("Acme", String::new(), talk()).await;
    assert!(
        matches!(refused, Err(AudioError::NoVoice { install }) if install.contains("apt-get install flite"))
    );
    assert!(scene.studio.voice_fault().is_some());
    fs::remove_file(scene.home.path().join("voice")).unwrap();
    symlink("/usr/bin/flite", scene.home.path().join("voice")).unwrap();
    assert_eq!(scene.studio.voice_fault(), None);
    scene.studio.record("Acme", String::new(), talk()).await.unwrap();
}

#[tokio::test]
async fn sweeping_keeps_what_is_young() {
    let scene = Scene::new(None, |settings| settings.retention = Duration::from_mins(1));
    let recording = scene.studio.record("Acme", String::new(), talk()).await.unwrap();
    assert_eq!(scene.studio.sweep().await.unwrap(), 0);
    let hour_ago = std::time::SystemTime::now() - Duration::from_hours(1);
    for file in scene.files() {
        fs::File::open(file).unwrap().set_modified(hour_ago).unwrap();
    }
    assert_eq!(scene.studio.sweep().await.unwrap(), 1);
    assert_eq!(scene.studio.find("Acme", &recording.file()).await, None);
}
