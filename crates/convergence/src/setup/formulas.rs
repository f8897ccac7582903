//! The summary's formulas. Every one refers to ranges: no name of a client is ever part of a formula or of a query's text, so
//! none can change what it does. What spills from them is values, which Google does not interpret again.
//!
//! Written for any locale, as in `colours`: semicolons, no decimals, `HSTACK` instead of an array in braces, whose separator
//! differs, and no number joined to a query's text.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::table::Table;

/// The cell with the UTC day.
const TODAY: &str = "$B$2";

/// Shown where there is nothing to sum up.
const NO_USE: &str = "no use recorded yet";

/// How many changes of the clocks a formula knows of: ten years of two.
const CHANGES: usize = 20;

/// The UTC day, which Sheets has no function for: its clock shows the spreadsheet's time zone. So the zone's offsets from UTC
/// are in the formula, in minutes, each from the minute on at which the clocks come to show it.
pub(super) fn utc_day(zone: &TimeZone, now: Timestamp) -> String {
    let minutes = |offset: jiff::tz::Offset| i64::from(offset.seconds()) / 60;
    let changes: Vec<_> = zone.following(now).take(CHANGES).collect();
    let first = minutes(zone.to_offset(now));
    if changes.is_empty() {
        return match first {
            0 => "=TODAY()".to_owned(),
            offset => format!("=INT(NOW()-({offset})/1440)"),
        };
    }
    let (mut from, mut offsets) = (vec!["0".to_owned()], vec![first.to_string()]);
    for change in changes {
        let offset = minutes(change.offset());
        // Serial numbers count from 1899-12-30, which is 25,569 days before 1970.
        from.push((25_569 * 1440 + change.timestamp().as_second() / 60 + offset).to_string());
        offsets.push(offset.to_string());
    }
    format!("=INT(NOW()-LOOKUP(INT(NOW()*1440);{{{}}};{{{}}})/1440)", from.join(";"), offsets.join(";"))
}

/// A row for each client: today, 7 days, 30 days, what was refused and failed in 30 days, and when it last called.
pub(super) fn clients(usage: &Table<'_>) -> String {
    let within = |days: u32, name: &str| {
        format!("IFERROR((dates>{TODAY}-{days})*(dates<={TODAY})*{};0)", usage.reference(name))
    };
    let columns = [
        usage.reference("client_name"),
        within(1, "requests"),
        within(7, "requests"),
        within(30, "requests"),
        within(30, "rate_limited"),
        within(30, "failed"),
        usage.reference("last_used_at"),
    ];
    let query = "select Col1, sum(Col2), sum(Col3), sum(Col4), sum(Col5), sum(Col6), max(Col7) group by Col1 \
                 order by sum(Col4) desc label Col1 'client_name', sum(Col2) 'today', sum(Col3) '7 days', \
                 sum(Col4) '30 days', sum(Col5) 'refused, 30 days', sum(Col6) 'failed, 30 days', max(Col7) 'last used'";
    let named = format!("{}<>\"\"", usage.reference("client_name"));
    query_of(usage, &columns, &named, query)
}

/// A row for each of the last 30 days, a column for each of the clients in `top` and one for all others.
pub(super) fn days(usage: &Table<'_>, top: &str) -> String {
    let client = usage.reference("client_name");
    let columns = [
        "dates".to_owned(),
        format!("IF(ISNUMBER(MATCH({client};{top};0));{client};\"other clients\")"),
        format!("IFERROR({}+0;0)", usage.reference("requests")),
    ];
    let recent = format!("dates>{TODAY}-30;{client}<>\"\"");
    let query = "select Col1, sum(Col3) group by Col1 pivot Col2 order by Col1 label Col1 'day (UTC)'";
    query_of(usage, &columns, &recent, query)
}

/// Client and date of every key that works and expires within 14 days.
pub(super) fn expiring(keys: &Table<'_>) -> String {
    let (client, active) = (keys.reference("client_name"), keys.reference("is_active"));
    let expires = moment(&keys.reference("expires_at"));
    let word = format!("LOWER(TRIM({active}))");
    let ticked = format!("({active}=(1=1))+({word}=\"true\")+({word}=\"yes\")+({word}=\"1\")>0");
    format!(
        "=IFERROR(ARRAYFORMULA(LET(dates;{expires};SORT(FILTER(HSTACK({client};dates);dates>=NOW();dates<NOW()+14;\
         {ticked};{}=\"\");2;1=1)));\"none\")",
        keys.reference("revoked_at")
    )
}

/// A date as a serial number: a date cell, or text in the form that the server reads, up to the offset. Taken apart, since
/// whether such text is a date to Sheets depends on the locale (home-assistant #86653). 0 for what is neither.
pub(super) fn moment(cells: &str) -> String {
    let part = |from: u32, length: u32| format!("MID({cells};{from};{length})");
    let [year, month, day] = [(1, 4), (6, 2), (9, 2)].map(|(from, length)| part(from, length));
    let [hour, minute, second] = [12, 15, 18].map(|from| part(from, 2));
    format!(
        "IF(ISNUMBER({cells});{cells};IFERROR(DATE({year};{month};{day})+IFERROR(TIME({hour};{minute};{second});0);0))"
    )
}

/// A query over columns of the usage, among them `dates`, its UTC days. Filtered before it is queried, since a query reads a
/// column in which empty cells are zeros as numbers, and loses the dates.
fn query_of(usage: &Table<'_>, columns: &[String], conditions: &str, query: &str) -> String {
    format!(
        "=IFERROR(ARRAYFORMULA(LET(dates;{};QUERY(FILTER(HSTACK({});{conditions});\"{query}\";0)));\"{NO_USE}\")",
        moment(&usage.reference("date")),
        columns.join(";")
    )
}
