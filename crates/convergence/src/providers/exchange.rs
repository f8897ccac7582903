//! One question to a provider: bounded in time and size, tried again where that can heal, and sent nowhere else.

use std::time::Duration;

use http::{HeaderValue, StatusCode};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, Url, redirect};
use serde_json::Value;
use tracing::warn;

use crate::audio::{Helper, Trouble};
use crate::config::ProviderKey;

/// For a connection, names and TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a question is sent, and how long after the first and the second time it is sent again.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(400);
/// A provider that wants to be left alone for longer is not waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// The largest answer to a question for a list of models, in bytes.
const LIST: usize = 4 << 20;

/// A server, and how it is asked.
pub(super) struct Server {
    helper: Helper,
    client: Client,
    base: Url,
    authorization: Option<HeaderValue>,
    timeout: Duration,
}

/// What a server has said, of any status that is not tried again.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// In lower case.
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
}

/// What a server says of a model.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// It has it.
    Yes,
    /// It has others.
    No,
    /// It has no list.
    Unsaid,
}

/// Why an attempt has failed, and when it may be made again.
struct Failed {
    trouble: Trouble,
    again_after: Option<Duration>,
}

impl Server {
    pub(super) fn new(
        helper: Helper,
        base: Url,
        key: Option<&ProviderKey>,
        timeout: Duration,
    ) -> reqwest::Result<Self> {
        let client = Client::builder()
            .timeout(timeout)
            .connect_timeout(CONNECT_TIMEOUT)
            // Following one could carry the key to another host.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("convergence/", env!("CARGO_PKG_VERSION")));
        // A proxy set for the way to the internet cannot reach this machine's loopback.
        let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let is_here = host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        let client = if is_here { client.no_proxy() } else { client };
        let authorization = key.map(|key| {
            let value = zeroize::Zeroizing::new(format!("Bearer {}", key.expose()));
            let mut value = HeaderValue::from_str(&value).expect("the settings take visible ASCII only");
            value.set_sensitive(true);
            value
        });
        Ok(Self { helper, client: client.build()?, base, authorization, timeout })
    }

    /// Where it is: an address without a secret.
    pub(super) fn base(&self) -> &str {
        self.base.as_str()
    }

    /// Sends JSON, and takes at most `most` bytes.
    pub(super) async fn post(&self, path: &str, body: &Value, most: usize) -> Result<Answer, Trouble> {
        self.exchange(|| self.client.post(self.url(path)).json(body), most).await
    }

    /// Whether the server knows a model, by its list of them.
    pub(super) async fn knows(&self, model: &str) -> Result<Known, Trouble> {
        let answer = self.exchange(|| self.client.get(self.url("models")), LIST).await?;
        if !answer.status.is_success() {
            return match answer.status {
                StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                    Ok(Known::Unsaid)
                }
                status => Err(self.refused(status)),
            };
        }
        let list: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let Some(models) = list["data"].as_array() else { return Ok(Known::Unsaid) };
        let is_known = models.iter().any(|known| known["id"] == model);
        Ok(if is_known { Known::Yes } else { Known::No })
    }

    /// That the server refuses what it was asked. What it may have said in a code stands in the log.
    pub(super) fn refused(&self, status: StatusCode) -> Trouble {
        Trouble::Refused { helper: self.helper, status: status.as_u16() }
    }

    /// The same, and a line in the log.
    pub(super) fn refusal(&self, answer: &Answer) -> Trouble {
        let code = code(&answer.body).unwrap_or_else(|| "none".to_owned());
        let hint = match answer.status.as_u16() {
            300..=399 => "; it redirects: set the address that it redirects to",
            401 | 403 => "; look at its key",
            404 => "; look at its base URL and its model",
            _ => "",
        };
        warn!("{} refuses a request with {}, code {code}{hint}", self.helper, answer.status);
        self.refused(answer.status)
    }

    /// A URL below the base.
    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.path_segments_mut().expect("the settings take http only").pop_if_empty().extend(path.split('/'));
        url
    }

    async fn exchange(&self, request: impl Fn() -> RequestBuilder, most: usize) -> Result<Answer, Trouble> {
        let mut attempt = 1;
        loop {
            let failed = match self.attempt(request(), most).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let again = failed.again_after.filter(|wait| attempt < ATTEMPTS && *wait <= LONGEST_PAUSE);
            let Some(wait) = again else { return Err(failed.trouble) };
            tokio::time::sleep(wait.max(PAUSE * attempt)).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, request: RequestBuilder, most: usize) -> Result<Answer, Failed> {
        let request = match &self.authorization {
            Some(value) => request.header(AUTHORIZATION, value.clone()),
            None => request,
        };
        let mut response = request.send().await.map_err(|error| self.broken(&error))?;
        let status = response.status();
        if matches!(status.as_u16(), 408 | 429 | 500 | 502..=504 | 529) {
            return Err(self.unwell(&response));
        }
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(&error))? {
            if chunk.len() > most - body.len() {
                let trouble = Trouble::Unusable { helper: self.helper, what: "it is too large".into() };
                return Err(Failed { trouble, again_after: None });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, content_type, body })
    }

    /// A status that a later attempt may not get.
    fn unwell(&self, response: &Response) -> Failed {
        let status = response.status();
        let after =
            response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        warn!("{} answers {status}", self.helper);
        let busy = matches!(status.as_u16(), 429 | 503 | 529);
        let trouble = if busy {
            Trouble::Busy { helper: self.helper, retry_after_seconds: after }
        } else {
            self.refused(status)
        };
        Failed { trouble, again_after: Some(after.map_or(Duration::ZERO, Duration::from_secs)) }
    }

    fn broken(&self, error: &reqwest::Error) -> Failed {
        if error.is_timeout() && !error.is_connect() {
            let seconds = self.timeout.as_secs();
            warn!("{} has not answered within {seconds} s", self.helper);
            // It would only take as long again.
            let trouble = Trouble::TimedOut { helper: self.helper, seconds };
            return Failed { trouble, again_after: None };
        }
        if error.is_connect() {
            warn!("{} cannot be connected to", self.helper);
            return Failed { trouble: Trouble::Away(self.helper), again_after: Some(Duration::ZERO) };
        }
        // What it has done by then may have to be paid for, so it is not asked for again unsaid.
        warn!("{} broke off", self.helper);
        Failed { trouble: Trouble::BrokeOff(self.helper), again_after: None }
    }
}

/// The code of an error, as `OpenAI`'s form has it. Any other word of a provider's could be a piece of what a client has sent.
fn code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = &body["error"];
    let code = error["code"].as_str().or_else(|| error["type"].as_str())?;
    let is_code = code.len() <= 40 && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_code.then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stand_below_the_base() {
        for (base, expected) in [
            ("http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1/chat/completions"),
            ("https://host/a/b/", "https://host/a/b/chat/completions"),
            ("https://host", "https://host/chat/completions"),
        ] {
            let base = Url::parse(base).unwrap();
            let server = Server::new(Helper::LanguageModel, base, None, Duration::from_secs(1)).unwrap();
            assert_eq!(server.url("chat/completions").as_str(), expected);
        }
    }

    #[test]
    fn only_codes_are_taken_from_an_error() {
        assert_eq!(code(br#"{"error": {"code": "invalid_api_key"}}"#).as_deref(), Some("invalid_api_key"));
        assert_eq!(
            code(br#"{"error": {"code": null, "type": "server_error"}}"#).as_deref(),
            Some("server_error")
        );
        for body in [r#"{"error": {"code": "Your key sk-123"}}"#, r#"{"error": "sk"}"#, "x", "[]"] {
            assert_eq!(code(body.as_bytes()), None, "{body}");
        }
    }
}
