//! What happens between a look and a change, and what an edit leaves of a file.

use std::path::Path;
use std::time::Duration;

use futures_util::future::BoxFuture;
use proptest::prelude::*;
use tempfile::TempDir;
use testkit::{Fault, Google, Times};

use super::*;
use crate::clock::Now;
use crate::config::{GoogleCredentials, GoogleSheet};

const LINES: [&str; 3] =
    ["api_key,client_name,is_active", "sk-convergence-one,One,TRUE", "sk-convergence-two,Two,TRUE"];

fn file(path: &Path) -> KeysTable {
    KeysTable::File(CsvTable::new(path.to_owned(), TimeZone::UTC, None))
}

/// Waits for nothing.
struct Hasty;

impl Clock for Hasty {
    fn now(&self) -> Now {
        Now { unix: 1_800_000_000, uptime: Duration::ZERO }
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

async fn sheet(google: &Google, folder: &TempDir) -> KeysTable {
    let credentials = folder.path().join("account.json");
    std::fs::write(&credentials, google.credentials_json()).unwrap();
    let sheet = GoogleSheet {
        credentials: GoogleCredentials::File(credentials),
        sheet_id: google.sheet_id().to_owned(),
        tab: "Keys".to_owned(),
        endpoint: google.url(),
    };
    KeysTable::Google(Box::new(GoogleTable::open(sheet, None, Arc::new(Hasty)).await.unwrap()))
}

fn untick(seen: &Seen, row: usize) -> Change {
    let key = seen.listing.rows[row].record.key;
    let place = seen.column(Column::IsActive).unwrap();
    Change { key, row: index(&seen.listing.rows[row]), cells: vec![(place, Cell::Bool(false))] }
}

#[tokio::test]
async fn a_row_that_moved_since_the_look_is_not_written() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.csv");
    std::fs::write(&path, LINES.join("\n")).unwrap();
    let table = file(&path);
    let seen = table.look().await.unwrap();
    let sorted = [LINES[0], LINES[2], LINES[1]].join("\n");
    std::fs::write(&path, &sorted).unwrap();
    let error = table.change(&seen, &[untick(&seen, 0)]).await.unwrap_err();
    assert!(error.to_string().contains("has moved or changed meanwhile; nothing was written"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), sorted);

    let google = Google::start().await;
    let row = |line: &str| line.split(',').map(serde_json::Value::from).collect();
    google.set_tab("Keys", LINES.map(row).to_vec());
    let table = sheet(&google, &folder).await;
    let seen = table.look().await.unwrap();
    google.sort_tab("Keys", 1, true);
    let error = table.change(&seen, &[untick(&seen, 0)]).await.unwrap_err();
    assert!(error.to_string().contains("has moved or changed meanwhile; nothing was written"), "{error}");
    google.sort_tab("Keys", 1, false);
    google.insert_columns("Keys", 1, 1);
    let error = table.change(&seen, &[untick(&seen, 0)]).await.unwrap_err();
    assert!(error.to_string().contains("columns have changed meanwhile; nothing was written"), "{error}");
    assert_eq!(google.writes(), 0);
}

#[tokio::test]
async fn a_change_elsewhere_in_the_file_is_kept() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.csv");
    std::fs::write(&path, LINES.join("\n")).unwrap();
    let table = file(&path);
    let seen = table.look().await.unwrap();
    std::fs::write(&path, LINES.join("\n").replace("Two", "Second")).unwrap();
    table.change(&seen, &[untick(&seen, 0)]).await.unwrap();
    let expected = LINES.join("\n").replace("Two", "Second").replace("One,TRUE", "One,FALSE");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
}

/// A sheet whose reads fail from the next write on, as often as given, and a row to be added to it.
async fn blinded(google: &Arc<Google>, folder: &TempDir, times: Times) -> (KeysTable, KeyHash, NewRow) {
    let row = |line: &str| line.split(',').map(serde_json::Value::from).collect();
    google.set_tab("Keys", LINES.map(row).to_vec());
    let table = sheet(google, folder).await;
    let seen = table.look().await.unwrap();
    let mut row = NewRow { cells: Vec::new() };
    for (column, text) in [(Column::ApiKey, "sk-convergence-new"), (Column::ClientName, "New")] {
        row.put(&seen, column, Cell::Text(text.to_owned())).unwrap();
    }
    let other = Arc::clone(google);
    google.before_next_write(move || {
        other.inject(Fault::UnavailableAfterApplying, Times::Once);
        other.inject(Fault::QuotaExceeded, times);
    });
    (table, KeyHash::of(b"sk-convergence-new"), row)
}

#[tokio::test]
async fn the_look_that_tells_what_became_of_a_write_is_patient() {
    let (google, folder) = (Arc::new(Google::start().await), TempDir::new().unwrap());
    let (table, key, row) = blinded(&google, &folder, Times::Next(5)).await;
    assert_eq!(table.add(key, &row).await.unwrap(), [4]);
    assert_eq!((google.writes(), google.cells("Keys").len()), (1, 4));
}

#[tokio::test]
async fn where_the_outcome_cannot_be_seen_the_fingerprint_is_named() {
    let (google, folder) = (Arc::new(Google::start().await), TempDir::new().unwrap());
    let (table, key, row) = blinded(&google, &folder, Times::Always).await;
    let error = format!("{:#}", table.add(key, &row).await.unwrap_err());
    assert!(error.contains("whether the row was added cannot be told"), "{error}");
    assert!(error.contains(&key.fingerprint().to_string()) && error.contains("google's quota"), "{error}");
}

/// A field as some program may have written it: its bytes between two separators.
fn field(delimiter: char) -> impl Strategy<Value = String> {
    let plain = prop::collection::vec(prop::sample::select(vec!['a', ' ', 'é', '"', '=', '#', '\'']), 0..6);
    let quoted =
        prop::collection::vec(prop::sample::select(vec!['b', ' ', delimiter, '\n', '\r', '"', 'ü']), 0..6);
    prop_oneof![
        // A quote that begins a field opens it, so a plain one begins with something else.
        plain.prop_map(|chars| format!("x{}", chars.into_iter().collect::<String>())),
        Just(String::new()),
        quoted.prop_map(|chars| {
            let text: String = chars.into_iter().collect();
            format!("\"{}\"", text.replace('"', "\"\""))
        }),
    ]
}

/// A whole file in pieces: the fields of its lines, what separates them, how lines end, and what stands before.
#[derive(Clone, Debug)]
struct Pieces {
    mark: &'static str,
    delimiter: char,
    line_end: &'static str,
    blank_lines: usize,
    rows: Vec<[String; 2]>,
}

fn pieces() -> impl Strategy<Value = Pieces> {
    let form = (
        prop::sample::select(vec!["", "\u{feff}"]),
        prop::sample::select(vec![',', ';', '\t']),
        prop::sample::select(vec!["\n", "\r\n", "\r"]),
        0..3_usize,
    );
    form.prop_flat_map(|(mark, delimiter, line_end, blank_lines)| {
        let row = [field(delimiter), field(delimiter)];
        prop::collection::vec(row, 1..5).prop_map(move |rows| Pieces {
            mark,
            delimiter,
            line_end,
            blank_lines,
            rows,
        })
    })
}

impl Pieces {
    /// The file, with `is_active` of one row as given.
    fn spell(&self, changed: usize, active: &str) -> String {
        let between = self.delimiter.to_string();
        let lines = self.rows.iter().enumerate().map(|(row, [left, right])| {
            let active = if row == changed { active } else { "TRUE" };
            let key = format!("sk-convergence-{row}");
            [&*key, left, active, "Client", right].join(&between)
        });
        let header = ["api_key", "left", "is_active", "client_name", "right"].join(&between);
        let gap = self.line_end.repeat(self.blank_lines + 1);
        let all: Vec<String> = std::iter::once(header).chain(lines).collect();
        format!("{}{}", self.mark, all.join(&gap))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn editing_one_cell_leaves_every_other_byte(pieces in pieces(), pick in any::<prop::sample::Index>()) {
        let changed = pick.index(pieces.rows.len());
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("keys.csv");
        std::fs::write(&path, pieces.spell(changed, "TRUE")).unwrap();
        let table = CsvTable::new(path.clone(), TimeZone::UTC, None);
        let seen = table.look().unwrap();
        prop_assert_eq!(seen.listing.rows.len(), pieces.rows.len());
        table.change(&seen, &[untick(&seen, changed)]).unwrap();
        prop_assert_eq!(std::fs::read_to_string(&path).unwrap(), pieces.spell(changed, "FALSE"));
    }
}
