//! `convergence keys explain`.

use anyhow::bail;
use clap::Command;
use gate::{Asked, Cause, FurtherLimits, Gate, Quotas, Record, Refusal, Scopes, WINDOW_SECONDS};
use serde::Serialize;

use super::key::Named;
use super::show::{from_now, restrictions};
use super::{Desk, say};
use crate::cli::table::{self, Format};
use crate::clock::rfc3339;
use crate::http::status_and_code;

pub(super) fn command() -> Command {
    Command::new("explain")
        .about("Say what would happen to a request with this key now, and why, step by step")
        .long_about(
            "Say what would happen to a request with this key now, and why, step by step. The decision is the server's own, on \
             the table as it is now and with windows in which no request has been counted yet. What the key is \
             restricted to is shown and left aside, since it depends on the request. The exit code is 1 if the request would \
             be refused.",
        )
        .arg(Named::arg())
        .arg(Format::flag())
}

/// One step of the decision, as JSON has it.
#[derive(Serialize)]
struct Step {
    #[serde(rename = "step")]
    name: &'static str,
    /// `yes`, `no`, `depends` where the key is restricted and it is for the request to fit, or `-` where an earlier step has decided.
    passed: &'static str,
    detail: String,
}

/// The step that depends on the request.
const ALLOWED_HERE: &str = "allowed here";

/// The steps in the gate's order, by what refuses in them.
const STEPS: [&str; 8] =
    ["header", "known", "readable", "active", "not revoked", "not expired", ALLOWED_HERE, "within limit"];

pub(super) async fn run(desk: &Desk<'_>) -> anyhow::Result<()> {
    let named = Named::of(desk)?;
    let seen = desk.look().await?;
    let table = seen.table()?;
    let found = named.find(&seen);
    let record =
        found.as_ref().ok().and_then(|key| table.records.iter().find(|record| record.key == *key)).cloned();
    let rows: Vec<u32> = found
        .as_ref()
        .map(|key| seen.rows_of(*key))
        .unwrap_or_default()
        .iter()
        .map(|row| row.record.row)
        .collect();
    let problems: Vec<String> = table
        .problems
        .iter()
        .filter(|problem| rows.contains(&problem.row))
        .map(ToString::to_string)
        .collect();
    let gate = Gate::shut();
    gate.set_time_zone(&table.time_zone, desk.now);
    // What the key is restricted to is shown; whether it holds depends on the request.
    let anywhere = |record| Record { restrictions: None, ..record };
    gate.replace(table.records.into_iter().map(anywhere).collect::<Vec<_>>(), i64::MAX);
    let verdict = match (named.whole(), found) {
        (Some(key), _) => {
            let header = format!("Bearer {key}");
            let asked = Asked { address: None, method: "", scopes: Scopes::Needed(&[]), environment: "" };
            gate.admit([header.as_bytes()], &asked, desk.now).map(|permit| permit.quotas())
        }
        (None, Ok(key)) => gate.judge(key, None, desk.now),
        (None, Err(unknown)) => return Err(unknown),
    };
    let case = Case { record, rows, problems, now: desk.now.unix };
    let steps = case.steps(&verdict);
    let cells = |step: &Step| vec![step.name.to_owned(), step.passed.to_owned(), step.detail.clone()];
    let cells: Vec<Vec<String>> = steps.iter().map(cells).collect();
    table::print(Format::of(desk.flags), &["step", "passed", "detail"], &cells, &steps)?;
    say(&format!("A running server may be up to {} s behind the table.", desk.keys.cache_duration.as_secs()));
    if let Err(refusal) = verdict {
        let (status, code) = status_and_code(&refusal);
        bail!("a request would be refused: {status} {code}");
    }
    Ok(())
}

/// What is known of the key, beside the decision.
struct Case {
    record: Option<Record>,
    rows: Vec<u32>,
    problems: Vec<String>,
    now: i64,
}

impl Case {
    fn steps(&self, verdict: &Result<Quotas, Refusal>) -> Vec<Step> {
        let refusing = verdict.as_ref().err().map(|refusal| refusing_step(refusal.cause()));
        let reached = refusing.unwrap_or(STEPS.len());
        let mut steps: Vec<Step> = STEPS
            .iter()
            .enumerate()
            .map(|(place, name)| Step {
                name,
                passed: match place.cmp(&reached) {
                    std::cmp::Ordering::Less if *name == ALLOWED_HERE && self.is_restricted() => "depends",
                    std::cmp::Ordering::Less => "yes",
                    std::cmp::Ordering::Equal => "no",
                    std::cmp::Ordering::Greater => "-",
                },
                detail: self.detail(place, verdict.as_ref().err().filter(|_| place == reached)),
            })
            .collect();
        let (passed, detail) = match verdict {
            Ok(_) => ("yes", format!("200{}", self.until())),
            Err(refusal) => {
                let (status, code) = status_and_code(refusal);
                ("no", format!("{status} {code}: {}", refusal.cause()))
            }
        };
        steps.push(Step { name: "admitted", passed, detail });
        steps
    }

    fn detail(&self, place: usize, refusal: Option<&Refusal>) -> String {
        let Some(record) = &self.record else {
            return refusal.map(|refusal| refusal.cause().to_string()).unwrap_or_default();
        };
        let beside = |unix: i64| format!("{} ({})", rfc3339(unix), from_now(unix, self.now));
        match STEPS[place] {
            "known" => {
                let rows: Vec<String> = self.rows.iter().map(u32::to_string).collect();
                let (key, client) = (record.key.fingerprint(), &record.client);
                format!("key {key} of {client:?} in row {}", rows.join(", "))
            }
            "readable" => self.problems.join("; "),
            "active" => format!("is_active is {}", if record.active { "true" } else { "not true" }),
            "not revoked" => record.revoked_at.map_or("no revoked_at".to_owned(), beside),
            "not expired" => record.expires_at.map_or("no expires_at".to_owned(), beside),
            ALLOWED_HERE if self.is_restricted() => restrictions(record),
            ALLOWED_HERE => "no restrictions".to_owned(),
            "within limit" => limits(record),
            _ => String::new(),
        }
    }

    fn is_restricted(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.restrictions.is_some())
    }

    /// When the decision would change by itself.
    fn until(&self) -> String {
        let Some(record) = &self.record else { return String::new() };
        let ends = record.expires_at.map(|last| last.saturating_add(1)).into_iter().chain(record.revoked_at);
        ends.min()
            .map_or_else(String::new, |end| format!(", until {} ({})", rfc3339(end), from_now(end, self.now)))
    }
}

/// All that the key is held to, in one line.
fn limits(record: &Record) -> String {
    let further = record.further_limits.as_deref().copied().unwrap_or_default();
    let FurtherLimits { day, month, shadow, .. } = further;
    let held = [
        record.limit.map(|limit| format!("{limit} requests in any {WINDOW_SECONDS} s")),
        day.map(|limit| format!("{limit} a day")),
        month.map(|limit| format!("{limit} a month")),
        further.audio_minutes_day().map(|minutes| format!("{minutes} minutes of sound a day")),
    ];
    let held: Vec<String> = held.into_iter().flatten().collect();
    let held = match held.as_slice() {
        [] => "no limit".to_owned(),
        held => format!("{}, shared by all keys of the client", held.join(", ")),
    };
    let tried = |shadow| format!("{held}; tried out, refusing nothing: {shadow} in any {WINDOW_SECONDS} s");
    shadow.map_or(held.clone(), tried)
}

fn refusing_step(cause: Cause) -> usize {
    match cause {
        Cause::Header(_) | Cause::Unavailable | Cause::Undecided => 0,
        Cause::UnknownKey => 1,
        Cause::UnreadableRow => 2,
        Cause::Inactive => 3,
        Cause::Revoked { .. } => 4,
        Cause::Expired { .. } => 5,
        Cause::WrongEnvironment
        | Cause::AddressNotAllowed
        | Cause::MethodNotAllowed
        | Cause::InsufficientScope
        | Cause::AmbiguousPath => 6,
        Cause::OverLimit { .. } | Cause::QuotaExceeded { .. } => 7,
    }
}
