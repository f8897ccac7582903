//! Colours for rows of the keys tab that do not work. Only a help for the eye: the server decides by its own reading.
//!
//! Arguments are separated by semicolons, which Google takes in every locale (commas fail where they are the decimal sign:
//! google-api-nodejs-client #1994), and there are no decimals and no `TRUE`, which locales spell their own way. `N("...")` is
//! zero and carries the name by which a rule is found again however Google spells the formula back.

use sheets::column_name;

use super::formulas::moment;
use super::plan::Plan;
use super::requests::{self, Grid};
use super::table::Table;

const ORANGE: [f64; 3] = [1.0, 0.85, 0.6];
const GREY: [f64; 3] = [0.85, 0.85, 0.85];
const RED: [f64; 3] = [1.0, 0.85, 0.85];

/// Text that the gate reads as a limit.
const PER_MINUTE: &str = r"^\s*\d+(\.0{1,2})?\s*(((requests?|reqs?)\s*)?(/|per\s)\s*min(ute)?|rpm)?\s*$";

/// A rule for each kind of row, the first that holds wins. A person's own rules keep their rank before ours.
pub(super) fn plan(table: &Table<'_>, plan: &mut Plan) {
    let cells = Cells::of(table);
    let rules = [
        ("Convergence: broken row", cells.broken(), ORANGE, "orange for rows that cannot be read"),
        ("Convergence: inactive row", cells.inactive(), GREY, "grey for keys that are unticked or revoked"),
        ("Convergence: expired key", cells.expired(), RED, "red for keys that have expired"),
    ];
    let first = table.columns.iter().map(|(_, place)| *place).min().unwrap_or(0);
    let end = table.columns.iter().map(|(_, place)| place + 1).max();
    let grid = Grid { sheet: table.tab.id, rows: (table.header + 1, None), columns: (first, end) };
    let mut rank = table.tab.rules.len();
    for (mark, formula, colour, says) in rules {
        if table.tab.rules.iter().any(|rule| rule.contains(mark)) {
            continue;
        }
        let formula = format!("=IF(N(\"{mark}\")=0;{formula})");
        plan.step(
            format!("{}: {says}", table.tab.title),
            vec![requests::colour(grid, rank, &formula, colour)],
        );
        rank += 1;
    }
}

/// The first row's cells, with fixed columns: Google moves the row along.
struct Cells {
    key: String,
    /// The whole column, for what stands twice.
    keys: String,
    client: String,
    active: String,
    created: String,
    expires: String,
    limit: String,
    revoked: String,
}

impl Cells {
    fn of(table: &Table<'_>) -> Self {
        let row = table.header + 2;
        let cell = |name: &str| format!("${}{row}", column_name(table.place(name)));
        let letters = column_name(table.place("api_key"));
        Self {
            key: cell("api_key"),
            keys: format!("${letters}${row}:${letters}"),
            client: cell("client_name"),
            active: cell("is_active"),
            created: cell("created_at"),
            expires: cell("expires_at"),
            limit: cell("rate_limit"),
            revoked: cell("revoked_at"),
        }
    }

    /// Where the server would say something. A formula error in the row makes the rule fail, and so counts as broken.
    fn broken(&self) -> String {
        let Self { key, keys, client, limit, .. } = self;
        let dates = [&self.created, &self.expires, &self.revoked].map(|cell| unreadable_date(cell));
        format!(
            "IFERROR(OR(AND({key}=\"\";{client}<>\"\");AND({key}<>\"\";{client}=\"\");\
             AND({key}<>\"\";NOT(ISTEXT({key})));IF(ISTEXT({key});REGEXMATCH(TRIM({key});\"\\s\"));\
             IF({key}<>\"\";COUNTIF({keys};{key})>1);{};\
             IF(ISTEXT({limit});NOT(REGEXMATCH(LOWER({limit});\"{PER_MINUTE}\")));\
             IF(ISNUMBER({limit});OR({limit}<0;{limit}<>INT({limit}))));1=1)",
            dates.join(";"),
        )
    }

    fn inactive(&self) -> String {
        let Self { key, active, revoked, .. } = self;
        let ticked = format!("OR(N({active})=1;REGEXMATCH(LOWER(TRIM({active}&\"\"));\"^(true|yes|1)$\"))");
        format!("AND({key}<>\"\";OR(NOT({ticked});AND({revoked}<>\"\";{}<=NOW())))", moment(revoked))
    }

    fn expired(&self) -> String {
        let Self { key, expires, .. } = self;
        format!("AND({key}<>\"\";{expires}<>\"\";{}<NOW())", moment(expires))
    }
}

fn unreadable_date(cell: &str) -> String {
    let shape = r"^\s*\d{4}-\d{2}-\d{2}([ Tt]\d{2}:\d{2}:\d{2}.*)?\s*$";
    format!("ISLOGICAL({cell});IF(ISTEXT({cell});NOT(REGEXMATCH({cell};\"{shape}\")))")
}
