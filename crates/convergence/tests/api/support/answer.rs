//! An answer as text, for snapshots.

use std::fmt;

use reqwest::Response;
use reqwest::header::{DATE, HeaderMap};
use serde_json::Value;

/// Status, headers and body, read whole.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub async fn read(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.expect("a whole body").to_vec() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("printable ASCII"))
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// The `code` of a problem.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().expect("a problem with a code").to_owned()
    }
}

/// Everything but what differs from run to run: the date and the request's id.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.status)?;
        let mut lines: Vec<String> = self
            .headers
            .iter()
            .filter(|(name, _)| *name != DATE && *name != "x-request-id")
            .map(|(name, value)| format!("{name}: {}", value.to_str().expect("printable ASCII")))
            .collect();
        lines.sort();
        lines.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        match serde_json::from_slice::<Value>(&self.body) {
            Ok(json) => write!(f, "\n{json:#}"),
            Err(_) => write!(f, "\n{}", String::from_utf8_lossy(&self.body)),
        }
    }
}
