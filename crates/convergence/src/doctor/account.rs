//! The service account: its file, the way to Google, the clocks, its token.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::SystemTime;

use sheets::{Clocks, Error, Service, Spreadsheet};

use super::Report;
use super::report::{Check, Stop};
use crate::config::{GoogleCredentials, GoogleSheet};
use crate::keys;

/// Clocks this far apart, in seconds, deserve a look: the account's assertions are still believed.
const NOTABLE_SKEW: u64 = 30;

/// From here on Google may refuse to believe them.
const GREATEST_SKEW: u64 = 300;

/// Which check a failed call belongs to.
pub(super) fn check_of(error: &Error) -> Check {
    match error {
        Error::Endpoint => Check::Settings,
        Error::SheetId | Error::SheetNotFound | Error::NotShared { .. } | Error::OfficeFile => {
            Check::Spreadsheet
        }
        Error::NotEditor { .. }
        | Error::Protected { .. }
        | Error::Full
        | Error::TabExists
        | Error::TooWide
        | Error::ChangeRefused => Check::WriteAccess,
        Error::InsufficientScope | Error::ScopeOfMachine | Error::ScopeOfLogin => Check::Scopes,
        Error::NoDefaultCredentials | Error::SubjectToken(_) => Check::Credentials,
        Error::TabMissing { .. } | Error::OutsideGrid | Error::TooLarge { .. } => Check::Tab,
        Error::QuotaExceeded { .. } => Check::Quota,
        Error::Server { service: Service::Sheets, .. } => Check::Api,
        Error::TokenRejected(_) | Error::Unauthorised | Error::Server { .. } => Check::Token,
        Error::Setup(_)
        | Error::Connect { .. }
        | Error::Timeout { .. }
        | Error::Interrupted { .. }
        | Error::Unreadable { .. }
        | Error::Unregistered => Check::Network,
        // ApiDisabled, Google's own faults, and what it refuses for reasons of its own.
        _ => Check::Api,
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self { check: check_of(&error), message: error.to_string() }
    }
}

/// From the file to a token.
pub(super) async fn sign_in(report: &mut Report, sheet: &GoogleSheet) -> Result<Spreadsheet, Stop> {
    let credentials = keys::credentials(sheet).await;
    let credentials =
        credentials.map_err(|error| Stop { check: Check::Credentials, message: error.detail })?;
    match &sheet.credentials {
        GoogleCredentials::File(path) => {
            report.ok(Check::Credentials, format!("service account {}", credentials.client_email()));
            permissions(report, path);
        }
        GoogleCredentials::Default(_) => {
            let what = format!("application-default credentials: {}", credentials.client_email());
            report.ok(Check::Credentials, what);
        }
    }
    let spreadsheet = Spreadsheet::new(credentials, &sheet.sheet_id, &sheet.endpoint)?;
    let signed_in = spreadsheet.sign_in().await;
    answered(report, &spreadsheet);
    signed_in?;
    report.ok(Check::Token, "google gives the account an access token".to_owned());
    Ok(spreadsheet)
}

/// Compares the clocks at Google's first answer, which may be the token's or, where a server nearby gives tokens, the
/// API's.
pub(super) fn answered(report: &mut Report, spreadsheet: &Spreadsheet) {
    if let Some(clocks) = spreadsheet.clocks()
        && !report.has(Check::Clock)
    {
        report.ok(Check::Network, "google answers".to_owned());
        clock(report, clocks);
    }
}

/// The file holds a private key, so others on this machine have no business with it.
fn permissions(report: &mut Report, path: &Path) {
    let mode = std::fs::metadata(path).map(|file| file.permissions().mode());
    let path = path.display();
    if mode.is_ok_and(|mode| mode & 0o004 != 0) {
        let what = format!("every user of this machine can read its private key; chmod 600 {path}");
        report.note(Check::Credentials, what);
    }
}

fn clock(report: &mut Report, clocks: Clocks) {
    let skew = clocks.skew().unsigned_abs();
    let time = |time: SystemTime| {
        jiff::Timestamp::try_from(time).map_or_else(
            |_| "no date".to_owned(),
            |time| time.round(jiff::Unit::Second).unwrap_or(time).to_string(),
        )
    };
    let what = format!("here it is {}, at google {}", time(clocks.ours), time(clocks.theirs));
    if skew > GREATEST_SKEW {
        let what = format!("{what}: {skew} s apart, and google refuses tokens; set the clock (ntp)");
        report.fail(Check::Clock, what);
    } else if skew > NOTABLE_SKEW {
        let what =
            format!("{what}: {skew} s apart, so keys expire that much early or late; set the clock (ntp)");
        report.note(Check::Clock, what);
    } else {
        report.ok(Check::Clock, what);
    }
}
