//! A directory as servers hand it to each other: what a snapshot has, hashes only, cut by the rows of the table. A piece is
//! named by the hash of what is in it, so that of a large table with one changed row only the piece with that row travels.

use std::collections::HashMap;
use std::io::{self, BufRead};
use std::ops::Range;
use std::sync::Arc;

use gate::{KeyHash, Record};
use serde::{Deserialize, Serialize};

use super::roll::Roll;
use super::snapshot::{read_lines, write_lines, zone, zone_name};
use super::standing::Standing;
use crate::fleet::Piece;

/// How many rows of the table are in one piece.
const ROWS: u32 = 512;

/// What a server has read, and made of it.
#[derive(Clone)]
pub(super) struct Directory {
    /// The Unix second at which the reading began, by the clock of who has read.
    pub(super) read_at: i64,
    pub(super) roll: Arc<Roll>,
    /// Why that is in use.
    pub(super) standing: Standing,
    /// Whether there were no keys to lay it beside, so that it has passed no guard.
    pub(super) is_unguarded: bool,
    /// How many problems the table has.
    pub(super) problems: usize,
}

/// The same as text, but for the records; and of which pieces they are made.
#[derive(Serialize, Deserialize)]
pub(super) struct Manifest {
    read_at: i64,
    standing: Standing,
    is_unguarded: bool,
    problems: usize,
    /// As in a snapshot.
    time_zone: Option<String>,
    /// Their names, in the order of the rows.
    pieces: Vec<String>,
}

impl Manifest {
    /// Cuts a directory up.
    pub(super) fn of(directory: &Directory) -> (Self, Vec<Piece>) {
        let Directory { read_at, roll, standing, is_unguarded, problems } = directory;
        let pieces: Vec<Piece> = cuts(roll).map(|cut| piece(&roll.records()[cut])).collect();
        let manifest = Self {
            read_at: *read_at,
            standing: standing.clone(),
            is_unguarded: *is_unguarded,
            problems: *problems,
            time_zone: zone_name(roll.time_zone()),
            pieces: pieces.iter().map(|(name, _)| name.clone()).collect(),
        };
        (manifest, pieces)
    }

    /// The pieces that are not in that roll already.
    pub(super) fn missing(&self, known: &Known) -> Vec<&str> {
        self.pieces.iter().filter(|name| !known.0.contains_key(*name)).map(String::as_str).collect()
    }

    /// Puts it together, of what is known already and of the missing pieces in their order.
    ///
    /// # Errors
    /// A piece is not what its name says, or cannot be read.
    pub(super) fn assemble(self, old: &Roll, known: &Known, missing: Vec<Vec<u8>>) -> io::Result<Directory> {
        let mut missing = missing.into_iter();
        let mut records = Vec::new();
        for name in &self.pieces {
            if let Some(cut) = known.0.get(name) {
                records.extend_from_slice(&old.records()[cut.clone()]);
                continue;
            }
            let bytes = missing.next().filter(|bytes| name_of(bytes) == *name);
            let bytes = bytes.ok_or_else(|| io::Error::other("a piece is not what its name says"))?;
            // Before the first line there is nothing.
            records.extend(read_lines(bytes.lines().skip(1))?);
        }
        let roll = Roll::of(records).in_zone(zone(self.time_zone.as_deref()));
        let Self { read_at, standing, is_unguarded, problems, .. } = self;
        Ok(Directory { read_at, roll: Arc::new(roll), standing, is_unguarded, problems })
    }
}

/// The pieces of a roll, by name.
pub(super) struct Known(HashMap<String, Range<usize>>);

impl Known {
    pub(super) fn of(roll: &Roll) -> Self {
        Self(cuts(roll).map(|cut| (piece(&roll.records()[cut.clone()]).0, cut)).collect())
    }
}

/// Where a roll is cut: by the rows and not by number, so that a row more moves no border.
fn cuts(roll: &Roll) -> impl Iterator<Item = Range<usize>> {
    let mut end = 0;
    roll.records().chunk_by(|a, b| a.row / ROWS == b.row / ROWS).map(move |chunk| {
        let begin = end;
        end += chunk.len();
        begin..end
    })
}

fn piece(records: &[Record]) -> Piece {
    let mut bytes = Vec::new();
    write_lines(&mut bytes, records).expect("a vector takes everything");
    (name_of(&bytes), bytes)
}

fn name_of(bytes: &[u8]) -> String {
    KeyHash::of(bytes).to_hex()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sync::samples::{record, roll, table};

    fn directory(roll: Roll) -> Directory {
        let standing = Standing::AsRead;
        Directory { read_at: 5, roll: Arc::new(roll), standing, is_unguarded: true, problems: 7 }
    }

    /// What a server with one directory makes of another's; and how many pieces it has to fetch.
    fn hand_over(old: &Roll, new: &Roll) -> (Roll, usize) {
        let (manifest, pieces) = Manifest::of(&directory(new.clone()));
        let manifest: Manifest =
            serde_json::from_str(&serde_json::to_string(&manifest).expect("JSON")).expect("the same");
        let (pieces, known): (HashMap<_, _>, _) = (pieces.into_iter().collect(), Known::of(old));
        let missing: Vec<Vec<u8>> =
            manifest.missing(&known).iter().map(|name| pieces[*name].clone()).collect();
        let fetched = missing.len();
        let got = manifest.assemble(old, &known, missing).expect("whole");
        assert!(got.read_at == 5 && got.problems == 7 && got.is_unguarded);
        (Arc::unwrap_or_clone(got.roll), fetched)
    }

    fn large() -> Vec<Record> {
        (0..10 * ROWS).map(|row| Record { row, ..record(&row.to_string()) }).collect()
    }

    proptest! {
        #[test]
        fn whatever_a_server_has_it_gets_what_the_other_has(old in table(), new in table()) {
            prop_assert_eq!(hand_over(&roll(&old), &roll(&new)).0, roll(&new));
            prop_assert_eq!(hand_over(&roll(&new), &roll(&new)).1, 0);
        }
    }

    #[test]
    fn of_a_large_table_only_what_has_changed_travels() {
        let old = Roll::of(large());
        let mut changed = large();
        changed[3_000].active = false;
        changed.remove(0);
        changed.push(Record { row: 10 * ROWS, ..record("new") });
        let new = Roll::of(changed).in_zone(jiff::tz::TimeZone::get("Europe/Paris").expect("a zone"));
        let (got, fetched) = hand_over(&old, &new);
        assert_eq!((&got, got.time_zone(), fetched), (&new, new.time_zone(), 3));
        assert!(got.records().iter().map(|record| record.row).is_sorted(), "in the order of the rows");
    }

    #[test]
    fn a_piece_that_was_tampered_with_is_refused() {
        let (nothing, known) = (Roll::default(), Known::of(&Roll::default()));
        let assemble = |change: fn(&mut Vec<Vec<u8>>)| {
            let (manifest, pieces) = Manifest::of(&directory(Roll::of(large())));
            let mut pieces = pieces.into_iter().map(|(_, bytes)| bytes).collect();
            change(&mut pieces);
            manifest.assemble(&nothing, &known, pieces)
        };
        assert!(assemble(|_| {}).is_ok());
        assert!(assemble(Vec::clear).is_err());
        assert!(assemble(|pieces| *pieces[4].last_mut().expect("not empty") = b' ').is_err());
    }
}
