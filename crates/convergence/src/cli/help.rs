//! What `--help` teaches beside the flags: examples of each command, and the settings in groups.

use std::fmt::Write;

use clap::Command;
use clap::builder::Styles;

/// Examples of each command, with what they do. They are parsed by a test, and `docs/cli.md` has them all.
const EXAMPLES: &[(&str, &[(&str, &str)])] = &[
    (
        "convergence",
        &[
            ("convergence demo", "look at all of it, with no Google account"),
            ("convergence sheet init", "set up a spreadsheet"),
            ("convergence doctor", "check everything, from the file to the last row"),
            ("convergence serve", "guard the API"),
        ],
    ),
    (
        "serve",
        &[
            ("convergence serve", "with the settings of the environment and of .env"),
            ("convergence serve --auth-enabled true --keys-file keys.csv", "keys from a file"),
            ("convergence serve --upstream-url http://127.0.0.1:3000", "in front of another API"),
        ],
    ),
    (
        "demo",
        &[
            ("convergence demo", "a minute of traffic, told as it happens"),
            ("convergence demo --no-traffic --api-port 9000", "only serve, on another port"),
        ],
    ),
    (
        "doctor",
        &[
            ("convergence doctor", "check the whole set-up"),
            ("convergence doctor --format json", "the same for a program"),
        ],
    ),
    (
        "generate",
        &[
            ("convergence generate --prompt 'API security'", "writes conversation.wav"),
            (
                "convergence generate --outline talk.md --output talk.opus --captions talk.vtt",
                "with captions",
            ),
            ("convergence generate --transcript talk.json --female bf_emma --json", "word for word"),
        ],
    ),
    ("health", &[("convergence health", "for a container: the exit code tells")]),
    (
        "keys",
        &[
            ("convergence keys list", "every row, with the fingerprint of its key"),
            ("convergence keys create --client 'MyApp Production'", "make a key"),
            ("convergence keys revoke 7093ca31a483", "end one now"),
        ],
    ),
    (
        "keys list",
        &[
            ("convergence keys list", "every row"),
            (
                "convergence keys list --client 'MyApp Production' --format csv",
                "those of a client, for a spreadsheet",
            ),
        ],
    ),
    (
        "keys create",
        &[
            (
                "convergence keys create --client 'MyApp Production' --rate-limit 60 --expires 365d",
                "for a year",
            ),
            (
                "convergence keys create --client CI --scopes read --allowed-ips 10.0.0.0/8 --hash",
                "only from there",
            ),
        ],
    ),
    (
        "keys revoke",
        &[
            ("convergence keys revoke 7093ca31a483", "by its fingerprint"),
            ("convergence keys revoke -", "a whole key, from standard input"),
        ],
    ),
    (
        "keys expire",
        &[
            ("convergence keys expire 7093ca31a483 --at 2026-12-31", "at a moment"),
            ("convergence keys expire 7093ca31a483 --at never", "not any more"),
        ],
    ),
    (
        "keys rotate",
        &[
            ("convergence keys rotate 7093ca31a483 --grace 7d", "both keys work for a week"),
            ("convergence keys rotate - --format json < fingerprints.txt", "many, one in each line"),
        ],
    ),
    ("keys seal", &[("convergence keys seal --yes", "without asking")]),
    ("keys check", &[("convergence keys check", "what to repair, by cell")]),
    ("keys explain", &[("convergence keys explain 7093ca31a483", "why it works, or does not")]),
    ("keys history", &[("convergence keys history --limit 5", "the last changes")]),
    ("keys accept", &[("convergence keys accept", "after looking at the list")]),
    ("keys rollback", &[("convergence keys rollback 12", "as it was after entry 12 of the history")]),
    ("openapi", &[("convergence openapi > openapi.json", "to make a client of")]),
    (
        "sheet init",
        &[("convergence sheet init --dry-run", "what would be made"), ("convergence sheet init", "make it")],
    ),
    (
        "usage",
        &[
            ("convergence usage", "each client, the last 30 days"),
            ("convergence usage --by endpoint --since 24h --format json", "each endpoint since yesterday"),
        ],
    ),
    (
        "completions",
        &[(
            "convergence completions bash > /etc/bash_completion.d/convergence",
            "for everybody on this machine",
        )],
    ),
    (
        "man",
        &[
            ("convergence man | man -l -", "read the first page"),
            ("convergence man /usr/local/share/man/man1", "install all pages"),
        ],
    ),
];

/// Where settings stand in help: what their names begin with.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "Settings: keys",
        &["AUTH_ENABLED", "AUTH_FALLBACK", "GOOGLE_", "KEYS_", "API_KEY_", "GUARD_", "SHEET_"],
    ),
    (
        "Settings: limits and access",
        &["DEFAULT_RATE_LIMIT", "ENVIRONMENT", "TRUSTED_", "AUTH_FAILURE_", "ROUTES_"],
    ),
    ("Settings: several servers", &["REDIS_"]),
    ("Settings: the upstream", &["UPSTREAM_"]),
    ("Settings: TLS", &["TLS_", "ACME_"]),
    ("Settings: the operator", &["ADMIN_", "USAGE_", "INSTANCE", "DATA_DIR", "LOG_", "ALERT", "OTEL_"]),
    ("Settings: audio", &["AUDIO_", "OPENAI_", "LEXICON_", "VOICES_", "LLM_", "TTS_", "OUTLINE_"]),
];

/// Everything else.
const THE_LISTENER: &str = "Settings: the listener";

/// Under which heading a setting stands.
pub(super) fn heading(variable: &str) -> &'static str {
    let has = |beginnings: &[&str]| beginnings.iter().any(|beginning| variable.starts_with(beginning));
    GROUPS.iter().find(|(_, beginnings)| has(beginnings)).map_or(THE_LISTENER, |(heading, _)| heading)
}

/// The command and those below it, each with its examples.
pub(super) fn with_examples(command: Command, path: &str) -> Command {
    let command = command.mut_subcommands(|below| {
        let name = below.get_name().to_owned();
        let path = if path == "convergence" { name } else { format!("{path} {name}") };
        with_examples(below, &path)
    });
    let Some((_, examples)) = EXAMPLES.iter().find(|(name, _)| *name == path) else { return command };
    let header = *Styles::styled().get_header();
    let mut help = format!("{header}Examples:{header:#}");
    for (line, what) in *examples {
        let _ = write!(help, "\n  {line}\n      {what}");
    }
    match command.get_after_help().map(ToString::to_string) {
        Some(more) => command.after_help(format!("{help}\n\n{more}")),
        None => command.after_help(help),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::VARIABLES;

    /// A line as a shell takes it, as far as the examples go: quotes, and nothing after a redirection.
    fn words(line: &str) -> Vec<String> {
        let end = [" > ", " < ", " | "].iter().filter_map(|sign| line.find(sign)).min().unwrap_or(line.len());
        let quoted = line[..end].split('\'').enumerate();
        let parts = quoted.flat_map(|(place, part)| -> Vec<String> {
            if place % 2 == 1 {
                vec![part.to_owned()]
            } else {
                part.split_whitespace().map(str::to_owned).collect()
            }
        });
        parts.collect()
    }

    fn paths(command: &Command, path: &str, all: &mut Vec<String>) {
        all.push(path.to_owned());
        for below in command.get_subcommands() {
            let name = below.get_name();
            paths(
                below,
                &if path == "convergence" { name.to_owned() } else { format!("{path} {name}") },
                all,
            );
        }
    }

    #[test]
    fn every_command_has_examples_that_it_takes() {
        for (path, examples) in EXAMPLES {
            for (line, _) in *examples {
                let taken = crate::cli::command().try_get_matches_from(words(line));
                assert!(taken.is_ok(), "{line}: {taken:?}");
                assert!(*path == "convergence" || line.contains(path), "{line} is no example of {path}");
            }
        }
        let mut all = Vec::new();
        paths(&crate::cli::command(), "convergence", &mut all);
        all.retain(|path| path != "sheet" && EXAMPLES.iter().all(|(known, _)| known != path));
        assert_eq!(all, [""; 0], "commands without an example");
    }

    #[test]
    fn the_document_has_every_example() {
        let document = include_str!("../../../../docs/cli.md");
        let lines = EXAMPLES.iter().flat_map(|(_, examples)| examples.iter().map(|(line, _)| *line));
        let missing: Vec<&str> = lines.filter(|line| !document.contains(line)).collect();
        assert_eq!(missing, [""; 0], "not in docs/cli.md");
    }

    #[test]
    fn every_group_has_settings() {
        for (group, _) in GROUPS {
            assert!(VARIABLES.iter().any(|variable| heading(variable.name) == *group), "{group}");
        }
        assert_eq!(heading("API_PORT"), THE_LISTENER);
    }
}
