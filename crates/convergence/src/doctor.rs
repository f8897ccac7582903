//! `convergence doctor`: every part of the set-up looked at, one line for each finding, and what to do about it.
//!
//! It changes nothing, and sends nothing unless it is told to. It reads as the server reads, so what passes here works there. No line shows a key, a token, the
//! private key or a piece of Google's answers.

mod account;
mod alerts;
mod certificate;
mod machine;
mod providers;
mod quota;
mod redis;
mod report;
mod server;
mod spreadsheet;
mod table;
mod upstream;

pub(crate) use report::{Line, Report};
pub(crate) use server::answers;

use gate::Rules;

use self::report::Check;
use crate::clock::Now;
use crate::config::{Auth, Config, Fault, Keys, Settings, Source};
use crate::keys;

/// The checks where keys come from a spreadsheet, in the order in which each needs those before it.
const GOOGLE: &[Check] = &[
    Check::Settings,
    Check::Credentials,
    Check::Network,
    Check::Clock,
    Check::Token,
    Check::Api,
    Check::Scopes,
    Check::Spreadsheet,
    Check::Tab,
    Check::TimeZone,
    Check::Columns,
    Check::Rows,
    Check::WriteAccess,
    Check::UsageTab,
    Check::Quota,
    Check::Revocation,
    Check::DataFolder,
    Check::Certificate,
    Check::Port,
];

/// The checks where they come from a file.
const FILE: &[Check] = &[
    Check::Settings,
    Check::File,
    Check::TimeZone,
    Check::Columns,
    Check::Rows,
    Check::Revocation,
    Check::DataFolder,
    Check::Certificate,
    Check::Port,
];

/// The report of settings that could not even be collected.
pub(crate) fn unreadable_settings(error: &anyhow::Error) -> Report {
    let mut report = Report::default();
    report.stop(Check::Settings, format!("{error:#}"));
    finish(&mut report, GOOGLE, &Settings::default());
    report
}

/// Without TLS there is no certificate to look at, and nothing wrong with that.
fn finish(report: &mut Report, order: &[Check], settings: &Settings) {
    let tls = ["TLS_CERT_PATH", "ACME_DOMAINS"].iter().any(|name| settings.value(name).is_some());
    let order = order.iter().copied().filter(|check| tls || *check != Check::Certificate);
    report.finish(&order.collect::<Vec<_>>());
}

/// Checks everything that these settings name. `now` decides which keys have expired. Where somebody is told of alerts, a
/// test is sent if `sends`.
pub(crate) async fn examine(settings: &Settings, now: Now, sends: bool) -> Report {
    let mut report = Report::default();
    let Some(config) = settings_line(&mut report, settings) else {
        finish(&mut report, if settings.value("KEYS_FILE").is_some() { FILE } else { GOOGLE }, settings);
        return report;
    };
    let Auth::On(keys) = &config.auth else { unreachable!("settings_line turns it on") };
    let order = match &keys.source {
        Source::File { .. } => {
            file(&mut report, keys, now);
            FILE
        }
        Source::Google(sheet) => {
            let wanted = spreadsheet::Wanted::of(&config.usage, keys, now);
            if let Err(stop) = spreadsheet::examine(&mut report, sheet, &wanted).await {
                report.stop(stop.check, stop.message);
            }
            GOOGLE
        }
        Source::Missing(missing) => {
            no_source(&mut report, settings, keys, missing);
            GOOGLE
        }
    };
    machine::data_folder(&mut report, &config.data_dir);
    if let Some(tls) = &config.tls {
        certificate::examine(&mut report, tls, now.unix);
    }
    machine::port(&mut report, &config).await;
    let mut order = order.to_vec();
    if !config.upstream.addresses.is_empty() {
        order.push(Check::Upstream);
        upstream::examine(&mut report, config.upstream).await;
    }
    if let Some(redis) = config.redis {
        order.push(Check::Redis);
        redis::examine(&mut report, redis, &config.data_dir).await;
    }
    if config.providers.llm.is_some() || config.providers.tts.is_some() {
        order.push(Check::Providers);
        providers::examine(&mut report, config.providers, &config.data_dir).await;
    }
    if let Some(alerts) = config.alerts {
        order.push(Check::Alerts);
        alerts::examine(&mut report, alerts, &config.usage.instance, sends, now.unix).await;
    }
    finish(&mut report, &order, settings);
    report
}

/// What the server would start with, every fault at once. Where authentication is off, the rest is checked as if it
/// were on: whoever asks means to turn it on.
fn settings_line(report: &mut Report, settings: &Settings) -> Option<Config> {
    for unknown in settings.unknown() {
        report.note(Check::Settings, unknown);
    }
    let faults = |report: &mut Report, faults: Vec<Fault>| {
        for fault in faults {
            report.stop(Check::Settings, fault.to_string());
        }
    };
    let config = Config::read(settings).map_err(|wrong| faults(report, wrong)).ok()?;
    if matches!(config.auth, Auth::On(_)) {
        return Some(config);
    }
    report.note(
        Check::Settings,
        "AUTH_ENABLED is not true: every request is allowed without a key; set AUTH_ENABLED=true".to_owned(),
    );
    let mut on = settings.clone();
    on.set("AUTH_ENABLED", "true");
    Config::read(&on).map_err(|wrong| faults(report, wrong)).ok()
}

/// P21: what is not configured, and what the server would do about it.
fn no_source(report: &mut Report, settings: &Settings, keys: &Keys, missing: &str) {
    let consequence = if keys.may_fall_open {
        "the server would start WITHOUT AUTHENTICATION"
    } else {
        "the server would refuse to start"
    };
    let google = |name| settings.value(name).is_some();
    if google("GOOGLE_CREDENTIALS_PATH") && google("GOOGLE_SHEET_ID") {
        report.ok(Check::Settings, "keys come from a google sheet".to_owned());
        let what = format!("{missing}, so {consequence}; put the service account's json key there");
        report.stop(Check::Credentials, what);
    } else {
        let what = format!("{missing}, so {consequence}; set the two google variables, or KEYS_FILE");
        report.stop(Check::Settings, what);
    }
}

fn file(report: &mut Report, wanted: &Keys, now: Now) {
    let Source::File { path, time_zone } = &wanted.source else { return };
    report.ok(Check::Settings, "keys come from KEYS_FILE".to_owned());
    let name = time_zone.iana_name().unwrap_or("a fixed offset");
    report.ok(Check::TimeZone, format!("times in the file without an offset are in {name} (KEYS_TIME_ZONE)"));
    report.ok(Check::Revocation, "a saved change takes effect within a second, an expiry at once".to_owned());
    let grid = match keys::grid(path) {
        Ok(grid) => grid,
        Err(error) => return report.stop(Check::File, error.detail),
    };
    report.ok(Check::File, format!("{} has {} lines", path.display(), grid.len()));
    let rules = Rules { time_zone: time_zone.clone(), default_limit: wanted.default_limit };
    if let Err(stop) = table::examine(report, &grid, &rules, now) {
        report.stop(stop.check, stop.message);
    }
}
