//! docs/SCALE.md says what the model says.

use std::path::Path;

use scale::document::{PATH, places, table, with};
use scale::tables::{TABLES, all};

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(PATH);
    std::fs::read_to_string(path).expect("the document")
}

#[test]
fn the_tables_are_what_the_model_says() {
    let document = document();
    for (name, new) in all() {
        let old = table(&document, name).unwrap_or_else(|| panic!("{PATH} has no table {name}"));
        assert_eq!(
            old, new,
            "{name}: `cargo run --release -p convergence-scale write`, and read what stands around it"
        );
    }
}

#[test]
fn every_place_has_its_table() {
    let document = document();
    assert_eq!(places(&document), TABLES.map(|(name, _)| name));
}

#[test]
fn a_table_goes_to_its_place_and_nothing_else_changes() {
    let document = document();
    let changed = with(&document, &[("load", "| other |\n".to_owned())]).expect("a place");
    assert_eq!(table(&changed, "load"), Some("| other |\n"));
    let back = table(&document, "load").expect("a table").to_owned();
    assert_eq!(with(&changed, &[("load", back)]).expect("a place"), document);
    assert!(with(&document, &[("nothing", String::new())]).is_err());
}
