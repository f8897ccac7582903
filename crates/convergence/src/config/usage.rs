//! What becomes of the counts.

use std::time::Duration;

use super::settings::Reader;
use crate::os;

/// How often totals are saved while they are not written to the spreadsheet.
const SAVE_EVERY: Duration = Duration::from_mins(1);

/// The usage settings.
#[derive(Clone)]
pub struct Usage {
    /// `GOOGLE_USAGE_SHEET_NAME`: the tab; `None` where `USAGE_FLUSH_INTERVAL` is 0.
    pub tab: Option<String>,
    /// `USAGE_FLUSH_INTERVAL`: between two writes to the disk and to the spreadsheet.
    pub interval: Duration,
    /// `INSTANCE`: whose rows in the tab are this server's.
    pub instance: String,
}

impl Usage {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let keys = reader.text("GOOGLE_SHEET_NAME").unwrap_or("API_Keys").to_lowercase();
        let another = "another tab than GOOGLE_SHEET_NAME, which holds the keys";
        let tab = reader
            .with("GOOGLE_USAGE_SHEET_NAME", another, |tab| {
                (tab.to_lowercase() != keys).then(|| tab.to_owned())
            })
            .unwrap_or_else(|| "Usage".to_owned());
        // At least once a day the counts have to be looked at, to tell one day's from another's.
        let seconds = reader.number("USAGE_FLUSH_INTERVAL", 0..=3_600, 60);
        let instance = reader
            .with("INSTANCE", "1 to 100 characters, none of them a control character", |name| {
                let fits = (1..=100).contains(&name.chars().count()) && !name.contains(char::is_control);
                fits.then(|| name.to_owned())
            })
            .unwrap_or_else(os::host_name);
        match seconds {
            0 => Self { tab: None, interval: SAVE_EVERY, instance },
            seconds => Self { tab: Some(tab), interval: Duration::from_secs(seconds), instance },
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Settings};

    #[test]
    fn p23_the_usage_settings_have_defaults_and_faults_of_their_own() {
        let mut settings = Settings::default();
        let usage = Config::read(&settings).expect("defaults without fault").usage;
        assert_eq!((usage.tab.as_deref(), usage.interval.as_secs()), (Some("Usage"), 60));
        assert!(!usage.instance.is_empty());

        settings.set("USAGE_FLUSH_INTERVAL", "0");
        assert_eq!(Config::read(&settings).expect("no fault").usage.tab, None);

        settings.set("GOOGLE_SHEET_NAME", "Keys").set("GOOGLE_USAGE_SHEET_NAME", "keys");
        settings.set("USAGE_FLUSH_INTERVAL", "3601").set("INSTANCE", "a\nb");
        let faults = Config::read(&settings).err().expect("faults");
        let names: Vec<&str> = faults.iter().map(|fault| fault.variable.as_str()).collect();
        assert_eq!(names, ["GOOGLE_USAGE_SHEET_NAME", "USAGE_FLUSH_INTERVAL", "INSTANCE"]);
    }
}
