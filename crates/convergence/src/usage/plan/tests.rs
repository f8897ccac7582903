//! A tab that people work in, against a naive model: after each flush the sums are right, and nobody else's row has changed.

use proptest::prelude::*;
use sheets::Value;

use super::*;
use crate::usage::aim::{Mishap, misses, restore, suspects};
use crate::usage::tab::{COLUMNS, row_of};

const MOST: usize = 1_000;

/// What a person does to the rows below the header.
#[derive(Clone, Debug)]
enum Edit {
    Sort {
        column: usize,
        descending: bool,
    },
    Delete(usize),
    Duplicate(usize),
    InsertBlank(usize),
    InsertNote(usize),
    /// Numbers typed over the figures of a row that is about something.
    Overwrite(usize),
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn row(day: i8, client: u8, instance: &str) -> Row {
    Row {
        date: jiff::civil::date(2025, 12, day),
        instance: instance.to_owned(),
        client: format!("=C{client}"),
    }
}

fn totals(admitted: u64) -> Totals {
    Totals {
        admitted,
        rate_limited: admitted / 3,
        failed: admitted / 7,
        audio_ms: 1_234 * admitted,
        last_used_at: 1_764_547_200 + i64::try_from(admitted).unwrap(),
        ..Totals::default()
    }
}

/// A tab with our columns in this order, and others among them.
fn tab(order: &[usize]) -> Grid {
    let header = order.iter().map(|column| COLUMNS.get(*column).map_or(text("notes"), |name| text(name)));
    vec![vec![text("Our usage")], header.collect()]
}

/// A row of another instance, or of a person, beside notes of theirs.
fn stranger(layout: &Layout, kind: u8, number: u64) -> Vec<Value> {
    let identity = match kind {
        0 => [text("TOTAL"), Value::Empty, Value::Empty],
        1 => [Value::Empty, text("average"), Value::Empty],
        kind => identity_of(&row(1, kind, "other")),
    };
    let cells = layout.line(Some(&identity), &figures_of(&totals(number)));
    let (first, _) = layout.span();
    let mut line = vec![text("mine"); first];
    line.extend(cells.into_iter().map(|cell| cell.unwrap_or_else(|| text("a note"))));
    line
}

fn edit(grid: &mut Grid, layout: &Layout, edit: &Edit) {
    let first = layout.header + 1;
    let rows = grid.len() - first;
    let place = |number: usize| first + number % rows.max(1);
    match edit {
        Edit::Sort { column, descending } => {
            let key = |cells: &Vec<Value>| format!("{:?}", shown(cells.get(*column)));
            grid[first..].sort_by_key(key);
            if *descending {
                grid[first..].reverse();
            }
        }
        Edit::InsertBlank(at) => grid.insert(place(*at).min(grid.len()), Vec::new()),
        Edit::InsertNote(at) => {
            let notes = |cell: &Value| *cell == text("notes");
            let column = grid[layout.header].iter().position(notes).unwrap();
            let line = std::iter::repeat_n(Value::Empty, column).chain([text("a note")]);
            grid.insert(place(*at).min(grid.len()), line.collect());
        }
        _ if rows == 0 => {}
        Edit::Delete(at) => drop(grid.remove(place(*at))),
        Edit::Duplicate(at) => grid.insert(place(*at), grid[place(*at)].clone()),
        Edit::Overwrite(at) => {
            let at = place(*at);
            if layout.identity(&grid[at]) == Identity::default() {
                return;
            }
            let figures = std::array::from_fn(|_| Value::Number(77.0));
            write(grid, layout, at, &layout.line(None, &figures));
        }
    }
}

/// A cell as it would be sorted; its `Debug` shows no contents.
fn shown(cell: Option<&Value>) -> (u8, String) {
    match cell {
        None | Some(Value::Empty) => (2, String::new()),
        Some(Value::Number(number)) => (0, format!("{number:020.3}")),
        Some(Value::Text(text)) => (1, text.clone()),
        Some(Value::Bool(boolean)) => (1, boolean.to_string()),
    }
}

/// Of a row that is deleted in the moment between look and write it cannot be told whether it was that or its copy that
/// got our figures.
fn is_told_apart(race: &Edit, grid: &Grid, layout: &Layout) -> bool {
    let Edit::Delete(at) = race else { return true };
    let rows = &grid[layout.header + 1..];
    let Some(deleted) = rows.get(at % rows.len().max(1)).map(|cells| layout.identity(cells)) else {
        return true;
    };
    rows.iter().filter(|cells| layout.identity(cells) == deleted).count() == 1
}

fn write(grid: &mut Grid, layout: &Layout, place: usize, line: &[Option<Value>]) {
    let (first, last) = layout.span();
    grid.resize(grid.len().max(place + 1), Vec::new());
    let cells = &mut grid[place];
    cells.resize(cells.len().max(last + 1), Value::Empty);
    for (cell, value) in cells[first..].iter_mut().zip(line) {
        if let Some(value) = value {
            *cell = value.clone();
        }
    }
}

/// As Google does it, with its answer.
fn apply(grid: &mut Grid, layout: &Layout, plan: &Plan, end: usize) -> Vec<Identity> {
    let hit = plan.updates.iter().map(|update| {
        write(grid, layout, update.row, &layout.line(None, &update.figures));
        layout.identity(&grid[update.row])
    });
    let hit = hit.collect();
    for (offset, (identity, figures)) in plan.new.iter().enumerate() {
        write(grid, layout, end + offset, &layout.line(Some(identity), figures));
    }
    while grid.last().is_some_and(|cells| cells.iter().all(|cell| *cell == Value::Empty)) {
        grid.pop();
    }
    hit
}

/// Everything in the tab that is not ours, in some order. A row is ours by what it is about.
fn strangers(grid: &Grid, layout: &Layout, ledger: &BTreeMap<Row, Totals>) -> Vec<Vec<(u8, String)>> {
    let ours = |cells: &&Vec<Value>| layout.row(cells).is_some_and(|row| ledger.contains_key(&row));
    let filled = |line: &Vec<(u8, String)>| line.iter().any(|(kind, _)| *kind != 2);
    let line = |cells: &Vec<Value>| {
        let mut line: Vec<_> = cells.iter().map(|cell| shown(Some(cell))).collect();
        line.truncate(line.iter().rposition(|(kind, _)| *kind != 2).map_or(0, |last| last + 1));
        line
    };
    let mut lines: Vec<_> = grid.iter().filter(|cells| !ours(cells)).map(line).filter(filled).collect();
    lines.sort();
    lines
}

/// What a pivot table would say of our rows.
fn sums(
    grid: &Grid,
    layout: &Layout,
    ledger: &BTreeMap<Row, Totals>,
) -> BTreeMap<Row, (u64, u64, u64, u64, i64)> {
    let mut sums = BTreeMap::new();
    for cells in grid.iter().skip(layout.header + 1) {
        let Some(row) = row_of(&layout.identity(cells)).filter(|row| ledger.contains_key(row)) else {
            continue;
        };
        let shown = totals_of(&layout.figures(cells));
        let sum: &mut (u64, u64, u64, u64, i64) = sums.entry(row).or_default();
        sum.0 += shown.admitted;
        sum.1 += shown.rate_limited;
        sum.2 += shown.failed;
        sum.3 += shown.audio_ms;
        sum.4 += shown.last_used_at;
    }
    sums
}

fn edits() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (0_usize..12, any::<bool>()).prop_map(|(column, descending)| Edit::Sort { column, descending }),
        any::<usize>().prop_map(Edit::Delete),
        any::<usize>().prop_map(Edit::Duplicate),
        any::<usize>().prop_map(Edit::InsertBlank),
        any::<usize>().prop_map(Edit::InsertNote),
        any::<usize>().prop_map(Edit::Overwrite),
    ]
}

/// What happens between the look and the write of a flush. Nobody knows of a row inserted above new ones in time.
fn races() -> impl Strategy<Value = Option<Edit>> {
    prop_oneof![
        Just(None),
        (0_usize..12, any::<bool>()).prop_map(|(column, descending)| Some(Edit::Sort { column, descending })),
        any::<usize>().prop_map(|at| Some(Edit::Delete(at))),
    ]
}

#[derive(Clone, Debug)]
struct Round {
    used: Vec<(i8, u8, u64)>,
    edits: Vec<Edit>,
    race: Option<Edit>,
    /// Whether the answer to the first write is lost.
    is_lost: bool,
}

fn rounds() -> impl Strategy<Value = Round> {
    let used = prop::collection::vec((1_i8..4, 0_u8..4, 1_u64..50), 0..4);
    (used, prop::collection::vec(edits(), 0..5), races(), any::<bool>())
        .prop_map(|(used, edits, race, is_lost)| Round { used, edits, race, is_lost })
}

proptest! {
    #[test]
    fn p23_whatever_people_do_to_the_tab_the_next_flush_makes_the_sums_right(
        order in Just((0..12_usize).collect::<Vec<_>>()).prop_shuffle(),
        others in prop::collection::vec((0_u8..5, 0_u64..9), 0..6),
        rounds in prop::collection::vec(rounds(), 1..6),
    ) {
        let mut grid = tab(&order);
        let layout = Layout::of(&grid).unwrap().unwrap();
        grid.extend(others.iter().map(|(kind, number)| stranger(&layout, *kind, *number)));
        let mut ledger = BTreeMap::new();
        for round in rounds {
            for (day, client, more) in round.used {
                let known: &mut Totals = ledger.entry(row(day, client, "me")).or_default();
                *known = totals(known.admitted + more);
            }
            round.edits.iter().for_each(|done| edit(&mut grid, &layout, done));

            let mut mishaps: Vec<Mishap> = Vec::new();
            let mut race = round.race;
            let mut untouched = None;
            let mut doubt: Option<(Vec<Update>, Grid)> = None;
            for looks in 0.. {
                prop_assert!(looks < 4, "a flush comes to an end");
                let seen = grid.clone();
                if let Some((updates, before)) = doubt.take() {
                    mishaps.extend(suspects(&updates, (&before, &layout), (&seen, &layout), &ledger));
                }
                let mut plan = plan(&seen, &layout, &ledger, MOST);
                let (mended, lost) = restore(&mishaps, &seen, &layout);
                prop_assert_eq!(lost, 0);
                plan.updates.extend(mended);
                if let Some(race) = race.take().filter(|race| is_told_apart(race, &grid, &layout)) {
                    edit(&mut grid, &layout, &race);
                }
                untouched.get_or_insert_with(|| strangers(&grid, &layout, &ledger));
                let hit = apply(&mut grid, &layout, &plan, seen.len().max(layout.header + 1));
                if looks == 0 && round.is_lost {
                    doubt = Some((plan.updates, seen));
                    continue;
                }
                let (missed, more) = misses(&plan.updates, &hit, &seen, &layout, &ledger);
                mishaps.extend(more);
                // A row of ours that was deleted in that very moment is there again after the next look.
                if missed == 0 && looks > 0 {
                    break;
                }
            }
            prop_assert_eq!(Some(strangers(&grid, &layout, &ledger)), untouched);
            let truth: BTreeMap<_, _> = ledger
                .iter()
                .map(|(row, t)| (row.clone(), (t.admitted, t.rate_limited, t.failed, t.audio_ms, t.last_used_at)))
                .collect();
            prop_assert_eq!(sums(&grid, &layout, &ledger), truth);
            prop_assert!(plan(&grid, &layout, &ledger, MOST).is_empty(), "written twice, it is the same");
        }
    }
}

#[test]
fn p23_of_a_copied_row_one_is_kept_and_the_others_say_nothing_used() {
    let layout = Layout::fresh();
    let ledger = BTreeMap::from([(row(1, 1, "me"), totals(9))]);
    let line = |figures: Figures| -> Vec<Value> {
        let cells = layout.line(Some(&identity_of(&row(1, 1, "me"))), &figures);
        cells.into_iter().map(Option::unwrap_or_default).collect()
    };
    let (old, new) = (line(figures_of(&totals(3))), line(figures_of(&totals(9))));
    let mut grid = vec![COLUMNS.map(text).to_vec(), old.clone(), new.clone(), old];
    let planned = plan(&grid, &layout, &ledger, MOST);
    assert_eq!((planned.updates.len(), planned.new.len(), planned.larger), (2, 0, 0));
    apply(&mut grid, &layout, &planned, 4);
    let nothing = line(figures_of(&Totals::default()));
    assert!(grid == [COLUMNS.map(text).to_vec(), nothing.clone(), new, nothing]);
}

#[test]
fn p23_a_cell_that_was_typed_anew_is_still_what_it_was() {
    // Sheets makes a date of 2025-12-01, a number of 7 and a boolean of TRUE when a person types them.
    let cells = [Value::Number(45_992.0), Value::Number(7.0), Value::Bool(true)];
    let row = Row { date: jiff::civil::date(2025, 12, 1), client: "7".into(), instance: "TRUE".into() };
    assert_eq!(row_of(&cells), Some(row));
    assert_eq!(row_of(&[text("yesterday"), text("a"), text("b")]), None);
    assert_eq!(row_of(&[Value::Number(1e300), text("a"), text("b")]), None);
}

#[test]
fn p23_a_lost_header_names_what_is_missing() {
    let fault = |grid: Grid| Layout::of(&grid).unwrap_err().to_string();
    assert_eq!(Layout::of(&vec![Vec::new(), vec![Value::Empty]]), Ok(None));
    let mut header = COLUMNS.map(text).to_vec();
    header[4] = text("limited");
    assert_eq!(fault(vec![header]), "its header has no rate_limited; put that back");
    assert!(fault(vec![vec![text("2025-12-01")]]).starts_with("it has no header row; put date, client_name"));
    let names = [" Date ", "CLIENT NAME", "Requests", "admitted", "rate-limited", "failed", "audio_seconds"];
    let names = names.iter().chain(&["last_used_at", "instance"]).map(|name| text(name)).collect();
    assert_eq!(Layout::of(&vec![names]), Ok(Some(Layout::fresh())));
}

#[test]
fn p23_larger_totals_than_are_known_tell_of_another_writer() {
    let layout = Layout::fresh();
    let ledger = BTreeMap::from([(row(1, 1, "me"), totals(9))]);
    let line = |known: u64| {
        let cells = layout.line(Some(&identity_of(&row(1, 1, "me"))), &figures_of(&totals(known)));
        cells.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>()
    };
    let larger = |known| plan(&vec![COLUMNS.map(text).to_vec(), line(known)], &layout, &ledger, MOST).larger;
    assert_eq!((larger(3), larger(9), larger(10)), (0, 0, 1));
}

#[test]
fn p23_more_rows_than_one_write_takes_are_cut() {
    let ledger: BTreeMap<_, _> = (0..9).map(|client| (row(1, client, "me"), totals(1))).collect();
    let planned = plan(&vec![COLUMNS.map(text).to_vec()], &Layout::fresh(), &ledger, 5);
    assert_eq!((planned.new.len(), planned.is_cut), (5, true));
    assert!(!plan(&Vec::new(), &Layout::fresh(), &ledger, 9).is_cut);
}
