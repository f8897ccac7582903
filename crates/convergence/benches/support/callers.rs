//! Those who call the servers of the benchmarks of revocations: clients, and the script in the sheet.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use reqwest::Client;
use serde_json::json;
use uuid::Uuid;

pub(crate) const SECRET: &str = "a secret of the benchmark's own";

pub(crate) fn key(number: usize) -> String {
    format!("sk-convergence-00000000-0000-4000-8000-{number:012x}")
}

pub(crate) async fn verify(client: &Client, url: &str, number: usize) -> u16 {
    let request = client.get(format!("{url}/auth/verify")).bearer_auth(key(number));
    request.send().await.expect("an answer").status().as_u16()
}

/// As docs/sheet-changed.gs does it.
pub(crate) async fn tell(client: &Client, url: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let body =
        json!({"id": Uuid::new_v4(), "sent_at": now.as_millis(), "edited_at": now.as_millis()}).to_string();
    let time = now.as_secs();
    let secret = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let mac = hmac::sign(&secret, format!("{time}.{body}").as_bytes());
    let hex = mac.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let request = client.post(format!("{url}/hooks/sheet-changed")).body(body);
    let answer = request.header("x-convergence-signature", format!("t={time},v1={hex}")).send().await;
    assert_eq!(answer.expect("an answer").status(), 202);
}
