//! `convergence sheet init`.

use anyhow::{anyhow, bail};
use jiff::Timestamp;
use serde::Serialize;
use sheets::{Error, Spreadsheet};

use crate::cli::progress::Waiting;
use crate::cli::table::{Format, print_json};
use crate::config::{Fault, GoogleSheet, Settings, Source};
use crate::keys::google::open;
use crate::setup::{Names, Plan, Survey, plan};
use crate::{clock, logging};

/// Reads the spreadsheet, says what is missing, and makes it unless this is a dry run.
pub(super) fn run(settings: &Settings, dry_run: bool, format: Format) -> anyhow::Result<()> {
    logging::start(super::super::config(settings)?.logs);
    let sheet = sheet(settings)?;
    let names = Names {
        keys: sheet.tab.clone(),
        usage: settings.value("GOOGLE_USAGE_SHEET_NAME").unwrap_or("Usage").to_owned(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let spreadsheet = open(&sheet).await.map_err(|error| anyhow!(error.detail))?;
        init(&spreadsheet, &names, dry_run, format).await
    })
}

fn sheet(settings: &Settings) -> anyhow::Result<GoogleSheet> {
    let source = Source::of(settings).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(Fault::to_string).collect();
        anyhow!("these settings are wrong:\n  {}", lines.join("\n  "))
    })?;
    match source {
        Source::Google(sheet) => Ok(sheet),
        Source::Missing(why) => bail!(
            "{why}; set GOOGLE_CREDENTIALS_PATH to the service account's json key file (or GOOGLE_CREDENTIALS=adc) and \
             GOOGLE_SHEET_ID to the part of the spreadsheet's address between /d/ and /edit"
        ),
        Source::File { .. } => {
            bail!("KEYS_FILE is set, so the keys are in a file; there is no spreadsheet to set up")
        }
    }
}

/// What was done, as JSON has it.
#[derive(Serialize)]
struct Done<'a> {
    /// What was missing, one sentence for each step.
    steps: Vec<&'a str>,
    left_alone: &'a [String],
    /// Whether the steps have been made.
    is_changed: bool,
}

async fn init(spreadsheet: &Spreadsheet, names: &Names, dry_run: bool, format: Format) -> anyhow::Result<()> {
    let waiting = Waiting::begin("reading the spreadsheet");
    let plan = planned(spreadsheet, names).await?;
    drop(waiting);
    let is_changed = !dry_run && !plan.steps.is_empty();
    if format == Format::People {
        say(&plan);
    }
    if is_changed {
        let _waiting = Waiting::begin("changing the spreadsheet");
        change(spreadsheet, names, &plan).await?;
    }
    if format == Format::Json {
        let steps = plan.steps.iter().map(|step| &*step.says).collect();
        return print_json(&Done { steps, left_alone: &plan.left, is_changed });
    }
    if plan.steps.is_empty() {
        print_line("nothing to do: everything is in place");
    } else if dry_run {
        print_line("this was a dry run: nothing was changed");
        return Ok(());
    } else {
        print_line(&format!("done: {} in one request", counted(plan.steps.len(), "step")));
    }
    print_line(NEXT);
    Ok(())
}

async fn planned(spreadsheet: &Spreadsheet, names: &Names) -> anyhow::Result<Plan> {
    let survey = Survey::read(spreadsheet, names).await?;
    let now = Timestamp::from_second(clock::unix_now())?;
    Ok(plan(&survey, names, now)?)
}

/// Sends the whole plan at once. A failure of Google's or of the network's may come after the change was made all the same, so
/// the spreadsheet is read again before that is called a failure.
async fn change(spreadsheet: &Spreadsheet, names: &Names, made: &Plan) -> anyhow::Result<()> {
    match spreadsheet.change(&made.requests()).await {
        Ok(_) => Ok(()),
        Err(error) if is_uncertain(&error) => match planned(spreadsheet, names).await {
            Ok(left) if left.steps.is_empty() => Ok(()),
            Ok(_) => Err(anyhow!("{error}; nothing was changed, run this again")),
            Err(_) => {
                Err(anyhow!("{error}; whether anything was changed is not known, run this again: it is safe"))
            }
        },
        Err(error) => Err(anyhow!("{error}; nothing was changed")),
    }
}

fn is_uncertain(error: &Error) -> bool {
    error.is_transient() && !matches!(error, Error::QuotaExceeded { .. } | Error::Connect { .. })
}

fn say(plan: &Plan) {
    for step in &plan.steps {
        print_line(&format!("+ {}", step.says));
    }
    for left in &plan.left {
        print_line(&format!("  left alone: {left}"));
    }
}

const NEXT: &str = "
next:
  convergence doctor                     checks everything from the file to the last row
  convergence keys create --client NAME  makes a key and its row
  convergence serve                      with these set, here or in .env:
    AUTH_ENABLED=true
    GOOGLE_CREDENTIALS_PATH, GOOGLE_SHEET_ID and whatever else this command was given";

fn counted(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

#[expect(clippy::print_stdout, reason = "what the command is for: to say what it does")]
fn print_line(line: &str) {
    println!("{line}");
}
