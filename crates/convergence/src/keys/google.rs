//! The keys in a tab of a Google spreadsheet.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gate::{Cell, Table};
use jiff::tz::{Offset, TimeZone};
use prometheus_client::metrics::counter::Counter;
use sheets::{Credentials, CredentialsError, Error, Properties, Spreadsheet};
use zeroize::Zeroizing;

use super::cells::{MOVING, cells, grid, requests};
use super::{KeySource, Rows, SourceError};
use crate::clock::Clock;
use crate::config::{GoogleCredentials, GoogleSheet};

/// How long the spreadsheet's time zone is taken to be what it was (and a tab to be no larger than one request reads):
/// people hardly ever change it, and asking each time would halve how often the keys can be read within Google's quota.
const LOOK_AGAIN_AFTER: Duration = Duration::from_mins(10);

/// A tab, read whole each time. Credentials are read again after each failure, so that putting the right file in place
/// is enough; if the failure may pass and they are the same as before, the token that was fetched with them stays.
pub(crate) struct GoogleTab {
    sheet: GoogleSheet,
    clock: Arc<dyn Clock>,
    spreadsheet: Option<Spreadsheet>,
    /// Whether the last reading failed.
    failed: bool,
    /// What is known of the spreadsheet, and the uptime until which that is believed. Only kept for a small tab, and
    /// forgotten with every failure.
    known: Option<(Properties, Duration)>,
    /// Google's number for the tab, of which links to its cells are made.
    tab: Option<i64>,
    /// What the last reading has asked of Google.
    requests: u32,
    /// Counts that in all.
    reads: Counter,
}

impl GoogleTab {
    pub(crate) fn new(sheet: GoogleSheet, clock: Arc<dyn Clock>, reads: Counter) -> Self {
        Self { sheet, clock, spreadsheet: None, failed: false, known: None, tab: None, requests: 0, reads }
    }

    /// Rows and time zone: a serial date means nothing without its zone.
    async fn fetch(&mut self, spreadsheet: &Spreadsheet) -> Result<Rows, SourceError> {
        let now = self.clock.now().uptime;
        if let Some((known, until)) = self.known.take().filter(|(_, until)| now < *until) {
            self.asks(1);
            match spreadsheet.values(&self.sheet.tab).await {
                // The tabs that there are belong into the message.
                Err(Error::TabMissing { .. }) => {}
                values => {
                    let rows = rows(values.map(grid).map(Some), &known)?;
                    self.known = Some((known, until));
                    return Ok(rows);
                }
            }
        }
        self.asks(1);
        let properties = spreadsheet.properties().await.map_err(|error| failure(&error))?;
        let tab = properties.tabs.iter().find(|tab| tab.title == self.sheet.tab);
        let ranges = tab.map_or(0, |tab| requests(tab.rows));
        self.tab = tab.map(|tab| tab.id);
        self.asks(ranges);
        let rows = whole(spreadsheet, &properties, &self.sheet.tab).await?;
        let is_small = ranges == 1;
        self.known = is_small.then_some((properties, now + LOOK_AGAIN_AFTER));
        Ok(rows)
    }

    fn asks(&mut self, requests: usize) {
        self.reads.inc_by(u64::try_from(requests).unwrap_or(u64::MAX));
        self.requests = self.requests.saturating_add(u32::try_from(requests).unwrap_or(u32::MAX));
    }
}

/// Reads a tab of a spreadsheet whose properties have just been read.
pub(super) async fn whole(
    spreadsheet: &Spreadsheet,
    properties: &Properties,
    title: &str,
) -> Result<Rows, SourceError> {
    let grid = match properties.tabs.iter().find(|tab| tab.title == title) {
        Some(tab) => cells(spreadsheet, tab).await,
        None => Err(Error::TabMissing { tab: title.to_owned() }),
    };
    rows(grid, properties)
}

/// What the calls gave, as rows.
fn rows(grid: Result<Option<Vec<Vec<Cell>>>, Error>, properties: &Properties) -> Result<Rows, SourceError> {
    let grid = grid.map_err(|error| {
        let mut failure = failure(&error);
        if matches!(error, Error::TabMissing { .. }) {
            let tabs: Vec<&str> = properties.tabs.iter().map(|tab| &*tab.title).collect();
            failure.detail = format!("{}; its tabs are: {}", failure.detail, tabs.join(", "));
        }
        failure
    })?;
    let grid = grid.ok_or_else(|| SourceError { needs_help: false, ..SourceError::new(MOVING, MOVING) })?;
    let time_zone = time_zone(&properties.time_zone).ok_or_else(|| {
        let public = "the spreadsheet's time zone is not known";
        SourceError::new(public, format!("{public}; choose one under File > Settings"))
    })?;
    Ok(Rows { grid, time_zone })
}

impl KeySource for GoogleTab {
    fn identity(&self) -> String {
        format!("google {} {}", self.sheet.sheet_id, self.sheet.tab)
    }

    async fn read(&mut self, default_limit: Option<u32>) -> Result<Table, SourceError> {
        self.requests = 0;
        let spreadsheet = match self.spreadsheet.take() {
            Some(spreadsheet) if !self.failed => spreadsheet,
            // New connections as well: what failed may have been one of the old.
            last => open(&self.sheet).await?.with_token_of(last),
        };
        let rows = self.fetch(&spreadsheet).await;
        self.failed = rows.is_err();
        // What somebody is to mend (scopes, rights) may need a new token to take effect.
        if !rows.as_ref().is_err_and(|error| error.needs_help) {
            self.spreadsheet = Some(spreadsheet);
        }
        rows?.table(default_limit)
    }

    fn requests(&self) -> u32 {
        self.requests
    }

    fn tab(&self) -> Option<i64> {
        self.tab
    }

    /// Google tells nobody of an edit in less than minutes (Drive's change time and push are late by about three).
    async fn changed(&mut self) {
        std::future::pending::<()>().await;
    }
}

/// Reads the credentials, and makes ready to use the spreadsheet; nothing is sent yet.
pub(crate) async fn open(sheet: &GoogleSheet) -> Result<Spreadsheet, SourceError> {
    let credentials = credentials(sheet).await?;
    Spreadsheet::new(credentials, &sheet.sheet_id, &sheet.endpoint).map_err(|error| failure(&error))
}

/// Reads the credentials, which are files that may be on a slow disk.
pub(crate) async fn credentials(sheet: &GoogleSheet) -> Result<Credentials, SourceError> {
    let from = sheet.credentials.clone();
    let read = tokio::task::spawn_blocking(move || match from {
        GoogleCredentials::File(path) => credentials_file(&path),
        GoogleCredentials::Default(places) => places.find().map_err(|error| {
            let public = "the application-default credentials cannot be used";
            SourceError::new(public, format!("GOOGLE_CREDENTIALS=adc: {error}"))
        }),
    });
    read.await.unwrap_or_else(|error| {
        let message = "the Google credentials cannot be read";
        Err(SourceError::new(message, format!("{message}: {error}")))
    })
}

fn credentials_file(path: &Path) -> Result<Credentials, SourceError> {
    let bytes = std::fs::read(path).map(Zeroizing::new).map_err(|error| {
        let detail = format!("GOOGLE_CREDENTIALS_PATH cannot be read: {error}");
        SourceError::new("the Google credentials file cannot be read", detail)
    })?;
    Credentials::from_json(&bytes).map_err(|error| {
        let public = "the Google credentials file is not a service account's key";
        let other = match error {
            CredentialsError::NotServiceAccount => {
                "; other kinds are read with GOOGLE_CREDENTIALS=adc and GOOGLE_APPLICATION_CREDENTIALS"
            }
            _ => "",
        };
        SourceError::new(public, format!("GOOGLE_CREDENTIALS_PATH: {error}{other}"))
    })
}

/// Sheets names a zone as CLDR does, or writes a custom one as `GMT-07:00` (`SpreadsheetProperties.timeZone`).
pub(crate) fn time_zone(name: &str) -> Option<TimeZone> {
    if let Ok(zone) = TimeZone::get(name) {
        return Some(zone);
    }
    let (hours, minutes) = name.strip_prefix("GMT")?.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let sign = if name.contains('-') { -1 } else { 1 };
    let seconds = sign * (hours.abs() * 3_600 + minutes * 60);
    Offset::from_seconds(seconds).ok().map(Offset::to_time_zone)
}

/// Google's errors in words for everybody, which name no account, project or tab, and in words for the operator.
pub(super) fn failure(error: &Error) -> SourceError {
    let public = match error {
        Error::NotShared { .. } => "the spreadsheet is not shared with the account that reads it".to_owned(),
        Error::ApiDisabled { .. } => {
            "the google sheets api is not enabled in the account's project".to_owned()
        }
        Error::TabMissing { .. } => "the spreadsheet has no tab of the configured name".to_owned(),
        error => error.to_string(),
    };
    let detail = error.to_string();
    SourceError { public, detail, retry_after: error.retry_after(), needs_help: !error.is_transient() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p22_another_kind_of_file_is_told_where_it_belongs() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), r#"{"type":"external_account"}"#).expect("a file");
        let error = credentials_file(file.path()).expect_err("it is no key");
        assert!(error.needs_help && error.detail.contains("GOOGLE_CREDENTIALS=adc"), "{}", error.detail);
        assert_eq!(error.public, "the Google credentials file is not a service account's key");
    }

    #[test]
    fn p03_custom_zones_are_fixed_offsets() {
        let offset =
            |name: &str| time_zone(name).map(|zone| zone.to_offset(jiff::Timestamp::UNIX_EPOCH).seconds());
        assert_eq!(offset("GMT-07:00"), Some(-7 * 3_600));
        assert_eq!(offset("GMT+05:30"), Some(5 * 3_600 + 1_800));
        assert_eq!(offset("GMT-00:30"), Some(-1_800));
        assert_eq!(offset("Etc/GMT"), Some(0));
        assert_eq!(offset("Nowhere/Land"), None);
    }
}
