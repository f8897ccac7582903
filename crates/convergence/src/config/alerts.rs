//! Who is told when something deserves a person's look, and from when on it does.

use std::num::NonZeroU64;

use reqwest::Url;

use super::settings::Reader;

const URL: &str = "ALERT_WEBHOOK_URL";
const FORMAT: &str = "ALERT_WEBHOOK_FORMAT";
const EXPIRY_DAYS: &str = "ALERT_EXPIRY_DAYS";
const QUOTA_PERCENT: &str = "ALERT_QUOTA_PERCENT";
const ERRORS: &str = "ALERT_ERRORS";
const UNUSED_DAYS: &str = "ALERT_UNUSED_DAYS";

/// Whom to tell, and of what.
pub struct Alerts {
    /// `ALERT_WEBHOOK_URL`.
    pub url: AlertUrl,
    /// `ALERT_WEBHOOK_FORMAT`.
    pub format: AlertFormat,
    /// From when on.
    pub thresholds: Thresholds,
}

/// `ALERT_WEBHOOK_URL`, a secret: whoever knows it can write there.
#[derive(Clone)]
pub struct AlertUrl(Url);

/// What a message is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertFormat {
    /// `{"text": "..."}`, as Slack and others take it.
    Slack,
    /// JSON with a member for each fact.
    Json,
}

/// From when on somebody is told. What is `None`, or empty, is never told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// `ALERT_EXPIRY_DAYS`: so many days before a key expires, in descending order.
    pub expiry_days: Vec<u32>,
    /// `ALERT_QUOTA_PERCENT`: of a quota.
    pub quota_percent: Option<NonZeroU64>,
    /// `ALERT_ERRORS`: a client's in five minutes, at least.
    pub errors: Option<NonZeroU64>,
    /// `ALERT_UNUSED_DAYS`.
    pub unused_days: Option<NonZeroU64>,
}

impl AlertUrl {
    /// The address itself, for the call only.
    pub(crate) fn expose(&self) -> &Url {
        &self.0
    }
}

impl AlertFormat {
    /// As it is set.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Json => "json",
        }
    }
}

impl Alerts {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let thresholds = Thresholds::read(reader);
        let format = reader.with(FORMAT, "slack or json", |text| {
            [AlertFormat::Slack, AlertFormat::Json].into_iter().find(|format| format.word() == text)
        });
        if reader.text(URL).is_none() {
            for variable in [FORMAT, EXPIRY_DAYS, QUOTA_PERCENT, ERRORS, UNUSED_DAYS] {
                if reader.text(variable).is_some() {
                    reader.fault(variable, format!("is set, and {URL} is not: nobody would be told"));
                }
            }
            return None;
        }
        let url = reader.with(URL, "an http or https URL", |text| {
            let url = Url::parse(text).ok()?;
            (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(AlertUrl(url))
        })?;
        Some(Self { url, format: format.unwrap_or(AlertFormat::Slack), thresholds })
    }
}

impl Thresholds {
    fn read(reader: &mut Reader<'_>) -> Self {
        let expected = "days from 1 to 3650 with commas between, or 0 for none";
        let days = reader.with(EXPIRY_DAYS, expected, |text| {
            if text == "0" {
                return Some(Vec::new());
            }
            let day = |text: &str| text.trim().parse().ok().filter(|days| (1..=3_650).contains(days));
            let mut days = text.split(',').map(day).collect::<Option<Vec<u32>>>()?;
            days.sort_unstable_by(|a, b| b.cmp(a));
            days.dedup();
            Some(days)
        });
        Self {
            expiry_days: days.unwrap_or_else(|| vec![14, 3, 1]),
            quota_percent: NonZeroU64::new(reader.number(QUOTA_PERCENT, 0..=100, 80)),
            errors: NonZeroU64::new(reader.number(ERRORS, 0..=1_000_000, 20)),
            unused_days: NonZeroU64::new(reader.number(UNUSED_DAYS, 0..=3_650, 90)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Settings};

    fn read(set: &[(&str, &str)]) -> Result<Option<Alerts>, Vec<String>> {
        let settings: Settings =
            set.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let faults = |faults: Vec<crate::config::Fault>| faults.iter().map(ToString::to_string).collect();
        Config::read(&settings).map(|config| config.alerts).map_err(faults)
    }

    const SET: (&str, &str) = (URL, "https://hooks.example/T0/secret");

    #[test]
    fn there_are_defaults_and_each_can_be_turned_off() {
        assert!(read(&[]).unwrap().is_none());
        let alerts = read(&[SET]).unwrap().unwrap();
        assert_eq!(alerts.url.expose().as_str(), SET.1);
        let days = |text| read(&[SET, (EXPIRY_DAYS, text)]).unwrap().unwrap().thresholds.expiry_days;
        assert_eq!((alerts.format, &*alerts.thresholds.expiry_days), (AlertFormat::Slack, &[14, 3, 1][..]));
        assert_eq!((days("0"), days("1, 30,7,7")), (vec![], vec![30, 7, 1]));
        let off = read(&[SET, (FORMAT, "json"), (QUOTA_PERCENT, "0"), (ERRORS, "0"), (UNUSED_DAYS, "0")]);
        let off = off.unwrap().unwrap();
        let Thresholds { quota_percent, errors, unused_days, .. } = off.thresholds;
        assert_eq!((off.format, quota_percent, errors, unused_days), (AlertFormat::Json, None, None, None));
    }

    #[test]
    fn every_fault_is_said_and_the_address_is_not() {
        let faults = read(&[
            (URL, "hooks.example/secret"),
            (FORMAT, "xml"),
            (EXPIRY_DAYS, "14,0"),
            (QUOTA_PERCENT, "101"),
            (ERRORS, "-1"),
            (UNUSED_DAYS, "a year"),
        ]);
        insta::assert_snapshot!(faults.err().unwrap().join("\n"), @"
        ALERT_EXPIRY_DAYS: must be days from 1 to 3650 with commas between, or 0 for none
        ALERT_QUOTA_PERCENT: must be a whole number from 0 to 100
        ALERT_ERRORS: must be a whole number from 0 to 1000000
        ALERT_UNUSED_DAYS: must be a whole number from 0 to 3650
        ALERT_WEBHOOK_FORMAT: must be slack or json
        ALERT_WEBHOOK_URL: must be an http or https URL
        ");
        let faults = read(&[(FORMAT, "json")]).err().unwrap();
        assert_eq!(
            faults,
            ["ALERT_WEBHOOK_FORMAT: is set, and ALERT_WEBHOOK_URL is not: nobody would be told"]
        );
    }
}
