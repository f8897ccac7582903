//! `convergence generate`, as one types it: files, pipes, a terminal, and Ctrl-C. It speaks with the real Flite.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::voice::endless_voice;
use crate::{LONG, program, until};

const CONVERSATION: &str = r#"{"conversation": [
    {"name": "Sarah", "gender": "female", "message": "Have you rotated your keys this year?"},
    {"name": "John", "gender": "male", "message": "Twice, since the old ones have expired in spring."},
    {"name": "Sarah", "message": "Then there is nothing left to do until the next one comes."}
]}"#;

/// A folder to work in, with another one in it for what is temporary.
fn folder() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("tmp")).expect("a folder");
    std::fs::write(folder.path().join("talk.json"), CONVERSATION).expect("a transcript");
    folder
}

fn generate(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = program(folder, &[&["generate"], arguments].concat());
    command.env("TMPDIR", folder.join("tmp"));
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    generate(folder, arguments).output().expect("the program runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The names in a folder, those in `tmp` included.
fn names(folder: &Path) -> Vec<String> {
    let names = |folder: &Path| -> Vec<String> {
        let entries = folder.read_dir().expect("a folder");
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect()
    };
    let mut all = [names(folder), names(&folder.join("tmp"))].concat();
    all.sort();
    all
}

/// The length of a WAV file as it should be.
fn seconds(wav: &[u8]) -> f64 {
    let reader = hound::WavReader::new(wav).expect("a WAV file");
    let spec = reader.spec();
    assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (1, 24_000, 16));
    let samples = reader.len();
    assert_eq!(reader.into_samples::<i16>().flatten().count(), samples as usize);
    f64::from(samples) / 24_000.0
}

#[test]
fn a_prompt_becomes_a_file_that_is_what_is_said_of_it() {
    let folder = folder();
    let output = run(folder.path(), &["--prompt", "Two developers discussing API security", "--json"]);
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    let made: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let length = seconds(&std::fs::read(folder.path().join("conversation.wav")).expect("a file"));
    assert!((length - made["duration_seconds"].as_f64().expect("a number")).abs() < 0.001, "{made}");
    assert!(length > 20.0, "{length}");
    assert_eq!(
        (&made["output"], &made["script_source"], &made["format"], &made["synthetic"]),
        (&json!("conversation.wav"), &json!("template"), &json!("wav"), &json!(true))
    );
    assert!(made["warnings"].as_array().is_some_and(|warnings| !warnings.is_empty()), "{made}");
    assert_eq!(made["timings"].as_array().map(Vec::len), made["transcript"].as_array().map(Vec::len));
    assert!(said.contains("speaking: ") && said.contains("warning: no language model"), "{said}");
    assert!(said.contains("conversation.wav: ") && said.contains("script: template"), "{said}");
    assert!(!said.contains('\r') && !said.contains('\u{1b}'), "no bar: {said:?}");
    assert_eq!(names(folder.path()), ["conversation.wav", "talk.json", "tmp"]);

    // What it has said can be given back, and is the same sound.
    std::fs::write(folder.path().join("said.json"), &output.stdout).expect("a file");
    let again = run(folder.path(), &["--transcript", "said.json", "--output", "again.wav", "--quiet"]);
    assert!(again.status.success() && again.stdout.is_empty() && again.stderr.is_empty(), "{again:?}");
    let [first, second] =
        ["conversation.wav", "again.wav"].map(|name| std::fs::read(folder.path().join(name)));
    assert!(first.expect("a file") == second.expect("a file"));
}

#[test]
fn a_transcript_comes_from_a_pipe_and_the_sound_goes_into_one() {
    let folder = folder();
    let mut command = generate(folder.path(), &["--transcript", "-", "--output", "-"]);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(CONVERSATION.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", said(&output));
    assert!(seconds(&output.stdout) > 4.0);
    assert!(said(&output).contains("standard output: 0:"), "{}", said(&output));
    assert_eq!(names(folder.path()), ["talk.json", "tmp"]);
}

#[test]
fn the_ending_chooses_the_form_and_captions_lie_beside_it() {
    let folder = folder();
    let arguments = ["--transcript", "talk.json", "--output", "talk.opus", "--captions", "talk.vtt"];
    // The file is everybody's as far as the umask says.
    let mut command = Command::new("sh");
    let inner = generate(folder.path(), &arguments);
    command.args(["-c", "umask 027; exec \"$0\" \"$@\""]).arg(inner.get_program()).args(inner.get_args());
    command.current_dir(folder.path()).env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{}", said(&output));
    let path = folder.path().join("talk.opus");
    let sound = std::fs::read(&path).expect("a file");
    assert!(sound.starts_with(b"OggS") && sound[28..].starts_with(b"OpusHead"));
    assert_eq!(path.metadata().expect("a file").permissions().mode() & 0o777, 0o640);
    let captions = std::fs::read_to_string(folder.path().join("talk.vtt")).expect("a file");
    assert!(captions.starts_with("WEBVTT") && captions.contains("rotated your keys"), "{captions}");
    assert_eq!(names(folder.path()), ["talk.json", "talk.opus", "talk.vtt", "tmp"]);
}

/// Answers one request with an outline, and says where.
fn wiki() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        // The request is short, and comes at once.
        let _ = stream.read(&mut [0; 4_096]);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/markdown\r\nconnection: close\r\n";
        let _ = write!(stream, "{head}content-length: {}\r\n\r\n{OUTLINE}", OUTLINE.len());
    });
    address
}

const OUTLINE: &str = "# Keys\n- Rotate the keys\n- Revoke the keys\n";

#[test]
fn an_outline_comes_from_a_file_a_pipe_or_an_address() {
    let folder = folder();
    std::fs::write(folder.path().join("outline.md"), OUTLINE).expect("an outline");
    let made = |command: &mut Command| -> Value {
        let output = command.output().expect("the program runs");
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let of_file =
        made(&mut generate(folder.path(), &["--outline", "outline.md", "--output", "a.wav", "--json"]));
    assert_eq!(of_file["script_source"], "outline");
    let coverage = of_file["outline_coverage"].as_array().expect("points");
    assert!(coverage.len() == 3 && coverage.iter().all(|point| point["covered"] == true), "{coverage:?}");

    let mut piped = generate(folder.path(), &["--outline", "-", "--output", "b.wav", "--json"]);
    piped.stdin(File::open(folder.path().join("outline.md")).expect("a file"));
    let address = wiki();
    let url = format!("http://{address}/outline.md");
    let arguments = ["--outline", url.as_str(), "--output", "c.wav", "--json"];
    let mut fetched = generate(folder.path(), &arguments);
    for made in [made(&mut piped), made(fetched.env("OUTLINE_HOSTS", address))] {
        assert_eq!(made["transcript"], of_file["transcript"]);
    }
    let refused = run(folder.path(), &["--outline", &url]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        said(&refused).contains("--outline: ") && said(&refused).contains("OUTLINE_HOSTS"),
        "{}",
        said(&refused)
    );
}

#[test]
fn faults_are_told_by_their_flags_all_at_once_and_nothing_is_begun() {
    let folder = folder();
    std::fs::write(folder.path().join("bad.json"), r#"[{"name": "Ann", "message": "Hello."}]"#)
        .expect("a file");
    std::fs::write(folder.path().join("broken.json"), "[{").expect("a file");
    std::fs::write(folder.path().join("other.json"), "{}").expect("a file");
    let there = names(folder.path());
    let refused = |arguments: &[&str], words: &[&str]| {
        let output = run(folder.path(), arguments);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(words.iter().all(|words| said.contains(words)), "{arguments:?}: {said}");
        assert_eq!(names(folder.path()), there, "{arguments:?}");
    };
    refused(
        &[
            "--transcript",
            "bad.json",
            "--duration",
            "-1",
            "--engine",
            "gramophone",
            "--format",
            "flac",
            "--output",
            "no/talk.wav",
            "--captions",
            "talk.txt",
        ],
        &[
            "--transcript[0].gender: is required where a name comes first",
            "--duration: must be a whole number of minutes from 1 to 60",
            "--engine: must be one of",
            "--format: must be `wav`, `opus` or `mp3`",
            "--output: there is no folder no",
            "--captions: the name must end in .vtt or .srt",
        ],
    );
    refused(&[], &["--prompt: is required unless --transcript, --outline"]);
    refused(&["--prompt", "x", "--female", "nobody"], &["--female: must be the name of a voice"]);
    refused(&["--prompt", "x", "--female", "slt", "--male", "slt"], &["--male: must be two voices"]);
    refused(&["--prompt", "x", "--duration", "ten"], &["--duration: must be a whole number"]);
    refused(&["--prompt", "x", "--output", "talk.aac"], &["--output: the name must end in .wav, .opus or"]);
    if !cfg!(feature = "mp3") {
        let how = "--format: mp3 is not built in here; build with `cargo build --release --features mp3`";
        refused(&["--prompt", "x", "--output", "talk.mp3"], &[how]);
    }
    refused(&["--prompt", "x", "--output", "tmp"], &["--output: tmp is a folder"]);
    refused(&["--prompt", "x", "--output", "-", "--json"], &["--json: ", "name a file"]);
    refused(&["--prompt", "x", "--captions", "no/talk.vtt"], &["--captions: there is no folder no"]);
    refused(&["--transcript", "none.json"], &["--transcript: cannot read none.json"]);
    refused(&["--transcript", "broken.json"], &["--transcript: broken.json is not JSON"]);
    refused(&["--transcript", "other.json"], &["--transcript: must be an array"]);
    refused(&["--outline", "-", "--transcript", "-"], &["--outline: - is standard input"]);
    refused(&["--outline", "none.md"], &["--outline: cannot read none.md"]);
    refused(&["--outline", "other.json"], &["--outline: "]);
    refused(&["--bla"], &["--bla"]);
}

#[test]
fn a_file_that_is_there_stays_unless_it_may_go() {
    let folder = folder();
    let file = folder.path().join("talk.wav");
    std::fs::write(&file, "mine").expect("a file");
    let arguments = ["--transcript", "talk.json", "--output", "talk.wav"];
    let output = run(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("--output: talk.wav is there already; --force"), "{}", said(&output));
    assert_eq!(std::fs::read(&file).expect("a file"), b"mine");
    let output = run(folder.path(), &[&arguments[..], &["--force"]].concat());
    assert!(output.status.success(), "{}", said(&output));
    assert!(seconds(&std::fs::read(&file).expect("a file")) > 4.0);
}

#[test]
fn only_its_own_settings_matter_and_without_a_voice_the_package_is_named() {
    let folder = folder();
    let with = |settings: &[(&str, &str)]| {
        let mut command = generate(folder.path(), &["--transcript", "talk.json"]);
        let output = command.envs(settings.iter().copied()).output().expect("the program runs");
        (output.status.code(), said(&output))
    };
    let (code, said) = with(&[("LEXICON_FILE", "none.txt"), ("AUDIO_WORKERS", "0")]);
    assert!(code == Some(1) && said.contains("LEXICON_FILE: ") && said.contains("AUDIO_WORKERS: "), "{said}");
    for (engine, remedy) in [("kokoro", "fetch-voices.sh"), ("flite", "apt-get install flite")] {
        let mut command = generate(folder.path(), &["--transcript", "talk.json", "--engine", engine]);
        let output = command.env("PATH", "/nonexistent").output().expect("the program runs");
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words}");
        assert!(words.contains("no voice: ") && words.contains(remedy), "{words}");
    }
    let (code, said) = with(&[("TMPDIR", "/nonexistent")]);
    assert!(code == Some(1) && said.contains("cannot make a folder in /nonexistent"), "{said}");
    assert_eq!(names(folder.path()), ["talk.json", "tmp"]);
    let (code, said) =
        with(&[("API_PORT", "what"), ("KEYS_FILE", "none.csv"), ("TLS_CERT_PATH", "none.pem")]);
    assert_eq!(code, Some(0), "{said}");
}

/// Waits until the endless voice speaks, and says the number of its process.
async fn voice_of(folder: &Path) -> String {
    let file = folder.join("pid");
    let pid = || std::fs::read_to_string(&file).ok().filter(|pid| pid.ends_with('\n'));
    until("the voice speaks", || pid().is_some()).await;
    let pid = pid().expect("a number").trim().to_owned();
    std::fs::remove_file(&file).expect("a file");
    pid
}

fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), process.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
}

#[tokio::test]
async fn a_signal_ends_the_voice_and_leaves_nothing() {
    let folder = folder();
    let path = endless_voice(folder.path());
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let mut command = generate(folder.path(), &["--transcript", "talk.json", "--captions", "talk.srt"]);
        let child = command.env("PATH", &path).spawn().expect("the program starts");
        let voice = voice_of(folder.path()).await;
        assert_eq!(names(folder.path()).len(), 4, "a folder for the work, beside the three");
        signal(child.id(), name);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        until("the voice is gone", || !Path::new("/proc").join(&voice).exists()).await;
        assert_eq!(names(folder.path()), ["flite", "talk.json", "tmp"]);
    }
}

#[test]
fn a_reader_that_has_had_enough_is_no_error_and_one_that_does_not_read_is_not_waited_for() {
    let folder = folder();
    let begun = || {
        let arguments = ["--transcript", "talk.json", "--output", "-", "--captions", "talk.srt", "--quiet"];
        let mut child = generate(folder.path(), &arguments).spawn().expect("the program starts");
        let mut start = [0; 4];
        child.stdout.as_mut().expect("a pipe").read_exact(&mut start).expect("sound");
        assert_eq!(&start, b"RIFF");
        child
    };
    let mut child = begun();
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", said(&output));
    std::fs::remove_file(folder.path().join("talk.srt")).expect("captions all the same");

    let mut child = begun();
    let unread = child.stdout.take();
    signal(child.id(), "INT");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    drop(unread);
    assert_eq!(names(folder.path()), ["talk.json", "tmp"]);
}

/// A terminal: the program's end of it, and what appears on it.
fn terminal() -> (File, mpsc::Receiver<Vec<u8>>) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&ours).expect("a terminal");
    unlockpt(&ours).expect("a terminal");
    let name = ptsname(&ours, Vec::new()).expect("a name").into_string().expect("UTF-8");
    let theirs = File::options().read(true).write(true).open(name).expect("a terminal");
    let (send, shown) = mpsc::channel();
    std::thread::spawn(move || {
        let mut ours = File::from(ours);
        let mut piece = [0; 4_096];
        // It fails when the last one who has the other end is gone.
        while let Ok(read) = ours.read(&mut piece) {
            if send.send(piece[..read].to_vec()).is_err() {
                break;
            }
        }
    });
    (theirs, shown)
}

#[tokio::test]
async fn on_a_terminal_there_is_a_bar_which_goes_and_no_sound() {
    let folder = folder();
    let path = endless_voice(folder.path());
    let (theirs, shown) = terminal();
    let mut command = generate(folder.path(), &["--transcript", "talk.json"]);
    command.env("PATH", &path).env("TERM", "xterm").stderr(theirs);
    let mut child = command.spawn().expect("the program starts");
    drop(command); // It has the terminal open too.
    let mut screen = String::new();
    while !screen.contains("speaking [") || !screen.contains("0 of 3 lines") {
        let piece = shown.recv_timeout(LONG).unwrap_or_else(|_| panic!("no bar on {screen:?}"));
        screen.push_str(&String::from_utf8_lossy(&piece));
    }
    let voice = voice_of(folder.path()).await;
    signal(child.id(), "INT");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    screen.extend(shown.iter().map(|piece| String::from_utf8_lossy(&piece).into_owned()));
    let last = screen.rsplit("\r\u{1b}[2K").next().unwrap_or_default();
    assert!(!last.contains("speaking"), "the bar is still there: {screen:?}");
    until("the voice is gone", || !Path::new("/proc").join(&voice).exists()).await;

    let (theirs, _shown) = terminal();
    let mut command = generate(folder.path(), &["--transcript", "talk.json", "--output", "-"]);
    let output = command.stdout(theirs).stderr(Stdio::piped()).spawn().expect("it starts").wait_with_output();
    let output = output.expect("it ends");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("is a terminal") && said(&output).contains("redirect"),
        "{}",
        said(&output)
    );
}
