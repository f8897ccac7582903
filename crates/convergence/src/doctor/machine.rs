//! This machine: where state is kept, and the port.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use serde_json::Value;

use super::report::Check;
use super::{Report, server};
use crate::config::{Admin, Config};

/// The longest piece of it that is shown, in characters.
const LONGEST_WORD: usize = 300;

/// Writes a file without a name, which is gone again at once; where the folder is still to be made, in the one above.
pub(super) fn data_folder(report: &mut Report, folder: &Path) {
    let shown = folder.display();
    let there = folder.ancestors().find(|place| place.exists()).unwrap_or(folder);
    let what = match tempfile::tempfile_in(there) {
        Ok(_) if there == folder => format!("{shown} can be written"),
        Ok(_) => format!("{shown} does not exist yet, and can be made"),
        Err(error) => {
            let error = io_words(&error);
            let what = format!(
                "{shown} cannot be written ({error}); choose another DATA_DIR, or let this user write there"
            );
            return report.fail(Check::DataFolder, what);
        }
    };
    report.ok(Check::DataFolder, what);
}

/// The system's words, without the name of the file that was tried.
fn io_words(error: &std::io::Error) -> String {
    std::io::Error::from(error.kind()).to_string()
}

/// Free, or taken by one of our servers, which is then asked how it is.
pub(super) async fn port(report: &mut Report, config: &Config) {
    let (address, admin) = (config.listen.address, &config.admin);
    let Err(error) = TcpListener::bind(address) else {
        return report.ok(Check::Port, format!("{address} is free"));
    };
    match error.kind() {
        ErrorKind::AddrInUse => {}
        ErrorKind::PermissionDenied => {
            let what = format!("this user may not listen on {address}; choose an API_PORT from 1024 on");
            return report.fail(Check::Port, what);
        }
        _ => {
            let what = format!("cannot listen on {address} ({}); check API_HOST", io_words(&error));
            return report.fail(Check::Port, what);
        }
    }
    if config.tls.is_some() {
        // A client may need a certificate there, so the admin listener is asked instead.
        if server::is_ours(admin).await {
            report.ok(Check::Port, format!("a server runs on {address}, with TLS"));
        } else {
            let what =
                "and no server of ours answers on the admin listener; stop it, or choose another API_PORT";
            report.note(Check::Port, format!("{address} is taken, {what}"));
        }
        return tell_lags(report, admin).await;
    }
    let Some(status) = server::status(address).await else {
        let what = format!("{address} is taken by another program; stop it, or choose another API_PORT");
        return report.fail(Check::Port, what);
    };
    running(report, address, &status);
    tell_lags(report, admin).await;
}

/// One of ours that runs holds its admin port as well, so the token goes to nobody else.
async fn tell_lags(report: &mut Report, admin: &Admin) {
    if let Some(lags) = server::lags(admin).await {
        report.ok(Check::Revocation, lags);
    }
}

/// What a server says of itself: `/auth/status` names no key, client, sheet or path.
fn running(report: &mut Report, address: SocketAddr, status: &Value) {
    // It may be anybody's, so nothing is passed on that a terminal would obey.
    let plain = |text: &str| text.chars().filter(|c| !c.is_control()).take(LONGEST_WORD).collect::<String>();
    let text = |value: &Value| value.as_str().map(plain);
    let mode = text(&status["mode"]).unwrap_or_default();
    let age = status["cache"]["age_seconds"].as_i64();
    let age = age.map_or("has read no keys yet".to_owned(), |age| format!("its keys are {age} s old"));
    let what = format!("a server runs on {address}: mode {mode}, {age}");
    match text(&status["cache"]["last_error"]).or_else(|| text(&status["reason"])) {
        Some(error) => report.note(Check::Port, format!("{what}; it says: {error}")),
        None => report.ok(Check::Port, what),
    }
}
