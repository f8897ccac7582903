//! The planner, on spreadsheets as they might be found.

use gate::Cell;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::formulas;
use super::plan::{Plan, Refused, plan};
use super::survey::{Entered, Look, Names, Survey, Tab};

fn names() -> Names {
    Names { keys: "API_Keys".to_owned(), usage: "Usage".to_owned() }
}

fn at(moment: &str) -> Timestamp {
    moment.parse().expect("a moment")
}

fn planned(survey: &Survey) -> Result<Plan, Refused> {
    plan(survey, &names(), at("2026-11-22T12:00:00Z"))
}

/// A spreadsheet with an empty first tab and these.
fn with_tabs(titles: &[&str]) -> Survey {
    let tab =
        |id, title: &&str| Tab { id, title: (*title).to_owned(), rows: 1000, columns: 26, ..Tab::default() };
    let titles = [&["Sheet1"], titles].concat();
    Survey {
        time_zone: "Etc/GMT".to_owned(),
        tabs: titles.iter().zip(0..).map(|(title, id)| tab(id, title)).collect(),
        ..Survey::default()
    }
}

fn rows(rows: &[&str]) -> Vec<Vec<Cell>> {
    let cell = |text: &str| if text.is_empty() { Cell::Empty } else { Cell::Text(text.to_owned()) };
    rows.iter().map(|row| row.split('|').map(|text| cell(text.trim())).collect()).collect()
}

/// A keys tab with this head, and nothing to the right of it.
fn with_keys(head: &[&str]) -> Survey {
    let keys = rows(head);
    let keys_free = keys.iter().map(Vec::len).max().unwrap_or(0);
    Survey { keys, keys_free, ..with_tabs(&["API_Keys"]) }
}

/// The steps for one tab, without its name.
fn steps<'a>(plan: &'a Plan, tab: &str) -> Vec<&'a str> {
    let start = format!("{tab}: ");
    plan.steps.iter().filter_map(|step| step.says.strip_prefix(&start)).collect()
}

/// Every request of a kind.
fn requests(plan: &Plan, kind: &str) -> Vec<Json> {
    plan.requests().iter().filter_map(|request| request.get(kind).cloned()).collect()
}

/// Every formula that would be written, into a cell or a rule.
fn written_formulas(plan: &Plan) -> Vec<String> {
    let cells = requests(plan, "updateCells").into_iter().filter_map(|update| {
        let value = &update["rows"][0]["values"][0]["userEnteredValue"]["formulaValue"];
        value.as_str().map(str::to_owned)
    });
    let rules = requests(plan, "addConditionalFormatRule").into_iter().filter_map(|rule| {
        let value = &rule["rule"]["booleanRule"]["condition"]["values"][0]["userEnteredValue"];
        value.as_str().map(str::to_owned)
    });
    cells.chain(rules).collect()
}

#[test]
fn a_new_spreadsheet_gets_three_tabs_and_its_own_tab_is_left_alone() {
    let plan = planned(&with_tabs(&[])).expect("a plan");
    let made: Vec<Json> =
        requests(&plan, "addSheet").iter().map(|sheet| sheet["properties"]["title"].clone()).collect();
    assert_eq!(made, ["API_Keys", "Usage", "Summary"]);
    let ids: Vec<Json> =
        requests(&plan, "addSheet").iter().map(|sheet| sheet["properties"]["sheetId"].clone()).collect();
    assert_eq!(ids, [1, 2, 3], "no id is that of a tab there is");
    assert_eq!(plan.left, [""; 0]);
    assert_eq!(
        steps(&plan, "API_Keys"),
        [
            "make the tab",
            "write the header api_key in A1, client_name in B1, created_at in C1, expires_at in D1, is_active in E1, \
             rate_limit in F1, revoked_at in G1",
            "make these columns as wide as what they hold",
            "freeze the header, so that sorting leaves it at the top",
            "the header in bold",
            "api_key as plain text, so that nothing in it becomes a number",
            "created_at shown as yyyy-mm-dd hh:mm:ss",
            "check what is entered into created_at (a date, in the spreadsheet's time zone, or text such as \
             2026-01-31T12:00:00+01:00)",
            "expires_at shown as yyyy-mm-dd hh:mm:ss",
            "check what is entered into expires_at (a date, in the spreadsheet's time zone, or text such as \
             2026-01-31T12:00:00+01:00)",
            "check what is entered into is_active (ticked while the key works)",
            "check what is entered into rate_limit (requests per minute, a whole number; empty is no limit)",
            "revoked_at shown as yyyy-mm-dd hh:mm:ss",
            "check what is entered into revoked_at (a date, in the spreadsheet's time zone, or text such as \
             2026-01-31T12:00:00+01:00)",
            "warn whoever edits the header",
            "orange for rows that cannot be read",
            "grey for keys that are unticked or revoked",
            "red for keys that have expired",
        ]
    );
    assert_eq!(requests(&plan, "addChart").len(), 1);
    let protections = requests(&plan, "addProtectedRange");
    assert!(protections.iter().all(|range| range["protectedRange"]["warningOnly"] == true));
}

#[test]
fn columns_are_found_by_name_below_title_rows_and_missing_ones_go_to_the_right() {
    let survey = with_keys(&["Our keys", "", "Owner | Active? | client name | is-active | API Key | notes"]);
    let plan = planned(&survey).expect("a plan");
    let written: Vec<_> = requests(&plan, "updateCells")
        .into_iter()
        .filter(|update| update["start"]["sheetId"] == 1)
        .map(|update| (update["start"].clone(), update["rows"][0]["values"][0]["userEnteredValue"].clone()))
        .collect();
    let expected =
        ["created_at", "expires_at", "rate_limit", "revoked_at"].iter().zip(6..).map(|(name, column)| {
            let start = serde_json::json!({ "sheetId": 1, "rowIndex": 2, "columnIndex": column });
            (start, serde_json::json!({ "stringValue": name }))
        });
    assert_eq!(written, expected.collect::<Vec<_>>());
    let boxes = requests(&plan, "setDataValidation")
        .into_iter()
        .find(|rule| rule["rule"]["condition"]["type"] == "BOOLEAN")
        .expect("checkboxes");
    let range =
        serde_json::json!({ "sheetId": 1, "startRowIndex": 3, "startColumnIndex": 3, "endColumnIndex": 4 });
    assert_eq!(boxes["range"], range);
    let freeze = requests(&plan, "updateSheetProperties");
    assert_eq!(freeze[0]["properties"]["gridProperties"]["frozenRowCount"], 3);
    let protected = &requests(&plan, "addProtectedRange")[0]["protectedRange"]["range"];
    assert_eq!((&protected["startRowIndex"], &protected["endRowIndex"]), (&2.into(), &3.into()));
    let colours = written_formulas(&plan).into_iter().filter(|formula| formula.contains("$E4")).count();
    assert_eq!(colours, 3, "the rules look at the key where it stands");
}

#[test]
fn a_full_grid_grows_for_the_columns_that_are_missing() {
    let mut survey = with_keys(&["api_key|client_name|is_active|created_at|expires_at|rate_limit"]);
    survey.tabs[1].columns = 6;
    survey.tabs[1].rows = 1;
    let plan = planned(&survey).expect("a plan");
    let grown = requests(&plan, "appendDimension");
    assert_eq!(grown[0]["dimension"], "COLUMNS");
    assert_eq!(grown[0]["length"], 1);
    assert_eq!(grown[1]["dimension"], "ROWS");
}

#[test]
fn cells_to_the_right_of_the_header_are_never_written_over() {
    let survey = Survey { keys_free: 9, ..with_keys(&["api_key|client_name|is_active"]) };
    let plan = planned(&survey).expect("a plan");
    let first = requests(&plan, "updateCells").into_iter().find(|update| update["start"]["sheetId"] == 1);
    assert_eq!(first.expect("a column is missing")["start"]["columnIndex"], 9);
}

#[test]
fn what_a_person_has_set_up_differently_is_left_alone_and_said() {
    let mut survey =
        with_keys(&["api_key|client_name|is_active|created_at|expires_at|rate_limit|revoked_at"]);
    let look = |format: Option<&str>, validation: Option<&str>| Look {
        format: format.map(str::to_owned),
        bold: None,
        validation: validation.map(str::to_owned),
    };
    survey.looks.insert((1, 1, 0), look(Some("NUMBER"), None));
    survey.looks.insert((1, 999, 4), look(Some("DATE"), Some("DATE_AFTER")));
    survey.looks.insert((1, 0, 1), Look { bold: Some(false), ..Look::default() });
    survey.words_for_boxes = true;
    survey.tabs[1].frozen = 2;
    survey.tabs[1].rules = vec![String::new(), "=$A2=\"x\"".to_owned()];
    let plan = planned(&survey).expect("a plan");
    assert_eq!(
        plan.left,
        [
            "API_Keys: api_key has a format of its own (ours would be @)",
            "API_Keys: expires_at has a validation of its own",
            "API_Keys: is_active holds words or numbers, so it gets no checkboxes",
        ]
    );
    let steps = steps(&plan, "API_Keys").join("\n");
    for untouched in ["api_key as", "into is_active", "into expires_at", "freeze", "write the header", "wide"]
    {
        assert!(!steps.contains(untouched), "{untouched} in {steps}");
    }
    assert!(steps.contains("expires_at shown as"), "the first cell has no format yet: {steps}");
    let bold = requests(&plan, "repeatCell").into_iter().filter(|cell| {
        cell["fields"] == "userEnteredFormat.textFormat.bold" && cell["range"]["sheetId"] == 1
    });
    assert_eq!(bold.count(), 6, "a heading that somebody made light stays so");
    let ranks: Vec<Json> =
        requests(&plan, "addConditionalFormatRule").iter().map(|rule| rule["index"].clone()).collect();
    assert_eq!(ranks, [2, 3, 4], "a person's rules come first");
}

#[test]
fn a_tab_without_a_usable_header_changes_nothing_and_shows_no_key() {
    let secret = "sk-convergence-6fa459ea-ee8a-4ca4-894e-db77e160355e";
    let row = format!("{secret}|MyApp|TRUE");
    let error = planned(&with_keys(&[&row])).expect_err("no header").to_string();
    assert!(error.contains("API_Keys") && error.contains("nothing was changed"), "{error}");
    assert!(error.contains("B1 \"MyApp\"") && !error.contains("6fa459ea"), "{error}");

    let error = planned(&with_keys(&["api_key|client_name|enabled"])).expect_err("no is_active").to_string();
    assert!(error.contains("lacks is_active") && error.contains("C1 \"enabled\""), "{error}");
}

#[test]
fn a_usage_tab_that_is_not_the_servers_changes_nothing() {
    let survey = Survey { usage: rows(&["Month|Sales"]), ..with_tabs(&["Usage"]) };
    let error = planned(&survey).expect_err("not ours").to_string();
    assert!(error.contains("Usage") && error.contains("GOOGLE_USAGE_SHEET_NAME"), "{error}");
    assert!(!error.contains("Sales"), "{error}");
}

#[test]
fn tabs_whose_names_collide_are_refused() {
    let error = planned(&with_tabs(&["api_keys"])).expect_err("a twin").to_string();
    assert!(error.contains("API_Keys") && error.contains("api_keys"), "{error}");
    let names = Names { keys: "Keys".to_owned(), usage: "keys".to_owned() };
    assert!(matches!(plan(&with_tabs(&[]), &names, at("2026-01-01T00:00:00Z")), Err(Refused::SameName(_))));
}

#[test]
fn a_summary_of_somebodys_own_is_left_alone() {
    let mut survey = with_tabs(&["Summary"]);
    survey.summary.insert((4, 2), Entered::Text("Q3".to_owned()));
    let plan = planned(&survey).expect("a plan");
    assert_eq!(steps(&plan, "Summary"), [""; 0]);
    assert!(plan.left[0].contains("somebody's own"), "{:?}", plan.left);
}

#[test]
fn in_our_summary_only_what_is_missing_or_broken_is_written_again() {
    let whole = planned(&with_tabs(&[])).expect("a plan");
    let mut survey = with_tabs(&["Summary"]);
    for update in requests(&whole, "updateCells").iter().filter(|update| update["start"]["sheetId"] == 3) {
        let place =
            |name: &str| update["start"][name].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let value = &update["rows"][0]["values"][0]["userEnteredValue"];
        let text = value["stringValue"].as_str().map(|text| Entered::Text(text.to_owned()));
        let formula =
            value["formulaValue"].as_str().map(|formula| Entered::Formula(formula.replace(';', ", ")));
        survey
            .summary
            .extend(text.or(formula).map(|entered| ((place("rowIndex"), place("columnIndex")), entered)));
    }
    survey.tabs[1].charts.push("Use per client and day".to_owned());
    survey.tabs[1].protections.push("Convergence: this tab is made of formulas".to_owned());
    assert_eq!(steps(&planned(&survey).expect("a plan"), "Summary"), [""; 0]);

    survey.summary.insert((2, 0), Entered::Text("a note of mine".to_owned()));
    survey.summary.insert((22, 0), Entered::Formula("=QUERY(#REF!)".to_owned()));
    survey.tabs[1].charts.clear();
    assert_eq!(
        steps(&planned(&survey).expect("a plan"), "Summary"),
        ["a formula for totals for each client", "a chart of the use per client and day"]
    );
}

#[test]
fn formulas_are_the_same_in_every_locale() {
    let mut survey = with_tabs(&[]);
    survey.time_zone = "America/New_York".to_owned();
    let names = Names { keys: "Jon's, keys".to_owned(), usage: "Usage".to_owned() };
    let plan = plan(&survey, &names, at("2026-11-22T12:00:00Z")).expect("a plan");
    let formulas = written_formulas(&plan);
    assert_eq!(formulas.len(), 7, "four in cells, three in rules");
    assert!(formulas.iter().any(|formula| formula.contains("'Jon''s, keys'!$B$2:$B")));
    for formula in formulas {
        let bare = without_quoted(&formula);
        assert!(!bare.contains([',', '.', '\\']), "{formula}");
        let words: Vec<&str> = bare.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        assert!(!words.contains(&"TRUE") && !words.contains(&"FALSE"), "{formula}");
        let depth = |open: char, close: char| {
            bare.chars().try_fold(0_u32, |depth, c| match c {
                c if c == open => Some(depth + 1),
                c if c == close => depth.checked_sub(1),
                _ => Some(depth),
            })
        };
        assert_eq!((depth('(', ')'), depth('{', '}')), (Some(0), Some(0)), "{formula}");
    }
}

/// A formula without its texts and without titles of tabs.
fn without_quoted(formula: &str) -> String {
    let texts: String = formula.split('"').step_by(2).collect();
    texts.split('\'').step_by(2).collect()
}

#[test]
fn the_utc_day_follows_the_clocks_of_the_spreadsheets_zone() {
    let day =
        |zone: &str| formulas::utc_day(&TimeZone::get(zone).expect("a zone"), at("2026-11-22T12:00:00Z"));
    assert_eq!(day("Etc/GMT"), "=TODAY()");
    assert_eq!(day("Asia/Tokyo"), "=INT(NOW()-(540)/1440)");
    // Clocks go from 02:00 to 03:00 on 2027-03-28, which is day 46,474 of the serial numbers.
    let berlin = day("Europe/Berlin");
    let change = 46_474 * 1440 + 3 * 60;
    let start = format!("=INT(NOW()-LOOKUP(INT(NOW()*1440);{{0;{change};");
    assert!(berlin.starts_with(&start), "{berlin}");
    assert_eq!(berlin.matches(';').count(), 2 + 2 * 20);
}

/// The formula's two lists are read as Sheets' `LOOKUP` does, and held against the clocks for nine years.
#[test]
fn the_utc_day_is_right_at_every_hour_of_nine_years() {
    for name in
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Auckland", "Asia/Kolkata"]
    {
        let zone = TimeZone::get(name).expect("a zone");
        let start = at("2026-11-22T00:30:00Z");
        let formula = formulas::utc_day(&zone, start);
        let lists: Vec<Vec<i64>> = formula
            .split('{')
            .skip(1)
            .map(|list| {
                list.split('}')
                    .next()
                    .expect("a list")
                    .split(';')
                    .map(|n| n.parse().expect("a number"))
                    .collect()
            })
            .collect();
        for hour in 0..9 * 365 * 24 {
            let moment = start + jiff::SignedDuration::from_hours(hour);
            let wall =
                (moment.as_second() + i64::from(zone.to_offset(moment).seconds())) / 60 + 25_569 * 1440;
            let offset = match &*lists {
                [from, offsets] => offsets[from.iter().rposition(|from| *from <= wall).expect("0 is first")],
                _ => 330,
            };
            let day = (wall - offset).div_euclid(1440);
            assert_eq!(day, moment.as_second().div_euclid(86_400) + 25_569, "{name} at {moment}");
        }
    }
}
