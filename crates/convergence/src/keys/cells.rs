//! The cells of a tab, read whole: at once where it is small, by ranges of rows where it is not.

use gate::Cell;
use sheets::{Error, Range, Spreadsheet, Tab, Value};

/// The rows of one request. The JSON of so many keys is some 4 MB, and Google advises no more than 2 MB compressed.
const ROWS: usize = 20_000;

/// How often a tab is read that is edited meanwhile.
const TRIES: usize = 3;

/// Where every try found the tab edited.
pub(crate) const MOVING: &str = "the tab was edited each time while it was read; it is tried again";

/// Is told how many rows have been read and how many there are, after each range.
pub(crate) type Heard<'a> = &'a (dyn Fn(usize, usize) + Send + Sync);

/// How many requests it takes to read a tab of this many rows.
pub(crate) fn requests(rows: usize) -> usize {
    // A tab of several ranges is looked at once more, to see whether it has grown meanwhile.
    match rows.div_ceil(ROWS) {
        0 | 1 => 1,
        ranges => ranges + 1,
    }
}

/// Reads a tab, as large as it was just said to be; `None` if it was edited meanwhile again and again.
///
/// Each range's JSON is dropped before the next is asked for, so that no more than one is held beside the cells. What
/// this costs: a range is read some moments after the one before it, and rows that a person inserts, deletes or sorts
/// in between move across the boundary, so that one would be missing or come twice. Therefore each range begins with the
/// last row of the one before, which must be the same, and the tab must have as many rows at the end as in the beginning.
/// What that does not see - a sort that leaves just the rows at the boundaries in place - the next refresh repairs.
pub(crate) async fn cells(
    spreadsheet: &Spreadsheet,
    tab: &Tab,
    heard: Heard<'_>,
) -> Result<Option<Vec<Vec<Cell>>>, Error> {
    if tab.rows <= ROWS {
        let values = spreadsheet.values(&tab.title).await?;
        return Ok(Some(grid(values)));
    }
    in_peace(spreadsheet, tab, ROWS, spreadsheet, heard).await
}

/// Where ranges are read; a test edits the tab in between.
trait Ranges: Sync {
    fn read(&self, range: &Range) -> impl Future<Output = Result<Vec<Vec<Value>>, Error>> + Send;
}

impl Ranges for Spreadsheet {
    fn read(&self, range: &Range) -> impl Future<Output = Result<Vec<Vec<Value>>, Error>> + Send {
        self.values_in(range)
    }
}

/// Reads by ranges of `size` rows until nobody has edited the tab meanwhile.
async fn in_peace(
    spreadsheet: &Spreadsheet,
    tab: &Tab,
    size: usize,
    ranges: &impl Ranges,
    heard: Heard<'_>,
) -> Result<Option<Vec<Vec<Cell>>>, Error> {
    let mut rows = tab.rows;
    for _ in 0..TRIES {
        let grid = match by_ranges(&tab.title, rows, size, ranges, heard).await {
            // Rows were deleted, and the last range began below the end.
            Err(Error::OutsideGrid) => None,
            read => read?,
        };
        let now = spreadsheet.properties().await?.tabs.into_iter().find(|now| now.id == tab.id);
        let now = now.ok_or_else(|| Error::TabMissing { tab: tab.title.clone() })?.rows;
        match grid {
            Some(grid) if now == rows => return Ok(Some(grid)),
            _ => rows = now,
        }
    }
    Ok(None)
}

/// `None` if two ranges do not fit together.
async fn by_ranges(
    title: &str,
    rows: usize,
    size: usize,
    ranges: &impl Ranges,
    heard: Heard<'_>,
) -> Result<Option<Vec<Vec<Cell>>>, Error> {
    let mut grid: Vec<Vec<Cell>> = Vec::new();
    for first in (0..rows).step_by(size) {
        let seam = first.saturating_sub(1);
        let last = (first + size).min(rows) - 1;
        let mut range = ranges.read(&Range::rows(title, seam, last)).await?.into_iter().map(row);
        // Google leaves out empty rows at the end of a range, which are rows all the same.
        grid.resize_with(first, Vec::new);
        if first > 0 && range.next().unwrap_or_default() != grid[seam] {
            return Ok(None);
        }
        grid.extend(range);
        heard(last + 1, rows);
    }
    Ok(Some(grid))
}

/// Values as cells.
pub(crate) fn grid(values: Vec<Vec<Value>>) -> Vec<Vec<Cell>> {
    values.into_iter().map(row).collect()
}

fn row(values: Vec<Value>) -> Vec<Cell> {
    values.into_iter().map(cell).collect()
}

pub(crate) fn cell(value: Value) -> Cell {
    match value {
        Value::Empty => Cell::Empty,
        Value::Text(text) => Cell::Text(text),
        Value::Number(number) => Cell::Number(number),
        Value::Bool(boolean) => Cell::Bool(boolean),
    }
}

#[cfg(test)]
mod tests {
    use sheets::{Credentials, Properties};
    use testkit::Google;

    use super::*;

    #[test]
    fn p19_a_small_tab_takes_one_read() {
        assert_eq!([0, 1, 1_000, ROWS].map(requests), [1; 4]);
        assert_eq!([ROWS + 1, 100_000].map(requests), [3, 6]);
    }

    /// Ten rows, of which the fifth and the last two are empty, in a tab of just that size.
    async fn ten_rows() -> (Google, Spreadsheet) {
        let google = Google::start().await;
        let name = |at: usize| if [4, 8, 9].contains(&at) { vec![] } else { vec![at.into(), "x".into()] };
        google.set_tab("Keys", (0..10).map(name).collect());
        google.resize_tab("Keys", 10, 2);
        let credentials = Credentials::from_json(google.credentials_json().as_bytes());
        let credentials = credentials.expect("testkit's own file");
        let spreadsheet = Spreadsheet::new(credentials, google.sheet_id(), &google.url());
        (google, spreadsheet.expect("testkit's own address"))
    }

    fn tab(properties: Properties) -> Tab {
        properties.tabs.into_iter().find(|tab| tab.title == "Keys").expect("it was made")
    }

    /// Reads by ranges of three rows, and lets a person do something after each.
    async fn read_while(
        google: &Google,
        spreadsheet: &Spreadsheet,
        edit: impl Fn(usize) + Sync,
    ) -> Option<Vec<Vec<Cell>>> {
        let tab = tab(spreadsheet.properties().await.expect("it is shared"));
        let edited = Edited { google, spreadsheet, edit };
        in_peace(spreadsheet, &tab, 3, &edited, &|_, _| ()).await.expect("google is well")
    }

    struct Edited<'a, E> {
        google: &'a Google,
        spreadsheet: &'a Spreadsheet,
        edit: E,
    }

    impl<E: Fn(usize) + Sync> Ranges for Edited<'_, E> {
        async fn read(&self, range: &Range) -> Result<Vec<Vec<Value>>, Error> {
            let values = self.spreadsheet.values_in(range).await;
            (self.edit)(self.google.reads());
            values
        }
    }

    #[tokio::test]
    async fn ranges_give_the_rows_that_one_read_gives() {
        let (google, spreadsheet) = ten_rows().await;
        let tab = tab(spreadsheet.properties().await.expect("it is shared"));
        let whole =
            cells(&spreadsheet, &tab, &|_, _| ()).await.expect("google is well").expect("nobody edits");
        let grid = read_while(&google, &spreadsheet, |_| ()).await.expect("nobody edits");
        assert_eq!(google.reads(), 1 + 4);
        assert!(grid[..8] == whole[..] && grid[8..].iter().all(Vec::is_empty));
    }

    #[tokio::test]
    async fn how_far_it_is_can_be_heard() {
        let (_google, spreadsheet) = ten_rows().await;
        let tab = tab(spreadsheet.properties().await.expect("it is shared"));
        let told = std::sync::Mutex::new(Vec::new());
        let heard = |read, all| told.lock().expect("nobody panics").push((read, all));
        in_peace(&spreadsheet, &tab, 3, &spreadsheet, &heard).await.expect("google is well");
        assert_eq!(told.into_inner().expect("nobody panics"), [(3, 10), (6, 10), (9, 10), (10, 10)]);
    }

    #[tokio::test]
    async fn an_edit_between_two_ranges_is_noticed_and_the_tab_read_again() {
        type Edit = fn(&Google);
        let edits: [Edit; 4] = [
            |google| google.insert_rows("Keys", 1, 1),
            |google| google.delete_rows("Keys", 0..1),
            |google| google.sort_tab("Keys", 0, true),
            // Blank rows look alike on both sides of a boundary; the number of rows tells.
            |google| google.insert_rows("Keys", 9, 2),
        ];
        for edit in edits {
            let (google, spreadsheet) = ten_rows().await;
            let once = |reads| {
                if reads == 2 {
                    edit(&google);
                }
            };
            let grid = read_while(&google, &spreadsheet, once).await.expect("the second try is left alone");
            assert!(google.reads() > 4, "one try takes four, and it was read again");
            let now = tab(spreadsheet.properties().await.expect("it is shared"));
            let whole =
                cells(&spreadsheet, &now, &|_, _| ()).await.expect("google is well").expect("nobody edits");
            let filled =
                |grid: &[Vec<Cell>]| grid.iter().filter(|row| !row.is_empty()).cloned().collect::<Vec<_>>();
            assert!(filled(&grid) == filled(&whole), "the rows as they are after the edit");
        }
    }

    #[tokio::test]
    async fn a_tab_that_never_rests_is_given_up() {
        let (google, spreadsheet) = ten_rows().await;
        let always = |_| google.insert_rows("Keys", 0, 1);
        assert!(read_while(&google, &spreadsheet, always).await.is_none());
    }
}
