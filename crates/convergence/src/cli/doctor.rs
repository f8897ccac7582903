//! `convergence doctor`.

use std::io::Write;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};
use serde::Serialize;

use crate::clock::{Clock, SystemClock};
use crate::doctor::{self, Line, Report};

/// What `--help` says is checked.
const CHECKED: &str = "\
Checks, each with ok, note, FAIL or skipped (an earlier check failed), and what to do:
  settings      every fault at once; where keys come from
  credentials   the service account's file, its rights, its address
  network       names, connections, tls and proxies on the way to google
  clock         this machine's against google's
  token         whether google knows the account and its key
  api, scopes   whether the account's project and token may use google sheets
  spreadsheet   its id, whether it is a google sheet, whether it is shared
  tab           whether it is there; otherwise which ones are
  time zone     what the sheet's dates mean
  columns       the header, what it lacks, where it was found
  rows          keys and clients; each bad cell by its address; duplicates; keys in plain text
  write access  by writing nothing to a cell; protected ranges
  usage tab     whether it is there, with its header
  quota         what the settings use of google's requests a minute
  revocation    how late a change in the sheet takes effect
  data folder   whether it can be written
  port          whether it is free; otherwise how the server there is doing
With KEYS_FILE: settings, keys file, time zone, columns, rows, revocation, data folder, port.
Nothing is changed. The exit code is 1 if anything failed.";

pub(super) fn command() -> Command {
    let formats = PossibleValuesParser::new(["table", "json", "csv"]);
    let format = Arg::new("format").long("format").value_name("FORMAT").value_parser(formats);
    super::with_settings(
        Command::new("doctor").about("Check the whole set-up, and say what to do about each fault"),
    )
    .arg(format.default_value("table").help("How the findings are printed"))
    .after_help(CHECKED)
}

pub(super) fn run(flags: &ArgMatches) -> anyhow::Result<ExitCode> {
    let report = match super::settings(flags) {
        Ok(settings) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(doctor::examine(&settings, SystemClock::start().now()))
        }
        Err(error) => doctor::unreadable_settings(&error),
    };
    let format = flags.get_one::<String>("format").map_or("table", String::as_str);
    print(&report, format)?;
    Ok(if report.has_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A line as JSON.
#[derive(Serialize)]
struct Finding {
    check: String,
    result: String,
    message: String,
}

fn print(report: &Report, format: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let words = |line: &Line| [line.check.to_string(), line.verdict.to_string(), line.message.clone()];
    match format {
        "json" => {
            let lines = report.lines().iter().map(words);
            let lines: Vec<Finding> =
                lines.map(|[check, result, message]| Finding { check, result, message }).collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&lines)?)?;
        }
        "csv" => {
            let mut csv = csv::Writer::from_writer(&mut out);
            csv.write_record(["check", "result", "message"])?;
            report.lines().iter().try_for_each(|line| csv.write_record(words(line)))?;
            csv.flush()?;
        }
        _ => {
            for Line { check, verdict, message } in report.lines() {
                writeln!(out, "{check:<12}  {verdict:<7}  {message}")?;
            }
        }
    }
    Ok(())
}
