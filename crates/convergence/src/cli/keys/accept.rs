//! `convergence keys accept`: let a held refresh pass.

use anyhow::{Context, bail};
use clap::{ArgMatches, Command};

use super::{confirm, say, yes_flag};
use crate::cli::table::{self, Format};
use crate::config::Config;
use crate::sync::Fate;
use crate::sync::orders::{self, Order};
use crate::sync::standing::{self, Held, Standing};

pub(super) fn command() -> Command {
    Command::new("accept")
        .about("Let a held refresh pass, as it is listed: if the source has changed since, it is held anew")
        .arg(yes_flag())
        .arg(Format::flag())
}

pub(super) fn run(flags: &ArgMatches, config: &Config) -> anyhow::Result<()> {
    let standing =
        standing::of_data_dir(&config.data_dir).context("what is held cannot be read from DATA_DIR")?;
    let Standing::Held(held) = standing else {
        bail!("no refresh is held in {}", config.data_dir.display());
    };
    list(flags, &held)?;
    say(&format!("Held since {}: {held}.", held.since));
    confirm(flags, "accept")?;
    orders::give(&config.data_dir, &Order::Accept(held.digest))
        .context("the order cannot be written to DATA_DIR")?;
    say("Accepted. The server lets it pass with its next read, within a second or when it starts.");
    Ok(())
}

fn list(flags: &ArgMatches, held: &Held) -> anyhow::Result<()> {
    let row = |key: &standing::Lost| {
        let fate = match key.fate {
            Fate::Gone => "gone",
            Fate::Unreadable => "unreadable",
        };
        vec![key.fingerprint.clone(), key.client_name.clone(), key.row.to_string(), fate.to_owned()]
    };
    let rows: Vec<Vec<String>> = held.keys.iter().map(row).collect();
    table::print(Format::of(flags), &["fingerprint", "client_name", "row", "fate"], &rows, &held.keys)?;
    let more = held.lost().saturating_sub(rows.len());
    if more > 0 {
        say(&format!("and {more} more"));
    }
    Ok(())
}
