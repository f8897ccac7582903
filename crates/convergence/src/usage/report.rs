//! Reports: what is asked in people's words, of the database and what is on its way there together.

mod course;
mod when;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use gate::{Fingerprint, Periods, Spent};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::bookkeeper::KeepError;
use super::ledger::{KEPT_DAYS, Row, day_of, oldest_kept};
use super::store::{self, Group, KEPT_HOURS, KEPT_MINUTES, Line, Question, Store, begin_of};
use super::tally::files;
use super::totals::Totals;

pub(crate) use course::{Stretches, Used, course, last_used};

/// How long a report goes back where nothing is said, in seconds.
const BACK: i64 = 30 * DAY;
const BACK_BY_HOUR: i64 = DAY;

const DAY: i64 = 86_400;

/// So many bars has a client's sparkline at most.
const BARS: i64 = 24;

/// What there may be a line for, in words.
pub(crate) const GROUPS: [&str; 5] = ["client", "key", "endpoint", "day", "hour"];

/// What is asked, as it is typed.
#[derive(Default)]
pub(crate) struct Asked<'a> {
    pub(crate) since: Option<&'a str>,
    pub(crate) until: Option<&'a str>,
    pub(crate) client: Option<&'a str>,
    pub(crate) by: Option<&'a str>,
}

/// One line of a report.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = UsageEntry)]
pub(crate) struct Entry {
    /// The UTC day, `YYYY-MM-DD`.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) day: Option<String>,
    /// When the hour began, RFC 3339.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hour: Option<String>,
    /// Whose use it is.
    pub(crate) client_name: String,
    /// The key's fingerprint.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    /// The path as it is counted.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    /// `admitted` and `rate_limited` together.
    pub(crate) requests: u64,
    /// Those that were let in.
    pub(crate) admitted: u64,
    /// Those that the minute's limit or a quota has refused.
    pub(crate) rate_limited: u64,
    /// Those that were let in and answered with a 5xx.
    pub(crate) failed: u64,
    /// Sound that was made.
    pub(crate) audio_seconds: f64,
    /// RFC 3339.
    #[schema(required, format = DateTime)]
    pub(crate) last_used_at: Option<String>,
    /// Those among them that a quota has refused.
    pub(crate) quota_exceeded: u64,
    /// Those whose key is known and may not be used.
    pub(crate) denied: u64,
    /// Those that a limit which is only tried out would have refused.
    pub(crate) shadow_limited: u64,
}

impl Asked<'_> {
    /// In the words of the database.
    ///
    /// # Errors
    /// What is wrong, and with which of them.
    pub(crate) fn question(&self, now: i64) -> Result<Question, String> {
        let by = match self.by.unwrap_or("client") {
            "client" => Group::Client,
            "key" => Group::Key,
            "endpoint" => Group::Endpoint,
            "day" => Group::Day,
            "hour" => Group::Hour,
            other => return Err(format!("by: {other:?} is none of {}", GROUPS.join(", "))),
        };
        let back = if by == Group::Hour { BACK_BY_HOUR } else { BACK };
        let since = match self.since {
            Some(text) => when::begin(text, now).ok_or_else(|| when::wrong("since"))?,
            None => (now - back) - (now - back).rem_euclid(if by == Group::Hour { 3_600 } else { DAY }),
        };
        let until = match self.until {
            Some(text) => when::end(text, now).ok_or_else(|| when::wrong("until"))?,
            None => i64::MAX,
        };
        if since >= until {
            return Err("since: it is after until".to_owned());
        }
        Ok(Question { since, until, client: self.client.map(str::to_owned), by })
    }
}

/// What the counts in a folder say, from whichever process.
///
/// # Errors
/// They cannot be read.
pub(crate) fn report(folder: &Path, question: &Question, now: i64) -> Result<Vec<Entry>, KeepError> {
    Ok(answer(folder, question, now)?
        .into_iter()
        .map(|(line, totals)| entry(question.by, line, &totals))
        .collect())
}

/// What clients were let through since a quota's day and month have begun.
///
/// # Errors
/// The counts cannot be read.
pub(crate) fn spent(folder: &Path, periods: &Periods, now: i64) -> Result<Vec<Spent>, KeepError> {
    let since = |begin: i64| {
        answer(folder, &Question { since: begin, until: i64::MAX, client: None, by: Group::Client }, now)
    };
    let (day, month) = (since(periods.day.from)?, since(periods.month.from)?);
    // Whoever was let through today was so this month.
    let client = |(line, in_month): (Line, Totals)| {
        let in_day = day.get(&line).map_or(0, |totals| totals.admitted);
        Spent {
            client: line.client,
            day: Some((periods.day.from, in_day)),
            month: Some((periods.month.from, in_month.admitted)),
        }
    };
    Ok(month.into_iter().map(client).collect())
}

/// What each client has used in a range of Unix seconds; `until` is the first that is not in it.
///
/// # Errors
/// The counts cannot be read.
pub(crate) fn totals_by_client(
    folder: &Path,
    since: i64,
    until: i64,
    now: i64,
) -> Result<HashMap<String, Totals>, KeepError> {
    let totals = answer(folder, &Question { since, until, client: None, by: Group::Client }, now)?;
    Ok(totals.into_iter().map(|(line, totals)| (line.client, totals)).collect())
}

/// When each key was used for the last time, by its fingerprint's number and in Unix seconds.
///
/// # Errors
/// The counts cannot be read.
pub(crate) fn last_uses(folder: &Path, now: i64) -> Result<HashMap<u64, i64>, KeepError> {
    let all = Question { since: 0, until: i64::MAX, client: None, by: Group::Key };
    let mut last: HashMap<u64, i64> = HashMap::new();
    for (line, totals) in answer(folder, &all, now)? {
        // A key has a line for each name that it has had.
        let at = last.entry(line.number.cast_unsigned()).or_default();
        *at = totals.last_used_at.max(*at);
    }
    Ok(last)
}

/// How much sound was made for a client since a moment.
///
/// # Errors
/// The counts cannot be read.
pub(crate) fn spoken(folder: &Path, client: &str, since: i64, now: i64) -> Result<Duration, KeepError> {
    let client = Some(client.to_owned());
    let totals = answer(folder, &Question { since, until: i64::MAX, client, by: Group::Client }, now)?;
    Ok(Duration::from_millis(totals.values().map(|totals| totals.audio_ms).sum()))
}

/// The first and the last UTC day of a question that totals of days can answer.
///
/// # Errors
/// They cannot: they know no keys, endpoints or hours, and of each day only the whole.
pub(crate) fn days_of(question: &Question, now: i64) -> Result<(Date, Date), String> {
    if !matches!(question.by, Group::Client | Group::Day) {
        return Err("by: with servers=all it is client or day".to_owned());
    }
    let is_whole = |moment: i64| moment.rem_euclid(DAY) == 0 || moment > now;
    if !is_whole(question.since) || !is_whole(question.until) {
        return Err("since, until: with servers=all they are whole UTC days, such as 2025-12-31".to_owned());
    }
    let (first, last) = (day_of(question.since), day_of(question.until.min(now + DAY) - 1));
    if first < oldest_kept(day_of(now)) {
        return Err(format!("since: with servers=all it is at most {KEPT_DAYS} days ago"));
    }
    Ok((first, last))
}

/// What totals of days say to a question.
pub(crate) fn of_days(question: &Question, rows: &BTreeMap<Row, Totals>) -> Vec<Entry> {
    let mut sums: BTreeMap<Line, Totals> = BTreeMap::new();
    for (row, totals) in rows {
        let begin = begin_of(row.date);
        let is_wanted = (question.since..question.until).contains(&begin)
            && question.client.as_ref().is_none_or(|client| *client == row.client);
        if is_wanted {
            let number = if question.by == Group::Day { begin } else { 0 };
            let line = Line { client: row.client.clone(), number, endpoint: String::new() };
            sums.entry(line).or_default().add(totals);
        }
    }
    sums.into_iter().map(|(line, totals)| entry(question.by, line, &totals)).collect()
}

/// Whether anything was ever counted there.
pub(crate) fn has_counts(folder: &Path) -> bool {
    store::path(folder).exists() || files::peek(folder).is_ok_and(|segments| !segments.is_empty())
}

/// How much each client has used in each of equal stretches of a range, by name.
///
/// # Errors
/// The counts cannot be read.
pub(crate) fn stretches(
    folder: &Path,
    question: &Question,
    now: i64,
) -> Result<BTreeMap<String, Vec<u64>>, KeepError> {
    let until = question.until.min(now + 1);
    let kept_in = match now - question.since {
        age if age <= KEPT_MINUTES => 60,
        age if age <= KEPT_HOURS => 3_600,
        _ => DAY,
    };
    let range = (until - question.since).max(1);
    // Whole ones of what is kept, as many as reach to the end.
    let length = ((range - 1) / BARS / kept_in + 1) * kept_in;
    let number = usize::try_from((range - 1) / length + 1).unwrap_or_default();
    let question = Question { until, by: Group::Stretch(length), ..question.clone() };
    let mut bars: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (line, totals) in answer(folder, &question, now)? {
        let of_client = bars.entry(line.client).or_insert_with(|| vec![0; number]);
        if let Some(bar) = usize::try_from(line.number).ok().and_then(|place| of_client.get_mut(place)) {
            *bar += totals.requests();
        }
    }
    Ok(bars)
}

fn answer(folder: &Path, question: &Question, now: i64) -> Result<BTreeMap<Line, Totals>, KeepError> {
    // The segments first: one that is taken in between is then in the database, which says so.
    let segments = files::peek(folder)?;
    let store = Store::look(folder)?;
    let mut answer = match &store {
        Some(store) => store.answer(question, now)?,
        None => BTreeMap::new(),
    };
    for segment in segments {
        let is_taken = store.as_ref().map_or(Ok(false), |store| store.has_taken(segment.origin))?;
        if !is_taken {
            question.add(&mut answer, &segment.lines);
        }
    }
    Ok(answer)
}

fn entry(by: Group, line: Line, totals: &Totals) -> Entry {
    let when = Timestamp::from_second(line.number).unwrap_or_default().to_string();
    let key = Fingerprint::of_number(line.number.cast_unsigned()).to_string();
    Entry {
        day: (by == Group::Day).then(|| when.chars().take("YYYY-MM-DD".len()).collect()),
        hour: (by == Group::Hour).then_some(when),
        client_name: line.client,
        // Totals of an earlier version know no key.
        key: (by == Group::Key).then(|| if line.number == 0 { String::new() } else { key }),
        endpoint: (by == Group::Endpoint).then_some(line.endpoint),
        requests: totals.requests(),
        admitted: totals.admitted,
        rate_limited: totals.rate_limited,
        failed: totals.failed,
        audio_seconds: totals.audio_seconds(),
        last_used_at: totals.last_used().map(|moment| moment.to_string()),
        quota_exceeded: totals.quota_exceeded,
        denied: totals.denied,
        shadow_limited: totals.shadow_limited,
    }
}
