//! Those who help with audio: whether each is reached, takes its key, and has its model.

use std::path::Path;
use std::sync::Arc;

use super::Report;
use super::report::Check;
use crate::audio::Trouble;
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::providers::{Known, Providers};

pub(super) async fn examine(report: &mut Report, settings: config::Providers, data_dir: &Path) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let providers = match Providers::new(settings, data_dir, &clock) {
        Ok(providers) => providers,
        Err(fault) => return report.fail(Check::Providers, fault.to_string()),
    };
    if let Some(chat) = providers.chat {
        tell(report, ["LLM_BASE_URL", "LLM_MODEL", "LLM_API_KEY"], chat.is_known().await);
    }
    if let Some(speech) = providers.speech {
        tell(report, ["TTS_BASE_URL", "TTS_MODEL", "TTS_API_KEY"], speech.is_known().await);
    }
}

fn tell(report: &mut Report, [base, model, key]: [&str; 3], known: Result<Known, Trouble>) {
    match known {
        Ok(Known::Yes) => report.ok(Check::Providers, format!("{base}: it is reached, and has {model}")),
        Ok(Known::Unsaid) => {
            let what = format!(
                "{base}: it is reached, and has no list of models; whether it has {model} is not known"
            );
            report.note(Check::Providers, what);
        }
        Ok(Known::No) => {
            let what = format!(
                "{base}: it is reached, and does not list {model}; correct it, or load the model there"
            );
            report.fail(Check::Providers, what);
        }
        Err(Trouble::Refused { status: status @ (401 | 403), .. }) => {
            report.fail(Check::Providers, format!("{base}: it refuses {key} with {status}; correct the key"));
        }
        Err(Trouble::Away(_) | Trouble::BrokeOff(_)) => {
            report
                .fail(Check::Providers, format!("{base}: it cannot be reached; start it, or correct {base}"));
        }
        Err(trouble) => report.fail(Check::Providers, format!("{base}: {trouble}")),
    }
}
