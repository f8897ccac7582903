//! `convergence openapi`: the API's document, for whoever makes a client.

use std::io::Write;

use clap::Command;

pub(super) fn command() -> Command {
    Command::new("openapi").about("Print the API's OpenAPI document").after_help(
        "A running server has the same document at /openapi.json on its admin listener, and for people at /docs.",
    )
}

pub(super) fn run() -> anyhow::Result<()> {
    Ok(std::io::stdout().lock().write_all(crate::http::openapi().as_bytes())?)
}
