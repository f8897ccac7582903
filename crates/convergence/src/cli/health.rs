//! `convergence health`: for container engines, whose images have no curl.

use clap::Command;

use crate::config::Settings;
use crate::doctor;

const AFTER_HELP: &str = "\
Exit codes: 0 it answers; 1 it does not, with the reason on standard error. It prints nothing else.
It is about the process, as GET /health is, and not about the keys: `convergence doctor` looks at everything. With TLS the admin \
listener is asked, which has none. A port 0 cannot be asked.";

pub(super) fn command() -> Command {
    super::with_settings(
        Command::new("health").about("Tell by the exit code whether the server here answers"),
    )
    .after_help(AFTER_HELP)
}

pub(super) fn run(settings: &Settings) -> anyhow::Result<()> {
    let config = super::config(settings)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(doctor::answers(&config)).map_err(anyhow::Error::msg)
}
