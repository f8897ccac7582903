//! `convergence keys expire`.

use clap::{Arg, Command};
use gate::{Cell, Column};
use serde::Serialize;

use super::key::Named;
use super::show::from_now;
use super::{Desk, say, when};
use crate::cli::table::{self, Format};
use crate::clock::rfc3339;
use crate::keys::edit::{Change, index};

pub(super) fn command() -> Command {
    let at = Arg::new("at").long("at").value_name("WHEN").required(true);
    Command::new("expire")
        .about("Set expires_at in every row that holds the key")
        .arg(Named::arg())
        .arg(at.help(format!("The last moment at which it works: {}; never clears it", when::FORMS)))
        .arg(Format::flag_of_a_deed())
}

/// What was done, as JSON has it.
#[derive(Serialize)]
struct Done {
    fingerprint: String,
    expires_at: Option<String>,
    /// Those that were changed.
    rows: Vec<usize>,
}

pub(super) async fn run(desk: &Desk<'_>) -> anyhow::Result<()> {
    let named = Named::of(desk)?;
    let seen = desk.look().await?;
    let key = named.find(&seen)?;
    let place = seen.column(Column::ExpiresAt)?;
    let never = desk.text("at").is_some_and(|at| at.trim().eq_ignore_ascii_case("never"));
    let at = if never { None } else { desk.moment("at", &seen)? };
    let cell = at.map_or(Cell::Empty, |at| desk.table.moment(at, &seen.rules.time_zone));
    let other = |row: &&&gate::Row| {
        let blank = seen.cell(index(row), Column::ExpiresAt).is_blank();
        row.record.expires_at != at || (at.is_none() && !blank)
    };
    let rows = seen.rows_of(key);
    let change = |row: &&gate::Row| Change { key, row: index(row), cells: vec![(place, cell.clone())] };
    let changes: Vec<Change> = rows.iter().filter(other).map(change).collect();
    desk.change(&seen, &changes).await?;
    if Format::of(desk.flags) == Format::Json {
        let rows = changes.iter().map(|change| change.row + 1).collect();
        let fingerprint = key.fingerprint().to_string();
        return table::print_json(&Done { fingerprint, expires_at: at.map(rfc3339), rows });
    }
    let done = if changes.is_empty() { "already" } else { "now" };
    let fingerprint = key.fingerprint();
    say(&match at {
        None => format!("Key {fingerprint} {done} never expires."),
        Some(at) => {
            format!("Key {fingerprint} {done} expires at {} ({}).", rfc3339(at), from_now(at, desk.now.unix))
        }
    });
    Ok(())
}
