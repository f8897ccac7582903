//! `convergence completions`.

use std::io::{self, Write};

use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::{Shell, generate};

pub(super) fn command() -> Command {
    let shell = Arg::new("shell").value_name("SHELL").required(true).value_parser(value_parser!(Shell));
    Command::new("completions")
        .about("Print what a shell needs to complete this program's commands and flags")
        .long_about(
            "Print what a shell needs to complete this program's commands and flags.\n\nBash reads it from a file in \
             /etc/bash_completion.d or with: source <(convergence completions bash). Zsh wants it as _convergence in a \
             folder of its fpath, fish as convergence.fish in ~/.config/fish/completions.",
        )
        .arg(shell.help("Which shell"))
}

pub(super) fn run(flags: &ArgMatches) -> anyhow::Result<()> {
    let shell = *flags.get_one::<Shell>("shell").expect("clap asks for it");
    // Into memory first: the generator panics where nobody reads.
    let mut script = Vec::new();
    generate(shell, &mut super::command(), "convergence", &mut script);
    match io::stdout().lock().write_all(&script) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}
