//! `convergence keys`: one file for each of its commands.

mod accept;
mod check;
mod create;
mod expire;
mod explain;
mod history;
mod key;
mod list;
mod revoke;
mod rollback;
mod rotate;
mod seal;
mod show;
mod when;

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::sync::Arc;

use anyhow::bail;
use clap::{Arg, ArgAction, ArgMatches, Command};

pub(super) use self::revoke::revocation;
use super::progress::Waiting;
use super::{say, settings, with_settings};
use crate::clock::{Clock, Now, SystemClock};
use crate::config::{Auth, Keys, Settings, VARIABLES};
use crate::keys::edit::{Change, KeysTable, Seen};
use crate::logging;

const ABOUT: &str = "\
The keys are those that `serve` would use: in the Google Sheet, or in KEYS_FILE. AUTH_ENABLED need not be set. To change \
a sheet, the service account must be its Editor. A running server sees a change when it next reads the keys.

KEY is a fingerprint as `keys list` shows it (the first 12 hex digits of the key's SHA-256), a whole key, or - to read \
either from standard input: other users of this machine see a command's arguments.

A flag wins over the environment, and that over a .env file. The settings of `serve` that are not listed are taken as well.

Exit codes: 0 done, or nothing to do; 1 not done (the reason is on standard error), `check` found problems, or `explain` \
found that a request would be refused; 2 the command line is wrong.";

pub(super) fn command() -> Command {
    let commands = [
        list::command(),
        create::command(),
        revoke::command(),
        expire::command(),
        rotate::command(),
        seal::command(),
        check::command(),
        explain::command(),
    ];
    let command = Command::new("keys")
        .about("Look after the keys")
        .after_help(ABOUT)
        .subcommand_required(true)
        .arg_required_else_help(true);
    commands
        .into_iter()
        .fold(command, |keys, one| keys.subcommand(with_sources(one)))
        .subcommand(with_settings(history::command()))
        .subcommand(with_settings(accept::command()))
        .subcommand(with_settings(rollback::command()))
}

/// With the settings as flags, of which help shows those that say where the keys are.
fn with_sources(command: Command) -> Command {
    let shown = |name: &str| {
        name.starts_with("GOOGLE_")
            || name.starts_with("KEYS_")
            || ["DEFAULT_RATE_LIMIT", "LOG_LEVEL"].contains(&name)
    };
    let in_help = |arg: Arg| {
        let is_setting = VARIABLES.iter().any(|variable| arg.get_id() == variable.name);
        let hidden = is_setting && !shown(arg.get_id().as_str());
        if is_setting { arg.help_heading("Settings").hide(hidden) } else { arg }
    };
    with_settings(command).mut_args(in_help).after_help(ABOUT)
}

pub(super) fn run(flags: &ArgMatches) -> anyhow::Result<()> {
    let (name, flags) = flags.subcommand().expect("clap asks for a command");
    match name {
        "history" => history::run(flags, &super::config(&own_settings(flags)?)?),
        "accept" => accept::run(flags, &super::config(&own_settings(flags)?)?),
        "rollback" => rollback::run(flags, &super::config(&own_settings(flags)?)?),
        name => on_table(name, flags),
    }
}

/// Without the routes and the lexicon: a fault in their files must not stand in the way of a revocation.
fn own_settings(flags: &ArgMatches) -> anyhow::Result<Settings> {
    let mut settings = settings(flags)?;
    settings.set("ROUTES_FILE", "").set("LEXICON_FILE", "");
    Ok(settings)
}

/// The commands that read and change the table itself.
fn on_table(name: &str, flags: &ArgMatches) -> anyhow::Result<()> {
    let mut settings = own_settings(flags)?;
    // Keys are looked after before the door is closed as well.
    settings.set("AUTH_ENABLED", "true");
    let config = super::config(&settings)?;
    let Auth::On(keys) = config.auth else { unreachable!("it was set") };
    let keys = *keys;
    logging::start(config.logs);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let clock = Arc::new(SystemClock::start());
        let now = clock.now();
        let desk =
            Desk { flags, table: KeysTable::open(&keys, clock).await?, keys, now, place: Cell::new(None) };
        match name {
            "list" => list::run(&desk).await,
            "create" => create::run(&desk).await,
            "revoke" => revoke::run(&desk).await,
            "expire" => expire::run(&desk).await,
            "rotate" => rotate::run(&desk).await,
            "seal" => seal::run(&desk).await,
            "check" => check::run(&desk).await,
            "explain" => explain::run(&desk).await,
            _ => unreachable!("clap knows no other command"),
        }
    })
}

/// What a command works with.
struct Desk<'a> {
    flags: &'a ArgMatches,
    table: KeysTable,
    keys: Keys,
    /// The moment of the command, read once.
    now: Now,
    /// Which of several keys it is at, and how many there are.
    place: Cell<Option<(usize, usize)>>,
}

impl Desk<'_> {
    /// Shows what is waited for, and at which of several keys.
    fn waiting(&self, words: &'static str) -> Waiting {
        let waiting = Waiting::begin(words);
        if let Some((at, of)) = self.place.get() {
            waiting.counts(at, of, "keys");
        }
        waiting
    }

    /// Reads the table.
    async fn look(&self) -> anyhow::Result<Seen> {
        let waiting = self.waiting("reading the keys");
        self.table.look_heard(&|read, rows| waiting.counts(read, rows, "rows")).await
    }

    /// Changes cells of rows that still are as they were `seen`.
    async fn change(&self, seen: &Seen, changes: &[Change]) -> anyhow::Result<()> {
        let _waiting = self.waiting("changing the keys");
        self.table.change(seen, changes).await
    }

    /// A flag's value, as it was typed.
    fn text(&self, flag: &str) -> Option<&str> {
        self.flags.get_one::<String>(flag).map(String::as_str)
    }

    /// The flag's moment in Unix seconds, if it was given.
    fn moment(&self, flag: &str, seen: &Seen) -> anyhow::Result<Option<i64>> {
        self.text(flag).map(|text| when::moment(text, self.now.unix, &seen.rules.time_zone)).transpose()
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
fn confirm(flags: &ArgMatches, word: &str) -> anyhow::Result<()> {
    if flags.get_flag("yes") {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        bail!("nothing has been done; look at the list above and add --yes");
    }
    // Standard output may be on its way to a program.
    write!(std::io::stderr(), "Type {word} to go on: ")?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    if line.trim() != word {
        bail!("nothing has been done");
    }
    Ok(())
}
