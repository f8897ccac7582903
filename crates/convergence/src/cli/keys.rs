//! `convergence keys`: one file for each of its commands.

mod accept;
mod history;
mod rollback;

use std::io::{IsTerminal, Write};

use anyhow::bail;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::{settings, with_settings};

pub(super) fn command() -> Command {
    Command::new("keys")
        .about("Look after the keys")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(with_settings(history::command()))
        .subcommand(with_settings(accept::command()))
        .subcommand(with_settings(rollback::command()))
}

pub(super) fn run(flags: &ArgMatches) -> anyhow::Result<()> {
    let (name, flags) = flags.subcommand().expect("clap asks for a command");
    let config = super::config(&settings(flags)?)?;
    match name {
        "history" => history::run(flags, &config),
        "accept" => accept::run(flags, &config),
        "rollback" => rollback::run(flags, &config),
        _ => unreachable!("clap knows no other command"),
    }
}

/// The flag of commands that ask before they do something.
fn yes_flag() -> Arg {
    Arg::new("yes").long("yes").action(ArgAction::SetTrue).help("Do it without asking")
}

/// Goes on with `--yes`, or after the word has been typed on a terminal.
///
/// # Errors
/// Anything else was typed, or nobody is there to type.
#[expect(clippy::print_stdout, reason = "a question to whoever sits there")]
fn confirm(flags: &ArgMatches, word: &str) -> anyhow::Result<()> {
    if flags.get_flag("yes") {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        bail!("nothing has been done; look at the list above and add --yes");
    }
    print!("Type {word} to go on: ");
    std::io::stdout().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    if line.trim() != word {
        bail!("nothing has been done");
    }
    Ok(())
}
