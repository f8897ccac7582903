//! A cell as the readers of single columns see it: trimmed, and empty only where nothing can be seen.

use super::{Cell, text};

#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Empty,
    /// Trimmed. Empty where the cell held smart quotes and nothing else, which is no value of any column.
    Text(&'a str),
    Number(f64),
    Bool(bool),
}

impl<'a> Value<'a> {
    pub(super) fn of(cell: &'a Cell) -> Self {
        match cell {
            Cell::Empty => Self::Empty,
            Cell::Text(text) if text::is_all_blank(text) => Self::Empty,
            Cell::Text(text) => Self::Text(text::trimmed(text)),
            Cell::Number(number) => Self::Number(*number),
            Cell::Bool(bool) => Self::Bool(*bool),
        }
    }

    pub(super) fn is_empty(self) -> bool {
        matches!(self, Self::Empty)
    }

    pub(super) fn is_formula_error(self) -> bool {
        matches!(self, Self::Text(text) if text::is_formula_error(text))
    }

    /// For a message, see [`text::shown`].
    pub(super) fn shown(self, key: &str) -> String {
        match self {
            Self::Empty => "an empty cell".to_owned(),
            Self::Text(text) => text::shown(text, key),
            Self::Number(number) => text::shown(&number.to_string(), key),
            Self::Bool(true) => "TRUE".to_owned(),
            Self::Bool(false) => "FALSE".to_owned(),
        }
    }
}
