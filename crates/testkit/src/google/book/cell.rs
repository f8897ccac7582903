//! One cell: what was entered, and how it is dressed.

use serde_json::{Map, Value, json};

/// A cell. Most hold a value and nothing else, so the rest stands apart: large tabs are tested too.
#[derive(Clone, Default)]
pub(crate) struct Cell {
    /// Null, boolean, number or text, as entered. Null beside a formula.
    pub(crate) value: Value,
    dress: Option<Box<Dress>>,
}

/// What few cells have.
#[derive(Clone, Default)]
pub(crate) struct Dress {
    /// With its `=`.
    pub(crate) formula: Option<String>,
    /// What a person sees instead of what number formats would make of the value.
    pub(crate) shown: Option<String>,
    /// Further members of `CellData`, such as `userEnteredFormat`, `note` and `dataValidation`.
    pub(crate) more: Map<String, Value>,
}

/// The members of `CellData` that Google works out by itself.
const WORKED_OUT: [&str; 4] = ["effectiveValue", "effectiveFormat", "formattedValue", "hyperlink"];

impl Cell {
    pub(crate) fn of(value: Value) -> Self {
        Self { value, dress: None }
    }

    /// A number that is shown as this text.
    pub(crate) fn shown_as(value: Value, shown: &str) -> Self {
        let dress = Dress { shown: Some(shown.to_owned()), ..Dress::default() };
        Self { value, dress: Some(Box::new(dress)) }
    }

    pub(crate) fn dress(&self) -> Option<&Dress> {
        self.dress.as_deref()
    }

    pub(crate) fn formula(&self) -> Option<&str> {
        self.dress()?.formula.as_deref()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.formula().is_none() && (self.value.is_null() || self.value == "")
    }

    /// `type` and `pattern` of the cell's number format.
    pub(crate) fn number_format(&self) -> Option<&Value> {
        self.dress()?.more.get("userEnteredFormat")?.get("numberFormat")
    }

    /// Enters a value; the dress stays, as it does when a person types.
    pub(crate) fn enter(&mut self, value: Value) {
        self.value = if value == "" { Value::Null } else { value };
        if let Some(dress) = &mut self.dress {
            (dress.formula, dress.shown) = (None, None);
        }
        self.undress_if_bare();
    }

    pub(crate) fn enter_formula(&mut self, formula: &str) {
        self.enter(Value::Null);
        self.dress.get_or_insert_default().formula = Some(formula.to_owned());
    }

    /// Sets a member of `userEnteredFormat`.
    pub(crate) fn set_number_format(&mut self, kind: &str, pattern: &str) {
        let more = &mut self.dress.get_or_insert_default().more;
        let format = more.entry("userEnteredFormat").or_insert_with(|| json!({}));
        format["numberFormat"] = json!({ "type": kind, "pattern": pattern });
    }

    pub(crate) fn set_validation(&mut self, rule: Option<&Value>) {
        let more = &mut self.dress.get_or_insert_default().more;
        match rule {
            Some(rule) => more.insert("dataValidation".to_owned(), rule.clone()),
            None => more.remove("dataValidation"),
        };
        self.undress_if_bare();
    }

    /// What was set of `CellData`: `userEnteredValue`, formats, note, validation.
    pub(crate) fn entered(&self) -> Map<String, Value> {
        let mut data = self.dress().map(|dress| dress.more.clone()).unwrap_or_default();
        let value = match self.formula() {
            Some(formula) => Some(json!({ "formulaValue": formula })),
            None => extended(&self.value),
        };
        data.extend(value.map(|value| ("userEnteredValue".to_owned(), value)));
        data
    }

    /// The reverse of [`Self::entered`], for a client's `CellData`.
    pub(crate) fn from_entered(mut data: Map<String, Value>) -> Self {
        let entered = data.remove("userEnteredValue").unwrap_or_default();
        data.retain(|name, value| !WORKED_OUT.contains(&name.as_str()) && !value.is_null() && *value != "");
        let mut cell =
            Self { value: Value::Null, dress: Some(Box::new(Dress { more: data, ..Dress::default() })) };
        if let Some(formula) = entered["formulaValue"].as_str() {
            cell.enter_formula(formula);
        } else {
            let kinds = ["numberValue", "stringValue", "boolValue"];
            cell.enter(kinds.iter().find_map(|kind| entered.get(kind)).cloned().unwrap_or_default());
        }
        cell
    }

    fn undress_if_bare(&mut self) {
        let bare = |dress: &Dress| dress.formula.is_none() && dress.shown.is_none() && dress.more.is_empty();
        if self.dress().is_some_and(bare) {
            self.dress = None;
        }
    }
}

/// A value as Google's `ExtendedValue`; nothing for an empty cell.
pub(crate) fn extended(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Bool(value) => Some(json!({ "boolValue": value })),
        Value::Number(_) => Some(json!({ "numberValue": super::render::whole_if_whole(value) })),
        Value::String(text) => Some(match super::formula::error_of(text) {
            Some(kind) => {
                json!({ "errorValue": { "type": kind, "message": "testkit does not work this out" } })
            }
            None => json!({ "stringValue": text }),
        }),
        other => Some(json!({ "stringValue": other.to_string() })),
    }
}
