//! Where settings come from: a flag, then the environment, then `.env`. And how they are read: all faults at once,
//! each by the variable's name, no value ever echoed, since it may be a secret in the wrong place.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use super::variables::{GOOGLES_OWN, VARIABLES};

/// Set values by variable name. Empty values count as not set.
#[derive(Clone, Default)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Puts `name` in place; an empty value removes it.
    pub fn set(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        match value.into() {
            value if value.is_empty() => self.0.remove(name),
            value => self.0.insert(name.to_owned(), value),
        };
        self
    }

    /// The value of `name`, where it is set.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Adds what is set in `lower` and not here.
    #[must_use]
    pub fn over(mut self, lower: Settings) -> Self {
        for (name, value) in lower.0 {
            self.0.entry(name).or_insert(value);
        }
        self
    }

    /// The environment's, over those of a file `.env` in the working directory.
    ///
    /// # Errors
    /// What [`Settings::from_environment`] and [`Settings::from_env_file`] say.
    pub fn load() -> Result<Self, Fault> {
        Ok(Self::from_environment()?.over(Self::from_env_file(Path::new(".env"))?))
    }

    /// What the process's environment says of our variables.
    ///
    /// # Errors
    /// One of them is not UTF-8. Other people's are no concern of ours.
    pub fn from_environment() -> Result<Self, Fault> {
        let given = known_names().filter_map(|name| Some((name, std::env::var_os(name)?)));
        given
            .filter_map(|(name, value)| match value.into_string() {
                Ok(value) => Some(Ok((name.to_owned(), value))),
                // Everybody has one, and hardly anybody asks us to look into it.
                Err(_) if name == "HOME" => None,
                Err(_) => Some(Err(Fault { variable: name.to_owned(), wrong: "is not UTF-8".to_owned() })),
            })
            .collect()
    }

    /// The names that are no setting of ours: misspelt ones, most likely.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str).filter(|name| known_names().all(|known| known != *name))
    }

    /// The lines of a `.env` file; no such file is no settings.
    ///
    /// # Errors
    /// A line that is not `NAME=value`, without showing it.
    pub fn from_env_file(path: &Path) -> Result<Self, Fault> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let fault = |what: &str| Fault { variable: path.display().to_string(), wrong: what.to_owned() };
        let lines = dotenvy::from_path_iter(path).map_err(|_| fault("cannot be read"))?;
        lines.collect::<Result<_, _>>().map_err(|_| fault("has a line that is not NAME=value"))
    }
}

/// Every variable's name, those of others included.
fn known_names() -> impl Iterator<Item = &'static str> {
    let ours = VARIABLES.iter().map(|variable| variable.name);
    ours.chain(GOOGLES_OWN.iter().copied())
}

impl FromIterator<(String, String)> for Settings {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        let mut settings = Self::default();
        pairs.into_iter().for_each(|(name, value)| {
            settings.set(&name, value);
        });
        settings
    }
}

/// What is wrong with one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The variable, or the file.
    pub variable: String,
    /// What is wrong and what would be right, without the value.
    pub wrong: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.variable, self.wrong)
    }
}

impl std::error::Error for Fault {}

/// Reads settings one by one and keeps every fault for the end.
pub(crate) struct Reader<'a> {
    settings: &'a Settings,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(settings: &'a Settings) -> Self {
        Self { settings, faults: Vec::new() }
    }

    pub(crate) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    pub(crate) fn fault(&mut self, variable: &str, wrong: impl Into<String>) {
        self.faults.push(Fault { variable: variable.to_owned(), wrong: wrong.into() });
    }

    pub(crate) fn text(&self, variable: &str) -> Option<&'a str> {
        self.settings.value(variable)
    }

    /// Any value that `read` accepts, else a fault that says what is `expected`.
    pub(crate) fn with<T>(
        &mut self,
        variable: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = read(self.text(variable)?.trim());
        if value.is_none() {
            self.fault(variable, format!("must be {expected}"));
        }
        value
    }

    /// A whole number within `range`, or `default`.
    pub(crate) fn number<T>(&mut self, variable: &str, range: std::ops::RangeInclusive<T>, default: T) -> T
    where
        T: FromStr + PartialOrd + fmt::Display,
    {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let read = |text: &str| text.parse().ok().filter(|number| range.contains(number));
        self.with(variable, &expected, read).unwrap_or(default)
    }

    /// Whole seconds, at least 1, at most a year; or `default` seconds.
    pub(crate) fn seconds(&mut self, variable: &str, default: u64) -> Duration {
        Duration::from_secs(self.number(variable, 1..=31_536_000, default))
    }

    pub(crate) fn boolean(&mut self, variable: &str, default: bool) -> bool {
        self.choice(variable).unwrap_or(default)
    }

    /// A boolean whose default depends on other things.
    pub(crate) fn choice(&mut self, variable: &str) -> Option<bool> {
        let read = |text: &str| match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        };
        self.with(variable, "true or false", read)
    }
}
