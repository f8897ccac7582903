//! The keys table: its header, and every row that needs a hand.

use std::collections::HashSet;

use gate::{Cell, HeaderFault, Layout, Problem, Record, Rules, Table};

use super::Report;
use super::report::{Check, Stop};
use crate::clock::Now;
use crate::spelling::nearest;

/// How many problems get a line of their own.
const MOST_PROBLEMS: usize = 50;

/// Reads the table as the server does.
pub(super) fn examine(report: &mut Report, grid: &[Vec<Cell>], rules: &Rules, now: Now) -> Result<(), Stop> {
    let layout = Layout::of(grid);
    let table = Table::read(grid, rules).map_err(|fault| unusable(&fault, layout.as_ref()))?;
    let header = layout.as_ref().map_or(0, |layout| layout.row);
    let (of_header, of_rows): (Vec<&Problem>, Vec<&Problem>) =
        table.problems.iter().partition(|problem| problem.row <= header);
    if let Some(layout) = &layout {
        columns(report, layout);
    }
    for problem in of_header {
        report.note(Check::Columns, told(problem));
    }
    summary(report, &table, of_rows.iter().filter(|problem| problem.refused).count(), now);
    for problem in of_rows.iter().take(MOST_PROBLEMS) {
        if problem.refused {
            report.fail(Check::Rows, told(problem));
        } else {
            report.note(Check::Rows, told(problem));
        }
    }
    if of_rows.len() > MOST_PROBLEMS {
        report.note(Check::Rows, format!("and {} more problems", of_rows.len() - MOST_PROBLEMS));
    }
    if let Some(layout) = &layout {
        plain_keys(report, grid, layout);
    }
    Ok(())
}

/// Why there is no header to read by, with what stands in its place.
fn unusable(fault: &HeaderFault, layout: Option<&Layout>) -> Stop {
    let found = layout.map_or(String::new(), |layout| {
        let cells: Vec<String> = layout.cells.iter().map(|(at, shown)| format!("{at} {shown}")).collect();
        format!("; row {} holds {}", layout.row, cells.join(", "))
    });
    let remedy = match fault {
        HeaderFault::Empty => "type api_key, client_name and is_active into its first row",
        _ => "put the columns back, named api_key, client_name and is_active, in one of the first ten rows",
    };
    let meant = layout.map(misspelt).unwrap_or_default();
    let meant: Vec<String> =
        meant.iter().map(|(at, name, meant)| format!("; did you mean {meant} by {name} in {at}?")).collect();
    Stop { check: Check::Columns, message: format!("{fault}{found}; {remedy}{}", meant.concat()) }
}

fn columns(report: &mut Report, layout: &Layout) {
    let there: Vec<String> = layout
        .columns
        .iter()
        .filter_map(|(name, index)| Some(format!("{name} {}", sheets::column_name((*index)?))))
        .collect();
    report.ok(Check::Columns, format!("header in row {}: {}", layout.row, there.join(", ")));
    for (at, name, meant) in misspelt(layout) {
        report.note(Check::Columns, format!("{at} {name} is no column that is read; did you mean {meant}?"));
    }
    for (name, index) in &layout.columns {
        let meaning = match *name {
            "created_at" => "it is for people only",
            "expires_at" => "no key expires",
            "rate_limit" => "every key has DEFAULT_RATE_LIMIT, or no limit",
            "revoked_at" => "revoke by unticking is_active",
            _ => continue,
        };
        if index.is_none() {
            report.note(Check::Columns, format!("no column {name}: {meaning}; add it if it is wanted"));
        }
    }
}

/// Header cells that look like a column which is not there: where, what they hold, and the column.
fn misspelt(layout: &Layout) -> Vec<(&str, &str, &'static str)> {
    let missing = || layout.columns.iter().filter(|(_, index)| index.is_none()).map(|(name, _)| *name);
    let there = |shown: &str| layout.columns.iter().any(|(name, index)| index.is_some() && *name == shown);
    let cells = layout.cells.iter().filter_map(|(at, shown)| {
        let name = shown.trim_matches('"');
        Some((&**at, &**shown, nearest(name, missing())?)).filter(|_| !there(name))
    });
    cells.collect()
}

fn summary(report: &mut Report, table: &Table, refused: usize, now: Now) {
    let is_in_use = |record: &&Record| {
        record.readable
            && record.active
            && record.expires_at.is_none_or(|last| now.unix <= last)
            && record.revoked_at.is_none_or(|first| now.unix < first)
    };
    let clients: HashSet<&str> = table.records.iter().map(|record| &*record.client).collect();
    let in_use = table.records.iter().filter(is_in_use).count();
    let keys = table.records.len();
    let (keys_of, clients) = (counted(keys, "key"), counted(clients.len(), "client"));
    let what = format!("{keys_of} of {clients}, {in_use} of them valid now");
    if keys == 0 {
        report
            .note(Check::Rows, "no keys yet; add a row, and every request is refused until then".to_owned());
    } else if in_use == 0 {
        report.note(Check::Rows, format!("{what}: every request is refused"));
    } else if refused == 0 {
        report.ok(Check::Rows, what);
    } else {
        report.note(Check::Rows, what);
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A problem with the remedy of its column, unless its own words have one.
fn told(problem: &Problem) -> String {
    let Problem { cell, column, message, refused, .. } = problem;
    let end = if *refused { ": the row's key is refused" } else { "" };
    let remedy = match *column {
        _ if message.contains(';') => "",
        "api_key" => "; enter the key again, as plain text",
        "client_name" => "; type the client's name",
        "is_active" => "; use a checkbox",
        "scopes" | "allowed_ips" | "methods" | "environment" => {
            "; write plain text, or clear the cell for none"
        }
        "rate_limit" => "; type a number such as 60, or clear the cell for the default",
        "rate_limit_day" | "rate_limit_month" => "; type a number such as 10000, or clear the cell",
        "audio_minutes_day" => "; type a number such as 30 or 0.5, or clear the cell",
        "shadow_rate_limit" => "; type a number such as 60, or clear the cell",
        _ => "; write it as 2026-12-31 23:59:59, or clear the cell",
    };
    format!("{cell} ({column}): {message}{end}{remedy}")
}

/// Keys that anybody who may see the table can use.
fn plain_keys(report: &mut Report, grid: &[Vec<Cell>], layout: &Layout) {
    let Some(column) = layout.index("api_key") else { return };
    let below = grid.iter().skip(usize::try_from(layout.row).unwrap_or(usize::MAX));
    let is_plain = |row: &&Vec<Cell>| match row.get(column) {
        Some(Cell::Text(text)) => {
            let text = text.trim();
            !text.is_empty() && !text.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sha256:"))
        }
        _ => false,
    };
    let plain = below.filter(is_plain).count();
    if plain > 0 {
        let what = format!(
            "{} in plain text, for everybody to use who can see the table; convergence keys seal puts hashes in their \
             place",
            counted(plain, "key"),
        );
        report.note(Check::Rows, what);
    }
}
