//! The usage tab, which the server writes.

use gate::Cell;

use super::plan::{Ids, Plan, Refused};
use super::requests;
use super::survey::{Names, Survey};
use super::table::{Column, NUMBER, TEXT, Table};

/// By this the protection of the tab is found again.
const PROTECTION: &str = "Convergence: the server writes this tab, and over what is changed here";

const GRID: (usize, usize) = (1000, 9);

const fn count(name: &'static str, width: u32) -> Column {
    Column { name, width, format: NUMBER, check: None }
}

/// In the order in which the server writes them: days and moments as text, which is UTC whatever the spreadsheet's zone is.
static COLUMNS: [Column; 9] = [
    Column { name: "date", width: 100, format: TEXT, check: None },
    Column { name: "client_name", width: 200, format: TEXT, check: None },
    count("requests", 90),
    count("admitted", 90),
    count("rate_limited", 100),
    count("failed", 90),
    count("audio_seconds", 110),
    Column { name: "last_used_at", width: 170, format: TEXT, check: None },
    Column { name: "instance", width: 150, format: TEXT, check: None },
];

/// Plans the tab, and says where its columns are.
pub(super) fn plan(
    survey: &Survey,
    names: &Names,
    ids: &mut Ids,
    plan: &mut Plan,
) -> Result<Table<'static>, Refused> {
    let empty = survey.usage.iter().flatten().all(|cell| name(cell).is_some_and(|name| name.is_empty()));
    let header = header(&survey.usage);
    if !empty && header.is_none() {
        return Err(Refused::NotUsage { tab: names.usage.clone() });
    }
    let header = header.unwrap_or(0);
    let head = survey.usage.get(header).map(Vec::as_slice).unwrap_or_default();
    let places = COLUMNS.each_ref().map(|column| place(head, column.name));
    let tab = plan.tab(survey, &names.usage, GRID, ids);
    let columns = COLUMNS.iter().zip(places).enumerate();
    let columns = columns.map(|(own, (column, place))| (column, place.unwrap_or(own))).collect();
    let unwritten: Vec<usize> = if empty { (0..COLUMNS.len()).collect() } else { Vec::new() };
    let table = Table { tab, header, columns, unwritten };
    table.plan(survey, plan);
    if !table.tab.protections.iter().any(|description| description == PROTECTION) {
        let says = format!("{}: warn whoever edits the tab, since the server writes it", names.usage);
        plan.step(says, vec![requests::warn(None, table.tab.id, PROTECTION)]);
    }
    Ok(table)
}

/// The first row with all columns of ours, by which the server finds them as well.
pub(super) fn header(rows: &[Vec<Cell>]) -> Option<usize> {
    rows.iter().position(|row| COLUMNS.iter().all(|column| place(row, column.name).is_some()))
}

fn place(row: &[Cell], wanted: &str) -> Option<usize> {
    row.iter().position(|cell| name(cell).is_some_and(|name| name == wanted))
}

/// A cell as a column's name; none for a number.
fn name(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(text.trim().to_lowercase().replace([' ', '-'], "_")),
        Cell::Empty => Some(String::new()),
        Cell::Number(_) | Cell::Bool(_) => None,
    }
}
