//! Every command in the documents is run, or has its reason not to be.

use std::collections::BTreeSet;

use crate::desk::{Desk, KEY};
use crate::repository::{File, fenced, files, functions, read, root};

/// Why a command is not run here.
enum Reason {
    /// A test runs it: its name.
    Test(&'static str),
    /// A script runs it, as long as it is there: its path.
    Script(&'static str),
    /// Other people's programs, on machines and accounts that a test does not have.
    Outside(&'static str),
}
use Reason::{Outside, Script, Test};

/// What is not run, by how it begins. One that no document has any more is an error.
const NOT_RUN: &[(&str, Reason)] = &[
    ("./run.sh", Script("run.sh")),
    ("./test.sh", Script("test.sh")),
    ("benches/gateway.sh", Script("benches/gateway.sh")),
    ("benches/redis.sh", Script("benches/redis.sh")),
    ("benches/soak.sh", Script("benches/soak.sh")),
    ("scripts/fetch-voices.sh", Script("scripts/fetch-voices.sh")),
    ("FUNCTIONS=30 benches/gateway.sh", Script("benches/gateway.sh")),
    ("MINUTES=1 benches/soak.sh", Script("benches/soak.sh")),
    ("PEERS=\"nginx convergence\"", Script("benches/gateway.sh")),
    ("SERVER=./old/convergence benches/soak.sh", Script("benches/soak.sh")),
    ("cargo build", Script("test.sh")),
    ("cargo test", Script("test.sh")),
    ("cargo run -p convergence-testkit --bin fake-google", Script("crates/testkit/tests/outside/run.sh")),
    ("cargo run --release -p convergence-scale", Script("crates/scale/src/main.rs")),
    ("convergence keys accept", Test("a_held_refresh_is_shouted_listed_and_accepted")),
    ("convergence keys rollback", Test("an_acceptance_and_a_rollback_wait_for_a_server_that_is_down")),
    ("convergence keys seal", Test("p08_sealed_keys_work_as_before")),
    ("convergence doctor --send", Test("a_test_is_sent_where_somebody_wants_it_and_not_otherwise")),
    ("convergence generate --prompt", Test("a_prompt_becomes_a_file_that_is_what_is_said_of_it")),
    ("convergence generate --outline", Test("an_outline_comes_from_a_file_a_pipe_or_an_address")),
    ("convergence generate --transcript", Test("the_ending_chooses_the_form_and_captions_lie_beside_it")),
    ("jq .transcript", Test("a_transcript_comes_from_a_pipe_and_the_sound_goes_into_one")),
    (
        "curl 'http://127.0.0.1:8001/usage?servers=all",
        Test("p23_sums_over_all_servers_are_exact_when_one_is_killed_and_when_redis_forgets"),
    ),
    ("npx openapi-typescript", Test("a_typed_client_is_made_of_the_document_and_works")),
    ("npm install openapi-fetch", Test("a_typed_client_is_made_of_the_document_and_works")),
    ("apt-get install", Outside("changes the machine")),
    ("chown", Outside("gives a file to another user")),
    ("install ", Outside("writes into the system's folders")),
    ("systemctl", Outside("needs a systemd that runs")),
    ("docker", Outside("needs an engine of containers; the files are checked by deploy.rs")),
    ("kubectl", Outside("needs a cluster; the manifest is checked by deploy.rs")),
    ("gcloud", Outside("needs an account at Google")),
    ("export GOOGLE_APPLICATION_CREDENTIALS", Outside("needs the file that gcloud has made")),
    ("ollama", Outside("fetches a model of gigabytes")),
];

/// Documents whose commands are run by tests of their own: in another order, or with more than this desk has.
const RUN_ELSEWHERE: &[(&str, &str)] = &[("docs/cli.md", "the_examples_of_the_manual_run")];

#[test]
fn every_command_in_the_documents_runs_or_has_its_reason() {
    let desk = Desk::new();
    let (mut run, mut failed, mut excused) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
    let is_here = |file: &File| RUN_ELSEWHERE.iter().all(|(path, _)| file.path != *path);
    for file in files(&[".md"]).into_iter().filter(is_here) {
        for block in ["sh", "bash"].iter().flat_map(|language| fenced(&file.text, language)) {
            for command in commands(&block) {
                if let Some((start, _)) = NOT_RUN.iter().find(|(start, _)| command.starts_with(start)) {
                    excused.insert(*start);
                    continue;
                }
                if run.insert(command.clone()) {
                    let said = desk.run(&command).err();
                    failed.extend(said.map(|said| format!("{}: {command}\n{said}", file.path)));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(run.len() >= 30, "only {} were run", run.len());
    let unused: Vec<&str> =
        NOT_RUN.iter().map(|(start, _)| *start).filter(|start| !excused.contains(start)).collect();
    assert_eq!(unused, [""; 0], "no document has these any more");
}

#[test]
fn every_reason_not_to_run_a_command_stands() {
    let tests = functions();
    for (path, test) in RUN_ELSEWHERE.iter().filter(|(path, _)| root().join(path).is_file()) {
        assert!(tests.contains(*test), "{path}: there is no test {test}");
    }
    for (start, reason) in NOT_RUN {
        match reason {
            Test(name) => assert!(tests.contains(*name), "{start}: there is no test {name}"),
            Script(path) => {
                assert!(root().join(path).is_file(), "{start}: there is no {path}");
            }
            Outside(why) => assert!(!why.is_empty(), "{start}"),
        }
    }
}

/// Kinds of blocks, and which test reads them.
const KINDS: &[(&str, &str)] = &[
    ("sh", "every_command_in_the_documents_runs_or_has_its_reason"),
    ("bash", "every_command_in_the_documents_runs_or_has_its_reason"),
    ("dotenv", "every_env_file_is_read_and_names_known_settings"),
    ("csv", "every_key_table_is_read_without_a_problem"),
    ("json", "every_json_in_the_documents_is_json"),
    ("toml", "every_toml_in_the_documents_is_a_file_of_routes"),
    ("js", "every_script_of_a_page_in_the_documents_is_run"),
    ("ts", "a_typed_client_is_made_of_the_document_and_works"),
    ("yaml", "prometheus_takes_the_settings_of_the_guide"),
    ("python", "openais_client_speaks_in_each_way_it_knows"),
    ("rust", "the_guide_to_the_library_shows_an_example_that_is_compiled"),
    // What is printed, or written into a header: no one runs it.
    ("text", ""),
    ("", ""),
];

#[test]
fn every_block_is_of_a_kind_that_a_test_reads() {
    let tests = functions();
    for (kind, test) in KINDS {
        assert!(test.is_empty() || tests.contains(*test), "{kind}: there is no test {test}");
    }
    for File { path, text } in files(&[".md"]) {
        let mut inside = false;
        for line in text.lines().filter_map(|line| line.trim_start().strip_prefix("```")) {
            inside = !inside;
            let known = KINDS.iter().any(|(kind, _)| *kind == line.trim());
            assert!(!inside || known, "{path}: no test reads blocks of {line:?}");
        }
    }
}

#[test]
fn every_json_in_the_documents_is_json() {
    for File { path, text } in files(&[".md"]) {
        for block in fenced(&text, "json") {
            // A member may be shown by itself.
            let whole = if block.starts_with('"') { format!("{{{block}}}") } else { block };
            let read: Result<serde_json::Value, _> = serde_json::from_str(&whole);
            assert!(read.is_ok(), "{path}: {read:?} in\n{whole}");
        }
    }
}

#[test]
fn every_toml_in_the_documents_is_a_file_of_routes() {
    let desk = Desk::new();
    for File { path, text } in files(&[".md"]) {
        for block in fenced(&text, "toml") {
            let serve =
                format!("cat >routes.toml <<'END'\n{block}END\nROUTES_FILE=routes.toml convergence serve");
            assert_eq!(desk.run(&serve), Ok(()), "{path}:\n{block}");
        }
    }
}

/// By Node, which calls as a browser does.
#[test]
fn every_script_of_a_page_in_the_documents_is_run() {
    let desk = Desk::new();
    for File { path, text } in files(&[".md"]) {
        for block in fenced(&text, "js") {
            let page = format!("cat >page.mjs <<'END'\nconst key = '{KEY}';\n{block}END\nnode page.mjs");
            assert_eq!(desk.run(&page), Ok(()), "{path}:\n{block}");
        }
    }
}

/// A test of the layer compiles that file.
#[test]
fn the_guide_to_the_library_shows_an_example_that_is_compiled() {
    let shown = fenced_whole(&read("docs/library.md"));
    assert_eq!(shown, read("crates/convergence/tests/layer/guide.rs"));
}

/// The one block of Rust, with its indentation.
fn fenced_whole(markdown: &str) -> String {
    let (_, rest) = markdown.split_once("```rust\n").expect("a block");
    rest.split_once("```\n").expect("its end").0.to_owned()
}

/// The commands of a block, each with the lines that continue it, without comments. A block that begins with a variable of
/// its own is one script.
fn commands(block: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut command = String::new();
    let mut quote = None;
    for line in block.lines() {
        let code = uncommented(line, &mut quote);
        command.push_str(code.trim_end());
        if quote.is_some() || command.ends_with('\\') {
            command.push('\n');
        } else if !command.trim().is_empty() {
            commands.push(std::mem::take(&mut command));
        }
    }
    assert!(command.trim().is_empty(), "a command does not end: {command}");
    let variable = |command: &String| {
        command.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_lowercase()))
    };
    if commands.first().is_some_and(variable) { vec![commands.join("\n")] } else { commands }
}

/// A line up to its comment. `quote` is the one that is open.
fn uncommented<'a>(line: &'a str, quote: &mut Option<char>) -> &'a str {
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match *quote {
            Some(open) if c == open => *quote = None,
            None if c == '#' && before.is_whitespace() => return &line[..at],
            None if matches!(c, '\'' | '"') => *quote = Some(c),
            _ => {}
        }
        before = c;
    }
    line
}

#[test]
fn a_block_is_cut_into_its_commands() {
    let block = "a 'b # c'   # it's a comment\n\ncurl \\\n  -d '{\n}'\n# only words\nlast\n";
    assert_eq!(commands(block), ["a 'b # c'", "curl \\\n  -d '{\n}'", "last"]);
    assert_eq!(commands("key=\"$(cat x)\"\necho $key\n"), ["key=\"$(cat x)\"\necho $key"]);
}
