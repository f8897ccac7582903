//! The usage tab, which the server writes.

use gate::Cell;

use super::plan::{Ids, Plan, Refused};
use super::requests;
use super::survey::{Names, Survey};
use super::table::{Column, DATE, DATE_TIME, NUMBER, TEXT, Table};

/// By this the protection of the tab is found again.
const PROTECTION: &str = "Convergence: the server writes this tab, and over what is changed here";

const GRID: (usize, usize) = (1000, 9);

const fn count(name: &'static str, width: u32) -> Column {
    Column { name, width, format: NUMBER, check: None }
}

/// In the order in which the server writes them.
static COLUMNS: [Column; 9] = [
    Column { name: "date", width: 100, format: DATE, check: None },
    Column { name: "client_name", width: 200, format: TEXT, check: None },
    count("requests", 90),
    count("admitted", 90),
    count("rate_limited", 100),
    count("failed", 90),
    count("audio_seconds", 110),
    Column { name: "last_used_at", width: 170, format: DATE_TIME, check: None },
    Column { name: "instance", width: 150, format: TEXT, check: None },
];

/// Plans the tab, and says where its columns are.
pub(super) fn plan(
    survey: &Survey,
    names: &Names,
    ids: &mut Ids,
    plan: &mut Plan,
) -> Result<Table<'static>, Refused> {
    let head = survey.usage.first().map(Vec::as_slice).unwrap_or_default();
    let empty = survey.usage.iter().flatten().all(|cell| text(cell).is_some_and(str::is_empty));
    let place = |name: &str| head.iter().position(|cell| text(cell).is_some_and(|text| text == name));
    let places = COLUMNS.each_ref().map(|column| place(column.name));
    let there = places.iter().flatten().count();
    if !empty && there < COLUMNS.len() {
        let found = if there == 0 {
            "no column of ours in the first row"
        } else {
            "not all columns of ours in the first row"
        };
        return Err(Refused::NotUsage { tab: names.usage.clone(), found: found.to_owned() });
    }
    let tab = plan.tab(survey, &names.usage, GRID, ids);
    let columns = COLUMNS.iter().zip(places).enumerate();
    let columns = columns.map(|(own, (column, place))| (column, place.unwrap_or(own))).collect();
    let unwritten = if empty { (0..COLUMNS.len()).collect() } else { Vec::new() };
    let table = Table { tab, header: 0, columns, unwritten };
    table.plan(survey, plan);
    if !table.tab.protections.iter().any(|description| description == PROTECTION) {
        let says = format!("{}: warn whoever edits the tab, since the server writes it", names.usage);
        plan.step(says, vec![requests::warn(None, table.tab.id, PROTECTION)]);
    }
    Ok(table)
}

/// The text of a cell, trimmed; none for a number.
fn text(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Text(text) => Some(text.trim()),
        Cell::Empty => Some(""),
        Cell::Number(_) | Cell::Bool(_) => None,
    }
}
