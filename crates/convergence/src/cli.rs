//! The command line: one file for each command, and the settings that all of them share.

mod demo;
mod doctor;
mod generate;
mod health;
mod keys;
mod openapi;
mod serve;
mod sheet;
mod table;
mod usage;

use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command};

use crate::config::{Config, Fault, Settings, VARIABLES};

/// Runs the command that the process was called with.
pub fn run() -> ExitCode {
    let matches = command().get_matches();
    let outcome = match matches.subcommand() {
        Some(("demo", flags)) => settings(flags).and_then(demo::run).map(|()| ExitCode::SUCCESS),
        Some(("doctor", flags)) => doctor::run(flags),
        Some(("generate", flags)) => generate::run(flags),
        Some(("health", flags)) => {
            settings(flags).and_then(|settings| health::run(&settings)).map(|()| ExitCode::SUCCESS)
        }
        Some(("keys", flags)) => keys::run(flags).map(|()| ExitCode::SUCCESS),
        Some(("openapi", _)) => openapi::run().map(|()| ExitCode::SUCCESS),
        Some(("sheet", flags)) => sheet::run(flags).map(|()| ExitCode::SUCCESS),
        Some(("usage", flags)) => {
            settings(flags).and_then(|settings| usage::run(flags, &settings)).map(|()| ExitCode::SUCCESS)
        }
        Some((_, flags)) => {
            settings(flags).and_then(|settings| serve::run(&settings)).map(|()| ExitCode::SUCCESS)
        }
        None => unreachable!("clap asks for a command"),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn command() -> Command {
    Command::new("convergence")
        .version(env!("CARGO_PKG_VERSION"))
        .about("API keys that live in a Google Sheet, guarding an API")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(with_settings(
            Command::new("serve").about("Serve the API, guarded by the keys that are configured"),
        ))
        .subcommand(with_settings(
            Command::new("demo").about("Serve with a key file of its own, and print a request that works"),
        ))
        .subcommand(doctor::command())
        .subcommand(generate::command())
        .subcommand(health::command())
        .subcommand(keys::command())
        .subcommand(openapi::command())
        .subcommand(sheet::command())
        .subcommand(with_settings(usage::command()))
}

/// Each variable as a flag in kebab case. Their values are read with everybody else's, so that all faults come at once.
fn with_settings(command: Command) -> Command {
    with_settings_of(command, |_| true)
}

/// The same with some of the variables, for a command that reads no others.
fn with_settings_of(command: Command, is_read: impl Fn(&str) -> bool) -> Command {
    let flag = |variable: &crate::config::Variable| {
        let name = variable.name.to_ascii_lowercase().replace('_', "-");
        Arg::new(variable.name)
            .long(name)
            .value_name(variable.value)
            .help(format!("{} [env: {}]", variable.help, variable.name))
    };
    // `keys create --environment` is the key's and not the server's.
    let is_free = |flag: &Arg| command.get_arguments().all(|arg| arg.get_long() != flag.get_long());
    let flags: Vec<Arg> =
        VARIABLES.iter().filter(|variable| is_read(variable.name)).map(flag).filter(is_free).collect();
    command.args(flags).after_help("A flag wins over the environment, and that over a .env file.")
}

/// Flags over the environment over `.env`.
fn settings(flags: &ArgMatches) -> anyhow::Result<Settings> {
    let given = VARIABLES.iter().filter_map(|variable| {
        flags
            .try_get_one::<String>(variable.name)
            .ok()
            .flatten()
            .map(|value| (variable.name.to_owned(), value.clone()))
    });
    let wrong = |fault: Fault| anyhow::anyhow!("{fault}");
    Ok(given.collect::<Settings>().over(Settings::load().map_err(wrong)?))
}

fn config(settings: &Settings) -> anyhow::Result<Config> {
    Config::read(settings).map_err(|faults| wrong_settings(&faults))
}

fn wrong_settings(faults: &[Fault]) -> anyhow::Error {
    let lines: Vec<String> = faults.iter().map(Fault::to_string).collect();
    anyhow::anyhow!("these settings are wrong:\n  {}", lines.join("\n  "))
}

#[expect(clippy::print_stderr, reason = "the last words of a program that may have no log yet")]
fn complain(error: &anyhow::Error) {
    eprintln!("convergence: {error:#}");
}
