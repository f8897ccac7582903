//! Servers elsewhere that help with audio, and where outlines may be fetched from.

use std::time::Duration;

use reqwest::Url;
use zeroize::Zeroizing;

use super::settings::Reader;

/// Who helps.
pub struct Providers {
    /// A language model that writes scripts.
    pub llm: Option<Llm>,
    /// A server that speaks.
    pub tts: Option<Tts>,
    /// `OUTLINE_HOSTS`: private hosts that an outline may come from, each on one port or on all.
    pub outline_hosts: Vec<(String, Option<u16>)>,
}

/// An OpenAI-compatible chat server.
pub struct Llm {
    /// `LLM_BASE_URL`.
    pub base: Url,
    /// `LLM_MODEL`.
    pub model: String,
    /// `LLM_API_KEY`.
    pub key: Option<ProviderKey>,
    /// `LLM_TIMEOUT`: for a whole answer.
    pub timeout: Duration,
    /// `LLM_MAX_TOKENS`: of one answer.
    pub max_tokens: u32,
    /// `LLM_TOKENS_DAY`.
    pub tokens_day: Option<u64>,
}

/// An OpenAI-compatible server for `/audio/speech`.
pub struct Tts {
    /// `TTS_BASE_URL`.
    pub base: Url,
    /// `TTS_MODEL`.
    pub model: String,
    /// `TTS_API_KEY`.
    pub key: Option<ProviderKey>,
    /// `TTS_TIMEOUT`: for the whole sound of a line.
    pub timeout: Duration,
    /// `TTS_VOICE_FEMALE`.
    pub female: String,
    /// `TTS_VOICE_MALE`.
    pub male: String,
    /// `TTS_CHARACTERS_DAY`.
    pub characters_day: Option<u64>,
    /// `TTS_INSTRUCTIONS`: whether it is told the mood.
    pub instructions: bool,
}

/// `LLM_API_KEY` or `TTS_API_KEY`, a secret.
#[derive(Clone)]
pub struct ProviderKey(Zeroizing<String>);

impl ProviderKey {
    /// The key itself, for a header only.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl Providers {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self { llm: llm(reader), tts: tts(reader), outline_hosts: outline_hosts(reader) }
    }
}

fn llm(reader: &mut Reader<'_>) -> Option<Llm> {
    let key = key(reader, "LLM_API_KEY");
    let timeout = reader.seconds("LLM_TIMEOUT", 120);
    // A block of lines has about a tenth of the default; the rest is for models that think before they write.
    let max_tokens = reader.number("LLM_MAX_TOKENS", 200..=1_000_000, 4_000);
    let tokens_day = budget(reader, "LLM_TOKENS_DAY");
    let model = word(reader, "LLM_MODEL");
    let base = base(reader, "LLM_BASE_URL", &["LLM_MODEL", "LLM_API_KEY"])?;
    let model = model.or_else(|| missing(reader, "LLM_MODEL", "LLM_BASE_URL"))?;
    Some(Llm { base, model, key, timeout, max_tokens, tokens_day })
}

fn tts(reader: &mut Reader<'_>) -> Option<Tts> {
    let key = key(reader, "TTS_API_KEY");
    let timeout = reader.seconds("TTS_TIMEOUT", 60);
    let characters_day = budget(reader, "TTS_CHARACTERS_DAY");
    let instructions = reader.choice("TTS_INSTRUCTIONS").unwrap_or(true);
    let names = ["TTS_MODEL", "TTS_VOICE_FEMALE", "TTS_VOICE_MALE"];
    let [model, female, male] = names.map(|name| word(reader, name));
    let base = base(reader, "TTS_BASE_URL", &["TTS_MODEL", "TTS_API_KEY", names[1], names[2]])?;
    let [model, female, male] = [(model, names[0]), (female, names[1]), (male, names[2])]
        .map(|(value, name)| value.or_else(|| missing(reader, name, "TTS_BASE_URL")));
    let (model, female, male) = (model?, female?, male?);
    if female == male {
        reader.fault("TTS_VOICE_MALE", "must be another voice than TTS_VOICE_FEMALE");
    }
    Some(Tts { base, model, key, timeout, female, male, characters_day, instructions })
}

/// A base URL, and a fault where one of `others` is set without it.
fn base(reader: &mut Reader<'_>, name: &str, others: &[&str]) -> Option<Url> {
    if reader.text(name).is_none()
        && let Some(other) = others.iter().find(|other| reader.text(other).is_some())
    {
        reader.fault(name, format!("must be set, since {other} is"));
    }
    let expected = "an http or https URL such as http://127.0.0.1:11434/v1, without user, query and fragment";
    reader.with(name, expected, |text| {
        let url = Url::parse(text.trim_end_matches('/')).ok()?;
        let is_plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        (matches!(url.scheme(), "http" | "https") && url.has_host() && is_plain).then_some(url)
    })
}

fn missing<T>(reader: &mut Reader<'_>, name: &str, since: &str) -> Option<T> {
    if reader.text(name).is_none() {
        reader.fault(name, format!("must be set, since {since} is"));
    }
    None
}

/// The name of a model or a voice: it stands in answers and in headers.
fn word(reader: &mut Reader<'_>, name: &str) -> Option<String> {
    reader.with(name, "1 to 200 visible characters of ASCII", |text| {
        let fits = (1..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| text.to_owned())
    })
}

fn key(reader: &mut Reader<'_>, name: &str) -> Option<ProviderKey> {
    reader.with(name, "visible characters of ASCII, as the provider has given it", |text| {
        let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| ProviderKey(Zeroizing::new(text.to_owned())))
    })
}

fn budget(reader: &mut Reader<'_>, name: &str) -> Option<u64> {
    Some(reader.number(name, 0..=1_000_000_000_000, 0)).filter(|budget| *budget > 0)
}

fn outline_hosts(reader: &mut Reader<'_>) -> Vec<(String, Option<u16>)> {
    let expected = "hosts with commas between, each with a port if it is for that port alone: wiki.internal, 10.0.0.7:8080";
    let one = |text: &str| {
        // A URL reads names and addresses in the one way in which they will be compared.
        let url = Url::parse(&format!("http://{}/", text.trim())).ok()?;
        let is_plain =
            url.path() == "/" && url.query().is_none() && url.username().is_empty() && !text.contains('/');
        let port = text.trim().rsplit_once(':').filter(|(_, port)| !port.contains(']'));
        let port = port.map(|(_, port)| port.parse::<u16>());
        let host = url.host_str().filter(|_| is_plain)?.to_owned();
        Some((host, port.transpose().ok()?))
    };
    let read = |text: &str| text.split(',').map(one).collect::<Option<Vec<_>>>();
    reader.with("OUTLINE_HOSTS", expected, read).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Settings};

    fn read(set: &[(&str, &str)]) -> Result<super::Providers, Vec<String>> {
        let mut settings = Settings::default();
        for (name, value) in set {
            settings.set(name, *value);
        }
        let faults = |faults: Vec<crate::config::Fault>| faults.iter().map(ToString::to_string).collect();
        Config::read(&settings).map(|config| config.providers).map_err(faults)
    }

    #[test]
    fn without_settings_nobody_helps() {
        let providers = read(&[]).unwrap();
        assert!(providers.llm.is_none() && providers.tts.is_none() && providers.outline_hosts.is_empty());
    }

    #[test]
    fn what_is_set_is_read() {
        let set = [
            ("LLM_BASE_URL", "http://127.0.0.1:11434/v1/"),
            ("LLM_MODEL", "some/model:1b"),
            ("OUTLINE_HOSTS", "Wiki.Internal, 10.0.0.7:80,[::1]:81, [fd00::1]"),
        ];
        let providers = read(&set).unwrap();
        let llm = providers.llm.unwrap();
        assert_eq!(
            (llm.base.as_str(), llm.timeout.as_secs(), llm.tokens_day),
            ("http://127.0.0.1:11434/v1", 120, None)
        );
        let hosts: Vec<(&str, Option<u16>)> =
            providers.outline_hosts.iter().map(|(host, port)| (host.as_str(), *port)).collect();
        assert_eq!(
            hosts,
            [("wiki.internal", None), ("10.0.0.7", Some(80)), ("[::1]", Some(81)), ("[fd00::1]", None)]
        );
    }

    #[test]
    fn every_fault_is_said_and_no_key_shown() {
        let faults = read(&[
            ("LLM_API_KEY", "abc xyz"),
            ("TTS_BASE_URL", "http://user:abc123@host/v1"),
            ("TTS_VOICE_FEMALE", "one"),
            ("OUTLINE_HOSTS", "http://wiki/"),
        ])
        .err()
        .unwrap();
        insta::assert_snapshot!(faults.join("\n"), @"
        LLM_API_KEY: must be visible characters of ASCII, as the provider has given it
        LLM_BASE_URL: must be set, since LLM_API_KEY is
        TTS_BASE_URL: must be an http or https URL such as http://127.0.0.1:11434/v1, without user, query and fragment
        OUTLINE_HOSTS: must be hosts with commas between, each with a port if it is for that port alone: wiki.internal, 10.0.0.7:8080
        ");
        let both = ("TTS_BASE_URL", "https://tts.example/v1");
        let faults = read(&[both, ("TTS_VOICE_MALE", "a"), ("TTS_VOICE_FEMALE", "a"), ("TTS_MODEL", "m")]);
        assert_eq!(faults.err().unwrap(), ["TTS_VOICE_MALE: must be another voice than TTS_VOICE_FEMALE"]);
        let faults = read(&[both]).err().unwrap();
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[0].starts_with("TTS_MODEL: must be set, since TTS_BASE_URL is"));
    }
}
