//! The keys tab.

use gate::{Cell, HeaderFault, Layout, Rules};
use jiff::tz::TimeZone;

use super::colours;
use super::plan::{Ids, Plan, Refused};
use super::requests::{self, Grid};
use super::survey::{Names, Survey};
use super::table::{Check, Column, DATE_TIME, TEXT, Table};

/// By this the protection of the header is found again.
const PROTECTION: &str = "Convergence: the server finds the columns by these names";

/// A new tab's grid, with room for columns of one's own.
const GRID: (usize, usize) = (1000, 12);

/// Only marked, not refused: text with an offset is a date as well, and that rule does not know it.
const A_DATE: Option<Check> = Some(Check {
    condition: "DATE_IS_VALID",
    operand: None,
    strict: false,
    says: "a date, in the spreadsheet's time zone, or text such as 2026-01-31T12:00:00+01:00",
});

/// The columns, in the order in which they are made.
static COLUMNS: [Column; 7] = [
    Column { name: "api_key", width: 400, format: TEXT, check: None },
    Column { name: "client_name", width: 200, format: None, check: None },
    Column { name: "created_at", width: 150, format: DATE_TIME, check: A_DATE },
    Column { name: "expires_at", width: 150, format: DATE_TIME, check: A_DATE },
    Column {
        name: "is_active",
        width: 80,
        format: None,
        check: Some(Check {
            condition: "BOOLEAN",
            operand: None,
            strict: true,
            says: "ticked while the key works",
        }),
    },
    Column {
        name: "rate_limit",
        width: 90,
        format: None,
        check: Some(Check {
            condition: "NUMBER_GREATER_THAN_EQ",
            operand: Some("0"),
            strict: false,
            says: "requests per minute, a whole number; empty is no limit",
        }),
    },
    Column { name: "revoked_at", width: 150, format: DATE_TIME, check: A_DATE },
];

/// Plans the tab, and says where its columns are.
pub(super) fn plan(
    survey: &Survey,
    names: &Names,
    ids: &mut Ids,
    plan: &mut Plan,
) -> Result<Table<'static>, Refused> {
    let (header, places) = layout(survey, names)?;
    let tab = plan.tab(survey, &names.keys, GRID, ids);
    let mut free = survey.keys_free;
    let (mut columns, mut unwritten) = (Vec::new(), Vec::new());
    for (column, place) in COLUMNS.iter().zip(places) {
        let place = place.unwrap_or_else(|| {
            free += 1;
            unwritten.push(free - 1);
            free - 1
        });
        columns.push((column, place));
    }
    let table = Table { tab, header, columns, unwritten };
    table.plan(survey, plan);
    protect(&table, plan);
    colours::plan(&table, plan);
    Ok(table)
}

/// The header's row, and the place of each column that is there. An empty tab has its header at the top.
fn layout(survey: &Survey, names: &Names) -> Result<(usize, [Option<usize>; 7]), Refused> {
    let rules = Rules { time_zone: TimeZone::UTC, default_limit: None };
    let fault = match gate::Table::read(&survey.keys, &rules) {
        Ok(_) => None,
        // Cells below the rows in which a header is looked for, or to the right, are not ours either.
        Err(HeaderFault::Empty) if survey.keys_free == 0 => return Ok((0, [None; 7])),
        Err(fault) => Some(fault.to_string()),
    };
    let layout = Layout::of(&survey.keys);
    match (fault, layout) {
        (None, Some(layout)) => {
            Ok((layout.row as usize - 1, COLUMNS.each_ref().map(|column| layout.index(column.name))))
        }
        (fault, layout) => {
            let fault = fault.unwrap_or_else(|| "no row looks like one".to_owned());
            let found = found(&survey.keys, layout.as_ref());
            Err(Refused::NoHeader { tab: names.keys.clone(), fault, found })
        }
    }
}

/// The likeliest header, cell by cell; what may be a key is withheld.
pub(super) fn found(rows: &[Vec<Cell>], layout: Option<&Layout>) -> String {
    const SHOWN: usize = 10;
    let cells = layout.map(|layout| &*layout.cells).unwrap_or_default();
    if cells.is_empty() {
        return format!("the first {} rows are empty", rows.len().max(1));
    }
    let shown: Vec<String> =
        cells.iter().take(SHOWN).map(|(address, content)| format!("{address} {content}")).collect();
    let more = if cells.len() > SHOWN { " and more" } else { "" };
    format!("found {}{more}", shown.join(", "))
}

fn protect(table: &Table<'_>, plan: &mut Plan) {
    let tab = &table.tab;
    if !tab.protections.iter().any(|description| description == PROTECTION) {
        let row = Grid::rows(tab.id, table.header, table.header + 1);
        let says = format!("{}: warn whoever edits the header", tab.title);
        plan.step(says, vec![requests::warn(Some(row), tab.id, PROTECTION)]);
    }
}
