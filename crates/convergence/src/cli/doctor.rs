//! `convergence doctor`.

use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde::Serialize;

use super::table::{self, Format};
use crate::clock::{Clock, SystemClock};
use crate::doctor::{self, Line, Report};

/// The flag.
const SEND: &str = "send";

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
  upstream      with UPSTREAM_URL: whether each is reached, its certificate, its health path
  providers     with LLM_BASE_URL or TTS_BASE_URL: whether it is reached, takes its key, has its model
  alerts        with ALERT_WEBHOOK_URL: whether it takes a test, which --send sends
With KEYS_FILE: settings, keys file, time zone, columns, rows, revocation, data folder, port, upstream.
Nothing is changed, and without --send nothing sent. The exit code is 1 if anything failed.";

pub(super) fn command() -> Command {
    super::with_settings(
        Command::new("doctor").about("Check the whole set-up, and say what to do about each fault"),
    )
    .arg(Format::flag())
    .arg(
        Arg::new(SEND)
            .long(SEND)
            .action(ArgAction::SetTrue)
            .help("Send a test to ALERT_WEBHOOK_URL, where it is set"),
    )
    .after_help(CHECKED)
}

pub(super) fn run(flags: &ArgMatches) -> anyhow::Result<ExitCode> {
    let report = match super::settings(flags) {
        Ok(settings) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let sends = flags.get_flag(SEND);
            runtime.block_on(doctor::examine(&settings, SystemClock::start().now(), sends))
        }
        Err(error) => doctor::unreadable_settings(&error),
    };
    print(&report, Format::of(flags))?;
    Ok(if report.has_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A line as JSON.
#[derive(Serialize)]
struct Finding {
    check: String,
    result: String,
    message: String,
}

fn print(report: &Report, format: Format) -> anyhow::Result<()> {
    let words = |line: &Line| [line.check.to_string(), line.verdict.to_string(), line.message.clone()];
    let rows: Vec<Vec<String>> = report.lines().iter().map(|line| words(line).to_vec()).collect();
    let finding = |[check, result, message]: [String; 3]| Finding { check, result, message };
    let findings: Vec<Finding> = report.lines().iter().map(words).map(finding).collect();
    table::print(format, &["check", "result", "message"], &rows, &findings)
}
