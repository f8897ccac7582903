//! `convergence keys rollback`: bring an earlier directory of keys back, until the source changes.

use std::collections::HashSet;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use clap::{Arg, ArgMatches, Command, value_parser};

use super::{confirm, say, yes_flag};
use crate::cli::table::{self, Format};
use crate::config::Config;
use crate::sync::difference::{Change, Difference, Kind};
use crate::sync::orders::{self, Order};
use crate::sync::snapshot::{self, Snapshot};
use crate::sync::{Pair, Roll, directories, works};

pub(super) fn command() -> Command {
    let id = Arg::new("id")
        .value_name("ID")
        .required(true)
        .value_parser(value_parser!(u64))
        .help("The entry, as `keys history` shows it");
    Command::new("rollback")
        .about("Bring the keys back as they were after an entry of the history, until the source changes")
        .arg(id)
        .arg(yes_flag())
        .arg(Format::flag())
}

pub(super) fn run(flags: &ArgMatches, config: &Config) -> anyhow::Result<()> {
    let id = *flags.get_one::<u64>("id").expect("clap asks for it");
    let earlier = earlier(config, id)?;
    let present = match snapshot::read(&snapshot::path(&config.data_dir)) {
        Ok(present) if present.source != earlier.source => {
            bail!("entry {id} is of another source of keys than the one in use");
        }
        Ok(present) => present.roll,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Roll::default(),
        Err(error) => return Err(error).context("the keys in use cannot be read from DATA_DIR"),
    };
    let let_in = let_in_again(&present, &earlier.roll);
    let difference = Difference::between(&present, &earlier.roll);
    list(flags, &difference, &let_in)?;
    say(&format!(
        "{} keys come back, {} go, {} change; {} that are refused now are let in again.",
        difference.added,
        difference.removed,
        difference.changed,
        let_in.len()
    ));
    confirm(flags, "rollback")?;
    orders::give(&config.data_dir, &Order::RollBack(id))
        .context("the order cannot be written to DATA_DIR")?;
    say(&format!("Handed over. The server brings entry {id} back within a second, or when it starts."));
    Ok(())
}

fn earlier(config: &Config, id: u64) -> anyhow::Result<Snapshot> {
    match directories::read(&config.data_dir, id) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let ids: Vec<String> = directories::ids(&config.data_dir).iter().map(u64::to_string).collect();
            bail!(
                "no directory is kept of entry {id}, which is too old or changed none; there are: {}",
                ids.join(", ")
            );
        }
        read => read.with_context(|| format!("the directory of entry {id} cannot be read")),
    }
}

/// The fingerprints of the keys that are refused now and would not be any more: what to look at before going on.
fn let_in_again(present: &Roll, earlier: &Roll) -> HashSet<String> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    let opened = present.beside(earlier).filter_map(|pair| match pair {
        Pair::New(record) if works(record, now) => Some(record),
        Pair::Both(present, record) if works(record, now) && !works(present, now) => Some(record),
        _ => None,
    });
    opened.map(|record| record.key.fingerprint().to_string()).collect()
}

fn list(flags: &ArgMatches, difference: &Difference, let_in: &HashSet<String>) -> anyhow::Result<()> {
    let row = |change: &Change| {
        let kind = match change.kind {
            Kind::Added => "comes back",
            Kind::Removed => "goes",
            Kind::Changed => "changes",
        };
        let again = if let_in.contains(&change.fingerprint) { "let in again" } else { "" };
        let fields: Vec<String> = change
            .fields
            .iter()
            .map(|(name, values)| format!("{name}: {} -> {}", values.old, values.new))
            .collect();
        vec![
            change.fingerprint.clone(),
            change.client_name.clone(),
            kind.to_owned(),
            again.to_owned(),
            fields.join(", "),
        ]
    };
    let rows: Vec<Vec<String>> = difference.changes.iter().map(row).collect();
    let headers = ["fingerprint", "client_name", "change", "access", "fields"];
    table::print(Format::of(flags), &headers, &rows, &difference.changes)?;
    let more = difference.total().saturating_sub(rows.len());
    if more > 0 {
        say(&format!("and {more} more"));
    }
    Ok(())
}
