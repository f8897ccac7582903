//! Formulas, as far as they are trivial: numbers, texts, cells of the same tab, `+ - * / &`, parentheses, and `SUM`
//! of a block. Everything else comes to `#ERROR!`, which says plainly that it was not worked out; it reads back
//! as a formula all the same.

use serde_json::{Value, json};

use super::Tab;
use super::render::general;
use crate::google::a1;

const NOT_WORKED_OUT: &str = "#ERROR!";
const BY_ZERO: &str = "#DIV/0!";

/// How many cells may hang on each other, so that a circle ends.
const DEPTH: usize = 20;

/// What a formula (with its `=`) comes to.
pub(crate) fn evaluate(formula: &str, tab: &Tab) -> Value {
    at_depth(formula, tab, DEPTH)
}

/// The `ErrorType` of a text that stands for an error.
pub(crate) fn error_of(text: &str) -> Option<&'static str> {
    match text {
        NOT_WORKED_OUT => Some("ERROR"),
        BY_ZERO => Some("DIVIDE_BY_ZERO"),
        _ => None,
    }
}

fn at_depth(formula: &str, tab: &Tab, depth: usize) -> Value {
    let mut reader = Reader { rest: formula.trim_start_matches('='), tab, depth };
    let value = reader.sum();
    match value {
        Ok(value) if reader.rest.trim().is_empty() => value,
        Ok(_) => json!(NOT_WORKED_OUT),
        Err(error) => json!(error),
    }
}

struct Reader<'a> {
    rest: &'a str,
    tab: &'a Tab,
    depth: usize,
}

type Result = std::result::Result<Value, &'static str>;

impl Reader<'_> {
    /// Takes one of these signs, if it is next.
    fn take(&mut self, signs: &str) -> Option<char> {
        let rest = self.rest.trim_start();
        let sign = rest.chars().next().filter(|&c| signs.contains(c))?;
        self.rest = &rest[1..];
        Some(sign)
    }

    fn sum(&mut self) -> Result {
        let mut left = self.product()?;
        while let Some(sign) = self.take("+-&") {
            let right = self.product()?;
            left = match sign {
                '&' => json!(text(&left) + &text(&right)),
                '+' => json!(number(&left)? + number(&right)?),
                _ => json!(number(&left)? - number(&right)?),
            };
        }
        Ok(left)
    }

    fn product(&mut self) -> Result {
        let mut left = self.factor()?;
        while let Some(sign) = self.take("*/") {
            let (dividend, divisor) = (number(&left)?, number(&self.factor()?)?);
            left = match sign {
                '*' => json!(dividend * divisor),
                _ if divisor == 0.0 => return Err(BY_ZERO),
                _ => json!(dividend / divisor),
            };
        }
        Ok(left)
    }

    fn factor(&mut self) -> Result {
        match self.take("(-\"") {
            Some('(') => {
                let inner = self.sum()?;
                self.take(")").map(|_| inner).ok_or(NOT_WORKED_OUT)
            }
            Some('-') => Ok(json!(-number(&self.factor()?)?)),
            Some(_) => {
                let (text, rest) = self.rest.split_once('"').ok_or(NOT_WORKED_OUT)?;
                self.rest = rest;
                Ok(json!(text))
            }
            None => self.word(),
        }
    }

    fn word(&mut self) -> Result {
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !".$:".contains(c)).unwrap_or(rest.len());
        let word = rest[..end].replace('$', "");
        self.rest = &rest[end..];
        if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") {
            return Ok(json!(word.eq_ignore_ascii_case("true")));
        }
        if word.eq_ignore_ascii_case("sum") && self.take("(").is_some() {
            let range = self.rest.split(')').next().unwrap_or_default();
            self.rest = self.rest.get(range.len() + 1..).ok_or(NOT_WORKED_OUT)?;
            return self.total(&range.replace('$', ""));
        }
        if let Ok(number) = word.parse::<f64>() {
            return Ok(json!(number));
        }
        match a1::parse(&word).and_then(|asked| asked.cells) {
            Some(a1::Cells { first_row, first_column, .. }) if !word.contains(':') => {
                self.cell(first_row, first_column)
            }
            _ => Err(NOT_WORKED_OUT),
        }
    }

    fn total(&self, range: &str) -> Result {
        let cells = a1::parse(range).and_then(|asked| asked.cells).ok_or(NOT_WORKED_OUT)?;
        let used = self.tab.used();
        let rows = cells.first_row..used.rows.end.min(cells.last_row.map_or(usize::MAX, |last| last + 1));
        let end = used.columns.end.min(cells.last_column.map_or(usize::MAX, |last| last + 1));
        let mut sum = 0.0;
        for row in rows {
            for column in cells.first_column..end {
                sum += self.cell(row, column)?.as_f64().unwrap_or(0.0);
            }
        }
        Ok(json!(sum))
    }

    fn cell(&self, row: usize, column: usize) -> Result {
        let Some(cell) = self.tab.cell(row, column) else { return Ok(Value::Null) };
        match (cell.formula(), self.depth.checked_sub(1)) {
            (Some(formula), Some(depth)) => Ok(at_depth(formula, self.tab, depth)),
            (Some(_), None) => Err(NOT_WORKED_OUT),
            (None, _) => Ok(cell.value.clone()),
        }
    }
}

fn number(value: &Value) -> std::result::Result<f64, &'static str> {
    match value {
        Value::Null => Ok(0.0),
        Value::Bool(value) => Ok(f64::from(u8::from(*value))),
        other => other.as_f64().ok_or(NOT_WORKED_OUT),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string().to_uppercase(),
        number => general(number.as_f64().unwrap_or(0.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trivial_formulas_are_worked_out_and_others_say_so() {
        let mut tab = Tab::new(0, "T");
        tab.fill(vec![vec![json!(2), json!("a")], vec![json!(3.5)]]);
        tab.cell_mut(4, 0).enter_formula("=A5");
        for (formula, value) in [
            ("=4/2", json!(2.0)),
            ("=3/2", json!(1.5)),
            ("=-(1+2)*3", json!(-9.0)),
            ("=$A$1 + A2", json!(5.5)),
            ("=SUM(A1:A2)/2", json!(2.75)),
            ("=SUM(A:A1)", json!(2.0)),
            ("=B1&\"-\"&A1", json!("a-2")),
            ("=1/0", json!("#DIV/0!")),
            ("=A5", json!("#ERROR!")),
            ("=VLOOKUP(A1,A:B,2)", json!("#ERROR!")),
            ("=1 1", json!("#ERROR!")),
        ] {
            assert_eq!(evaluate(formula, &tab), value, "{formula}");
        }
    }
}
