//! `convergence man`: the manual pages, made from the same words as `--help`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Arg, ArgMatches, Command, value_parser};
use clap_mangen::Man;

use crate::clock::{rfc3339, unix_now};

pub(super) fn command() -> Command {
    let folder = Arg::new("folder").value_name("FOLDER").value_parser(value_parser!(PathBuf));
    Command::new("man")
        .about("Print the manual page, or write one for each command into a folder")
        .arg(folder.help("Where all pages go, such as /usr/local/share/man/man1; it is there already"))
}

pub(super) fn run(flags: &ArgMatches) -> anyhow::Result<()> {
    let mut command = super::command().disable_help_subcommand(true);
    command.build();
    let Some(folder) = flags.get_one::<PathBuf>("folder") else {
        return match io::stdout().lock().write_all(&page(&command)?) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        };
    };
    write_all(&command, folder)
}

/// Pages of the command and of those below it, named as `man` looks for them.
fn write_all(command: &Command, folder: &Path) -> anyhow::Result<()> {
    for below in command.get_subcommands() {
        write_all(below, folder)?;
    }
    let path = folder.join(format!("{}.1", name(command)));
    std::fs::write(&path, page(command)?).with_context(|| format!("cannot write {}", path.display()))
}

fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    // The page of a command below another bears both names.
    let command = command.clone().name(name(command)).disable_help_flag(true);
    let today = rfc3339(unix_now());
    let man = Man::new(command).date(&today[..today.find('T').unwrap_or(today.len())]);
    let man = man.source(concat!("convergence ", env!("CARGO_PKG_VERSION"))).manual("Convergence");
    let mut page = Vec::new();
    man.render(&mut page)?;
    // A blank line between two breaks is one more than a reader of manual pages wants.
    Ok(String::from_utf8_lossy(&page).replace("\n.br\n\n.br\n", "\n.sp\n").into_bytes())
}
