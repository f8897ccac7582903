//! Reads any grid as a keys table: nothing panics, each record has a row, and each problem is one line.
#![no_main]

use gate::{Cell, Rules, Table};
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;

const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe"];
const HEADER: [&str; 11] = [
    "api_key",
    "client_name",
    "is_active",
    "created_at",
    "expires_at",
    "rate_limit",
    "revoked_at",
    "scopes",
    "allowed_ips",
    "methods",
    "environment",
];

fuzz_target!(|input: &[u8]| {
    let [choice, rest @ ..] = input else { return };
    let grid = grid(*choice, rest);
    let zone = ZONES[usize::from(choice >> 1) % ZONES.len()];
    let rules = Rules { time_zone: TimeZone::get(zone).expect("a bundled zone"), default_limit: None };
    let Ok(table) = Table::read(&grid, &rules) else { return };
    for record in &table.records {
        assert!((1..=grid.len()).contains(&(record.row as usize)));
        assert!(!record.readable || !record.client.is_empty());
        let networks = record.restrictions.iter().filter_map(|all| all.allowed_ips.as_ref()).flatten();
        for network in networks {
            assert_eq!(network.to_string().parse(), Ok(*network));
        }
    }
    for problem in &table.problems {
        assert!((1..=grid.len()).contains(&(problem.row as usize)));
        assert!(!problem.to_string().contains(char::is_control));
    }
});

/// Cells in a row each, below a proper header if the choice is even.
fn grid(choice: u8, mut input: &[u8]) -> Vec<Vec<Cell>> {
    let mut grid = vec![Vec::new()];
    if choice % 2 == 0 {
        grid.insert(0, HEADER.map(|name| Cell::Text(name.to_owned())).to_vec());
    }
    while let [kind, rest @ ..] = input {
        input = rest;
        match kind % 6 {
            0 => grid.push(Vec::new()),
            kind => grid.last_mut().expect("never empty").push(cell(kind, &mut input)),
        }
    }
    grid
}

fn cell(kind: u8, input: &mut &[u8]) -> Cell {
    match kind {
        1 => Cell::Empty,
        2 => Cell::Bool(take(input, 1) == [1]),
        3 => {
            let mut bytes = [0; 8];
            bytes.iter_mut().zip(take(input, 8)).for_each(|(byte, given)| *byte = *given);
            Cell::Number(f64::from_le_bytes(bytes))
        }
        _ => {
            let length = take(input, 1).first().map_or(0, |length| usize::from(*length));
            Cell::Text(String::from_utf8_lossy(take(input, length)).into_owned())
        }
    }
}

/// The next bytes, or as many as are left.
fn take<'a>(input: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at(length.min(input.len()));
    *input = rest;
    taken
}
