//! `convergence usage`: what clients have used, as `DATA_DIR` has it at this moment.

use anyhow::{Context, bail};
use clap::{Arg, ArgMatches, Command};

use super::table::{self, Format};
use crate::clock::unix_now;
use crate::config::Settings;
use crate::usage::{Asked, Entry, GROUPS, has_counts, report, stretches};

/// The heights of a sparkline's bars.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub(super) fn command() -> Command {
    let moment =
        |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("WHEN").help(help);
    Command::new("usage")
        .about("Show what each client has used, to the last request")
        .arg(moment(
            "since",
            "From when on: 2025-12-31, RFC 3339, or 30m, 24h or 30d ago [default: 30d; by hour: 24h]",
        ))
        .arg(moment("until", "The last moment, in the same forms; a day is in it whole"))
        .arg(Arg::new("client").long("client").value_name("NAME").help("Only this client"))
        .arg(
            Arg::new("by")
                .long("by")
                .value_name("client|key|endpoint|day|hour")
                .value_parser(GROUPS)
                .default_value("client")
                .help("One line for each client, or for each of its keys, endpoints, UTC days or hours"),
        )
        .arg(Format::flag())
}

pub(super) fn run(flags: &ArgMatches, settings: &Settings) -> anyhow::Result<()> {
    let now = unix_now();
    let text = |name: &str| flags.get_one::<String>(name).map(String::as_str);
    let by = text("by");
    let asked = Asked { since: text("since"), until: text("until"), client: text("client"), by };
    let question = asked.question(now).map_err(|wrong| anyhow::anyhow!("--{wrong}"))?;
    let folder = super::config(settings)?.data_dir.join("usage");
    if !has_counts(&folder) {
        bail!(
            "there is nothing in {}: nothing was used yet, or the server has another DATA_DIR",
            folder.display()
        );
    }
    let cannot = || format!("cannot read {}", folder.display());
    let entries = report(&folder, &question, now).with_context(cannot)?;
    if let Some(client) = text("client").filter(|_| entries.is_empty()) {
        let all = Asked { since: text("since"), until: text("until"), client: None, by: Some("client") };
        let all = all.question(now).map_err(|wrong| anyhow::anyhow!("--{wrong}"))?;
        let all = report(&folder, &all, now).with_context(cannot)?;
        super::say_unknown_client(client, all.iter().map(|entry| &*entry.client_name));
    }
    let format = Format::of(flags);
    let mut columns = columns(&entries, by, format == Format::People);
    if format == Format::People && by == Some("client") {
        let bars = stretches(&folder, &question, now).with_context(cannot)?;
        let bar =
            |entry: &Entry| bars.get(&entry.client_name).map(|bars| sparkline(bars)).unwrap_or_default();
        columns.push(("over time", entries.iter().map(bar).collect()));
    }
    let headers: Vec<&str> = columns.iter().map(|(header, _)| *header).collect();
    let row = |place: usize| columns.iter().map(|(_, cells)| cells[place].clone()).collect();
    let rows: Vec<Vec<String>> = (0..entries.len()).map(row).collect();
    table::print(format, &headers, &rows, &entries)
}

/// What is shown of the entries. For people, without those that are seldom anything but 0.
fn columns(entries: &[Entry], by: Option<&str>, for_people: bool) -> Vec<(&'static str, Vec<String>)> {
    type Cell = fn(&Entry) -> Option<String>;
    const NAMES: [(&str, Cell); 5] = [
        ("day", |entry| entry.day.clone()),
        ("hour", |entry| entry.hour.clone()),
        ("client_name", |entry| Some(entry.client_name.clone())),
        ("key", |entry| entry.key.clone()),
        ("endpoint", |entry| entry.endpoint.clone()),
    ];
    const ALWAYS: [(&str, Cell); 6] = [
        ("requests", |entry| Some(entry.requests.to_string())),
        ("admitted", |entry| Some(entry.admitted.to_string())),
        ("rate_limited", |entry| Some(entry.rate_limited.to_string())),
        ("failed", |entry| Some(entry.failed.to_string())),
        ("audio_seconds", |entry| Some(entry.audio_seconds.to_string())),
        ("last_used_at", |entry| Some(entry.last_used_at.clone().unwrap_or_default())),
    ];
    const SELDOM: [(&str, Cell); 3] = [
        ("quota_exceeded", |entry| Some(entry.quota_exceeded.to_string())),
        ("denied", |entry| Some(entry.denied.to_string())),
        ("shadow_limited", |entry| Some(entry.shadow_limited.to_string())),
    ];
    let cells =
        |(header, cell): (&'static str, Cell)| (header, entries.iter().filter_map(cell).collect::<Vec<_>>());
    let is_there = |(header, _): &(&str, Cell)| *header == "client_name" || Some(*header) == by;
    let names = NAMES.into_iter().filter(is_there).map(cells);
    let is_told = |(_, cells): &(&str, Vec<String>)| !for_people || cells.iter().any(|cell| cell != "0");
    let seldom = SELDOM.map(cells).into_iter().filter(is_told);
    names.chain(ALWAYS.map(cells)).chain(seldom).collect()
}

/// A bar for each number, the largest the highest; a blank for none.
fn sparkline(numbers: &[u64]) -> String {
    let largest = numbers.iter().copied().max().unwrap_or_default().max(1);
    let bar = |number: &u64| match number {
        0 => ' ',
        number => {
            let height = (u128::from(*number) * BARS.len() as u128).div_ceil(u128::from(largest));
            BARS[usize::try_from(height).unwrap_or(1).clamp(1, BARS.len()) - 1]
        }
    };
    numbers.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_bar_is_full_and_none_is_blank() {
        assert_eq!(sparkline(&[0, 1, 4, 8]), " ▁▄█");
        assert_eq!(sparkline(&[1, 1_000]), "▁█");
        assert_eq!(sparkline(&[0, 0]), "  ");
        assert_eq!(sparkline(&[u64::MAX]), "█");
    }
}
