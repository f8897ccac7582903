//! Many rows take time in proportion.

use gate::{Cell, Rules, Table};
use jiff::tz::TimeZone;

/// A hundred thousand keys, each twice, each copy with a problem: well under a second when optimised, and a matter
/// of minutes if anything were quadratic.
#[test]
fn p04_two_hundred_thousand_rows_with_problems() {
    let text = |text: String| Cell::Text(text);
    let header = ["api_key", "client_name", "is_active", "expires_at", "rate_limit"];
    let mut grid = vec![header.map(|name| text(name.to_owned())).to_vec()];
    for row in 0..200_000 {
        let key = text(format!("sk-convergence-{}", row % 100_000));
        grid.push(vec![
            key,
            text(format!("client {row}")),
            text("WAHR".to_owned()),
            Cell::Number(46388.5),
            Cell::Number(60.0),
        ]);
    }
    let rules = Rules { time_zone: TimeZone::get("Europe/Berlin").unwrap(), default_limit: None };
    let start = std::time::Instant::now();
    let table = Table::read(&grid, &rules).unwrap();
    println!("read in {:?}", start.elapsed());
    assert_eq!((table.records.len(), table.problems.len()), (100_000, 300_000));
}
