//! Where a write landed: read back, and compared with what stood there before.

use gate::Cell;

use super::{Change, Seen, cells};

/// What became of one change.
pub(super) enum Landing {
    /// The row holds what was written, wherever it is now.
    Done,
    /// It is nowhere: not in the row, and not where the row stood.
    Untouched,
    /// It landed in another row. The change that puts back what stood there.
    Stranger(Change),
    /// What stood there cannot be told; the addresses of the cells.
    Unknown(Vec<String>),
}

/// Compares the rows by the cells that tell them apart, so that a row is known again even where its key is what was
/// written.
pub(super) fn of(change: &Change, before: &Seen, after: &Seen) -> Landing {
    let addresses = || change.cells.iter().map(|(column, _)| gate::address(change.row, *column)).collect();
    if !after.same_columns(before) {
        return Landing::Unknown(addresses());
    }
    let who = before.identity(change.row, &change.cells);
    let is_own = |row: usize| cells::equal(&after.identity(row, &change.cells), &who);
    let holds = |row: usize| is_own(row) && after.holds_at(change, row);
    let written = holds(change.row) || (0..after.grid.len()).any(holds);
    if is_own(change.row) || !after.holds(change) {
        return if written { Landing::Done } else { Landing::Untouched };
    }
    // Another row stands there now, and holds what was written: it was hit, unless it held just that before.
    match former(change, before, after) {
        Some(cells) if cells::equal(&values(&cells), &values(&change.cells)) && written => Landing::Done,
        Some(cells) => Landing::Stranger(Change { key: change.key, row: change.row, cells }),
        None if written => Landing::Done,
        None => Landing::Unknown(addresses()),
    }
}

fn values(cells: &[(usize, Cell)]) -> Vec<&Cell> {
    cells.iter().map(|(_, cell)| cell).collect()
}

/// What stood in the changed cells of the row that is now at the place of the write.
fn former(change: &Change, before: &Seen, after: &Seen) -> Option<Vec<(usize, Cell)>> {
    let stranger = after.identity(change.row, &change.cells);
    let copied = |row: Option<usize>| -> Vec<(usize, Cell)> {
        let cell = |column: usize| row.map_or(Cell::Empty, |row| before.at(row, column).clone());
        change.cells.iter().map(|(column, _)| (*column, cell(*column))).collect()
    };
    // A row that was just inserted.
    if stranger.iter().all(|cell| cell.is_blank()) {
        return Some(copied(None));
    }
    let rows = 0..before.grid.len();
    let same = |row: &usize| cells::equal(&before.identity(*row, &change.cells), &stranger);
    let found: Vec<Vec<(usize, Cell)>> = rows.filter(same).map(|row| copied(Some(row))).collect();
    // Rows that cannot be told apart are no trouble unless they differ in just these cells.
    let (first, rest) = found.split_first()?;
    rest.iter().all(|other| other == first).then(|| first.clone())
}

impl Seen {
    /// Whether the cells of a change hold what it says.
    pub(super) fn holds(&self, change: &Change) -> bool {
        self.holds_at(change, change.row)
    }

    fn holds_at(&self, change: &Change, row: usize) -> bool {
        change.cells.iter().all(|(column, cell)| cells::same(self.at(row, *column), cell))
    }
}
