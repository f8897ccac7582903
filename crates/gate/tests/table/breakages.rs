//! How people break such tables: a fixture for each breakage that the field has seen.

use crate::fixture;

/// A test for each fixture, named after it and after the promise that it proves.
macro_rules! breakages {
    ($($test:ident: $fixture:literal)*) => {
        $(#[test] fn $test() { fixture::check($fixture); })*
        const TESTED: &[&str] = &[$($fixture),*];
    };
}

breakages! {
    // The header.
    p02_duplicate_or_empty_header_cells: "duplicate_header_cells"
    p02_header_with_spaces_case_nbsp: "header_spaces_case_nbsp"
    p02_title_rows_above_the_header: "title_rows_above_the_header"
    p02_header_below_the_tenth_row: "header_below_the_tenth_row"
    p02_columns_reordered_and_extra: "columns_reordered_and_extra"
    p02_renamed_columns_are_named: "renamed_columns"
    p02_renamed_key_column_is_named: "renamed_key_column"
    // The tab.
    p02_another_tab: "another_tab"
    p02_empty_tab: "empty_tab"
    p02_blank_tab: "blank_tab"
    p02_header_only: "header_only"
    // The rows.
    p04_blank_rows_in_the_middle: "blank_rows_in_the_middle"
    p04_prefilled_checkboxes: "prefilled_checkboxes"
    p04_sorted_filtered_hidden_rows: "sorted_filtered_hidden_rows"
    p04_duplicate_keys: "duplicate_keys"
    // The cells.
    p03_booleans_as_text: "booleans_as_text"
    p03_dates_as_text: "dates_as_text"
    p03_time_zone_of_the_spreadsheet: "time_zone_of_the_spreadsheet"
    p03_rate_limit_as_text: "rate_limit_as_text"
    p03_quotas_as_text: "quotas_as_text"
    p04_minutes_of_sound: "audio_minutes"
    p04_restrictions: "restrictions"
    p04_numbers_reformatted: "numbers_reformatted"
    p04_type_mismatch: "type_mismatch"
    p04_formula_errors: "formula_errors"
    p04_smart_quotes_and_blanks_around_values: "smart_quotes_and_blanks_around_values"
    p04_key_in_another_column: "key_in_another_column"
    // The keys.
    p08_zero_width_characters_in_a_key: "zero_width_characters_in_a_key"
    p08_smart_dashes_and_letters_in_a_key: "smart_dashes_and_letters_in_a_key"
    p08_hashed_keys: "hashed_keys"
}

#[test]
fn every_fixture_is_tested() {
    let untested: Vec<_> = fixture::names().into_iter().filter(|name| !TESTED.contains(&&**name)).collect();
    assert_eq!(untested, Vec::<String>::new());
}
