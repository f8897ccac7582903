//! What a write has hit. Sheets knows rows by their place only, and somebody may sort between our look and our write.
//!
//! A write changes the figures of a row and leaves alone what the row is about, and its answer says what that is. So a
//! figure that went to a stranger's row is noticed at once, and what the row had before is known from the look before.

use std::collections::BTreeMap;

use sheets::Value;

use super::ledger::Row;
use super::plan::Update;
use super::tab::{Figures, Grid, Identity, Layout, row_of};
use super::totals::Totals;

/// A row that has figures of another.
pub(crate) struct Mishap {
    identity: Identity,
    /// What it got.
    wrong: Figures,
    /// What the rows of this identity had before; more than one if somebody has copied it.
    before: Vec<Figures>,
}

/// Compares what was written with the rows that were hit, in the same order, and returns how many were other rows, and
/// those of them that are not ours to write anyway.
pub(crate) fn misses(
    updates: &[Update],
    hit: &[Identity],
    grid: &Grid,
    layout: &Layout,
    ledger: &BTreeMap<Row, Totals>,
) -> (usize, Vec<Mishap>) {
    let missed = updates.iter().zip(hit).filter(|(update, hit)| update.identity != **hit);
    let missed: Vec<_> = missed.collect();
    let stranger = |(update, hit): &(&Update, &Identity)| Mishap {
        identity: (*hit).clone(),
        wrong: update.figures.clone(),
        before: all_figures(hit, grid, layout),
    };
    let strangers = missed.iter().map(stranger).filter(|mishap| !mishap.is_ours(ledger));
    (missed.len(), strangers.collect())
}

/// The same for a write whose answer never came: which rows of others have had figures of ours since. `before` and `now` are
/// the tab before the write and at another look, each with its layout.
pub(crate) fn suspects(
    updates: &[Update],
    before: (&Grid, &Layout),
    now: (&Grid, &Layout),
    ledger: &BTreeMap<Row, Totals>,
) -> Vec<Mishap> {
    let (grid, layout) = now;
    let mut known: Vec<(Identity, Vec<Figures>)> = Vec::new();
    let mut mishaps = Vec::new();
    for cells in grid.iter().skip(layout.header + 1) {
        let (identity, wrong) = (layout.identity(cells), layout.figures(cells));
        if !updates.iter().any(|update| update.figures == wrong) {
            continue;
        }
        let place = known.iter().position(|(known, _)| *known == identity).unwrap_or_else(|| {
            known.push((identity.clone(), all_figures(&identity, before.0, before.1)));
            known.len() - 1
        });
        // Each row that had these figures before explains one that has them now.
        let unexplained = &mut known[place].1;
        if let Some(place) = unexplained.iter().position(|figures| *figures == wrong) {
            unexplained.swap_remove(place);
            continue;
        }
        let before = all_figures(&identity, before.0, before.1);
        mishaps.push(Mishap { identity, wrong, before });
    }
    mishaps.retain(|mishap| !mishap.is_ours(ledger));
    mishaps
}

/// The figures of every row of this identity.
fn all_figures(identity: &Identity, grid: &Grid, layout: &Layout) -> Vec<Figures> {
    let rows = grid.iter().skip(layout.header + 1);
    rows.filter(|cells| layout.identity(cells) == *identity).map(|cells| layout.figures(cells)).collect()
}

/// What puts things back in the tab as it stands now. A row that has changed since is left alone: its own writer has been
/// there. Returns how many rows cannot be mended, because they were not there before.
pub(crate) fn restore(mishaps: &[Mishap], grid: &Grid, layout: &Layout) -> (Vec<Update>, usize) {
    let mut updates: Vec<Update> = Vec::new();
    let mut lost = 0;
    for mishap in mishaps {
        let mut right = mishap.before.clone();
        let mut hit = None;
        for (row, cells) in grid.iter().enumerate().skip(layout.header + 1) {
            if layout.identity(cells) != mishap.identity {
                continue;
            }
            let figures = match updates.iter().find(|update| update.row == row) {
                // Mended a moment ago: it has what this other one had.
                Some(update) => update.figures.clone(),
                None => layout.figures(cells),
            };
            if hit.is_none() && figures == mishap.wrong {
                hit = Some(row);
            } else if let Some(place) = right.iter().position(|before| *before == figures) {
                right.swap_remove(place);
            }
        }
        let Some(row) = hit else { continue };
        // Below the last row there was nothing.
        let nothing = (mishap.identity == Identity::default()).then(Figures::default);
        match right.into_iter().next().or(nothing) {
            Some(figures) => updates.push(Update { row, identity: mishap.identity.clone(), figures }),
            None => lost += 1,
        }
    }
    (updates, lost)
}

impl Mishap {
    /// Whether the ledger knows what the row should say, so that the next plan mends it.
    fn is_ours(&self, ledger: &BTreeMap<Row, Totals>) -> bool {
        row_of(&self.identity).is_some_and(|row| ledger.contains_key(&row))
    }
}

/// The identities in an answer to blocks of whole rows, which begin at the first of our columns.
pub(crate) fn identities(answer: &[Vec<Vec<Value>>], lengths: &[usize], layout: &Layout) -> Vec<Identity> {
    let (first, _) = layout.span();
    let mut identities = Vec::new();
    for (rows, length) in answer.iter().zip(lengths) {
        for place in 0..*length {
            // Empty rows at the end are left out of an answer.
            let cells = rows.get(place).map(Vec::as_slice).unwrap_or_default();
            let shifted: Vec<Value> =
                std::iter::repeat_n(Value::Empty, first).chain(cells.iter().cloned()).collect();
            identities.push(layout.identity(&shifted));
        }
    }
    identities
}
