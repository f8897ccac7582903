//! `name=value` words of a command line.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use anyhow::{Context, anyhow};

/// What a part was given.
pub(crate) struct Given(BTreeMap<String, String>);

impl Given {
    /// Reads the words; one without `=` is an error.
    pub(crate) fn new(words: &[String]) -> anyhow::Result<Self> {
        let pair = |word: &String| {
            let (name, value) = word.split_once('=').with_context(|| format!("{word} is not name=value"))?;
            Ok((name.to_owned(), value.to_owned()))
        };
        words.iter().map(pair).collect::<anyhow::Result<_>>().map(Self)
    }

    /// A value that may be left out.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A value that must be there.
    pub(crate) fn needed(&self, name: &str) -> anyhow::Result<&str> {
        self.text(name).with_context(|| format!("{name}= is missing"))
    }

    /// A number that must be there.
    pub(crate) fn number<T: FromStr<Err: Display>>(&self, name: &str) -> anyhow::Result<T> {
        self.needed(name)?.parse().map_err(|error| anyhow!("{name}=: {error}"))
    }

    /// A number, or what it is when left out.
    pub(crate) fn number_or<T: FromStr<Err: Display>>(&self, name: &str, otherwise: T) -> anyhow::Result<T> {
        if self.text(name).is_some() { self.number(name) } else { Ok(otherwise) }
    }
}
