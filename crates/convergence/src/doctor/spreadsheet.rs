//! The spreadsheet: whether it can be reached, read and written, and what is in it.

use std::time::Duration;

use gate::Rules;
use serde_json::Value as Json;
use sheets::{Block, Properties, Range, Spreadsheet, Tab};

use super::quota::{self, Use};
use super::report::{Check, Stop};
use super::{Report, account, table};
use crate::clock::Now;
use crate::config::{GoogleSheet, Keys, Usage};
use crate::keys;
use crate::usage::COLUMNS as USAGE_COLUMNS;

/// What the settings ask of it.
pub(super) struct Wanted {
    usage: Usage,
    cache: Duration,
    default_limit: Option<u32>,
    now: Now,
}

impl Wanted {
    pub(super) fn of(usage: &Usage, keys: &Keys, now: Now) -> Self {
        Self { usage: usage.clone(), cache: keys.cache_duration, default_limit: keys.default_limit, now }
    }
}

/// From the account to the last row. What fails ends it, unless the rest can be looked at all the same.
pub(super) async fn examine(report: &mut Report, sheet: &GoogleSheet, wanted: &Wanted) -> Result<(), Stop> {
    report.ok(Check::Settings, format!("keys come from the tab {:?} of a google sheet", sheet.tab));
    quota::revocation(report, wanted.cache);
    let spreadsheet = account::sign_in(report, sheet).await?;
    let properties = spreadsheet.properties().await;
    account::answered(report, &spreadsheet);
    let properties = properties?;
    report.ok(Check::Api, "the google sheets api is enabled".to_owned());
    report.ok(Check::Scopes, "the token covers google sheets".to_owned());
    report.ok(Check::Spreadsheet, "shared with the service account".to_owned());
    let zone = time_zone(report, &properties);
    let tab = tab(report, &properties, &sheet.tab)?;
    let zone = zone?;
    // Of a large tab the size is asked for each time; the time zone of a small one is read every ten minutes.
    let reads = match keys::requests(tab.rows) {
        1 => 1,
        ranges => ranges + 1,
    };
    let flush = wanted.usage.tab.as_ref().map(|_| wanted.usage.interval);
    quota::examine(report, &Use { cache: wanted.cache, flush, reads });

    let grid = keys::cells(&spreadsheet, tab, &|_, _| ()).await?;
    let grid = grid.ok_or_else(|| Stop { check: Check::Tab, message: keys::MOVING.to_owned() })?;
    let rules = Rules { time_zone: zone, default_limit: wanted.default_limit };
    // A table that cannot be read says nothing about who may write it.
    if let Err(stop) = table::examine(report, &grid, &rules, wanted.now) {
        report.stop(stop.check, stop.message);
    }
    let Some(title) = &wanted.usage.tab else {
        write_access(report, &spreadsheet, tab, None).await?;
        report.ok(
            Check::UsageTab,
            "usage is not written to the spreadsheet (USAGE_FLUSH_INTERVAL is 0)".to_owned(),
        );
        return Ok(());
    };
    let usage = properties.tabs.iter().find(|tab| tab.title == *title);
    write_access(report, &spreadsheet, tab, usage).await?;
    usage_tab(report, &spreadsheet, usage, title).await
}

fn tab<'a>(report: &mut Report, properties: &'a Properties, title: &str) -> Result<&'a Tab, Stop> {
    if let Some(tab) = properties.tabs.iter().find(|tab| tab.title == title) {
        report.ok(Check::Tab, format!("{title:?} has {} rows and {} columns", tab.rows, tab.columns));
        return Ok(tab);
    }
    let titles: Vec<String> = properties.tabs.iter().map(|tab| format!("{:?}", tab.title)).collect();
    let error = sheets::Error::TabMissing { tab: title.to_owned() };
    let nearest = match nearest(title, properties) {
        Some(nearest) => format!("perhaps GOOGLE_SHEET_NAME={nearest:?} is meant"),
        None => "convergence sheet init makes one".to_owned(),
    };
    Err(Stop {
        check: Check::Tab,
        message: format!("{error}; its tabs are: {}; {nearest}", titles.join(", ")),
    })
}

/// The tab whose name is most like this one, if any is like it at all.
fn nearest<'a>(title: &str, properties: &'a Properties) -> Option<&'a str> {
    let plain = |name: &str| name.to_lowercase().replace([' ', '-', '_'], "");
    let likeness = |tab: &&Tab| strsim::jaro_winkler(&plain(title), &plain(&tab.title));
    let best = properties.tabs.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(&best) > 0.7).then_some(&*best.title)
}

fn time_zone(report: &mut Report, properties: &Properties) -> Result<jiff::tz::TimeZone, Stop> {
    let name = &properties.time_zone;
    let unknown = || {
        let message =
            format!("the spreadsheet's time zone {name:?} is not known; choose one under File > Settings");
        Stop { check: Check::TimeZone, message }
    };
    let zone = keys::time_zone(name).ok_or_else(unknown)?;
    report.ok(Check::TimeZone, format!("dates in the sheet are in {name}"));
    Ok(zone)
}

/// A write of nothing: JSON null leaves a cell as it is, and still needs the right to change it. Tried where usage is
/// written or, before there is such a tab, in the last row of the keys, where no header is that people protect.
async fn write_access(
    report: &mut Report,
    spreadsheet: &Spreadsheet,
    keys: &Tab,
    usage: Option<&Tab>,
) -> Result<(), Stop> {
    let tried = usage.unwrap_or(keys);
    let at = Range::cell(&tried.title, tried.rows.saturating_sub(1), 0);
    match spreadsheet.write(&[Block { at, rows: vec![vec![None]] }]).await {
        Ok(_) => report.ok(Check::WriteAccess, "the account may write to the spreadsheet".to_owned()),
        Err(error) if account::check_of(&error) == Check::WriteAccess => {
            let what =
                format!("{error}; until then no usage is written back, and keys can only be changed by hand");
            report.fail(Check::WriteAccess, what);
        }
        Err(error) => return Err(error.into()),
    }
    let described = spreadsheet.describe(PROTECTED).await?;
    let remedy = "let it, or only warn (data > protect sheets and ranges)";
    for range in usage.map(|tab| protected(&described, tab)).unwrap_or_default() {
        let what = format!("{range} is protected, and the account may not edit it; {remedy}");
        report.fail(Check::WriteAccess, what);
    }
    for range in protected(&described, keys) {
        let what = format!(
            "{range} is protected, and the account may not edit it: the keys there can only be changed by hand; {remedy}"
        );
        report.note(Check::WriteAccess, what);
    }
    Ok(())
}

/// The field mask of what [`protected`] reads.
const PROTECTED: &str = "sheets(properties(title),protectedRanges(range,warningOnly,requestingUserCanEdit))";

/// The ranges of a tab that the account may not edit.
fn protected(described: &Json, tab: &Tab) -> Vec<String> {
    let list = |value: &Json| value.as_array().cloned().unwrap_or_default();
    let sheets = list(&described["sheets"]);
    let sheet = sheets.iter().find(|sheet| sheet["properties"]["title"] == *tab.title);
    let ranges = sheet.map(|sheet| list(&sheet["protectedRanges"])).unwrap_or_default();
    // Both are left out where they are false.
    let closed = |range: &&Json| range["warningOnly"] != true && range["requestingUserCanEdit"] != true;
    ranges.iter().filter(closed).map(|range| spelt(tab, &range["range"])).collect()
}

/// A `GridRange` in A1 notation: from 0, the ends not included, and each bound left out where the tab ends.
fn spelt(tab: &Tab, range: &Json) -> String {
    let bound = |name: &str| range[name].as_u64().and_then(|bound| usize::try_from(bound).ok());
    let bounds = ["startRowIndex", "startColumnIndex", "endRowIndex", "endColumnIndex"].map(bound);
    if bounds.iter().all(Option::is_none) {
        return Range::tab(&tab.title).to_string();
    }
    let [first_row, first_column, end_row, end_column] = bounds;
    let start = (first_row.unwrap_or(0), first_column.unwrap_or(0));
    let last = |end: Option<usize>, size: usize| end.unwrap_or(size).saturating_sub(1);
    let end = (last(end_row, tab.rows), last(end_column, tab.columns));
    Range { tab: tab.title.clone(), start: Some(start), end: Some(end) }.to_string()
}

async fn usage_tab(
    report: &mut Report,
    spreadsheet: &Spreadsheet,
    tab: Option<&Tab>,
    title: &str,
) -> Result<(), Stop> {
    if tab.is_none() {
        let what = format!("there is no tab {title:?} for usage; convergence sheet init makes it");
        report.note(Check::UsageTab, what);
        return Ok(());
    }
    let rows = spreadsheet.values_in(&Range::rows(title, 0, 0)).await?;
    let header = rows.first().map(Vec::as_slice).unwrap_or_default();
    let is_text = |value: &sheets::Value, name: &str| *value == sheets::Value::Text(name.to_owned());
    let same =
        USAGE_COLUMNS.iter().enumerate().all(|(at, name)| header.get(at).is_some_and(|it| is_text(it, name)));
    if same {
        report.ok(Check::UsageTab, format!("{title:?} has its header"));
    } else if header.is_empty() {
        report.note(Check::UsageTab, format!("{title:?} has no header yet; convergence sheet init makes it"));
    } else {
        let what = format!(
            "the first row of {title:?} is not {}; rename that tab, or set GOOGLE_USAGE_SHEET_NAME",
            USAGE_COLUMNS.join(", ")
        );
        report.fail(Check::UsageTab, what);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn protected_ranges_are_spelt_as_people_know_them() {
        let tab = Tab { id: 7, title: "My keys".to_owned(), rows: 1_000, columns: 26 };
        for (range, expected) in [
            (json!({ "sheetId": 7 }), "'My keys'"),
            (json!({ "startRowIndex": 0, "endRowIndex": 1 }), "'My keys'!A1:Z1"),
            (json!({ "startColumnIndex": 3, "endColumnIndex": 4 }), "'My keys'!D1:D1000"),
            (
                json!({ "startRowIndex": 6, "endRowIndex": 7, "startColumnIndex": 3, "endColumnIndex": 4 }),
                "'My keys'!D7",
            ),
        ] {
            assert_eq!(spelt(&tab, &range), expected);
        }
    }
}
