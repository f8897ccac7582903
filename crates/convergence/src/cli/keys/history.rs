//! `convergence keys history`: what has happened to the directory of keys.

use anyhow::Context;
use clap::{Arg, ArgMatches, Command, value_parser};

use super::say;
use crate::cli::table::{self, Format};
use crate::config::Config;
use crate::sync::audit::{self, Entry, Event};
use crate::sync::directories;

pub(super) fn command() -> Command {
    let limit = Arg::new("limit")
        .long("limit")
        .value_name("N")
        .value_parser(value_parser!(usize))
        .default_value("20")
        .help("How many entries at most");
    Command::new("history")
        .about("Print which refreshes changed the keys, from the newest on")
        .arg(Format::flag())
        .arg(limit)
}

pub(super) fn run(flags: &ArgMatches, config: &Config) -> anyhow::Result<()> {
    let (mut entries, unreadable) =
        audit::read(&config.data_dir).context("the audit file in DATA_DIR cannot be read")?;
    entries.reverse();
    entries.truncate(flags.get_one("limit").copied().unwrap_or(usize::MAX));
    if unreadable > 0 {
        say(&format!("convergence: {unreadable} lines of the audit file cannot be read and are left out"));
    }
    let there = directories::ids(&config.data_dir);
    let rows: Vec<Vec<String>> = entries.iter().map(|entry| row(entry, &there)).collect();
    let headers = ["id", "at", "event", "source", "keys", "added", "removed", "changed", "rollback", "note"];
    table::print(Format::of(flags), &headers, &rows, &entries)
}

fn row(entry: &Entry, there: &[u64]) -> Vec<String> {
    let difference = &entry.difference;
    let counts = [entry.keys, difference.added, difference.removed, difference.changed];
    let there = if there.contains(&entry.id) { "yes" } else { "no" };
    [entry.id.to_string(), entry.at.clone(), entry.event.word().to_owned(), entry.source.clone()]
        .into_iter()
        .chain(counts.map(|count| count.to_string()))
        .chain([there.to_owned(), note(entry)])
        .collect()
}

fn note(entry: &Entry) -> String {
    match (entry.event, entry.lost, entry.working, entry.to) {
        (Event::Held | Event::Accepted, Some(lost), Some(working), _) => {
            format!("{lost} of {working} working keys lost")
        }
        (Event::RolledBack, _, _, Some(to)) => format!("to entry {to}"),
        _ => String::new(),
    }
}
