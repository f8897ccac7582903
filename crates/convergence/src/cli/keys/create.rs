//! `convergence keys create`.

use anyhow::{Context, bail, ensure};
use clap::{Arg, ArgAction, Command, value_parser};
use gate::{Cell, Column, Listing, Table};
use serde::Serialize;

use super::key::NewKey;
use super::{Desk, say, when};
use crate::cli::table::Format;
use crate::clock::rfc3339;
use crate::keys::edit::{NewRow, Seen};

pub(super) fn command() -> Command {
    let client = Arg::new("client").long("client").value_name("NAME").required(true);
    let limit = Arg::new("rate_limit").long("rate-limit").value_name("N").value_parser(value_parser!(u32));
    let further = |flag: &'static str, most| {
        Arg::new(flag).long(flag).value_name("N").value_parser(value_parser!(u64).range(..=most))
    };
    let expires = Arg::new("expires").long("expires").value_name("WHEN");
    let command = Command::new("create")
        .about("Add a row with a new key, and print the key: it is shown this once")
        .arg(client.help("Whose key it is; all keys of one client share its window"))
        .arg(limit.help("Requests per minute; without it, as DEFAULT_RATE_LIMIT says"))
        .args(FURTHER_LIMITS.map(|(_, flag, most, help)| further(flag, most).help(help)))
        .arg(minutes_flag())
        .arg(expires.help(format!("The last moment at which it works: {}", when::FORMS)))
        .arg(hash_flag())
        .arg(Format::flag_of_a_deed());
    RESTRICTIONS.iter().fold(command, |command, (_, flag, value, help)| {
        command.arg(Arg::new(*flag).long(*flag).value_name(*value).help(*help))
    })
}

/// The flags of limits beside that of the minute, their columns, and what those hold at most.
const FURTHER_LIMITS: [(Column, &str, u64, &str); 3] = [
    (
        Column::RateLimitDay,
        "rate-limit-day",
        gate::LARGEST_QUOTA,
        "Requests per day of the table's time zone",
    ),
    (
        Column::RateLimitMonth,
        "rate-limit-month",
        gate::LARGEST_QUOTA,
        "Requests per month of the table's time zone",
    ),
    (
        Column::ShadowRateLimit,
        "shadow-rate-limit",
        u32::MAX as u64,
        "Requests per minute of a limit to try out: what it would refuse is counted and let through",
    ),
];

fn minutes_flag() -> Arg {
    Arg::new("audio-minutes-day")
        .long("audio-minutes-day")
        .value_name("MINUTES")
        .value_parser(minutes)
        .help("Minutes of sound per day of the table's time zone, such as 30 or 0.5")
}

/// Minutes as they are typed: as a cell of text may have them.
fn minutes(text: &str) -> Result<f64, String> {
    let most = gate::LARGEST_AUDIO_MINUTES;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let minutes = text.parse().ok().filter(|minutes| is_plain && *minutes <= f64::from(most));
    minutes
        .filter(|_| decimals <= 2)
        .ok_or_else(|| format!("it is a number from 0 to {most} with two decimals at most"))
}

/// The flags that restrict the key, and their columns. Several words in one value, as in a cell.
const RESTRICTIONS: [(Column, &str, &str, &str); 4] = [
    (Column::Scopes, "scopes", "WORDS", "What it may do: words that routes ask for; without it, everything"),
    (Column::AllowedIps, "allowed-ips", "ADDRESSES", "From where: addresses and ranges such as 10.0.0.0/8"),
    (Column::Methods, "methods", "METHODS", "By which methods, such as GET,POST"),
    (Column::Environment, "environment", "NAMES", "On which servers, by their ENVIRONMENT"),
];

pub(super) fn hash_flag() -> Arg {
    Arg::new("hash").long("hash").action(ArgAction::SetTrue).help("Leave only the key's SHA-256 in the table")
}

/// What there is to know of a new key, as JSON has it.
#[derive(Serialize)]
pub(super) struct Made {
    pub(super) fingerprint: String,
    pub(super) client_name: String,
    pub(super) expires_at: Option<String>,
    pub(super) rows: Vec<u32>,
}

pub(super) async fn run(desk: &Desk<'_>) -> anyhow::Result<()> {
    let seen = desk.look().await?;
    let key = NewKey::make();
    let row = row(desk, &seen, &key)?;
    check(&seen, &row)?;
    let client = desk.text("client").unwrap_or_default().trim();
    let expires_at = desk.moment("expires", &seen)?.map(rfc3339);
    let fingerprint = key.hash().fingerprint().to_string();
    let rows = add(desk, &key, &row).await?;
    let made = Made { fingerprint, client_name: client.to_owned(), expires_at, rows };
    key.print(Format::of(desk.flags), &made)?;
    let Made { fingerprint, rows, .. } = &made;
    let rows = in_words(rows);
    say(&format!(
        "Key {fingerprint} of {client:?} is in row {rows}. Give it to the client; it is not shown again."
    ));
    Ok(())
}

fn row(desk: &Desk<'_>, seen: &Seen, key: &NewKey) -> anyhow::Result<NewRow> {
    let client = desk.text("client").unwrap_or_default().trim();
    ensure!(!client.is_empty(), "--client must name the client");
    let zone = &seen.rules.time_zone;
    let mut row = NewRow { cells: Vec::new() };
    row.put(seen, Column::ApiKey, key.cell(desk.flags.get_flag("hash")))?;
    row.put(seen, Column::ClientName, Cell::Text(client.to_owned()))?;
    row.put(seen, Column::IsActive, Cell::Bool(true))?;
    if seen.listing.place(Column::CreatedAt).is_some() {
        row.put(seen, Column::CreatedAt, desk.table.moment(desk.now.unix, zone))?;
    }
    if let Some(limit) = desk.flags.get_one::<u32>("rate_limit") {
        row.put(seen, Column::RateLimit, Cell::Number((*limit).into()))?;
    }
    for (column, flag, ..) in FURTHER_LIMITS {
        if let Some(limit) = desk.flags.get_one::<u64>(flag) {
            row.put(seen, column, whole(*limit))?;
        }
    }
    if let Some(minutes) = desk.flags.get_one::<f64>("audio-minutes-day") {
        row.put(seen, Column::AudioMinutesDay, Cell::Number(*minutes))?;
    }
    if let Some(expires) = desk.moment("expires", seen)? {
        row.put(seen, Column::ExpiresAt, desk.table.moment(expires, zone))?;
        if expires < desk.now.unix {
            say(&format!("{} is in the past: the key will never work.", rfc3339(expires)));
        }
    }
    for (column, flag, ..) in RESTRICTIONS {
        if let Some(list) = desk.text(flag) {
            ensure!(!list.trim().is_empty(), "--{flag} is empty, which would restrict nothing; leave it out");
            row.put(seen, column, Cell::Text(list.to_owned()))?;
        }
    }
    Ok(row)
}

/// A number as a cell holds it.
#[expect(clippy::cast_precision_loss, reason = "the largest quota is far below 2^53")]
fn whole(number: u64) -> Cell {
    Cell::Number(number as f64)
}

/// Reads the row as the server will, before anybody else does: a name such as `#REF!` would make a key that is refused.
pub(super) fn check(seen: &Seen, row: &NewRow) -> anyhow::Result<()> {
    let header = seen.cells(seen.listing.header_row()).to_vec();
    let grid = [header, row.cells.clone()];
    for (column, flag, ..) in RESTRICTIONS {
        let problems = Table::read(&grid, &seen.rules)?.problems;
        if let Some(problem) =
            problems.into_iter().find(|problem| problem.refused && problem.column == column.name())
        {
            bail!("--{flag}: {}; nothing was written", problem.message);
        }
    }
    let read = Listing::read(&grid, &seen.rules)?;
    let record =
        &read.rows.first().context("the new row could not be read back; nothing was written")?.record;
    let named = read.cell(Column::ClientName, &row.cells);
    let same_name = !matches!(named, Cell::Text(name) if **name != *record.client);
    ensure!(
        record.readable && same_name,
        "this client name cannot stand in a cell: it would be taken for a formula's error, or lose its quotes"
    );
    Ok(())
}

/// Writes the row of a new key, and returns its number: two where Google has written it twice.
pub(super) async fn add(desk: &Desk<'_>, key: &NewKey, row: &NewRow) -> anyhow::Result<Vec<u32>> {
    let waiting = desk.waiting("adding the row");
    let rows = desk.table.add(key.hash(), row).await?;
    drop(waiting);
    if rows.len() > 1 {
        let rows = in_words(&rows);
        say(&format!("Google wrote the row twice (rows {rows}): delete one of them, they are the same."));
    }
    Ok(rows)
}

/// `7`, or `7 and 8`.
pub(super) fn in_words(rows: &[u32]) -> String {
    rows.iter().map(u32::to_string).collect::<Vec<_>>().join(" and ")
}
