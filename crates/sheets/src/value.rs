//! What a cell holds.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// A cell as `UNFORMATTED_VALUE` and `SERIAL_NUMBER` give it: the only form that does not depend on the
/// spreadsheet's language.
#[derive(Clone, Default, PartialEq)]
pub enum Value {
    /// Nothing. Google writes it as `""` or leaves it out; JSON null is read alike.
    #[default]
    Empty,
    /// Text, never empty.
    Text(String),
    /// A number, or a date: days since 1899-12-30 in the spreadsheet's time zone, the fraction being the time
    /// of day. Nothing in the value tells the two apart.
    Number(f64),
    /// A checkbox or a boolean.
    Bool(bool),
}

/// Shows the kind only: a cell may hold a secret.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "Empty",
            Self::Text(_) => "Text(..)",
            Self::Number(_) => "Number(..)",
            Self::Bool(_) => "Bool(..)",
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Cell)
    }
}

/// As the API takes it with `RAW`: nothing of it is interpreted. `Empty` clears the cell; to leave a cell alone, write
/// JSON null, which is an absent [`Value`] in an `Option`.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Empty => serializer.serialize_str(""),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Bool(boolean) => serializer.serialize_bool(*boolean),
        }
    }
}

struct Cell;

impl Visitor<'_> for Cell {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, a boolean or nothing")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Empty)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "a number in a sheet is a double to begin with")]
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "a number in a sheet is a double to begin with")]
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(if value.is_empty() { Value::Empty } else { Value::Text(value.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::Value::{self, Bool, Empty, Number, Text};

    #[test]
    fn every_kind_of_cell_is_read() {
        let row: Vec<Value> =
            serde_json::from_str(r#"["", null, "0042", 42, -1, 45000.5, true, "TRUE"]"#).unwrap();
        let text = |text: &str| Text(text.to_owned());
        let expected = [
            Empty,
            Empty,
            text("0042"),
            Number(42.0),
            Number(-1.0),
            Number(45000.5),
            Bool(true),
            text("TRUE"),
        ];
        assert_eq!(row, expected);
        assert!(serde_json::from_str::<Value>("[]").is_err());
    }
}
