//! Every setting is documented, and every documented setting exists.

use std::process::Command;

use convergence::READ_BY_A_LAYER;
use convergence::config::{GOOGLES_OWN, VARIABLES};

use crate::repository::{code_spans, read};

const DOCUMENT: &str = "docs/configuration.md";

fn flag(name: &str) -> String {
    format!("--{}", name.to_ascii_lowercase().replace('_', "-"))
}

#[test]
fn every_variable_is_documented_with_its_flag_and_default() {
    let document = read(DOCUMENT);
    for variable in VARIABLES {
        let start = format!("| `{}` |", variable.name);
        let row = document.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("{DOCUMENT} has no row for {}", variable.name));
        assert!(row.contains(&format!("`{}`", flag(variable.name))), "{DOCUMENT}: no flag in {row}");
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        if let Some((_, default)) = variable.help.rsplit_once("(default") {
            let default = default.trim_start_matches(':').trim().trim_end_matches(')');
            assert_eq!(cells[3], default, "{DOCUMENT}: the default of {}", variable.name);
        }
        assert!(cells.len() == 7 && !cells[5].is_empty(), "{DOCUMENT}: no meaning in {row}");
    }
    for name in GOOGLES_OWN {
        assert!(document.contains(&format!("`{name}`")), "{DOCUMENT} does not say that {name} is read");
    }
}

#[test]
fn the_guide_to_the_library_says_of_each_variable_whether_it_is_read() {
    let guide = read("docs/library.md");
    let settings =
        guide.split("\n## ").find(|section| section.starts_with("Settings")).expect("its settings");
    let (read, rest) = settings.split_once("Not read").expect("a paragraph about those that are not read");
    let (read, rest) = (code_spans(read), code_spans(rest));
    for variable in VARIABLES {
        let name = variable.name.to_owned();
        let (there, wrong) =
            if READ_BY_A_LAYER.contains(&variable.name) { (&read, &rest) } else { (&rest, &read) };
        assert!(there.contains(&name) && !wrong.contains(&name), "docs/library.md: {name}");
    }
    let unknown = |name: &&&str| VARIABLES.iter().all(|variable| variable.name != **name);
    assert_eq!(READ_BY_A_LAYER.iter().find(unknown), None);
}

#[test]
fn every_documented_variable_exists() {
    let known =
        |name: &str| VARIABLES.iter().any(|variable| variable.name == name) || GOOGLES_OWN.contains(&name);
    let is_variable = |word: &str| {
        word.contains('_') && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    let unknown: Vec<String> =
        code_spans(&read(DOCUMENT)).into_iter().filter(|word| is_variable(word) && !known(word)).collect();
    assert_eq!(unknown, [""; 0], "{DOCUMENT}");
}

#[test]
fn help_names_every_flag() {
    for command in ["serve", "demo", "sheet init"] {
        let words = command.split(' ').chain(["--help"]);
        let output = Command::new(env!("CARGO_BIN_EXE_convergence")).args(words).output();
        let help = String::from_utf8(output.expect("the program runs").stdout).expect("UTF-8");
        for variable in VARIABLES {
            assert!(
                help.split_whitespace().any(|word| word == flag(variable.name)),
                "`convergence {command} --help` has no {}",
                flag(variable.name)
            );
        }
    }
}
