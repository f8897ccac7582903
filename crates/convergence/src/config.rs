//! What the operator has set: one struct for each concern, read once at start.

mod acme;
mod admin;
mod alerts;
mod audio;
mod cors;
mod ext_authz;
mod keys;
mod listen;
mod logs;
mod place;
mod providers;
mod redis;
mod routes;
mod settings;
mod shield;
mod tls;
mod upstream;
mod usage;
mod variables;
mod webhook;

use std::path::PathBuf;

pub use acme::Acme;
pub use admin::{Admin, AdminToken};
pub use alerts::{AlertFormat, AlertUrl, Alerts, Thresholds};
pub use audio::Audio;
pub use cors::Cors;
pub use ext_authz::ExtAuthz;
pub use keys::{Auth, GoogleCredentials, GoogleSheet, Keys, Source, Tolerance};
pub use listen::Listen;
pub use logs::Logs;
pub use place::Place;
pub use providers::{Llm, ProviderKey, Providers, Tts};
pub use redis::{Redis, RedisFallback};
pub use routes::RoutesFile;
pub use settings::{Fault, Settings};
pub use shield::Shield;
pub use tls::{ClientCertificates, Redirect, Tls};
pub use upstream::Upstream;
pub use usage::Usage;
pub use variables::{GOOGLES_OWN, VARIABLES, Variable};
pub use webhook::WebhookSecret;

/// Everything that is set.
pub struct Config {
    /// Whether keys are needed, and where they are.
    pub auth: Auth,
    /// The public listener.
    pub listen: Listen,
    /// Where the server stands.
    pub place: Place,
    /// Whose web pages may call; without it none of another origin.
    pub cors: Option<Cors>,
    /// The brute-force shield.
    pub shield: Shield,
    /// `ROUTES_FILE`.
    pub routes: Option<RoutesFile>,
    /// Where Envoy asks.
    pub ext_authz: Option<ExtAuthz>,
    /// TLS on the public listener.
    pub tls: Option<Tls>,
    /// The admin listener.
    pub admin: Admin,
    /// `SHEET_WEBHOOK_SECRET`.
    pub webhook: Option<WebhookSecret>,
    /// Who is told of what deserves a look.
    pub alerts: Option<Alerts>,
    /// What several servers share.
    pub redis: Option<Redis>,
    /// The gateway.
    pub upstream: Upstream,
    /// The audio studio.
    pub audio: Audio,
    /// Who helps it.
    pub providers: Providers,
    /// `DATA_DIR`.
    pub data_dir: PathBuf,
    /// Counts, and where they are written.
    pub usage: Usage,
    /// The log.
    pub logs: Logs,
}

/// The path as it is even if the process moves; as it was given where there is no working directory.
fn absolute(path: &str) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}

/// What it takes to make recordings without a server: of all settings, those that matter then.
pub struct Recorder {
    /// The studio.
    pub audio: Audio,
    /// Who helps it.
    pub providers: Providers,
    /// `DATA_DIR`, where it is kept what has been spent on them.
    pub data_dir: PathBuf,
}

impl Recorder {
    /// The variables that are read.
    pub const VARIABLES: [&str; 19] = [
        "AUDIO_WORKERS",
        "LEXICON_FILE",
        "VOICES_DIR",
        "LLM_BASE_URL",
        "LLM_MODEL",
        "LLM_API_KEY",
        "LLM_TIMEOUT",
        "LLM_MAX_TOKENS",
        "LLM_TOKENS_DAY",
        "TTS_BASE_URL",
        "TTS_MODEL",
        "TTS_API_KEY",
        "TTS_VOICE_FEMALE",
        "TTS_VOICE_MALE",
        "TTS_TIMEOUT",
        "TTS_CHARACTERS_DAY",
        "TTS_INSTRUCTIONS",
        "OUTLINE_HOSTS",
        "DATA_DIR",
    ];

    /// Reads those.
    ///
    /// # Errors
    /// All faults at once, each naming its variable and none showing a value.
    pub fn read(settings: &Settings) -> Result<Self, Vec<Fault>> {
        let mut reader = settings::Reader::new(settings);
        let recorder = Self {
            audio: Audio::read(&mut reader),
            providers: Providers::read(&mut reader),
            data_dir: data_dir(&reader),
        };
        match reader.into_faults() {
            faults if faults.is_empty() => Ok(recorder),
            faults => Err(faults),
        }
    }
}

fn data_dir(reader: &settings::Reader<'_>) -> PathBuf {
    absolute(reader.text("DATA_DIR").unwrap_or("./data"))
}

impl Config {
    /// Reads every setting.
    ///
    /// # Errors
    /// All faults at once, each naming its variable and none showing a value.
    pub fn read(settings: &Settings) -> Result<Self, Vec<Fault>> {
        let mut reader = settings::Reader::new(settings);
        let data_dir = data_dir(&reader);
        let config = Self {
            auth: Auth::read(&mut reader),
            listen: Listen::read(&mut reader),
            place: Place::read(&mut reader),
            cors: Cors::read(&mut reader),
            shield: Shield::read(&mut reader),
            routes: RoutesFile::read(&mut reader),
            ext_authz: ExtAuthz::read(&mut reader),
            tls: Tls::read(&mut reader, &data_dir),
            admin: Admin::read(&mut reader),
            webhook: WebhookSecret::read(&mut reader),
            alerts: Alerts::read(&mut reader),
            redis: Redis::read(&mut reader),
            upstream: Upstream::read(&mut reader),
            audio: Audio::read(&mut reader),
            providers: Providers::read(&mut reader),
            data_dir,
            usage: Usage::read(&mut reader),
            logs: Logs::read(&mut reader),
        };
        match reader.into_faults() {
            faults if faults.is_empty() => Ok(config),
            faults => Err(faults),
        }
    }
}
