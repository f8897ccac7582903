//! `fields=`: which parts of an answer a client wants.
//!
//! Both separators, `.` and `/`, were recorded, and parentheses group. An object whose members are all masked
//! away is `{}`. A path that the full answer does not hold is an error here, as an unknown one is at Google;
//! members that Google shows only when set can therefore not be asked for.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What to keep of an object: all of it (no members named), or the members named.
#[derive(Default)]
struct Keep(BTreeMap<String, Keep>);

/// Keeps of `whole` what `mask` names.
///
/// # Errors
/// The first path that cannot be found, as Google spells it in its refusal.
pub(super) fn apply(mask: &str, whole: &Value) -> Result<Value, String> {
    let mut keep = Keep::default();
    for path in split_top(mask).iter().flat_map(|part| expand(part)) {
        if !holds(whole, &path) {
            return Err(path.join("."));
        }
        let mut node = &mut keep;
        for name in path.into_iter().filter(|name| name != "*") {
            node = node.0.entry(name).or_default();
        }
    }
    Ok(prune(whole, &keep))
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

fn holds(whole: &Value, path: &[String]) -> bool {
    let Some((name, rest)) = path.split_first() else { return true };
    match whole {
        Value::Array(items) => items.iter().any(|item| holds(item, path)),
        Value::Object(members) if name == "*" => members.values().any(|member| holds(member, rest)),
        Value::Object(members) => members.get(name).is_some_and(|member| holds(member, rest)),
        _ => false,
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
        assert_eq!(apply("sheets.sheetProperties", &whole).unwrap_err(), "sheets.sheetProperties");
    }
}
