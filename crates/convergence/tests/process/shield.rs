//! What the log says of those who fail too often: who, and not with which keys; and so many lines, however many there are.

use tempfile::TempDir;

use crate::{GUARDED, Serving, folder_with_keys};

/// Once from each address, through a trusted proxy; then once more. The log.
async fn attacked(addresses: u8, level: &str) -> String {
    let folder: TempDir = folder_with_keys();
    let settings = [("AUTH_FAILURE_LIMIT", "1"), ("TRUSTED_PROXIES", "127.0.0.1"), ("LOG_LEVEL", level)];
    let mut serving = Serving::start(folder.path(), &["serve"], &[GUARDED, &settings].concat());
    serving.line_with("keys are up to date");
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    for wanted in [401, 429, 429] {
        for number in 1..=addresses {
            let url = format!("{}/sk-convergence-in-the-path", serving.url);
            let request = client.get(url).bearer_auth(format!("sk-convergence-guess-{number}"));
            let request = request.header("x-forwarded-for", format!("2001:db8:0:{number}::{number}"));
            assert_eq!(request.send().await.expect("an answer").status().as_u16(), wanted);
        }
    }
    let (code, log) = serving.terminate();
    assert_eq!(code, Some(0));
    assert!(!log.contains("guess-") && !log.contains("in-the-path"), "{log}");
    log
}

fn lines<'a>(log: &'a str, words: &str) -> Vec<&'a str> {
    log.lines().filter(|line| line.contains(words)).collect()
}

#[tokio::test]
async fn p24_an_address_is_warned_of_once_and_so_many_addresses_at_most() {
    let log = attacked(30, "info").await;
    let warned = lines(&log, "attempts from this address");
    assert_eq!((warned.len(), lines(&log, "the rest is not named").len()), (20, 1), "{log}");
    assert_eq!(lines(&log, "2001:db8:0:7::/64").len(), 1, "{log}");
    assert!(warned.iter().all(|line| line.contains("WARN")), "{log}");
}

#[tokio::test]
async fn p24_debug_shows_each_request_that_is_held_back_and_never_a_key() {
    let log = attacked(2, "debug").await;
    let held = lines(&log, "refused: too many failed attempts from there");
    assert_eq!(held.len(), 4, "{log}");
    assert!(held.iter().all(|line| line.contains("/[redacted]") && line.contains("request=")), "{log}");
    assert_eq!(lines(&log, "address=2001:db8:0:2::/64").len(), 3, "two and the warning: {log}");
}
