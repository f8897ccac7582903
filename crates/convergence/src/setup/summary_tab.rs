//! The summary: totals for each client, keys that expire soon, and a chart, all by formulas over the other two tabs.

use jiff::Timestamp;

use super::formulas;
use super::plan::{Ids, Plan, Refused};
use super::requests::{self, Grid};
use super::survey::{Entered, Survey};
use super::table::{DATE, DATE_TIME, NUMBER, Table};
use crate::keys::google::time_zone;

/// What the tab is called.
pub(super) const TITLE: &str = "Summary";

/// By the text in its first cell a summary is known to be ours.
const HEADING: &str = "Convergence: use per client";
const PROTECTION: &str = "Convergence: this tab is made of formulas";
const CHART: &str = "Use per client and day";

const GRID: (usize, usize) = (200, 26);

/// How many rows from the top hold anything of ours that is entered; below them formulas spill.
pub(super) const ROWS: usize = 30;

/// The row of the tables' headings, below the chart, and the one from which they spill.
const HEADINGS: usize = 21;
const TABLES: usize = HEADINGS + 1;

/// Where the three tables begin.
const CLIENTS: usize = 0;
const EXPIRING: usize = 8;
const DAYS: usize = 12;

/// Clients with a colour of their own in the chart; the last series is all others.
const TOP: usize = 7;
/// The rows of the chart: its heading and 30 days.
const CHARTED: (usize, usize) = (TABLES, TABLES + 31);

/// Plans the tab over the other two.
pub(super) fn plan(
    survey: &Survey,
    keys: &Table<'_>,
    usage: &Table<'_>,
    ids: &mut Ids,
    plan: &mut Plan,
    now: Timestamp,
) -> Result<(), Refused> {
    if is_somebodys(survey) {
        plan.leave(format!(
            "{TITLE}: this tab is somebody's own; rename it and run this again to get the one with totals and a chart"
        ));
        return Ok(());
    }
    let zone = time_zone(&survey.time_zone).ok_or(Refused::TimeZone)?;
    let tab = plan.tab(survey, TITLE, GRID, ids);
    let fresh = survey.summary.is_empty();
    let id = tab.id;
    make_room(tab.rows, tab.columns, id, plan);
    // Formulas with a reference to a tab that was deleted meanwhile say nothing any more.
    let missing = |row: usize, column: usize| match survey.summary.get(&(row, column)) {
        None => true,
        Some(Entered::Formula(formula)) => formula.contains("#REF!"),
        Some(_) => false,
    };
    let top = format!("$A${}:$A${}", TABLES + 2, TABLES + 1 + TOP);
    let formulas = [
        (1, 1, formulas::utc_day(&zone, now), "the day (UTC)"),
        (TABLES, CLIENTS, formulas::clients(usage), "totals for each client"),
        (TABLES + 1, EXPIRING, formulas::expiring(keys), "keys that expire within 14 days"),
        (TABLES, DAYS, formulas::days(usage, &top), "requests for each day and client"),
    ];
    let written: Vec<_> =
        texts(usage).into_iter().filter(|(row, column, _)| missing(*row, *column)).collect();
    if !written.is_empty() {
        let requests = written.iter().map(|(row, column, text)| requests::texts(id, *row, *column, &[text]));
        plan.step(format!("{TITLE}: write the headings"), requests.collect());
    }
    for (row, column, formula, says) in formulas {
        if missing(row, column) {
            plan.step(
                format!("{TITLE}: a formula for {says}"),
                vec![requests::formula(id, row, column, &formula)],
            );
        }
    }
    if fresh {
        plan.step(format!("{TITLE}: formats and widths"), formats(id));
    }
    if !tab.charts.iter().any(|title| title == CHART) {
        plan.step(format!("{TITLE}: a chart of the use per client and day"), vec![chart(id)]);
    }
    if !tab.protections.iter().any(|description| description == PROTECTION) {
        let says = format!("{TITLE}: warn whoever edits the tab, since it is made of formulas");
        plan.step(says, vec![requests::warn(None, id, PROTECTION)]);
    }
    Ok(())
}

fn is_somebodys(survey: &Survey) -> bool {
    let first = survey.summary.get(&(0, 0));
    !survey.summary.is_empty() && first != Some(&Entered::Text(HEADING.to_owned()))
}

/// A tab that was there may be smaller than what is written to it.
fn make_room(rows: usize, columns: usize, id: i64, plan: &mut Plan) {
    let short = [("ROWS", CHARTED.1, rows), ("COLUMNS", DAYS + 2 + TOP, columns)];
    for (dimension, wanted, there) in short {
        if there < wanted {
            let more = wanted - there;
            let says = format!("{TITLE}: add {more} empty {}", dimension.to_lowercase());
            plan.step(says, vec![requests::append(id, dimension, more)]);
        }
    }
}

fn texts(usage: &Table<'_>) -> [(usize, usize, String); 8] {
    let note = format!("Days are UTC days. The numbers are those of the tab {}.", usage.tab.title);
    [
        (0, 0, HEADING.to_owned()),
        (1, 0, "day (UTC)".to_owned()),
        (2, 0, note),
        (HEADINGS, CLIENTS, "Requests of each client".to_owned()),
        (HEADINGS, EXPIRING, "Keys that expire within 14 days".to_owned()),
        (TABLES, EXPIRING, "client_name".to_owned()),
        (TABLES, EXPIRING + 1, "expires_at".to_owned()),
        (HEADINGS, DAYS, "Requests of each day".to_owned()),
    ]
}

fn formats(id: i64) -> Vec<serde_json::Value> {
    let headings = |row: usize| Grid { sheet: id, rows: (row, Some(row + 1)), columns: (0, None) };
    let counts =
        |first: usize, end: usize| Grid { sheet: id, rows: (TABLES + 1, None), columns: (first, Some(end)) };
    let format = |grid, format: Option<_>| format.map(|format| requests::number_format(grid, format));
    let formats = [
        format(Grid::cell(id, 1, 1), DATE),
        format(counts(CLIENTS + 1, CLIENTS + 6), NUMBER),
        format(Grid::below(id, TABLES + 1, CLIENTS + 6), DATE_TIME),
        format(Grid::below(id, TABLES + 1, EXPIRING + 1), DATE_TIME),
        format(Grid::below(id, TABLES + 1, DAYS), DATE),
        format(counts(DAYS + 1, DAYS + 2 + TOP), NUMBER),
    ];
    let bold = [0, HEADINGS, TABLES].map(|row| requests::bold(headings(row)));
    let widths = [(CLIENTS, 200), (CLIENTS + 6, 160), (EXPIRING, 200), (EXPIRING + 1, 160)]
        .map(|(column, pixels)| requests::width(id, (column, column + 1), pixels));
    formats.into_iter().flatten().chain(bold).chain(widths).collect()
}

fn chart(id: i64) -> serde_json::Value {
    let column = |column: usize| Grid {
        sheet: id,
        rows: (CHARTED.0, Some(CHARTED.1)),
        columns: (column, Some(column + 1)),
    };
    let series: Vec<Grid> = (DAYS + 1..DAYS + 2 + TOP).map(column).collect();
    requests::stacked_columns(CHART, Grid::cell(id, 3, 0), column(DAYS), &series)
}
