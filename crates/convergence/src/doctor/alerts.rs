//! Who is told of alerts: a test is sent, if somebody wants it to be.

use super::Report;
use super::report::Check;
use crate::alerts::Hook;
use crate::config::Alerts;

pub(super) async fn examine(report: &mut Report, alerts: Alerts, instance: &str, sends: bool, now: i64) {
    let word = alerts.format.word();
    let hook = match Hook::new(alerts.url, alerts.format, instance.to_owned()) {
        Ok(hook) => hook,
        Err(error) => {
            let what = format!("ALERT_WEBHOOK_URL: it cannot be called by TLS: {}", error.without_url());
            return report.fail(Check::Alerts, what);
        }
    };
    if !sends {
        let what = format!("ALERT_WEBHOOK_URL is set ({word}); whether it takes messages, --send tries");
        return report.ok(Check::Alerts, what);
    }
    match hook.test(now).await {
        Ok(()) => report.ok(Check::Alerts, format!("a test was sent ({word}), and taken")),
        Err(not_taken) => {
            let what = format!("ALERT_WEBHOOK_URL has not taken a test ({word}): {}", not_taken.why);
            report.fail(Check::Alerts, what);
        }
    }
}
