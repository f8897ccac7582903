//! Where the keys are, and how old they may grow.

use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use sheets::DefaultCredentials;

use super::settings::{Fault, Reader, Settings};

/// Authentication: off, or on with keys from somewhere.
pub enum Auth {
    /// `AUTH_ENABLED` is false or not set.
    Off,
    /// `AUTH_ENABLED=true`.
    On(Box<Keys>),
}

/// The keys' source and rules.
pub struct Keys {
    /// `KEYS_FILE`, or the Google variables, or what is missing of them.
    pub source: Source,
    /// `API_KEY_CACHE_DURATION`, at most half of `max_stale`.
    pub cache_duration: Duration,
    /// `API_KEY_MAX_STALE`.
    pub max_stale: Duration,
    /// `DEFAULT_RATE_LIMIT`, requests per minute.
    pub default_limit: Option<u32>,
    /// When a refresh is held as an accident.
    pub tolerance: Tolerance,
    /// `AUTH_FALLBACK=open`: start without authentication where `source` is missing.
    pub may_fall_open: bool,
}

/// How many working keys one refresh may lose (gone or unreadable) before it is held: this share, or fewer than this
/// many.
#[derive(Clone, Copy)]
pub struct Tolerance {
    /// `GUARD_LOST_PERCENT`: a refresh is held that has lost more of the working keys. 100 holds none.
    pub lost_percent: u32,
    /// `GUARD_LOST_KEYS`: a refresh that has lost fewer is never held.
    pub lost_keys: u64,
}

/// Where keys are read from.
#[derive(Clone)]
pub enum Source {
    /// `KEYS_FILE`, with `KEYS_TIME_ZONE`.
    File {
        /// The CSV file.
        path: PathBuf,
        /// What its times without an offset mean.
        time_zone: TimeZone,
    },
    /// A tab of a Google spreadsheet.
    Google(GoogleSheet),
    /// No source is configured; the words say what is missing, without naming a path (P21).
    Missing(String),
}

/// A tab of a Google spreadsheet, and who reads it.
#[derive(Clone)]
pub struct GoogleSheet {
    /// `GOOGLE_CREDENTIALS_PATH`, or `GOOGLE_CREDENTIALS=adc`.
    pub credentials: GoogleCredentials,
    /// `GOOGLE_SHEET_ID`.
    pub sheet_id: String,
    /// `GOOGLE_SHEET_NAME`.
    pub tab: String,
    /// `GOOGLE_SHEETS_ENDPOINT`.
    pub endpoint: String,
}

/// Where the account's credentials are. They are read anew after each failure.
#[derive(Clone)]
pub enum GoogleCredentials {
    /// A service account's key, at `GOOGLE_CREDENTIALS_PATH`.
    File(PathBuf),
    /// Application-default credentials, in the places of Google's libraries.
    Default(DefaultCredentials),
}

impl Auth {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let max_stale = reader.seconds("API_KEY_MAX_STALE", 86_400);
        let keys = Keys {
            source: Source::read(reader),
            // Keys that were used for longer than they may be old would be refused between two good reads.
            cache_duration: reader.seconds("API_KEY_CACHE_DURATION", 300).min(max_stale.div_f32(2.0)),
            max_stale,
            default_limit: reader
                .with("DEFAULT_RATE_LIMIT", "a whole number from 0 to 4294967295", |text| text.parse().ok()),
            tolerance: Tolerance {
                lost_percent: reader.number("GUARD_LOST_PERCENT", 0..=100, 50),
                lost_keys: reader.number("GUARD_LOST_KEYS", 1..=1_000_000_000, 10),
            },
            may_fall_open: reader
                .with("AUTH_FALLBACK", "open or closed", |text| match text.to_ascii_lowercase().as_str() {
                    "open" => Some(true),
                    "closed" => Some(false),
                    _ => None,
                })
                .unwrap_or(true),
        };
        if reader.boolean("AUTH_ENABLED", false) { Auth::On(Box::new(keys)) } else { Auth::Off }
    }
}

impl Auth {
    /// Whether anybody is asked for a key.
    pub(crate) fn is_guarded(&self) -> bool {
        matches!(self, Auth::On(keys) if !matches!(keys.source, Source::Missing(_)))
    }

    /// The sheet that the keys are in, if they are in one.
    pub(crate) fn sheet(&self) -> Option<&GoogleSheet> {
        let Auth::On(keys) = self else { return None };
        match &keys.source {
            Source::Google(sheet) => Some(sheet),
            Source::File { .. } | Source::Missing(_) => None,
        }
    }
}

impl Source {
    /// The source alone, whether or not authentication is on: for the commands that set it up.
    ///
    /// # Errors
    /// All faults at once, as from `Config::read`.
    pub fn of(settings: &Settings) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::new(settings);
        let source = Self::read(&mut reader);
        match reader.into_faults() {
            faults if faults.is_empty() => Ok(source),
            faults => Err(faults),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Self {
        let time_zone = reader
            .with("KEYS_TIME_ZONE", "an IANA time zone such as Europe/Paris", |name| TimeZone::get(name).ok())
            .unwrap_or(TimeZone::UTC);
        let endpoint = reader
            .with("GOOGLE_SHEETS_ENDPOINT", "an http or https URL without /v4", |url| {
                let url = url.trim_end_matches('/');
                let known = url.starts_with("https://") || url.starts_with("http://");
                (known && !url.ends_with("/v4")).then(|| url.to_owned())
            })
            .unwrap_or_else(|| sheets::DEFAULT_ENDPOINT.to_owned());
        let tab = reader.text("GOOGLE_SHEET_NAME").unwrap_or("API_Keys").to_owned();
        let credentials = GoogleCredentials::read(reader);
        match (reader.text("KEYS_FILE"), credentials, reader.text("GOOGLE_SHEET_ID")) {
            (Some(path), None, None) => Source::File { path: path.into(), time_zone },
            (Some(_), _, _) => {
                reader.fault("KEYS_FILE and GOOGLE_SHEET_ID", "both name a source of keys; set one of them");
                Source::Missing(String::new())
            }
            (None, Some(credentials), Some(id)) => {
                Source::google(GoogleSheet { credentials, sheet_id: id.into(), tab, endpoint })
            }
            (None, None, Some(_)) => Source::Missing("GOOGLE_CREDENTIALS_PATH is not set".into()),
            (None, Some(_), None) => Source::Missing("GOOGLE_SHEET_ID is not set".into()),
            (None, None, None) => Source::Missing(
                "neither KEYS_FILE nor GOOGLE_CREDENTIALS_PATH and GOOGLE_SHEET_ID are set".into(),
            ),
        }
    }

    /// A credentials file that does not exist counts as not configured (P21). One that is wrong does not (P22), nor one
    /// that this user may not look for: no fault in the rights to a folder opens the door. Asking for default
    /// credentials is configuring them, found or not (P22).
    fn google(sheet: GoogleSheet) -> Self {
        match &sheet.credentials {
            GoogleCredentials::File(path) if matches!(path.try_exists(), Ok(false)) => {
                Source::Missing("there is no file at GOOGLE_CREDENTIALS_PATH".into())
            }
            GoogleCredentials::File(_) | GoogleCredentials::Default(_) => Source::Google(sheet),
        }
    }
}

impl GoogleCredentials {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let path = reader.text("GOOGLE_CREDENTIALS_PATH");
        let expected = "adc, for application-default credentials; a file is named by GOOGLE_CREDENTIALS_PATH";
        let wanted = reader
            .with("GOOGLE_CREDENTIALS", expected, |word| word.eq_ignore_ascii_case("adc").then_some(()));
        if path.is_some() && wanted.is_some() {
            let both = "GOOGLE_CREDENTIALS and GOOGLE_CREDENTIALS_PATH";
            reader.fault(both, "both say where the credentials are; set one of them");
        }
        let places = || DefaultCredentials {
            file: reader.text("GOOGLE_APPLICATION_CREDENTIALS").map(PathBuf::from),
            gcloud_folder: reader
                .text("CLOUDSDK_CONFIG")
                .map(PathBuf::from)
                .or_else(|| Some(PathBuf::from(reader.text("HOME")?).join(".config/gcloud"))),
            metadata_host: reader.text("GCE_METADATA_HOST").map(str::to_owned),
        };
        wanted.map(|()| Self::Default(places())).or_else(|| Some(Self::File(path?.into())))
    }
}
