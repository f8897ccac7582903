//! Recordings that nobody waits for: in turns, through restarts, and until they are not wanted any more.

use std::sync::Mutex;

use tokio::sync::watch;

use super::*;

/// Does not speak a text with the word "wait" until there is a file `go`, and writes down what it is given.
const STUBBORN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/audio/testdata/stubborn-voice");

fn lines(messages: &[&str]) -> Request {
    let line = |(at, message): (usize, &&str)| {
        let (name, gender) = if at % 2 == 0 { ("Ann", "female") } else { ("Ben", "male") };
        json!({"name": name, "gender": gender, "message": message})
    };
    request(&json!({"transcript": messages.iter().enumerate().map(line).collect::<Vec<_>>()}))
}

async fn submit(studio: &Studio, owner: &str, messages: &[&str]) -> Arc<Job> {
    studio.submit(owner, format!("account of {owner}"), lines(messages)).await.expect("there is room")
}

async fn reached(watch: &mut watch::Receiver<State>, is_it: impl Fn(&Progress) -> bool) {
    let reached = watch.wait_for(|state| matches!(state, State::Underway(progress) if is_it(progress)));
    tokio::time::timeout(Duration::from_mins(1), reached)
        .await
        .expect("it gets there")
        .expect("there is a job");
}

impl Scene {
    /// What the voice was given, in any order.
    fn said(&self) -> Vec<String> {
        let said = fs::read_to_string(self.home.path().join("said")).unwrap_or_default();
        let mut said: Vec<String> = said.lines().map(str::to_owned).collect();
        said.sort();
        said
    }

    fn go(&self) {
        fs::write(self.home.path().join("go"), "").unwrap();
    }

    /// The server stops, and another one starts in the same folder.
    fn restart(&mut self) {
        let mut chosen = settings(self.home.path(), Some(STUBBORN));
        chosen.queue = 9;
        self.studio = Arc::new(Studio::new(chosen));
    }
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let mut scene = Scene::new(Some(STUBBORN), |settings| settings.parallel = 1);
    let job = submit(&scene.studio, "Acme", &["One.", "Two.", "Please wait.", "Four."]).await;
    let id = job.id.to_string();
    reached(&mut job.watch(), |progress| progress.lines_spoken == 2).await;
    until(|| scene.said().len() == 3).await;
    drop(job);
    scene.restart();
    assert!(scene.studio.look("Acme", &id).await.is_none(), "nobody has looked yet what there is");
    scene.go();
    assert_eq!(scene.studio.resume().await, Ok(1));
    let outcome = scene.studio.job("Acme", &id).expect("it goes on").outcome().await;
    let recording = (*outcome).clone().expect("a recording");
    assert_eq!((recording.timings.len(), recording.id.to_string()), (4, id.clone()));
    assert_eq!(
        scene.said(),
        ["Four.", "One.", "Please wait.", "Please wait.", "Two."],
        "nothing is said twice"
    );
    assert_eq!(scene.studio.resume().await, Ok(0));

    scene.restart();
    let Some((_, State::Ended(again))) = scene.studio.look("Acme", &id).await else { panic!("it is kept") };
    assert_eq!(again, outcome);
    assert!(scene.studio.look("Other", &id).await.is_none());
}

#[tokio::test]
async fn the_same_request_makes_the_same_bytes() {
    let scene = Scene::new(None, |settings| settings.parallel = 4);
    let mut sounds = Vec::new();
    for _ in 0..2 {
        let job = submit(&scene.studio, "Acme", &["One?", "Two.", "Three!", "And four."]).await;
        let recording = (*job.outcome().await).clone().expect("a recording");
        sounds.push(fs::read(scene.studio.path("Acme", &recording)).unwrap());
    }
    assert_eq!(sounds[0], sounds[1]);
}

#[tokio::test]
async fn clients_take_turns_and_one_cannot_fill_the_queue() {
    let scene = Scene::new(Some(STUBBORN), |settings| settings.queue = 2);
    let first = submit(&scene.studio, "Many", &["Please wait."]).await;
    until(|| scene.said().len() == 1).await;
    let mut jobs = vec![first];
    for message in ["Many one.", "Many two."] {
        jobs.push(submit(&scene.studio, "Many", &[message]).await);
    }
    let refused = scene.studio.submit("Many", String::new(), lines(&["Many three."])).await.map(|job| job.id);
    assert_eq!(refused, Err(AudioError::QueueFull { waiting: 2, retry_after_seconds: 2 }));
    jobs.push(submit(&scene.studio, "One", &["One one."]).await);
    // Only the second of those that wait is not wanted any more.
    assert!(scene.studio.remove("Many", &jobs[2].id.to_string()).await);
    assert!(!scene.studio.remove("Many", &jobs[3].id.to_string()).await, "it is somebody else's");
    assert_eq!(*jobs[2].outcome().await, Err(AudioError::Cancelled));
    // The voice that hangs does so for good.
    assert!(scene.studio.remove("Many", &jobs[0].id.to_string()).await);
    for job in [&jobs[1], &jobs[3]] {
        assert!(job.outcome().await.is_ok());
    }
    let said = fs::read_to_string(scene.home.path().join("said")).unwrap();
    assert_eq!(said.lines().collect::<Vec<_>>(), ["Please wait.", "One one.", "Many one."]);
}

#[tokio::test]
async fn a_job_that_is_cancelled_leaves_nothing_and_a_finished_one_can_be_removed() {
    let scene = Scene::new(Some(STUBBORN), |_| {});
    let job = submit(&scene.studio, "Acme", &["One.", "Please wait."]).await;
    reached(&mut job.watch(), |progress| progress.lines_spoken == 1).await;
    assert!(!scene.studio.remove("Other", &job.id.to_string()).await);
    assert!(scene.studio.remove("Acme", &job.id.to_string()).await);
    assert_eq!(*job.outcome().await, Err(AudioError::Cancelled));
    assert_eq!(scene.files(), Vec::<PathBuf>::new());
    assert!(scene.studio.look("Acme", &job.id.to_string()).await.is_none());

    let job = submit(&scene.studio, "Acme", &["One."]).await;
    assert!(job.outcome().await.is_ok());
    assert!(!scene.studio.remove("Other", &job.id.to_string()).await);
    assert!(scene.studio.remove("Acme", &job.id.to_string()).await);
    assert!(!scene.studio.remove("Acme", &job.id.to_string()).await);
    assert_eq!(scene.files(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn what_was_made_is_told_once_to_the_account_of_who_asked() {
    let told: Arc<Mutex<Vec<(String, Duration)>>> = Arc::default();
    let sink = Arc::clone(&told);
    let scene = Scene::new(Some(STUBBORN), |settings| {
        settings.queue = 9;
        settings.on_recorded =
            Box::new(move |account, length| sink.lock().unwrap().push((account.to_owned(), length)));
    });
    let wanted = submit(&scene.studio, "Acme", &["One."]).await;
    let recording = (*wanted.outcome().await).clone().expect("a recording");
    let unwanted = submit(&scene.studio, "Acme", &["Please wait."]).await;
    scene.studio.remove("Acme", &unwanted.id.to_string()).await;
    unwanted.outcome().await;
    let told = told.lock().unwrap().clone();
    let [(account, length)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((account.as_str(), length.as_secs_f64()), ("account of Acme", recording.duration_seconds));
}

#[tokio::test]
async fn both_forms_of_sound_and_what_is_said_can_be_had() {
    let scene = Scene::new(None, |_| {});
    let mut wanted = talk();
    wanted.format = FileKind::Opus;
    let recording = scene.studio.record("Acme", String::new(), wanted).await.unwrap();
    let (opus, kind) = scene.studio.find("Acme", &recording.file()).await.expect("a file");
    assert_eq!((kind, &fs::read(opus).unwrap()[..4]), (FileKind::Opus, &b"OggS"[..]));
    let text = |kind: FileKind| {
        let (studio, name) = (Arc::clone(&scene.studio), kind.name(recording.id));
        async move { fs::read_to_string(studio.find("Acme", &name).await.expect("a file").0).unwrap() }
    };
    assert!(text(FileKind::Vtt).await.contains("<v John>I have. The second chapter is the best part of it."));
    assert!(text(FileKind::Srt).await.contains("Sarah: Good morning. Have you seen the new report?"));
    assert!(scene.studio.find("Acme", &FileKind::Wav.name(recording.id)).await.is_none());
    let loudness = recording.loudness_lufs.expect("it is heard");
    assert!((loudness + 16.0).abs() < 0.5, "{loudness} LUFS");
}
