//! `convergence keys check`.

use std::collections::HashMap;

use anyhow::ensure;
use clap::Command;
use gate::{Column, Problem, Row, address};
use serde::Serialize;

use super::show::{count, from_now};
use super::{Desk, say};
use crate::cli::table::{self, Format};
use crate::clock::rfc3339;
use crate::keys::edit::{Seen, index};

/// How long ahead the end of a key is worth a note, in seconds.
const SOON: i64 = 14 * 86_400;

pub(super) fn command() -> Command {
    Command::new("check")
        .about("Print everything in the table that somebody should repair, by cell, and what deserves a look")
        .long_about(
            "Print everything in the table that somebody should repair, by cell, and what deserves a look. A `refused` row's \
             key does not work; a `warning` may surprise somebody; a `note` is no problem. The exit code is 1 if there are \
             any but notes.",
        )
        .arg(Format::flag())
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Refused,
    Warning,
    Note,
}

/// One finding, as JSON has it.
#[derive(Serialize)]
struct Finding {
    level: Level,
    /// Such as `B7`; nothing where it is about the whole table.
    cell: Option<String>,
    column: Option<&'static str>,
    message: String,
    action: String,
}

pub(super) async fn run(desk: &Desk<'_>) -> anyhow::Result<()> {
    let seen = desk.look().await?;
    let mut findings: Vec<Finding> = seen.table()?.problems.into_iter().map(of_problem).collect();
    let problems = findings.len();
    findings.extend(clients_apart(&seen));
    findings.extend(seen.listing.rows.iter().filter_map(|row| ending(&seen, row, desk.now.unix)));
    findings.extend(plain(&seen));
    let cells: Vec<Vec<String>> = findings.iter().map(Finding::cells).collect();
    let headers = ["level", "cell", "column", "message", "action"];
    table::print(Format::of(desk.flags), &headers, &cells, &findings)?;
    ensure!(problems == 0, "{} in the table", count(problems, "problem"));
    say(&format!("{}, no problems.", count(seen.listing.rows.len(), "row")));
    Ok(())
}

impl Finding {
    fn cells(&self) -> Vec<String> {
        let level = match self.level {
            Level::Refused => "refused",
            Level::Warning => "warning",
            Level::Note => "note",
        };
        let cell = self.cell.clone().unwrap_or_default();
        let column = self.column.unwrap_or_default().to_owned();
        vec![level.to_owned(), cell, column, self.message.clone(), self.action.clone()]
    }

    fn note(cell: Option<String>, column: Column, message: String, action: &str) -> Self {
        let column = Some(column.name());
        Self { level: Level::Note, cell, column, message, action: action.to_owned() }
    }
}

fn of_problem(problem: Problem) -> Finding {
    let level = if problem.refused { Level::Refused } else { Level::Warning };
    let action = match problem.column {
        _ if problem.message.starts_with("a second column") => "rename or delete this column",
        "api_key" if problem.message.starts_with("the same key") => "delete all but one of the rows",
        "api_key" if problem.message.starts_with("no key in a row") => "enter a key, or empty the row",
        "api_key" => "enter the key again as plain text, or make a new one",
        "client_name" => "write the client's name",
        "is_active" => "tick or untick a checkbox, or write TRUE or FALSE",
        "rate_limit" | "shadow_rate_limit" => "write a whole number such as 60, or empty the cell",
        "rate_limit_day" | "rate_limit_month" => "write a whole number such as 10000, or empty the cell",
        "audio_minutes_day" => "write a number of minutes such as 30 or 0.5, or empty the cell",
        "scopes" => "write words such as read, write as plain text, or empty the cell",
        "allowed_ips" => "write addresses such as 10.0.0.0/8 as plain text, or empty the cell",
        "methods" => "write methods such as GET, POST as plain text, or empty the cell",
        "environment" => "write a name such as production as plain text, or empty the cell",
        _ => "write YYYY-MM-DD HH:MM:SS, or empty the cell",
    };
    Finding {
        level,
        cell: Some(problem.cell),
        column: Some(problem.column),
        message: problem.message,
        action: action.to_owned(),
    }
}

/// Names that differ in case only have windows of their own, which is seldom meant.
fn clients_apart(seen: &Seen) -> Vec<Finding> {
    let mut first: HashMap<String, &Row> = HashMap::new();
    let mut findings = Vec::new();
    for row in &seen.listing.rows {
        let other = *first.entry(row.record.client.to_lowercase()).or_insert(row);
        if other.record.client != row.record.client {
            let message = format!("differs from the client of row {} in case only", other.record.row);
            let cell = cell(seen, row, Column::ClientName);
            findings.push(Finding::note(
                cell,
                Column::ClientName,
                message,
                "write it alike if it is the same client",
            ));
        }
    }
    findings
}

fn ending(seen: &Seen, row: &Row, now: i64) -> Option<Finding> {
    let end = row.record.expires_at.filter(|end| (now..=now.saturating_add(SOON)).contains(end))?;
    row.record.standing(now).ok()?;
    let message =
        format!("key {} expires at {} ({})", row.record.key.fingerprint(), rfc3339(end), from_now(end, now));
    let action = "convergence keys rotate, if the client goes on";
    Some(Finding::note(cell(seen, row, Column::ExpiresAt), Column::ExpiresAt, message, action))
}

fn plain(seen: &Seen) -> Option<Finding> {
    let plain = seen.listing.rows.iter().filter(|row| row.is_plain).count();
    let message = format!("{plain} of {} keys stand in the table as they are", seen.listing.rows.len());
    (plain > 0).then(|| {
        Finding::note(None, Column::ApiKey, message, "convergence keys seal leaves only their hashes")
    })
}

fn cell(seen: &Seen, row: &Row, column: Column) -> Option<String> {
    Some(address(index(row), seen.listing.place(column)?))
}
