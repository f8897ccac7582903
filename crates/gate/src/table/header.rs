//! Finds the header row, and the place of each column in it.

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use super::problem::{address, number};
use super::value::Value;
use super::{Cell, Problem, text};

/// How far down the header may stand, below title rows and blank ones.
pub(super) const SEARCHED_ROWS: usize = 10;

/// Why a grid is no keys table. The caller keeps the last good one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeaderFault {
    /// No cell holds anything.
    #[error("the table is empty")]
    Empty,
    /// No row of the first ten looks like a header.
    #[error("no row of the first {SEARCHED_ROWS} holds api_key")]
    NoHeader,
    /// The header lacks these required columns.
    #[error("the header lacks {}", .0.join(", "))]
    MissingColumns(Vec<&'static str>),
}

impl HeaderFault {
    /// A row below the ones that were searched: a table with cells there is not empty.
    pub(super) fn below(&mut self, cells: &[Cell]) {
        if *self == Self::Empty && !cells.iter().all(|cell| Value::of(cell).is_empty()) {
            *self = Self::NoHeader;
        }
    }
}

/// The columns that are read; all others are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// A key, or the SHA-256 of one.
    ApiKey,
    /// Whose it is.
    ClientName,
    /// A checkbox.
    IsActive,
    /// When the row was made.
    CreatedAt,
    /// The last moment at which the key is valid.
    ExpiresAt,
    /// Requests per minute.
    RateLimit,
    /// The first moment at which the key is refused.
    RevokedAt,
    /// What the key may do.
    Scopes,
    /// From where it may be used.
    AllowedIps,
    /// By which methods.
    Methods,
    /// On which servers.
    Environment,
    /// Requests per day.
    RateLimitDay,
    /// Requests per month.
    RateLimitMonth,
    /// Requests per minute of a limit that is only tried out.
    ShadowRateLimit,
    /// Minutes of sound per day.
    AudioMinutesDay,
}

impl Column {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::ApiKey,
        Self::ClientName,
        Self::IsActive,
        Self::CreatedAt,
        Self::ExpiresAt,
        Self::RateLimit,
        Self::RevokedAt,
        Self::Scopes,
        Self::AllowedIps,
        Self::Methods,
        Self::Environment,
        Self::RateLimitDay,
        Self::RateLimitMonth,
        Self::ShadowRateLimit,
        Self::AudioMinutesDay,
    ];
    const REQUIRED: [Self; 3] = [Self::ApiKey, Self::ClientName, Self::IsActive];

    /// Its name in the header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::ClientName => "client_name",
            Self::IsActive => "is_active",
            Self::CreatedAt => "created_at",
            Self::ExpiresAt => "expires_at",
            Self::RateLimit => "rate_limit",
            Self::RevokedAt => "revoked_at",
            Self::Scopes => "scopes",
            Self::AllowedIps => "allowed_ips",
            Self::Methods => "methods",
            Self::Environment => "environment",
            Self::RateLimitDay => "rate_limit_day",
            Self::RateLimitMonth => "rate_limit_month",
            Self::ShadowRateLimit => "shadow_rate_limit",
            Self::AudioMinutesDay => "audio_minutes_day",
        }
    }

    fn named(cell: &Cell) -> Option<Self> {
        let Cell::Text(text) = cell else { return None };
        let name = normalised(text);
        Self::ALL.into_iter().find(|column| column.name() == name)
    }
}

/// A header cell as it is compared: NFKC, trimmed, in lower case, with `_` for spaces and hyphens.
fn normalised(cell: &str) -> String {
    let compatible: String = cell.nfkc().filter(|&c| !text::is_zero_width(c)).collect();
    let lower = text::trimmed(&compatible).to_lowercase();
    lower.chars().map(|c| if c.is_whitespace() || text::is_hyphen(c) { '_' } else { c }).collect()
}

/// The header row, read.
pub(super) struct Header {
    /// Its index in the grid.
    pub(super) row: usize,
    /// Where each column of [`Column::ALL`] stands, in that order.
    places: [Option<usize>; Column::ALL.len()],
    /// Further columns with a name that is taken.
    twins: Vec<(Column, usize)>,
}

impl Header {
    /// The first row with all required columns. Without one, the fault names what the likeliest row lacks: the first
    /// that holds `api_key`, or else the first that holds another required column.
    pub(super) fn find(grid: &[Vec<Cell>]) -> Result<Self, HeaderFault> {
        let top = || Self::candidates(grid);
        if let Some(header) = top().find(|header| header.missing().is_empty()) {
            return Ok(header);
        }
        let missing: Vec<_> = top().map(|header| header.missing()).collect();
        let likeliest = missing
            .iter()
            .find(|names| !names.contains(&Column::ApiKey.name()))
            .or_else(|| missing.iter().find(|names| names.len() < Column::REQUIRED.len()));
        Err(match likeliest {
            Some(names) => HeaderFault::MissingColumns(names.clone()),
            None if grid.iter().flatten().all(|cell| Value::of(cell).is_empty()) => HeaderFault::Empty,
            None => HeaderFault::NoHeader,
        })
    }

    fn candidates(grid: &[Vec<Cell>]) -> impl Iterator<Item = Self> {
        grid.iter().take(SEARCHED_ROWS).enumerate().map(|(row, cells)| Self::of(row, cells))
    }

    /// The row that a person most likely meant: the one with the most of our columns, the first of equals.
    fn likeliest(grid: &[Vec<Cell>]) -> Option<Self> {
        let known = |header: &Self| header.places.iter().flatten().count();
        let best = Self::candidates(grid).max_by_key(|header| (known(header), usize::MAX - header.row))?;
        if known(&best) > 0 {
            return Some(best);
        }
        Self::candidates(grid).find(|header| !grid[header.row].iter().all(|cell| Value::of(cell).is_empty()))
    }

    fn of(row: usize, cells: &[Cell]) -> Self {
        let mut header = Self { row, places: [None; Column::ALL.len()], twins: Vec::new() };
        for (index, cell) in cells.iter().enumerate() {
            let Some(column) = Column::named(cell) else { continue };
            match &mut header.places[column as usize] {
                place @ None => *place = Some(index),
                Some(_) => header.twins.push((column, index)),
            }
        }
        header
    }

    fn missing(&self) -> Vec<&'static str> {
        Column::REQUIRED.into_iter().filter(|&c| self.place(c).is_none()).map(Column::name).collect()
    }

    /// The cell of `column` in a row.
    pub(super) fn cell<'a>(&self, column: Column, cells: &'a [Cell]) -> &'a Cell {
        self.place(column).and_then(|index| cells.get(index)).unwrap_or(&Cell::Empty)
    }

    /// The index of `column`, for its address. A column that is absent has no cells to complain of.
    pub(super) fn index(&self, column: Column) -> usize {
        self.place(column).unwrap_or_default()
    }

    /// Where `column` stands, if it does.
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.places[column as usize]
    }

    /// Says which columns are ignored because their name is taken.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let ignored = |&(column, index): &(Column, usize)| {
            let used = address(self.row, self.index(column));
            let message = format!("a second column of this name, ignored; {used} is used");
            Problem::harmless(self.row, index, column.name(), message)
        };
        self.twins.iter().map(ignored).collect()
    }
}

/// What stands in the header row, for whoever has to explain it to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The row's number in the sheet, from 1.
    pub row: u32,
    /// Its cells that are not empty: the address, such as `B1`, and the content, quoted, escaped and cut short, or
    /// withheld where it may be a key.
    pub cells: Vec<(String, String)>,
    /// The index of each column that is read, from 0, or `None` where the row does not have it.
    pub columns: Vec<(&'static str, Option<usize>)>,
}

impl Layout {
    /// Looks at the row by which [`Table::read`](super::Table::read) reads `grid`; where it reads none, at the row that
    /// comes nearest to a header. `None` if the first rows are empty.
    pub fn of(grid: &[Vec<Cell>]) -> Option<Self> {
        let header = Header::find(grid).ok().or_else(|| Header::likeliest(grid))?;
        let shown = grid[header.row].iter().enumerate().filter_map(|(index, cell)| {
            let value = Value::of(cell);
            (!value.is_empty()).then(|| (address(header.row, index), value.shown("")))
        });
        Some(Self {
            row: number(header.row),
            cells: shown.collect(),
            columns: Column::ALL.map(|column| (column.name(), header.place(column))).to_vec(),
        })
    }

    /// Where a column stands, by its name.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.columns.iter().find(|(column, _)| *column == name)?.1
    }
}
