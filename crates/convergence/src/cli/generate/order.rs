//! What the flags ask for, checked as the server checks a request; all faults at once, by the names of the flags.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use serde_json::{Map, Value};

use super::target::Target;
use crate::audio::{BadRequest, Fault, FileKind, Request};
use crate::providers::{Office, text_of_office};

/// A transcript or an outline of more bytes than this is some other file.
const MOST_BYTES: u64 = 4 << 20;

/// The flags that are members of a request, in words.
const TEXTS: [&str; 4] = ["prompt", "vibe", "engine", "format"];

/// What is to be made, and where it goes.
pub(super) struct Order {
    pub(super) request: Request,
    pub(super) sound: Target,
    pub(super) captions: Option<(FileKind, Target)>,
}

impl Order {
    /// Reads the flags, and the files that they name. A file that cannot be read hides what is wrong with the request.
    ///
    /// # Errors
    /// Every fault in them.
    pub(super) fn read(flags: &ArgMatches) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let output = flags.get_one::<PathBuf>("output");
        let format = flags.get_one::<String>("format").cloned().or_else(|| {
            by_ending(output?).map_err(|fault| faults.push(format!("--output: {fault}"))).ok().flatten()
        });
        let output = output.cloned().unwrap_or_else(|| match format.as_deref() {
            Some("opus") => "conversation.opus".into(),
            Some("mp3") => "conversation.mp3".into(),
            _ => "conversation.wav".into(),
        });
        let sound = sound(&output, flags).map_err(|fault| faults.push(fault)).ok();
        let captions = flags.get_one::<PathBuf>("captions");
        let captions = captions.map(|path| captions_in(path, &output, flags.get_flag("force")));
        let captions = captions.transpose().map_err(|fault| faults.push(format!("--captions: {fault}"))).ok();
        let request =
            body(flags, format.as_deref()).map_err(|fault| vec![fault]).and_then(|body| request(&body));
        match (request, sound, captions) {
            (Ok(request), Some(sound), Some(captions)) if faults.is_empty() => {
                Ok(Self { request, sound, captions })
            }
            (request, ..) => {
                faults.extend(request.err().unwrap_or_default());
                Err(faults)
            }
        }
    }
}

/// Names of members as the flags that they are here.
pub(super) fn in_flags(text: &str) -> String {
    let two = "an array of two objects with `name` and `gender`";
    let text = text.replace(two, "two people, as in 'Ann (female, keeper), Ben (male)'");
    let members = TEXTS.into_iter().chain(["duration", "outline", "transcript"]);
    let text = text.replace("`outline_url`", "--outline URL");
    members.fold(text, |text, name| text.replace(&format!("`{name}`"), &format!("--{name}")))
}

/// The flag for a member of a request.
fn flag(member: &str) -> &str {
    match member {
        "voices" => "male",
        "outline_url" => "outline",
        member => member.strip_prefix("voices.").unwrap_or(member),
    }
}

/// The form that a name asks for; none where it has no ending or is no name of ours to judge.
fn by_ending(path: &Path) -> Result<Option<String>, String> {
    let Some(ending) = path.extension() else { return Ok(None) };
    match ending.to_ascii_lowercase().to_str() {
        Some("wav" | "wave") => Ok(Some("wav".to_owned())),
        Some("opus" | "ogg" | "oga") => Ok(Some("opus".to_owned())),
        Some("mp3") => Ok(Some("mp3".to_owned())),
        _ => {
            Err("the name must end in .wav, .opus or .mp3, unless --format says what it is to be".to_owned())
        }
    }
}

fn sound(output: &Path, flags: &ArgMatches) -> Result<Target, String> {
    if output != Path::new("-") {
        let target = Target::of(output, flags.get_flag("force"));
        return target.map_err(|fault| format!("--output: {fault}"));
    }
    if flags.get_flag("json") {
        return Err("--json: is for standard output, and so is --output -; name a file".to_owned());
    }
    if io::stdout().is_terminal() {
        return Err("--output: - is a terminal, which cannot play sound; redirect it, as in \
                    `convergence generate ... --output - > conversation.wav`"
            .to_owned());
    }
    Ok(Target::Stdout)
}

fn captions_in(path: &Path, output: &Path, replaces: bool) -> Result<(FileKind, Target), String> {
    let kind = match path.extension().and_then(|ending| ending.to_str()) {
        Some("vtt") => FileKind::Vtt,
        Some("srt") => FileKind::Srt,
        _ => return Err("the name must end in .vtt or .srt".to_owned()),
    };
    if path == output {
        return Err("is the same file as --output".to_owned());
    }
    Ok((kind, Target::of(path, replaces)?))
}

/// The request that a client of the server would send.
fn body(flags: &ArgMatches, format: Option<&str>) -> Result<Map<String, Value>, String> {
    let text = |name: &str| flags.get_one::<String>(name).cloned();
    let mut body = Map::new();
    for name in TEXTS {
        let value = if name == "format" { format.map(str::to_owned) } else { text(name) };
        body.extend(value.map(|value| (name.to_owned(), Value::String(value))));
    }
    if let Some(minutes) = text("duration") {
        let number = minutes.trim().parse().map(Value::Number);
        body.insert("duration".to_owned(), number.unwrap_or(Value::String(minutes)));
    }
    body.extend(text("speakers").map(|text| ("speakers".to_owned(), speakers(&text))));
    let voices = ["female", "male"].map(|gender| text(gender).map(|voice| (gender.to_owned(), voice.into())));
    let voices: Map<String, Value> = voices.into_iter().flatten().collect();
    body.insert("voices".to_owned(), Value::Object(voices));
    let outline = text("outline");
    let is_address = |text: &str| text.starts_with("https://") || text.starts_with("http://");
    if let Some(url) = outline.clone().filter(|text| is_address(text)) {
        body.insert("outline_url".to_owned(), Value::String(url));
    }
    let outline = outline.filter(|text| !is_address(text)).map(PathBuf::from);
    let transcript = flags.get_one::<PathBuf>("transcript").cloned();
    if [&outline, &transcript].iter().all(|path| path.as_deref() == Some(Path::new("-"))) {
        return Err("--outline: - is standard input, and so is --transcript -; name a file".to_owned());
    }
    for (name, path) in [("outline", outline), ("transcript", transcript)] {
        if let Some(path) = path {
            let said = document(&path).map_err(|fault| format!("--{name}: {fault}"))?;
            body.insert(name.to_owned(), said);
        }
    }
    Ok(body)
}

/// People as in `Ann (female, keeper), Ben (male)`, as a request has them.
fn speakers(text: &str) -> Value {
    let person = |text: &str| {
        let (name, rest) = text.split_once('(').unwrap_or((text, ""));
        let (gender, role) = rest.split_once(',').unwrap_or((rest, ""));
        let members =
            [("name", name), ("gender", gender), ("role", role)].map(|(name, value)| (name, value.trim()));
        let given = members.into_iter().filter(|(_, value)| !value.is_empty());
        Value::Object(given.map(|(name, value)| (name.to_owned(), value.into())).collect())
    };
    let people =
        text.split(')').map(|text| text.trim_matches(|mark: char| mark == ',' || mark.is_whitespace()));
    people.filter(|text| !text.is_empty()).map(person).collect()
}

/// What a file says: JSON, or else text; that of an office program by its name.
fn document(path: &Path) -> Result<Value, String> {
    let (name, read) = if path == Path::new("-") {
        ("standard input".to_owned(), most_of(io::stdin()))
    } else {
        (path.display().to_string(), File::open(path).and_then(most_of))
    };
    let unreadable = |error: &dyn std::fmt::Display| format!("cannot read {name}: {error}");
    let bytes = read.map_err(|error| unreadable(&error))?;
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    if let Some(office) = ending.to_str().and_then(Office::of_ending) {
        return text_of_office(office, &bytes)
            .map(Value::String)
            .map_err(|_| format!("{name} is not a document, or is damaged"));
    }
    let text = String::from_utf8(bytes).map_err(|error| unreadable(&error.utf8_error()))?;
    match serde_json::from_str(&text) {
        Ok(value @ (Value::Array(_) | Value::Object(_))) => Ok(value),
        Err(error) if path.extension().is_some_and(|ending| ending == "json") => {
            Err(format!("{name} is not JSON: {error}"))
        }
        Ok(_) | Err(_) => Ok(Value::String(text)),
    }
}

fn most_of(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(io::Error::other(format!("it has more than {MOST_BYTES} bytes")));
    }
    Ok(bytes)
}

fn request(body: &Map<String, Value>) -> Result<Request, Vec<String>> {
    let body = serde_json::to_vec(body).map_err(|error| vec![error.to_string()])?;
    Request::from_json(&body).map_err(faults)
}

/// What is wrong with a request, by the names of the flags.
pub(super) fn faults(bad: BadRequest) -> Vec<String> {
    let told = |fault: Fault| format!("--{}: {}", flag(&fault.member), in_flags(&fault.detail));
    match bad {
        BadRequest::NotJson(detail) => vec![detail],
        BadRequest::Invalid(faults) => faults.into_iter().map(told).collect(),
    }
}
