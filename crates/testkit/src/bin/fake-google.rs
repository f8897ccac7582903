//! testkit's Google as a program: a spreadsheet to walk through the set-up with, without an account.

use std::fs::{File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::ExitCode;

use clap::{Arg, ArgAction, Command, value_parser};
use serde_json::json;
use testkit::{Google, date_cell};

/// Days from 1899-12-30 to 2025-07-06 and to 2099-12-31.
const CREATED: f64 = 45_844.0;
const EXPIRES: f64 = 73_050.0;

#[expect(clippy::print_stderr, reason = "that is where a program says why it ended")]
fn main() -> ExitCode {
    let asked = command().get_matches();
    let port = *asked.get_one::<u16>("port").expect("it has a default");
    let credentials = asked.get_one::<String>("credentials").expect("it has a default");
    match run(port, Path::new(credentials), asked.get_flag("demo")) {
        Ok(google) => {
            print!("{}", greeting(&google, credentials));
            // Serves until it is killed; the server has a thread of its own.
            loop {
                std::thread::park();
            }
        }
        Err(reason) => {
            eprintln!("fake-google: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Command {
    let port = Arg::new("port")
        .long("port")
        .value_name("PORT")
        .value_parser(value_parser!(u16))
        .default_value("9090")
        .help("The port on 127.0.0.1 to listen on; 0 for any that is free");
    let credentials = Arg::new("credentials")
        .long("credentials")
        .value_name("FILE")
        .default_value("creds.json")
        .help("Where to write the service account's key file; an older one is replaced");
    let demo = Arg::new("demo")
        .long("demo")
        .action(ArgAction::SetTrue)
        .help("Start with a tab API_Keys that holds two keys, instead of an empty spreadsheet");
    Command::new("fake-google")
        .about("A Google Sheets on this machine, to try Convergence on: token endpoint, Sheets v4 and a page to type into")
        .args([port, credentials, demo])
}

fn run(port: u16, credentials: &Path, demo: bool) -> Result<Google, String> {
    let google =
        Google::start_on(port).map_err(|error| format!("cannot listen on 127.0.0.1:{port}: {error}"))?;
    write_for_me_only(credentials, &google.credentials_json())
        .map_err(|error| format!("cannot write {}: {error}", credentials.display()))?;
    if demo {
        fill(&google);
    }
    Ok(google)
}

/// As a key file should be: `convergence doctor` says so of any other.
fn write_for_me_only(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())
}

/// The table of the guide.
fn fill(google: &Google) {
    let created = || date_cell(CREATED, "2025-07-06");
    google.set_tab(
        "API_Keys",
        vec![
            ["api_key", "client_name", "created_at", "expires_at", "is_active", "rate_limit", "revoked_at"]
                .map(|name| json!(name))
                .to_vec(),
            vec![
                json!("sk-convergence-550e8400-e29b-41d4-a716-446655440000"),
                json!("MyApp Production"),
                created(),
                date_cell(EXPIRES, "2099-12-31"),
                json!(true),
                json!(300),
            ],
            vec![
                json!("sk-convergence-6fa459ea-ee8a-4ca4-894e-db77e160355e"),
                json!("MyApp Development"),
                created(),
                json!(null),
                json!(true),
                json!(60),
            ],
        ],
    );
}

fn greeting(google: &Google, credentials: &str) -> String {
    let (url, id, mail) = (google.url(), google.sheet_id(), google.client_email());
    let path = std::path::absolute(credentials).unwrap_or_else(|_| credentials.into());
    let path = path.display();
    format!(
        "Google is at {url}, with one spreadsheet, shared with {mail}.\n\
         To type into the sheet, sort it, share it or not: {url}/ in a browser.\n\
         To use it, in the shell or the .env of convergence:\n\n\
         AUTH_ENABLED=true\n\
         GOOGLE_SHEETS_ENDPOINT={url}\n\
         GOOGLE_CREDENTIALS_PATH={path}\n\
         GOOGLE_SHEET_ID={id}\n\n\
         It ends, and forgets everything, with Ctrl-C.\n"
    )
}
