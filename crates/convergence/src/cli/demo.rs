//! `convergence demo`: the whole product in a minute, with no Google account.

mod cast;
mod sheet;
mod story;
mod traffic;

use std::io::{self, IsTerminal};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use self::sheet::Sheet;
use self::story::Story;
use self::traffic::Play;
use super::serve;
use crate::clock::unix_now;
use crate::config::{Auth, Config, Settings};
use crate::server::Server;

const LONG_ABOUT: &str = "\
Serve with a key file of its own, make a minute of traffic, and tell what happens.

The file takes the place of the sheet: DATA_DIR/demo-keys.csv. Change a row and save it, and the server goes by it within a \
second. A few clients that are part of the demo send requests: one stays below its limit, one does not, one has a key that \
expires meanwhile, one has a key that is revoked half-way, and one has made a key up. After the minute the server goes on, \
quietly, until Ctrl-C.";

pub(super) fn command() -> Command {
    let no_traffic = Arg::new("no-traffic").long("no-traffic").action(ArgAction::SetTrue);
    let length = Arg::new("length").long("length").value_name("SECONDS").default_value("60");
    super::with_settings(
        Command::new("demo")
            .about("Serve with a key file of its own, make a minute of traffic, and tell what happens")
            .long_about(LONG_ABOUT)
            .arg(no_traffic.help("Only serve"))
            .arg(
                length
                    .value_parser(value_parser!(u64).range(3..=60))
                    .help("In how many seconds the minute passes"),
            ),
    )
}

/// Makes a key file unless it is there from an earlier run, serves with it, and shows what that does.
pub(super) fn run(flags: &ArgMatches, mut settings: Settings) -> anyhow::Result<()> {
    let path = PathBuf::from(settings.value("DATA_DIR").unwrap_or("./data")).join("demo-keys.csv");
    let is_watched = io::stdout().is_terminal();
    prepare(&mut settings, &path, is_watched);
    let config = super::config(&settings)?;
    // A demo beside a server must not fail for this port.
    if settings.value("ADMIN_PORT").is_none() && !is_free(config.admin.address) {
        settings.set("ADMIN_PORT", "0");
    }
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let Config { auth: Auth::On(keys), .. } = config else { unreachable!("it was set") };
    let length = Duration::from_secs(*flags.get_one("length").expect("it has a default"));
    // Nothing says for which name a certificate is.
    let has_traffic = !flags.get_flag("no-traffic") && scheme == "http";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (key, cast, sheet) = runtime.block_on(async {
        let sheet = Sheet::open(&path, &keys).await?;
        let key = sheet.first_key().await?;
        let cast = if has_traffic { sheet.cast(unix_now()).await? } else { Vec::new() };
        anyhow::Ok((key, cast, sheet))
    })?;
    let story = Story::new(is_watched && has_traffic);
    let told = story.clone();
    let served = serve::serve(&settings, |server| {
        introduce(scheme, server, &key, &path);
        if has_traffic {
            let play = Play { url: url(scheme, server.address()), sheet, cast, length, story: told };
            // It ends with its minute, or with the process.
            std::thread::spawn(move || runtime.block_on(play.perform()));
        }
    });
    story.close();
    served.context("the demo cannot be served")
}

/// The settings that make it a demo; all others are as they are for `serve`.
fn prepare(settings: &mut Settings, path: &Path, is_watched: bool) {
    settings.set("AUTH_ENABLED", "true").set("KEYS_FILE", path.to_string_lossy());
    for google in ["GOOGLE_CREDENTIALS_PATH", "GOOGLE_CREDENTIALS", "GOOGLE_SHEET_ID"] {
        settings.set(google, "");
    }
    // Who reads the story does not read the log beside it, and least of all its own traffic.
    if settings.value("ACCESS_LOG").is_none() {
        settings.set("ACCESS_LOG", "false");
    }
    if is_watched && settings.value("LOG_LEVEL").is_none() {
        settings.set("LOG_LEVEL", "warn");
    }
}

fn is_free(address: SocketAddr) -> bool {
    TcpListener::bind(address).is_ok()
}

/// Where this machine reaches the server: "any address" is none to send a request to.
fn url(scheme: &str, mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    format!("{scheme}://{address}")
}

#[expect(clippy::print_stdout, reason = "what the demo is for: a request to paste")]
fn introduce(scheme: &str, server: &Server, key: &str, path: &Path) {
    let (url, dashboard) = (url(scheme, server.address()), url("http", server.admin_address()));
    println!(
        r#"
Convergence is up, guarded by the keys in {path}: change a row, save, try again.
The dashboard shows who uses it: {dashboard}/

A prompt becomes a spoken conversation:

  curl -X POST {url}/convergence/generate-audio \
    -H "Content-Type: application/json" \
    -H "Authorization: Bearer {key}" \
    -d '{{
      "prompt": "Two developers discussing API security",
      "duration": 10
    }}'

With -H "Accept: audio/wav" -o conversation.wav it is a file to listen to. Without a key, and how authentication is doing:

  curl -i {url}/auth/verify
  curl {url}/auth/status
"#,
        path = path.display()
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_somebody_has_is_left_to_them() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = taken.local_addr().expect("an address");
        assert!(!is_free(address));
    }

    #[test]
    fn any_address_is_reached_on_this_machine() {
        assert_eq!(url("http", ([0, 0, 0, 0], 8_000).into()), "http://127.0.0.1:8000");
        assert_eq!(url("https", ([192, 0, 2, 1], 8_000).into()), "https://192.0.2.1:8000");
    }
}
