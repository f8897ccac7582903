//! One row below the header: a [`Record`] or none, and what is wrong with it.

use std::time::Duration;

use super::header::{Column, Header};
use super::key::{self, Key};
use super::limit::Per;
use super::problem::number;
use super::value::Value;
use super::{Cell, Problem, Rules, limit, list, minutes, moment};
use crate::{FurtherLimits, Record, Restrictions};

const A_CHECKBOX: &str = "a checkbox";
const A_CLIENT: &str = "a client name";
const A_MOMENT: &str = "a date and time; write YYYY-MM-DD HH:MM:SS";

/// A row of the table that holds a usable key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it says, by itself: copies of its key in other rows are not folded in.
    pub record: Record,
    /// `created_at` in Unix seconds, where it can be read.
    pub created_at: Option<i64>,
    /// Whether the cell holds the key itself, and not its hash.
    pub is_plain: bool,
}

/// Reads the row with this index. A row without a usable key gives nothing; with one it always gives something.
pub(super) fn read(
    cells: &[Cell],
    index: usize,
    header: &Header,
    rules: &Rules,
    problems: &mut Vec<Problem>,
) -> Option<Row> {
    let mut row = Reader { cells, index, header, rules, problems, secret: String::new(), readable: true };
    let key = row.key()?;
    let client = row.client();
    let limit = row.limit();
    let further_limits = row.further_limits();
    let active = row.active();
    let expires_at = row.moment(Column::ExpiresAt);
    let revoked_at = row.moment(Column::RevokedAt);
    let created_at = row.created_at();
    let restrictions = row.restrictions();
    let (key_hash, readable, number) = (key.hash, row.readable, number(index));
    let record = Record {
        key: key_hash,
        client,
        limit,
        further_limits: further_limits.boxed(),
        active,
        expires_at,
        revoked_at,
        restrictions: restrictions.shared(),
        readable,
        row: number,
    };
    Some(Row { record, created_at, is_plain: key.is_plain })
}

struct Reader<'a> {
    cells: &'a [Cell],
    index: usize,
    header: &'a Header,
    rules: &'a Rules,
    problems: &'a mut Vec<Problem>,
    /// The row's key, which no message may repeat.
    secret: String,
    readable: bool,
}

impl<'a> Reader<'a> {
    fn key(&mut self) -> Option<Key> {
        let value = self.value(Column::ApiKey);
        if value.is_empty() {
            if self.has_other_cells() {
                self.warn(Column::ApiKey, "no key in a row with other cells; row skipped".to_owned());
            }
            return None;
        }
        let mut key =
            key::read(value).map_err(|fault| self.refuse(Column::ApiKey, fault.to_string())).ok()?;
        self.secret = std::mem::take(&mut key.text);
        if let Some(doubt) = key.doubt {
            self.warn(Column::ApiKey, doubt.to_string());
        }
        Some(key)
    }

    /// Boxes filled in ahead of need make no row, and nor do columns that are not read.
    fn has_other_cells(&self) -> bool {
        Column::ALL.into_iter().any(|column| column != Column::IsActive && !self.value(column).is_empty())
    }

    fn client(&mut self) -> Box<str> {
        let value = self.value(Column::ClientName);
        match value {
            Value::Empty | Value::Text("") => {
                self.refuse(Column::ClientName, "no client name".to_owned());
                Box::default()
            }
            Value::Text(name) if !value.is_formula_error() => name.into(),
            Value::Number(number) if number.is_finite() => number.to_string().into(),
            Value::Bool(name) => if name { "TRUE" } else { "FALSE" }.into(),
            _ => {
                self.refuse_value(Column::ClientName, value, A_CLIENT);
                Box::default()
            }
        }
    }

    fn limit(&mut self) -> Option<u32> {
        let limit = self.limit_of(Column::RateLimit, Per::Minute);
        limit.map_or(self.rules.default_limit, |limit| Some(per_minute(limit)))
    }

    fn further_limits(&mut self) -> FurtherLimits {
        FurtherLimits {
            day: self.limit_of(Column::RateLimitDay, Per::Day),
            month: self.limit_of(Column::RateLimitMonth, Per::Month),
            shadow: self.shadow_limit(),
            audio_day: self.audio_limit(),
        }
    }

    /// An unreadable limit admits nothing, rather than everything.
    fn limit_of(&mut self, column: Column, per: Per) -> Option<u64> {
        let value = self.value(column);
        if value.is_empty() {
            return None;
        }
        let limit = limit::read(value, per);
        if limit.is_none() {
            self.refuse_value(column, value, per.wanted());
        }
        limit.or(Some(0))
    }

    /// Like the others: where it cannot be read, nothing is made.
    fn audio_limit(&mut self) -> Option<Duration> {
        let value = self.value(Column::AudioMinutesDay);
        if value.is_empty() {
            return None;
        }
        let limit = minutes::read(value);
        if limit.is_none() {
            self.refuse_value(Column::AudioMinutesDay, value, minutes::WANTED);
        }
        limit.or(Some(Duration::ZERO))
    }

    /// A limit that is tried out refuses nobody, and so does one that cannot be read.
    fn shadow_limit(&mut self) -> Option<u32> {
        let value = self.value(Column::ShadowRateLimit);
        if value.is_empty() {
            return None;
        }
        let limit = limit::read(value, Per::Minute);
        if limit.is_none() {
            self.warn(Column::ShadowRateLimit, self.complaint(value, Per::Minute.wanted()));
        }
        limit.map(per_minute)
    }

    fn active(&mut self) -> bool {
        let value = self.value(Column::IsActive);
        if value.is_formula_error() {
            self.refuse_value(Column::IsActive, value, A_CHECKBOX);
        } else if active(value).is_none() {
            let shown = value.shown(&self.secret);
            self.warn(Column::IsActive, format!("{shown} counts as inactive; use a checkbox"));
        }
        active(value).unwrap_or(false)
    }

    fn moment(&mut self, column: Column) -> Option<i64> {
        let value = self.value(column);
        if value.is_empty() {
            return None;
        }
        let moment = moment::read(value, &self.rules.time_zone);
        if moment.is_none() {
            self.refuse_value(column, value, A_MOMENT);
        }
        moment
    }

    /// Nothing depends on `created_at`; a bad one is worth a word all the same.
    fn created_at(&mut self) -> Option<i64> {
        let value = self.value(Column::CreatedAt);
        let moment = moment::read(value, &self.rules.time_zone);
        if !value.is_empty() && moment.is_none() {
            self.warn(Column::CreatedAt, self.complaint(value, A_MOMENT));
        }
        moment
    }

    fn restrictions(&mut self) -> Restrictions {
        Restrictions {
            scopes: self.list(Column::Scopes, list::scopes),
            allowed_ips: self.list(Column::AllowedIps, list::networks),
            methods: self.list(Column::Methods, list::methods),
            environments: self.list(Column::Environment, list::environments),
        }
    }

    /// `None` where the cell is empty; where it cannot be read, nothing at all is allowed.
    fn list<T>(
        &mut self,
        column: Column,
        read: impl Fn(Value<'_>) -> Result<Box<[T]>, &'static str>,
    ) -> Option<Box<[T]>> {
        let value = self.value(column);
        if value.is_empty() {
            return None;
        }
        if self.may_hold_a_key(value) {
            self.refuse(
                column,
                "the content (not shown, it may be a key) is not what belongs here".to_owned(),
            );
            return Some(Box::default());
        }
        let list = read(value).map_err(|wanted| self.refuse_value(column, value, wanted));
        Some(list.unwrap_or_default())
    }

    /// A key would be taken for a scope, and kept and shown as one.
    fn may_hold_a_key(&self, value: Value<'_>) -> bool {
        let Value::Text(text) = value else { return false };
        let mut words = text.split(list::is_between);
        words.any(|word| word == self.secret || word.to_ascii_lowercase().contains("sk-convergence-"))
    }

    fn value(&self, column: Column) -> Value<'a> {
        Value::of(self.header.cell(column, self.cells))
    }

    fn complaint(&self, value: Value<'_>, wanted: &str) -> String {
        let shown = value.shown(&self.secret);
        if value.is_formula_error() {
            format!("{shown} is a formula error or a value still loading")
        } else {
            format!("{shown} is not {wanted}")
        }
    }

    fn refuse_value(&mut self, column: Column, value: Value<'_>, wanted: &str) {
        self.refuse(column, self.complaint(value, wanted));
    }

    fn refuse(&mut self, column: Column, message: String) {
        self.readable = false;
        self.problems.push(Problem::refusing(self.index, self.header.index(column), column.name(), message));
    }

    fn warn(&mut self, column: Column, message: String) {
        self.problems.push(Problem::harmless(self.index, self.header.index(column), column.name(), message));
    }
}

fn per_minute(limit: u64) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}

/// What an `is_active` cell says, or `None` where a person may believe that it says something else than inactive.
fn active(value: Value<'_>) -> Option<bool> {
    let any = |words: [&str; 3], text: &str| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    match value {
        Value::Bool(active) => Some(active),
        Value::Number(1.0) => Some(true),
        Value::Empty | Value::Number(0.0) => Some(false),
        Value::Text(text) if any(["true", "yes", "1"], text) => Some(true),
        Value::Text(text) if any(["false", "no", "0"], text) => Some(false),
        Value::Text(_) | Value::Number(_) => None,
    }
}
