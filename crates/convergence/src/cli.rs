//! The command line: one file for each command, and the settings that all of them share.

mod completions;
mod demo;
mod doctor;
mod generate;
mod health;
mod help;
mod keys;
mod man;
mod openapi;
mod progress;
mod serve;
mod sheet;
mod table;
mod usage;

use std::io::Write;
use std::process::ExitCode;

use clap::builder::Styles;
use clap::{Arg, ArgMatches, Command, ValueHint};

use crate::config::{Config, Fault, Settings, VARIABLES};
use crate::spelling::did_you_mean;

/// What is true of every command.
const AFTER_HELP: &str = "\
Every setting is a variable, a line of .env and a flag: API_PORT=9000 is --api-port 9000. A flag wins over the environment, and \
that over .env.

Exit codes: 0 done; 1 not done, with the reason on standard error, or a check has found something; 2 the command line is wrong. \
`generate` ends with 130 on Ctrl-C and 143 on SIGTERM.

Colours, progress and cut names are for terminals: what goes to a pipe or a file is plain and whole. NO_COLOR=1 turns colours \
off, CLICOLOR_FORCE=1 turns them on.";

/// Runs the command that the process was called with.
pub fn run() -> ExitCode {
    let matches = command().get_matches();
    let outcome = match matches.subcommand() {
        Some(("completions", flags)) => completions::run(flags).map(|()| ExitCode::SUCCESS),
        Some(("demo", flags)) => {
            settings(flags).and_then(|settings| demo::run(flags, settings)).map(|()| ExitCode::SUCCESS)
        }
        Some(("doctor", flags)) => doctor::run(flags),
        Some(("generate", flags)) => generate::run(flags),
        Some(("health", flags)) => {
            settings(flags).and_then(|settings| health::run(&settings)).map(|()| ExitCode::SUCCESS)
        }
        Some(("keys", flags)) => keys::run(flags).map(|()| ExitCode::SUCCESS),
        Some(("man", flags)) => man::run(flags).map(|()| ExitCode::SUCCESS),
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
    let command = Command::new("convergence")
        .version(env!("CARGO_PKG_VERSION"))
        .about("API keys that live in a Google Sheet, guarding an API")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(with_settings(
            Command::new("serve").about("Serve the API, guarded by the keys that are configured"),
        ))
        .subcommand(demo::command())
        .subcommand(doctor::command())
        .subcommand(generate::command())
        .subcommand(health::command())
        .subcommand(keys::command())
        .subcommand(openapi::command())
        .subcommand(sheet::command())
        .subcommand(with_settings(usage::command()))
        .subcommand(completions::command())
        .subcommand(man::command())
        .after_help(AFTER_HELP);
    help::with_examples(command, "convergence")
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
            .value_hint(match variable.value {
                "FILE" => ValueHint::FilePath,
                "FOLDER" => ValueHint::DirPath,
                _ => ValueHint::Unknown,
            })
            .help_heading(help::heading(variable.name))
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

/// The last words of a program that may have no log yet. That nobody reads them is no error.
fn complain(error: &anyhow::Error) {
    let style = *Styles::styled().get_error();
    let _ = writeln!(anstream::stderr(), "{style}convergence:{style:#} {error:#}");
}

/// A word to whoever runs the command. Programs read standard output, which holds what was asked for and nothing else. That
/// nobody reads it is no error.
fn say(words: &str) {
    let _ = writeln!(std::io::stderr(), "{words}");
}

/// Says which client was most likely meant by a name that nobody has. The name itself is not repeated: it may be a key.
fn say_unknown_client<'a>(name: &str, there: impl Iterator<Item = &'a str>) {
    say(&format!("There is nothing of a client of that name{}", did_you_mean(name, there)));
}
