//! From the tab as it stands to what has to be written, so that it says what the ledger says.

use std::collections::{BTreeMap, HashMap};

use super::ledger::Row;
use super::tab::{Figures, Grid, Identity, Layout, figures_of, identity_of, totals_of};
use super::totals::Totals;

/// What has to be written. Nothing in it is an increment: written twice, it is the same.
#[derive(Default)]
pub(crate) struct Plan {
    /// Rows that are there, and say something else.
    pub(crate) updates: Vec<Update>,
    /// Rows that are not there.
    pub(crate) new: Vec<(Identity, Figures)>,
    /// How many rows claim more requests than are known here: another server with the same `INSTANCE` writes them, or a
    /// person did.
    pub(crate) larger: usize,
    /// Whether there is more to write than fits.
    pub(crate) is_cut: bool,
}

/// New figures for a row that is there. What the row is about stays as it is.
#[derive(Clone)]
pub(crate) struct Update {
    /// Which row, from 0.
    pub(crate) row: usize,
    /// What was read there.
    pub(crate) identity: Identity,
    pub(crate) figures: Figures,
}

impl Plan {
    pub(crate) fn is_empty(&self) -> bool {
        self.updates.is_empty() && self.new.is_empty()
    }
}

/// Plans at most `most` rows.
///
/// Of several rows about one thing (somebody has copied them) one is kept up to date and the others are set to
/// nothing used, so that sums are right; none is deleted, since a row can be deleted by its place only, and somebody may
/// have written beside it.
pub(crate) fn plan(grid: &Grid, layout: &Layout, ledger: &BTreeMap<Row, Totals>, most: usize) -> Plan {
    let places = places(grid, layout);
    let mut plan = Plan::default();
    for (row, totals) in ledger {
        let figures = figures_of(totals);
        let Some(places) = places.get(row) else {
            if totals.are_use() {
                plan.new.push((identity_of(row), figures));
            }
            continue;
        };
        let shown = |place: usize| layout.figures(&grid[place]);
        let kept = places.iter().find(|place| shown(**place) == figures).unwrap_or(&places[0]);
        for place in places {
            let wanted = if place == kept { figures.clone() } else { figures_of(&Totals::default()) };
            let shown = shown(*place);
            if shown == wanted {
                continue;
            }
            if place == kept && totals_of(&shown).requests() > totals.requests() {
                plan.larger += 1;
            }
            plan.updates.push(Update {
                row: *place,
                identity: layout.identity(&grid[*place]),
                figures: wanted,
            });
        }
    }
    plan.cut(most);
    // By place, so that neighbours are written together.
    plan.updates.sort_by_key(|update| update.row);
    plan
}

/// What the tab has of each thing it is about. Of several rows about one thing, the largest totals: copies repeat them.
pub(crate) fn found(grid: &Grid, layout: &Layout) -> HashMap<Row, Totals> {
    let largest = |places: Vec<usize>| {
        let totals = places.into_iter().map(|place| totals_of(&layout.figures(&grid[place])));
        totals.max_by_key(Totals::requests).unwrap_or_default()
    };
    places(grid, layout).into_iter().map(|(row, places)| (row, largest(places))).collect()
}

/// Where the rows about each thing stand, from above.
fn places(grid: &Grid, layout: &Layout) -> HashMap<Row, Vec<usize>> {
    let mut places: HashMap<Row, Vec<usize>> = HashMap::new();
    for (place, cells) in grid.iter().enumerate().skip(layout.header + 1) {
        if let Some(row) = layout.row(cells) {
            places.entry(row).or_default().push(place);
        }
    }
    places
}

impl Plan {
    fn cut(&mut self, most: usize) {
        let all = self.updates.len() + self.new.len();
        self.updates.truncate(most);
        self.new.truncate(most - self.updates.len());
        self.is_cut = all > most;
    }
}

#[cfg(test)]
mod tests;
