//! A tab that is a table: a header row, and columns that each hold one kind of thing.

use serde_json::{Value as Json, json};
use sheets::column_name;

use super::plan::Plan;
use super::requests::{self, Grid};
use super::survey::{Look, Survey, Tab};

/// A column as we make it.
pub(super) struct Column {
    pub(super) name: &'static str,
    /// In pixels.
    pub(super) width: u32,
    /// Type and pattern of its number format.
    pub(super) format: Option<(&'static str, &'static str)>,
    pub(super) check: Option<Check>,
}

/// A column's validation.
pub(super) struct Check {
    /// The condition's type.
    pub(super) condition: &'static str,
    /// What it compares with, if it does.
    pub(super) operand: Option<&'static str>,
    /// Whether other input is refused, rather than marked.
    pub(super) strict: bool,
    /// Shown beside the cell, and in the plan.
    pub(super) says: &'static str,
}

pub(super) const TEXT: Option<(&str, &str)> = Some(("TEXT", "@"));
pub(super) const DATE: Option<(&str, &str)> = Some(("DATE", "yyyy-mm-dd"));
pub(super) const DATE_TIME: Option<(&str, &str)> = Some(("DATE_TIME", "yyyy-mm-dd hh:mm:ss"));
pub(super) const NUMBER: Option<(&str, &str)> = Some(("NUMBER", "#,##0"));

/// A table on its way to be set up.
pub(super) struct Table<'a> {
    pub(super) tab: Tab,
    /// The index of the header's row.
    pub(super) header: usize,
    /// The columns with their places.
    pub(super) columns: Vec<(&'a Column, usize)>,
    /// Those of them whose header is still to be written, by place.
    pub(super) unwritten: Vec<usize>,
}

impl Table<'_> {
    /// Everything that a table has, whatever it holds.
    pub(super) fn plan(&self, survey: &Survey, plan: &mut Plan) {
        self.make_room(plan);
        self.write_header(plan);
        self.set_widths(plan);
        self.mark_header(survey, plan);
        for &(column, place) in &self.columns {
            self.format(column, place, survey, plan);
            self.check(column, place, survey, plan);
        }
    }

    /// Where a column stands.
    pub(super) fn place(&self, name: &str) -> usize {
        let found = self.columns.iter().find(|(column, _)| column.name == name);
        found.map(|(_, place)| *place).expect("the names asked for are those of the table's own columns")
    }

    /// The column's cells below the header, as a formula on any tab refers to them.
    pub(super) fn reference(&self, name: &str) -> String {
        let letters = column_name(self.place(name));
        let title = self.tab.title.replace('\'', "''");
        format!("'{title}'!${letters}${}:${letters}", self.header + 2)
    }

    fn make_room(&self, plan: &mut Plan) {
        let Tab { id, title, rows, columns, .. } = &self.tab;
        let width = self.columns.iter().map(|(_, place)| place + 1).max().unwrap_or(0);
        if let Some(more @ 1..) = width.checked_sub(*columns) {
            plan.step(
                format!("{title}: add {more} empty columns at the right"),
                vec![requests::append(*id, "COLUMNS", more)],
            );
        }
        if self.header + 1 >= *rows {
            plan.step(
                format!("{title}: add 100 empty rows below the header"),
                vec![requests::append(*id, "ROWS", 100)],
            );
        }
    }

    fn write_header(&self, plan: &mut Plan) {
        if self.unwritten.is_empty() {
            return;
        }
        let missing: Vec<_> =
            self.columns.iter().filter(|(_, place)| self.unwritten.contains(place)).collect();
        let requests = missing
            .iter()
            .map(|(column, place)| requests::texts(self.tab.id, self.header, *place, &[column.name]));
        let names: Vec<String> = missing
            .iter()
            .map(|(column, place)| format!("{} in {}{}", column.name, column_name(*place), self.header + 1))
            .collect();
        plan.step(format!("{}: write the header {}", self.tab.title, names.join(", ")), requests.collect());
    }

    /// Columns that a person has are as wide as that person wants.
    fn set_widths(&self, plan: &mut Plan) {
        let ours = self.columns.iter().filter(|(_, place)| self.unwritten.contains(place));
        let requests: Vec<Json> = ours
            .map(|(column, place)| requests::width(self.tab.id, (*place, place + 1), column.width))
            .collect();
        if !requests.is_empty() {
            plan.step(format!("{}: make these columns as wide as what they hold", self.tab.title), requests);
        }
    }

    fn mark_header(&self, survey: &Survey, plan: &mut Plan) {
        let Tab { id, title, frozen, .. } = &self.tab;
        if *frozen < self.header + 1 {
            let says = format!("{title}: freeze the header, so that sorting leaves it at the top");
            plan.step(says, vec![requests::freeze(*id, self.header + 1)]);
        }
        let unmarked =
            |place: usize| self.look(survey, self.header, place).is_none_or(|look| look.bold.is_none());
        let cells = self.columns.iter().filter(|(_, place)| unmarked(*place));
        let bold: Vec<Json> =
            cells.map(|(_, place)| requests::bold(Grid::cell(*id, self.header, *place))).collect();
        if !bold.is_empty() {
            plan.step(format!("{title}: the header in bold"), bold);
        }
    }

    fn format(&self, column: &Column, place: usize, survey: &Survey, plan: &mut Plan) {
        let Some(format) = column.format else { return };
        let name = column.name;
        let there = self.samples(survey, place).map(|look| look.and_then(|look| look.format.as_deref()));
        match Standing::of(there, |kind| alike(kind, format.0)) {
            Standing::Ours => {}
            Standing::Missing => {
                let how = match format.0 {
                    "TEXT" => "as plain text, so that nothing in it becomes a number".to_owned(),
                    _ => format!("shown as {}", format.1),
                };
                let request =
                    requests::number_format(Grid::below(self.tab.id, self.header + 1, place), format);
                plan.step(format!("{}: {name} {how}", self.tab.title), vec![request]);
            }
            Standing::Other => {
                let wanted = format.1;
                plan.leave(format!(
                    "{}: {name} has a format of its own (ours would be {wanted})",
                    self.tab.title
                ));
            }
        }
    }

    fn check(&self, column: &Column, place: usize, survey: &Survey, plan: &mut Plan) {
        let Some(check) = &column.check else { return };
        let (title, name) = (&self.tab.title, column.name);
        let there = self.samples(survey, place).map(|look| look.and_then(|look| look.validation.as_deref()));
        match Standing::of(there, |condition| condition == check.condition) {
            Standing::Ours => {}
            Standing::Missing if check.condition == "BOOLEAN" && survey.words_for_boxes => {
                plan.leave(format!("{title}: {name} holds words or numbers, so it gets no checkboxes"));
            }
            Standing::Missing => {
                let mut condition = json!({ "type": check.condition });
                if let Some(operand) = check.operand {
                    condition["values"] = json!([{ "userEnteredValue": operand }]);
                }
                let grid = Grid::below(self.tab.id, self.header + 1, place);
                let request = requests::validation(grid, &condition, check.strict, check.says);
                plan.step(
                    format!("{title}: check what is entered into {name} ({})", check.says),
                    vec![request],
                );
            }
            Standing::Other => plan.leave(format!("{title}: {name} has a validation of its own")),
        }
    }

    /// The cells that stand for the column: below the header, and at the end of the grid.
    fn samples<'a>(&self, survey: &'a Survey, place: usize) -> [Option<&'a Look>; 2] {
        let last = self.tab.rows.saturating_sub(1).max(self.header + 1);
        [self.header + 1, last].map(|row| self.look(survey, row, place))
    }

    fn look<'a>(&self, survey: &'a Survey, row: usize, place: usize) -> Option<&'a Look> {
        survey.looks.get(&(self.tab.id, row, place)).filter(|_| !self.tab.new)
    }
}

/// How a column is set up, judged by its samples.
enum Standing {
    Ours,
    /// Somewhere nobody has set anything, and nowhere something else.
    Missing,
    /// A person has set something else.
    Other,
}

impl Standing {
    fn of(samples: [Option<&str>; 2], ours: impl Fn(&str) -> bool) -> Self {
        if samples.into_iter().flatten().any(|kind| !ours(kind)) {
            Self::Other
        } else if samples.contains(&None) {
            Self::Missing
        } else {
            Self::Ours
        }
    }
}

/// A date shown without its time, or the other way round, is shown as somebody wants it.
fn alike(one: &str, other: &str) -> bool {
    let date = |kind: &str| matches!(kind, "DATE" | "DATE_TIME");
    one == other || (date(one) && date(other))
}
