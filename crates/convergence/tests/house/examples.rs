//! The examples in the documents are read by the code that they are examples for.

use convergence::config::{Config, Settings, VARIABLES};
use gate::{Cell, Rules, Table};

use crate::repository::{fenced, files, read};

/// The request of the guide, as printed there.
const GUIDES_CURL: &str = r#"
curl -X POST http://localhost:8000/convergence/generate-audio \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer sk-convergence-abc123xyz" \
  -d '{
    "prompt": "Two developers discussing API security",
    "duration": 10
  }'
"#;

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_guides_request_is_printed_as_it_was() {
    for document in ["README.md", "docs/api-keys.md"] {
        let blocks = fenced(&read(document), "bash");
        assert!(blocks.iter().any(|block| words(block) == words(GUIDES_CURL)), "{document} has another curl");
    }
}

#[test]
fn every_request_to_paste_has_a_body_that_is_taken() {
    let mut requests = 0;
    for file in files(&[".md"]) {
        for block in fenced(&file.text, "bash").iter().filter(|block| block.contains("generate-audio")) {
            let body = block.split("-d '").nth(1).and_then(|rest| rest.rsplit_once('\''));
            let (body, _) = body.unwrap_or_else(|| panic!("{}: no body in {block}", file.path));
            let read = convergence::audio::Request::from_json(body.as_bytes());
            assert!(read.is_ok(), "{}: {read:?}", file.path);
            requests += 1;
        }
    }
    assert!(requests >= 3, "there were {requests}");
}

#[test]
fn every_env_file_is_read_and_names_known_settings() {
    let mut examples = 0;
    for file in files(&[".md"]) {
        for block in fenced(&file.text, "dotenv") {
            let path = tempfile::NamedTempFile::new().expect("a temporary file").into_temp_path();
            std::fs::write(&path, &block).expect("an example");
            let settings = Settings::from_env_file(&path);
            let settings = settings.unwrap_or_else(|fault| panic!("{}: {fault} in\n{block}", file.path));
            let lines = block.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
            for name in lines.filter_map(|line| line.split('=').next()) {
                let known = VARIABLES.iter().any(|variable| variable.name == name);
                assert!(known, "{}: {name} is no setting", file.path);
                let value = settings.value(name).unwrap_or_default();
                assert!(!value.is_empty() && !value.contains('#'), "{}: {name} is {value:?}", file.path);
            }
            let faults = Config::read(&settings).err().unwrap_or_default();
            assert_eq!(faults, [], "{}: \n{block}", file.path);
            examples += 1;
        }
    }
    assert!(examples >= 5, "there were {examples}");
}

#[test]
fn every_key_table_is_read_without_a_problem() {
    let rules = Rules { time_zone: jiff::tz::TimeZone::UTC, default_limit: None };
    let mut examples = 0;
    for file in files(&[".md"]) {
        for block in fenced(&file.text, "csv") {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(block.as_bytes());
            let rows = reader.records().map(|row| row.expect("as many fields as the header"));
            let grid: Vec<Vec<Cell>> = rows.map(|row| row.iter().map(cell).collect()).collect();
            let table = Table::read(&grid, &rules).unwrap_or_else(|fault| panic!("{}: {fault}", file.path));
            assert_eq!(table.problems, [], "{}:\n{block}", file.path);
            assert_eq!(table.records.len() + 1, grid.len(), "{}: a key for each row", file.path);
            examples += 1;
        }
    }
    assert!(examples >= 2, "there were {examples}");
}

fn cell(field: &str) -> Cell {
    if field.is_empty() { Cell::Empty } else { Cell::Text(field.to_owned()) }
}
