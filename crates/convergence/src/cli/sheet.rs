//! `convergence sheet`: commands about the spreadsheet itself.

mod init;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::table::Format;

const DRY_RUN: &str = "dry-run";

pub(super) fn command() -> Command {
    let dry_run = Arg::new(DRY_RUN)
        .long(DRY_RUN)
        .action(ArgAction::SetTrue)
        .help("Say what would be changed, and change nothing");
    let init = Command::new("init")
        .about("Set up the spreadsheet: the keys tab, the Usage tab and a Summary with a chart")
        .long_about(
            "Set up the spreadsheet: the keys tab, the Usage tab and a Summary with a chart.\n\nIt makes what is missing, \
             in one request that is done whole or not at all, and touches nothing that a person wrote. Run again, it \
             changes nothing.",
        )
        .arg(dry_run)
        .arg(Format::flag_of_a_deed());
    Command::new("sheet")
        .about("Set up the Google spreadsheet")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(super::with_settings(init))
}

pub(super) fn run(flags: &ArgMatches) -> anyhow::Result<()> {
    match flags.subcommand() {
        Some(("init", flags)) => {
            init::run(&super::settings(flags)?, flags.get_flag(DRY_RUN), Format::of(flags))
        }
        _ => unreachable!("clap asks for a command"),
    }
}
