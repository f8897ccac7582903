//! Where a person mends what the page shows: links to the cells of the sheet.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::words::Tone;
use crate::app::SourceKind;
use crate::sync::View;

/// What stands in a spreadsheet's id as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// The source of the keys, as a place to go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Sheet {
        /// Its address in a browser.
        url: String,
        /// Google's number for the tab; without it there is no link to a cell.
        tab: Option<i64>,
    },
    /// A file, by its path.
    File(String),
}

impl Place {
    pub(crate) fn of(source: &SourceKind, tab: Option<i64>) -> Self {
        match source {
            SourceKind::File { path } => Self::File(path.display().to_string()),
            SourceKind::Google { sheet_id, .. } => {
                let id = utf8_percent_encode(sheet_id, PLAIN);
                Self::Sheet { url: format!("https://docs.google.com/spreadsheets/d/{id}/edit"), tab }
            }
        }
    }

    /// The address of the whole.
    pub(crate) fn link(&self) -> Option<String> {
        match self {
            Self::Sheet { url, tab: Some(tab) } => Some(format!("{url}#gid={tab}")),
            Self::Sheet { url, tab: None } => Some(url.clone()),
            Self::File(_) => None,
        }
    }

    /// The address of a cell or a row, such as `D7` or `7:7`.
    pub(crate) fn link_to(&self, range: &str) -> Option<String> {
        match self {
            Self::Sheet { url, tab: Some(tab) } => Some(format!("{url}#gid={tab}&range={range}")),
            Self::Sheet { .. } | Self::File(_) => self.link(),
        }
    }
}

/// A problem of the table, and where it is mended.
pub(crate) struct Fault {
    pub(crate) tone: Tone,
    /// The cell, or the line.
    pub(crate) place: String,
    pub(crate) link: Option<String>,
    pub(crate) column: &'static str,
    pub(crate) words: String,
}

/// The first `most` problems.
pub(crate) fn faults(view: &View, place: &Place, most: usize) -> Vec<Fault> {
    let fault = |problem: &gate::Problem| Fault {
        tone: if problem.refused { Tone::Bad } else { Tone::Warn },
        place: match place {
            Place::File(_) => format!("line {}", problem.row),
            Place::Sheet { .. } => problem.cell.clone(),
        },
        link: place.link_to(&problem.cell),
        column: problem.column,
        words: problem.message.clone() + if problem.refused { "; the row is refused" } else { "" },
    };
    view.problems.iter().take(most).map(fault).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_open_the_very_cell_and_nothing_else() {
        let source =
            |sheet_id: &str| SourceKind::Google { tab: "API_Keys".into(), sheet_id: sheet_id.into() };
        let place = Place::of(&source("1aB-_9"), Some(42));
        let url = "https://docs.google.com/spreadsheets/d/1aB-_9/edit";
        assert_eq!(place.link_to("D7"), Some(format!("{url}#gid=42&range=D7")));
        assert_eq!(place.link(), Some(format!("{url}#gid=42")));
        assert_eq!(Place::of(&source("1aB-_9"), None).link_to("D7"), Some(url.to_owned()));
        let odd = Place::of(&source("a/../b?c#d"), Some(0)).link();
        assert_eq!(
            odd.as_deref(),
            Some("https://docs.google.com/spreadsheets/d/a%2F%2E%2E%2Fb%3Fc%23d/edit#gid=0")
        );
        let file = Place::of(&SourceKind::File { path: "/etc/keys.csv".into() }, None);
        assert_eq!((file.link(), file.link_to("D7")), (None, None));
    }
}
