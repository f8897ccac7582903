//! The spreadsheets that there are, and what the service account may do with each.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::SHEET_ID;
use super::book::Book;

/// How a spreadsheet is shared with the account.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    Nothing,
    Reader,
    Writer,
}

/// A spreadsheet as a file of Drive.
pub(crate) struct File {
    pub(crate) book: Book,
    pub(crate) access: Access,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    /// Drive's `Permission`s beside the account's own.
    pub(crate) permissions: Vec<Value>,
}

impl File {
    pub(crate) fn new(book: Book) -> Self {
        let now = Timestamp::now();
        Self { book, access: Access::Writer, created: now, modified: now, permissions: Vec::new() }
    }
}

/// All spreadsheets by id. One is there from the start.
pub(crate) struct Files {
    by_id: BTreeMap<String, File>,
    made: usize,
}

impl Files {
    pub(crate) fn new() -> Self {
        let first = File::new(Book::new("Convergence keys"));
        Self { by_id: BTreeMap::from([(SHEET_ID.to_owned(), first)]), made: 0 }
    }

    /// Adds a file and tells its id, which has the length and alphabet of Google's.
    pub(crate) fn add(&mut self, file: File) -> String {
        self.made += 1;
        let id = format!("1{:0>43}", format!("M4d3-w1th-Dr1v3-{}", self.made));
        self.by_id.insert(id.clone(), file);
        id
    }

    pub(crate) fn find(&mut self, id: &str) -> Option<&mut File> {
        self.by_id.get_mut(id)
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<File> {
        self.by_id.remove(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &File)> {
        self.by_id.iter()
    }

    /// The file that is there from the start.
    pub(crate) fn first(&mut self) -> &mut File {
        self.by_id.get_mut(SHEET_ID).expect("nothing deletes the first spreadsheet")
    }
}
