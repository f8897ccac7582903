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
