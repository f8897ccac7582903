//! `convergence usage`: what the server has saved in `DATA_DIR`.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use anyhow::{Context, bail};
use clap::{Arg, ArgMatches, Command};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::table::{self, Format};
use crate::clock::{Clock, SystemClock};
use crate::config::Settings;
use crate::usage::{Row, Totals, UsageFile, day_of};

const HEADERS: [&str; 7] =
    ["client_name", "requests", "admitted", "rate_limited", "failed", "audio_seconds", "last_used_at"];

pub(super) fn command() -> Command {
    let moment =
        |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("WHEN").help(help);
    Command::new("usage")
        .about("Show what each client has used in the last 40 days, as of the server's last save")
        .arg(moment("since", "The first UTC day: 2025-12-31, RFC 3339, or 24h or 30d ago"))
        .arg(moment("until", "The last UTC day, in the same forms"))
        .arg(Arg::new("client").long("client").value_name("NAME").help("Only this client"))
        .arg(
            Arg::new("by")
                .long("by")
                .value_name("client|day")
                .value_parser(["client", "day"])
                .default_value("client")
                .help("One row for each client, or for each day and client"),
        )
        .arg(Format::flag())
}

/// One line of the answer.
#[derive(Serialize)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<String>,
    client_name: String,
    requests: u64,
    admitted: u64,
    rate_limited: u64,
    failed: u64,
    audio_seconds: f64,
    last_used_at: Option<String>,
}

pub(super) fn run(flags: &ArgMatches, settings: &Settings) -> anyhow::Result<()> {
    let now = SystemClock::start().now().unix;
    let text = |name: &str| flags.get_one::<String>(name).map(String::as_str);
    let day = |name: &str| text(name).map(|text| day_from(text, now).with_context(|| format!("--{name}")));
    let (since, until) = (day("since").transpose()?, day("until").transpose()?);
    let file = UsageFile::new(&super::config(settings)?.data_dir);
    let ledger = match file.peek() {
        Ok(ledger) => ledger,
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "there is no {}: nothing was used yet, or the server has another DATA_DIR",
            file.path().display()
        ),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.path().display())),
    };
    let is_wanted = |row: &Row| {
        since.is_none_or(|since| row.date >= since)
            && until.is_none_or(|until| row.date <= until)
            && text("client").is_none_or(|client| row.client == client)
    };
    let rows = ledger.rows().iter().filter(|(row, _)| is_wanted(row));
    let lines = lines(rows, text("by") == Some("day"));
    print(Format::of(flags), &lines, text("by") == Some("day"))
}

/// Sums over instances, and over days unless each is asked for.
fn lines<'a>(rows: impl Iterator<Item = (&'a Row, &'a Totals)>, by_day: bool) -> Vec<Line> {
    let mut sums: BTreeMap<(Option<Date>, &str), Totals> = BTreeMap::new();
    for (row, totals) in rows {
        sums.entry((by_day.then_some(row.date), &row.client)).or_default().add(totals);
    }
    let line = |((day, client), totals): ((Option<Date>, &str), Totals)| Line {
        day: day.map(|day| day.to_string()),
        client_name: client.to_owned(),
        requests: totals.requests(),
        admitted: totals.admitted,
        rate_limited: totals.rate_limited,
        failed: totals.failed,
        audio_seconds: totals.audio_seconds(),
        last_used_at: totals.last_used().map(|moment| moment.to_string()),
    };
    sums.into_iter().map(line).collect()
}

fn print(format: Format, lines: &[Line], by_day: bool) -> anyhow::Result<()> {
    let cells = |line: &Line| -> Vec<String> {
        let counts = [line.requests, line.admitted, line.rate_limited, line.failed].map(|n| n.to_string());
        let name = line.day.iter().chain([&line.client_name]).cloned();
        let rest = [line.audio_seconds.to_string(), line.last_used_at.clone().unwrap_or_default()];
        name.chain(counts).chain(rest).collect()
    };
    let headers: Vec<&str> = by_day.then_some("day").into_iter().chain(HEADERS).collect();
    table::print(format, &headers, &lines.iter().map(cells).collect::<Vec<_>>(), lines)
}

/// The UTC day of a date, a moment, or so many hours or days before now.
fn day_from(text: &str, now: i64) -> anyhow::Result<Date> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let seconds = match unit {
        "h" => Some(3_600),
        "d" => Some(86_400),
        _ => None,
    };
    if let (Some(seconds), Ok(number)) = (seconds, number.parse::<i64>()) {
        let ago = number.saturating_mul(seconds).min(now);
        return Ok(day_of(now - ago));
    }
    // A moment is a date with more behind it, so it is tried first.
    let moment = text.parse::<Timestamp>().map(|moment| day_of(moment.as_second()));
    let day = moment.ok().or_else(|| text.parse().ok());
    day.context("this is not a day; give 2025-12-31, 2025-12-31T23:59:59Z, 24h or 30d")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_are_read_as_dates_as_moments_and_from_now_back() {
        let now = 1_764_547_200; // 2025-12-01 00:00:00 UTC
        let read = |text: &str| day_from(text, now).ok();
        assert_eq!(read("2025-11-30"), Some(date(2025, 11, 30)));
        assert_eq!(read("2025-12-01T00:30:00+01:00"), Some(date(2025, 11, 30)));
        assert_eq!(read("0h"), Some(date(2025, 12, 1)));
        assert_eq!(read("1h"), Some(date(2025, 11, 30)));
        assert_eq!(read("30d"), Some(date(2025, 11, 1)));
        assert_eq!(read("99999999999999999d"), Some(date(1970, 1, 1)));
        for bad in ["", "d", "7", "-7d", "7 d", "31/12/2025", "soon", "\u{e9}d"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn p23_usage_is_summed_over_instances_and_days_or_shown_day_by_day() {
        let row = |day, instance: &str| Row {
            date: date(2025, 12, day),
            instance: instance.into(),
            client: "Acme".into(),
        };
        let totals = |admitted, last_used_at| Totals {
            admitted,
            rate_limited: 1,
            audio_ms: 250,
            last_used_at,
            ..Totals::default()
        };
        let rows = BTreeMap::from([
            (row(1, "a"), totals(2, 1_764_547_200)),
            (row(1, "b"), totals(3, 0)),
            (row(2, "a"), totals(4, 1_764_633_600)),
        ]);
        let json = |by_day| serde_json::to_value(lines(rows.iter(), by_day)).unwrap();
        assert_eq!(
            json(false),
            serde_json::json!([{
                "client_name": "Acme", "requests": 12, "admitted": 9, "rate_limited": 3, "failed": 0,
                "audio_seconds": 0.75, "last_used_at": "2025-12-02T00:00:00Z",
            }])
        );
        let days = json(true);
        assert_eq!((&days[0]["day"], &days[0]["requests"]), (&"2025-12-01".into(), &7.into()));
        assert_eq!((&days[1]["day"], &days[1]["requests"]), (&"2025-12-02".into(), &5.into()));
    }
}
