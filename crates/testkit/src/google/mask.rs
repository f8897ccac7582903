//! `fields=`: which parts of an answer a client wants.
//!
//! Both separators, `.` and `/`, were recorded, and parentheses group. An object whose members are all masked
//! away is `{}`. The same masks say what an update changes.
//!
//! Unknown names are refused as far down as cells and the properties of tabs; below, any name is taken.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The members that Google knows, by the path to them (discovery document, revision 20261019).
const KNOWN: [(&str, &str); 7] = [
    (
        "",
        "spreadsheetId properties sheets namedRanges spreadsheetUrl developerMetadata dataSources \
        dataSourceSchedules comments commentsViewMode",
    ),
    (
        "properties",
        "title locale autoRecalc timeZone defaultFormat iterativeCalculationSettings spreadsheetTheme \
        importFunctionsExternalUrlAccessAllowed",
    ),
    (
        "sheets",
        "properties data merges conditionalFormats filterViews protectedRanges basicFilter charts bandedRanges \
        developerMetadata rowGroups columnGroups slicers tables commentAnchors",
    ),
    (
        "sheets.properties",
        "sheetId title index sheetType gridProperties hidden tabColor tabColorStyle rightToLeft \
        dataSourceSheetProperties",
    ),
    ("sheets.data", "startRow startColumn rowData rowMetadata columnMetadata"),
    ("sheets.data.rowData", "values"),
    (
        "sheets.data.rowData.values",
        "userEnteredValue effectiveValue formattedValue userEnteredFormat effectiveFormat \
        hyperlink note textFormatRuns dataValidation pivotTable dataSourceTable dataSourceFormula chipRuns",
    ),
];

/// What to keep of an object: all of it (no members named), or the members named.
#[derive(Default)]
struct Keep(BTreeMap<String, Keep>);

/// Keeps of `whole` what `mask` names.
///
/// # Errors
/// The first path that cannot be found, as Google spells it in its refusal.
pub(super) fn apply(mask: &str, whole: &Value) -> Result<Value, String> {
    match paths(mask).find(|path| !is_known(path)) {
        Some(path) => Err(path.join(".")),
        None => Ok(keep(mask, whole)),
    }
}

/// Keeps of `whole` what `mask` names, without a look at whether there is such a thing.
pub(super) fn keep(mask: &str, whole: &Value) -> Value {
    let mut keep = Keep::default();
    for path in paths(mask) {
        let mut node = &mut keep;
        for name in path.into_iter().filter(|name| name != "*") {
            node = node.0.entry(name).or_default();
        }
    }
    prune(whole, &keep)
}

fn paths(mask: &str) -> impl Iterator<Item = Vec<String>> {
    split_top(mask).into_iter().flat_map(expand)
}

/// Splits at the commas outside parentheses.
fn split_top(mask: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, c) in mask.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&mask[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&mask[start..]);
    parts
}

/// `a.b(c,d)` becomes `a.b.c` and `a.b.d`.
fn expand(part: &str) -> Vec<Vec<String>> {
    let names = |path: &str| path.split(['.', '/']).map(|name| name.trim().to_owned()).collect::<Vec<_>>();
    match part.split_once('(').and_then(|(head, rest)| Some((head, rest.strip_suffix(')')?))) {
        Some((head, inner)) => {
            let tails = split_top(inner).into_iter().flat_map(expand);
            tails.map(|tail| names(head).into_iter().chain(tail).collect()).collect()
        }
        None => vec![names(part)],
    }
}

fn is_known(path: &[String]) -> bool {
    (0..path.len()).all(|at| {
        let above = path[..at].join(".");
        let known = KNOWN.iter().find(|(place, _)| *place == above);
        path[at] == "*"
            || known.is_none_or(|(_, names)| names.split_whitespace().any(|name| name == path[at]))
    })
}

/// Whether a mask for a spreadsheet names this member of its tabs.
pub(super) fn names(mask: &str, member: &str) -> bool {
    let paths = split_top(mask).into_iter().flat_map(expand);
    paths
        .into_iter()
        .any(|path| path.len() > 1 && path[0] == "sheets" && (path[1] == member || path[1] == "*"))
}

/// Copies to `target` what `mask` names of `source`; what is not there in `source` goes from `target`.
///
/// # Errors
/// Google's words, if nothing is named.
pub(super) fn merge(mask: &str, source: &Value, target: &mut Map<String, Value>) -> Result<(), String> {
    if mask.trim().is_empty() {
        return Err(
            "At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)".to_owned()
        );
    }
    for path in paths(mask) {
        if path == ["*"] {
            *target = source.as_object().cloned().unwrap_or_default();
        } else {
            copy(&path, source, target);
        }
    }
    Ok(())
}

fn copy(path: &[String], source: &Value, target: &mut Map<String, Value>) {
    let Some((name, rest)) = path.split_first() else { return };
    let value = &source[name.as_str()];
    // A list is replaced whole, whatever is named within it.
    if rest.is_empty() || rest == ["*"] || value.is_array() {
        // A colour has two spellings, of which the last one set counts.
        if let Some(plain) = name.strip_suffix("Style") {
            target.remove(plain);
        } else if name.ends_with("olor") {
            target.remove(&format!("{name}Style"));
        }
        match value {
            Value::Null => target.remove(name),
            value => target.insert(name.clone(), value.clone()),
        };
        return;
    }
    let inner = target.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(members) = inner {
        copy(rest, value, members);
        if members.is_empty() {
            target.remove(name);
        }
    }
}

fn prune(whole: &Value, keep: &Keep) -> Value {
    match whole {
        _ if keep.0.is_empty() => whole.clone(),
        Value::Array(items) => items.iter().map(|item| prune(item, keep)).collect(),
        Value::Object(members) => {
            let kept = keep
                .0
                .iter()
                .filter_map(|(name, keep)| Some((name.clone(), prune(members.get(name)?, keep))));
            Value::Object(kept.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn named_members_are_kept_and_unknown_ones_refused() {
        let whole = json!({
            "properties": { "timeZone": "Etc/GMT", "locale": "en_US", "title": "t" },
            "sheets": [{ "properties": { "title": "a" } }, { "properties": { "title": "b" } }],
        });
        let short = json!({
            "properties": { "timeZone": "Etc/GMT", "locale": "en_US" },
            "sheets": [{ "properties": { "title": "a" } }, { "properties": { "title": "b" } }],
        });
        for mask in [
            "properties(timeZone,locale),sheets.properties",
            "properties.timeZone,properties/locale,sheets/properties(title)",
        ] {
            assert_eq!(apply(mask, &whole).unwrap(), short, "{mask}");
        }
        assert_eq!(apply("*", &whole).unwrap(), whole);
        assert_eq!(apply("sheets.protectedRanges", &whole).unwrap(), json!({ "sheets": [{}, {}] }));
        assert_eq!(apply("sheets.sheetProperties", &whole).unwrap_err(), "sheets.sheetProperties");
    }

    #[test]
    fn a_mask_says_what_an_update_changes() {
        let mut target = json!({ "title": "a", "grid": { "rows": 1, "frozen": 1 }, "note": "n" });
        let source = json!({ "title": "b", "grid": { "frozen": 2 } });
        merge("grid/frozen,note", &source, target.as_object_mut().unwrap()).unwrap();
        assert_eq!(target, json!({ "title": "a", "grid": { "rows": 1, "frozen": 2 } }));
        assert!(merge(" ", &source, target.as_object_mut().unwrap()).is_err());
    }
}
