//! The key that a command is about: one that exists, or a new one.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, bail, ensure};
use clap::Arg;
use gate::{Cell, KeyHash};
use serde::Serialize;
use uuid::Uuid;

use super::Desk;
use crate::cli::table::{Format, write_json};
use crate::keys::edit::Seen;

const FINGERPRINT: usize = 12;

/// What was given as KEY. It may be a whole key, so it derives nothing that could print it.
pub(super) struct Named(String);

impl Named {
    pub(super) fn arg() -> Arg {
        Arg::new("key")
            .value_name("KEY")
            .required(true)
            .help("A fingerprint, a whole key, or - for standard input")
    }

    /// All keys that were given; `-` is one for each line of standard input.
    pub(super) fn all_of(desk: &Desk<'_>) -> anyhow::Result<Vec<Self>> {
        let mut all = Vec::new();
        for given in desk.flags.get_many::<String>("key").into_iter().flatten() {
            if given.trim() != "-" {
                all.push(Self(given.trim().to_owned()));
                continue;
            }
            // Whoever types one does not have to say that there are no more.
            let most = if io::stdin().is_terminal() { 1 } else { usize::MAX };
            for line in io::stdin().lock().lines().take(most) {
                let line = line.context("no key could be read from standard input")?;
                all.extend((!line.trim().is_empty()).then(|| Self(line.trim().to_owned())));
            }
        }
        ensure!(!all.is_empty(), "standard input holds no key");
        Ok(all)
    }

    pub(super) fn of(desk: &Desk<'_>) -> anyhow::Result<Self> {
        let given = desk.text("key").expect("clap asks for it").trim();
        if given != "-" {
            return Ok(Self(given.to_owned()));
        }
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).context("no key could be read from standard input")?;
        let line = line.trim();
        ensure!(!line.is_empty(), "standard input holds no key in its first line");
        Ok(Self(line.to_owned()))
    }

    /// Which key of the table it is. A fingerprint is looked for first: nobody's key is 12 hex digits by accident.
    ///
    /// # Errors
    /// It is in no row, or it is the fingerprint of several keys. The words do not show it.
    pub(super) fn find(&self, seen: &Seen) -> anyhow::Result<KeyHash> {
        let mut keys: Vec<KeyHash> = seen.listing.rows.iter().map(|row| row.record.key).collect();
        keys.sort_unstable();
        keys.dedup();
        let prefix = self.0.to_ascii_lowercase();
        let fitting = |key: &&KeyHash| key.fingerprint().to_string() == prefix;
        match keys.iter().filter(fitting).collect::<Vec<_>>().as_slice() {
            [] => {}
            [key] => return Ok(**key),
            several => bail!("this fingerprint is that of {} keys; give the whole key", several.len()),
        }
        let hash = self.hash();
        let there = hash.filter(|hash| keys.binary_search(hash).is_ok());
        there.context("no row holds this key; `keys list` shows the fingerprints of those there are")
    }

    /// The hash of a whole key, or the one that `sha256:` and 64 digits spell; none of a fingerprint.
    fn hash(&self) -> Option<KeyHash> {
        match self.0.split_once(':') {
            Some((word, hex)) if word.eq_ignore_ascii_case("sha256") => KeyHash::from_hex(hex),
            _ => Some(KeyHash::of(self.0.as_bytes())),
        }
    }

    /// The key as a client would present it; `None` where a fingerprint or a hash was given.
    pub(super) fn whole(&self) -> Option<&str> {
        let is_fingerprint =
            self.0.len() == FINGERPRINT && self.0.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_hash = self.0.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("sha256:"));
        (!is_fingerprint && !is_hash).then_some(&*self.0)
    }
}

/// A key that was just made. It is shown once.
pub(super) struct NewKey(String);

impl NewKey {
    pub(super) fn make() -> Self {
        Self(format!("sk-convergence-{}", Uuid::new_v4()))
    }

    pub(super) fn hash(&self) -> KeyHash {
        KeyHash::of(self.0.as_bytes())
    }

    /// What its `api_key` cell is to hold.
    pub(super) fn cell(&self, hashed: bool) -> Cell {
        Cell::Text(if hashed { sealed(self.hash()) } else { self.0.clone() })
    }

    /// Prints the key on standard output: by itself, or as JSON with what there is to know of it.
    ///
    /// # Errors
    /// Nobody reads it there. The key is lost then, and its row is useless.
    pub(super) fn print<T: Serialize>(&self, format: Format, about: &T) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        let printed = match format {
            Format::Json => write_json(&mut out, &Shown { key: &self.0, about }),
            _ => writeln!(out, "{}", self.0).and_then(|()| out.flush()),
        };
        printed.with_context(|| {
            let fingerprint = self.hash().fingerprint();
            format!("the new key could not be printed and is lost; revoke it: convergence keys revoke {fingerprint}")
        })
    }
}

/// A new key as JSON has it.
#[derive(Serialize)]
struct Shown<'a, T> {
    key: &'a str,
    #[serde(flatten)]
    about: &'a T,
}

/// What an `api_key` cell holds in a key's place.
pub(super) fn sealed(key: KeyHash) -> String {
    format!("sha256:{}", key.to_hex())
}
