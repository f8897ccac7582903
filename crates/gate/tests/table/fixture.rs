//! A fixture: a grid as Google returns `values`, and what reading it gives.

use std::path::PathBuf;
use std::time::Duration;

use gate::{Cell, FurtherLimits, KeyHash, Record, Restrictions, Rules, Table};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Reads the fixture's grid and compares all that comes out.
pub(crate) fn check(name: &str) {
    let path = directory().join(name).with_extension("json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let fixture: Value = serde_json::from_str(&text).unwrap();
    match Table::read(&grid(&fixture["values"]), &rules(&fixture)) {
        Ok(table) => {
            let problems: Vec<String> = table.problems.iter().map(ToString::to_string).collect();
            assert_eq!(table.records, list(&fixture["records"], record), "{name}: records");
            assert_eq!(problems, list(&fixture["problems"], text_of), "{name}: {problems:#?}");
        }
        Err(fault) => assert_eq!(fault.to_string(), text_of(&fixture["fault"]), "{name}"),
    }
}

/// The names of all fixtures on disk.
pub(crate) fn names() -> Vec<String> {
    let files = std::fs::read_dir(directory()).unwrap();
    files.map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

/// A grid from JSON, where `""` and `null` are empty cells.
pub(crate) fn grid(values: &Value) -> Vec<Vec<Cell>> {
    list(values, |row| list(row, cell))
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/table/fixtures")
}

fn rules(fixture: &Value) -> Rules {
    Rules {
        time_zone: TimeZone::get(fixture["time_zone"].as_str().unwrap_or("UTC")).unwrap(),
        default_limit: number(&fixture["default_limit"]),
    }
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::String(text) if text.is_empty() => Cell::Empty,
        Value::String(text) => Cell::Text(text.clone()),
        Value::Number(number) => Cell::Number(number.as_f64().unwrap()),
        Value::Bool(bool) => Cell::Bool(*bool),
        _ => Cell::Empty,
    }
}

/// A record as a fixture writes it: its key in clear, and nothing that is as usual.
fn record(value: &Value) -> Record {
    Record {
        key: KeyHash::of(text_of(&value["key"]).as_bytes()),
        client: text_of(&value["client"]).into(),
        limit: number(&value["limit"]),
        further_limits: further_limits(value).boxed(),
        active: value["active"].as_bool().unwrap_or(true),
        expires_at: moment(&value["expires_at"]),
        revoked_at: moment(&value["revoked_at"]),
        restrictions: restrictions(value).shared(),
        readable: value["readable"].as_bool().unwrap_or(true),
        row: number(&value["row"]).unwrap(),
    }
}

fn further_limits(value: &Value) -> FurtherLimits {
    FurtherLimits {
        day: value["limit_day"].as_u64(),
        month: value["limit_month"].as_u64(),
        shadow: number(&value["shadow_limit"]),
        audio_day: value["audio_day_ms"].as_u64().map(Duration::from_millis),
    }
}

/// Each as a list of texts; an empty one where the cell could not be read.
fn restrictions(value: &Value) -> Restrictions {
    let words =
        |name: &str| value[name].as_array().map(|_| list(&value[name], |word| text_of(word).into()).into());
    let networks = |network: &Value| text_of(network).parse().unwrap();
    Restrictions {
        scopes: words("scopes"),
        allowed_ips: value["allowed_ips"].as_array().map(|_| list(&value["allowed_ips"], networks).into()),
        methods: words("methods"),
        environments: words("environment"),
    }
}

fn list<T>(value: &Value, item: impl FnMut(&Value) -> T) -> Vec<T> {
    value.as_array().into_iter().flatten().map(item).collect()
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().map(|number| u32::try_from(number).unwrap())
}

fn moment(value: &Value) -> Option<i64> {
    value.as_str().map(|text| text.parse::<Timestamp>().unwrap().as_second())
}

fn text_of(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
