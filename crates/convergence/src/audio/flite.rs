//! Flite, a small speech program by Carnegie Mellon University (Debian package `flite`), run as a subprocess.
//!
//! Text and speech pass through files without a name, which are the program's standard input and output. So no
//! text appears in the list of processes, none is taken for an option, and nothing is left on the disk however
//! the program or this server ends. Pipes would not do: Flite goes back in its output to complete the header.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::BoxFuture;
use speech::sound::{RATE, resample, trim};
use speech::text::Spoken as Words;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

use self::told::stretches;
use super::request::Gender;
use super::voice::{Manner, Voice, VoiceError};

mod told;

const INSTALL: &str = "install the speech program: `apt-get install flite`";
/// Characters for one run of the program; it slows down and uses much memory with long texts.
const PIECE: usize = 400;
/// A little slower than Flite's own pace, at which a recogniser took more words for others in most of our texts.
const PACE: f32 = 1.15;
/// What is kept of the program's complaints, in bytes.
const COMPLAINT: u64 = 2_000;
/// A run that makes more bytes than this (half an hour of speech) has gone wrong.
const SPEECH: u64 = 64 << 20;

/// A woman's voice and a man's.
pub(super) const VOICES: [&str; 2] = ["slt", "rms"];

/// These voices of the Flite program.
pub(super) struct Flite {
    /// The program; `None` looks for `flite` on the `PATH` at each use, so that it can be installed later.
    program: Option<PathBuf>,
    /// A directory for the nameless files. It must exist when a line is spoken.
    scratch: PathBuf,
    /// For one run of the program.
    limit: Duration,
    /// Set once the program has been seen to have both voices.
    checked: OnceCell<()>,
}

impl Flite {
    pub(super) fn new(program: Option<PathBuf>, scratch: PathBuf, limit: Duration) -> Self {
        Self { program, scratch, limit, checked: OnceCell::new() }
    }

    fn program(&self) -> Result<PathBuf, VoiceError> {
        let found = match &self.program {
            Some(program) => Some(program.clone()).filter(|program| is_executable(program)),
            None => std::env::var_os("PATH").and_then(|path| {
                std::env::split_paths(&path)
                    .map(|folder| folder.join("flite"))
                    .find(|file| is_executable(file))
            }),
        };
        found.ok_or_else(|| VoiceError::Missing(INSTALL.to_owned()))
    }

    async fn speak_line(&self, text: &str, voice: &str, speed: f32) -> Result<Vec<f32>, VoiceError> {
        let program = self.program()?;
        self.checked.get_or_try_init(|| self.check(&program)).await?;
        let (mut line, mut pause) = (Vec::new(), 0);
        for stretch in stretches(text, PIECE) {
            let spoken = self.speak_stretch(&program, &stretch.words, voice, speed).await?;
            // A stretch without a sound is no fault where others have one.
            let Some(spoken) = trim(spoken) else { continue };
            line.resize(line.len() + pause, 0.0);
            line.extend(spoken);
            pause = samples_in(stretch.pause.div_f32(speed));
        }
        if line.is_empty() { Err(VoiceError::Failed("there is nothing to speak".into())) } else { Ok(line) }
    }

    /// Flite speaks with another voice, and says nothing, when it does not have the one it was asked for.
    async fn check(&self, program: &Path) -> Result<(), VoiceError> {
        let list = self.run(program, &["-lv"], String::new()).await?;
        let list = spawn_blocking(move || io::read_to_string(list))
            .await
            .map_err(VoiceError::failed)?
            .map_err(VoiceError::failed)?;
        let missing = VOICES.into_iter().find(|voice| !list.contains(voice));
        missing.map_or(Ok(()), |voice| {
            Err(VoiceError::Missing(format!("this flite has no voice `{voice}`; {INSTALL}")))
        })
    }

    async fn speak_stretch(
        &self,
        program: &Path,
        text: &str,
        voice: &str,
        speed: f32,
    ) -> Result<Vec<f32>, VoiceError> {
        let pace = format!("duration_stretch={}", PACE / speed);
        let arguments = ["-voice", voice, "--setf", &pace, "-f", "/dev/stdin", "-o", "/dev/stdout"];
        let wav = self.run(program, &arguments, text.to_owned()).await?;
        spawn_blocking(move || read_wav(wav)).await.map_err(VoiceError::failed)?.map_err(VoiceError::failed)
    }

    /// Runs the program to its end and returns what it wrote, from the start.
    async fn run(&self, program: &Path, arguments: &[&str], input: String) -> Result<File, VoiceError> {
        let scratch = self.scratch.clone();
        let files =
            spawn_blocking(move || nameless_files(&scratch, &input)).await.map_err(VoiceError::failed)?;
        let (input, output, mut wav) = files.map_err(VoiceError::failed)?;

        let run = async {
            let mut child = Command::new(program)
                .args(arguments)
                .env_clear()
                .stdin(input)
                .stdout(output)
                .stderr(Stdio::piped())
                // Of its own group: Ctrl-C at a terminal ends this server gracefully, not the line being spoken.
                .process_group(0)
                .kill_on_drop(true)
                .spawn()
                .map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
                        VoiceError::Missing(format!("cannot run flite ({error}); {INSTALL}"))
                    }
                    _ => VoiceError::failed(error),
                })?;
            let mut complaint = Vec::new();
            if let Some(stderr) = child.stderr.take() {
                stderr.take(COMPLAINT).read_to_end(&mut complaint).await.map_err(VoiceError::failed)?;
            }
            let status = child.wait().await.map_err(VoiceError::failed)?;
            let complaint = String::from_utf8_lossy(&complaint).trim().to_owned();
            if status.success() {
                Ok(())
            } else {
                Err(VoiceError::Failed(format!("flite: {status}: {complaint}")))
            }
        };
        tokio::time::timeout(self.limit, run).await.map_err(|_| VoiceError::TimedOut(self.limit))??;

        let length = wav.metadata().map_err(VoiceError::failed)?.len();
        if length > SPEECH {
            return Err(VoiceError::Failed(format!("flite wrote {length} bytes for one piece of text")));
        }
        wav.rewind().map_err(VoiceError::failed)?;
        Ok(wav)
    }
}

impl Voice for Flite {
    fn engine(&self) -> &'static str {
        "flite"
    }

    fn has(&self, voice: &str) -> bool {
        VOICES.contains(&voice)
    }

    fn usual(&self, gender: Gender) -> Cow<'_, str> {
        let [female, male] = VOICES;
        match gender {
            Gender::Female => female.into(),
            Gender::Male => male.into(),
        }
    }

    fn fault(&self) -> Option<String> {
        self.program().err().map(|missing| missing.to_string())
    }

    fn speak<'a>(
        &'a self,
        words: &'a Words,
        manner: Manner<'a>,
    ) -> BoxFuture<'a, Result<Vec<f32>, VoiceError>> {
        Box::pin(async move { self.speak_line(&words.words(), manner.voice, manner.speed).await })
    }
}

/// How many samples so much time is, in whole milliseconds.
fn samples_in(time: Duration) -> usize {
    usize::try_from(time.as_millis()).unwrap_or_default() * RATE as usize / 1_000
}

fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// The program's input, its output, and the output for us to read.
fn nameless_files(scratch: &Path, text: &str) -> io::Result<(File, File, File)> {
    let mut input = tempfile::tempfile_in(scratch)?;
    input.write_all(text.as_bytes())?;
    input.rewind()?;
    let output = tempfile::tempfile_in(scratch)?;
    let wav = output.try_clone()?;
    Ok((input, output, wav))
}

/// The program's sound at our rate.
fn read_wav(wav: File) -> Result<Vec<f32>, String> {
    let reader = hound::WavReader::new(io::BufReader::new(wav)).map_err(|error| format!("flite: {error}"))?;
    let spec = reader.spec();
    if (spec.channels, spec.bits_per_sample, spec.sample_format) != (1, 16, hound::SampleFormat::Int) {
        return Err(format!("flite wrote {spec:?}, not one channel of 16-bit samples"));
    }
    let samples = reader.into_samples::<i16>().map(|sample| Ok(f32::from(sample?) / 32_768.0));
    let samples = samples.collect::<Result<_, hound::Error>>().map_err(|error| format!("flite: {error}"))?;
    resample(samples, spec.sample_rate).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{pitch, seconds};
    use super::*;

    const TEXT: &str = "The quick brown fox jumps over the lazy dog, and nobody minds.";

    fn flite(program: Option<PathBuf>) -> Flite {
        Flite::new(program, std::env::temp_dir(), Duration::from_secs(20))
    }

    #[tokio::test]
    async fn she_speaks_higher_than_he() {
        let flite = flite(None);
        let her = flite.speak_line(TEXT, VOICES[0], 1.0).await.unwrap();
        let him = flite.speak_line(TEXT, VOICES[1], 1.0).await.unwrap();
        let (high, low) = (pitch(&her), pitch(&him));
        println!("median pitch: slt {high:.0} Hz, rms {low:.0} Hz");
        assert!(high - low > 30.0, "{high} Hz and {low} Hz");
    }

    #[tokio::test]
    async fn a_long_message_is_spoken_to_its_end() {
        let flite = flite(None);
        let spoken = async |text: &str| seconds(&flite.speak_line(text, VOICES[1], 1.0).await.unwrap());
        // Without marks there are no pauses, and only the pieces' ends cut it.
        let flat = TEXT.replace([',', '.'], "");
        let long = format!("{TEXT} {}", [&*flat; 20].join(" "));
        assert!(long.len() > 2 * PIECE);
        let (whole, wanted) = (spoken(&long).await, spoken(TEXT).await + 20.0 * spoken(&flat).await);
        assert!((whole / wanted - 1.0).abs() < 0.1, "{whole} s is not {wanted} s");
    }

    #[tokio::test]
    async fn text_is_never_an_option() {
        let spoken = flite(None).speak_line("-voice kal -o /tmp/x --help", VOICES[0], 1.0).await.unwrap();
        assert!(seconds(&spoken) > 1.0);
    }

    #[tokio::test]
    async fn a_missing_program_names_its_package() {
        let flite = flite(Some("/nonexistent/flite".into()));
        assert!(flite.fault().unwrap().contains("apt-get install flite"));
        assert!(matches!(flite.speak_line(TEXT, VOICES[1], 1.0).await, Err(VoiceError::Missing(_))));
    }

    #[tokio::test]
    async fn a_program_without_the_voices_is_refused() {
        let spoken = flite(Some("/bin/echo".into())).speak_line(TEXT, VOICES[1], 1.0).await;
        assert!(matches!(spoken, Err(VoiceError::Missing(detail)) if detail.contains("`slt`")));
    }

    #[tokio::test]
    async fn a_failing_program_is_heard() {
        let spoken = flite(Some("/bin/cat".into())).speak_line(TEXT, VOICES[1], 1.0).await;
        assert!(matches!(spoken, Err(VoiceError::Failed(detail)) if detail.contains("invalid option")));
    }
}
