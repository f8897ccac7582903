//! Which rules for colours hold for a cell: conditions on its text, its number, and whether it is empty.
//!
//! Conditions on dates and custom formulas are kept and answered, but taken not to hold.

use serde_json::Value;

use super::Tab;
use super::area::Area;
use super::render::shown;

/// The formats that rules give to a cell, the one that counts most last.
pub(crate) fn formats(tab: &Tab, row: usize, column: usize) -> Vec<&Value> {
    let here = Area::sized((row, column), 1, 1);
    let covers = |rule: &&Value| {
        let ranges = rule["ranges"].as_array().map(Vec::as_slice).unwrap_or_default();
        ranges.iter().any(|range| Area::from_json(range, tab.rows, tab.columns).holds(&here))
    };
    let value = tab.value(row, column);
    let text = tab.cell(row, column).map(|cell| shown(cell, &value)).unwrap_or_default();
    let rules = tab.objects("conditionalFormats").iter().rev().filter(covers);
    rules
        .map(|rule| &rule["booleanRule"])
        .filter(|rule| holds(&rule["condition"], &value, &text))
        .map(|rule| &rule["format"])
        .collect()
}

fn holds(condition: &Value, value: &Value, text: &str) -> bool {
    let operand = |at: usize| condition["values"][at]["userEnteredValue"].as_str().unwrap_or_default();
    let (text, wanted) = (text.to_lowercase(), operand(0).to_lowercase());
    let compared = || Some((value.as_f64()?, operand(0).parse::<f64>().ok()?));
    let number = |holds: fn(f64, f64) -> bool| compared().is_some_and(|(left, right)| holds(left, right));
    match condition["type"].as_str().unwrap_or_default() {
        "TEXT_CONTAINS" => text.contains(&wanted),
        "TEXT_NOT_CONTAINS" => !text.contains(&wanted),
        "TEXT_STARTS_WITH" => text.starts_with(&wanted),
        "TEXT_ENDS_WITH" => text.ends_with(&wanted),
        "TEXT_EQ" => text == wanted,
        "NUMBER_GREATER" => number(|left, right| left > right),
        "NUMBER_GREATER_THAN_EQ" => number(|left, right| left >= right),
        "NUMBER_LESS" => number(|left, right| left < right),
        "NUMBER_LESS_THAN_EQ" => number(|left, right| left <= right),
        "NUMBER_EQ" => number(|left, right| left.total_cmp(&right).is_eq()),
        "BLANK" => text.is_empty(),
        "NOT_BLANK" => !text.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_rule_that_holds_counts_most() {
        let mut tab = Tab::new(0, "T");
        tab.fill(vec![vec![json!("Revoked"), json!(7)]]);
        let rule = |kind: &str, value: &str, format: &str| {
            let condition = json!({ "type": kind, "values": [{ "userEnteredValue": value }] });
            json!({ "ranges": [{}], "booleanRule": { "condition": condition, "format": format } })
        };
        *tab.objects_mut("conditionalFormats") = vec![
            rule("TEXT_CONTAINS", "revoked", "red"),
            rule("NUMBER_GREATER", "6.5", "big"),
            rule("NOT_BLANK", "", "any"),
            rule("CUSTOM_FORMULA", "=TRUE", "never"),
        ];
        assert_eq!(formats(&tab, 0, 0), [&json!("any"), &json!("red")]);
        assert_eq!(formats(&tab, 0, 1), [&json!("any"), &json!("big")]);
        assert!(formats(&tab, 0, 2).is_empty());
    }
}
