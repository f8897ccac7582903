//! The webhook: one message out, bounded in time, and its address told to nobody.

use std::net::IpAddr;
use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;
use reqwest::{Client, redirect};

use super::event::{Alert, Event};
use super::message::Message;
use crate::clock::rfc3339;
use crate::config::{AlertFormat, AlertUrl};

/// For a connection, and for all of a call.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);

/// However long it wants to be left alone, it is asked again after this time.
const LONGEST_PAUSE: u64 = 3_600;

/// Whoever is told.
pub(crate) struct Hook {
    client: Client,
    url: AlertUrl,
    format: AlertFormat,
    /// The server that tells.
    instance: String,
}

/// Why a message was not taken, in words that name no address.
#[derive(Debug)]
pub(crate) struct NotTaken {
    pub(crate) why: String,
    /// How long it wants to be left alone.
    pub(super) again_after: Duration,
}

impl Hook {
    /// Calls nobody yet.
    ///
    /// # Errors
    /// There can be no TLS.
    pub(crate) fn new(url: AlertUrl, format: AlertFormat, instance: String) -> reqwest::Result<Self> {
        Self::with_patience(url, format, instance, TIMEOUT)
    }

    fn with_patience(
        url: AlertUrl,
        format: AlertFormat,
        instance: String,
        timeout: Duration,
    ) -> reqwest::Result<Self> {
        let client = Client::builder()
            .timeout(timeout)
            .connect_timeout(CONNECT_TIMEOUT)
            // One could lead a message with clients' names elsewhere.
            .redirect(redirect::Policy::none())
            .referer(false)
            .user_agent(concat!("convergence/", env!("CARGO_PKG_VERSION")));
        // A proxy set for the way to the internet cannot reach this machine's loopback.
        let host = url.expose().host_str().unwrap_or_default().trim_matches(['[', ']']);
        let is_here =
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let client = if is_here { client.no_proxy() } else { client };
        Ok(Self { client: client.build()?, url, format, instance })
    }

    /// Sends that this is a test.
    ///
    /// # Errors
    /// It was not taken.
    pub(crate) async fn test(&self, now: i64) -> Result<(), NotTaken> {
        let test = Alert { id: "test".to_owned(), at: rfc3339(now), until: now, event: Event::Test };
        self.send(&[test], 0, now).await
    }

    /// Sends all of these in one message, and says that there were so many more.
    ///
    /// # Errors
    /// It was not taken, or nobody knows whether it was.
    pub(super) async fn send(&self, alerts: &[Alert], left_out: u64, now: i64) -> Result<(), NotTaken> {
        let message = Message { instance: &self.instance, sent_at: rfc3339(now), alerts, left_out };
        let request = self.client.post(self.url.expose().clone()).json(&message.body(self.format));
        let response = request.send().await.map_err(|error| broken(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let again =
            response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Err(NotTaken {
            why: format!("it answers {}{}", status.as_u16(), hint(status)),
            again_after: Duration::from_secs(again.unwrap_or(0).min(LONGEST_PAUSE)),
        })
    }
}

fn hint(status: StatusCode) -> &'static str {
    match status.as_u16() {
        300..=399 => "; it redirects: set the address that it redirects to",
        400 | 415 | 422 => "; look at ALERT_WEBHOOK_FORMAT",
        401 | 403 | 404 | 410 => "; look at ALERT_WEBHOOK_URL: it may have been revoked",
        _ => "",
    }
}

/// Nothing of the error itself is shown, since the address may be in it.
fn broken(error: &reqwest::Error) -> NotTaken {
    let why = if error.is_connect() {
        "it cannot be connected to".to_owned()
    } else if error.is_timeout() {
        "it has not answered in time".to_owned()
    } else {
        "it broke off".to_owned()
    };
    NotTaken { why, again_after: Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::config::{Config, Settings};

    /// What becomes of a test that is sent to whoever answers so, or never; and how often that was asked.
    async fn send(answer: Option<&str>) -> (Result<(), NotTaken>, usize) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/T0/secret", listener.local_addr().unwrap());
        let answer = answer.map(|answer| answer.replace("ITSELF", &url));
        let asked = Cell::new(0);
        let serve = async {
            let mut open = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 4_096];
                let read = stream.read(&mut request).await.unwrap();
                assert!(request[..read].starts_with(b"POST /T0/secret HTTP/1.1\r\n"));
                asked.set(asked.get() + 1);
                match &answer {
                    Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                    None => open.push(stream),
                }
            }
        };
        let hook = hook_at(&url, Duration::from_millis(if answer.is_some() { 20_000 } else { 50 }));
        let sent = tokio::select! {
            sent = hook.test(0) => sent,
            () = serve => unreachable!("it serves for ever"),
        };
        (sent, asked.get())
    }

    fn hook_at(url: &str, patience: Duration) -> Hook {
        let mut settings = Settings::default();
        settings.set("ALERT_WEBHOOK_URL", url);
        let alerts = Config::read(&settings).ok().unwrap().alerts.unwrap();
        Hook::with_patience(alerts.url, alerts.format, "here".to_owned(), patience).unwrap()
    }

    #[tokio::test]
    async fn whatever_it_answers_is_said_in_words_that_name_no_address() {
        for answer in ["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "HTTP/1.1 204 No Content\r\n\r\n"] {
            assert!(send(Some(answer)).await.0.is_ok(), "{answer}");
        }
        for (answer, why, pause) in [
            (Some("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n"), "it answers 500", 0),
            (
                Some("HTTP/1.1 429 Slowly\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n"),
                "it answers 429",
                30,
            ),
            (
                Some("HTTP/1.1 404 Gone\r\nretry-after: 999999\r\ncontent-length: 0\r\n\r\n"),
                "it answers 404; look at ALERT_WEBHOOK_URL: it may have been revoked",
                3_600,
            ),
            (
                Some("HTTP/1.1 307 There\r\nlocation: ITSELF\r\ncontent-length: 0\r\n\r\n"),
                "it answers 307; it redirects: set the address that it redirects to",
                0,
            ),
            (Some("HTTP/1.1 200"), "it broke off", 0),
            (Some("SSH-2.0 secret\r\n\r\n"), "it broke off", 0),
            (None, "it has not answered in time", 0),
        ] {
            let (sent, asked) = send(answer).await;
            let NotTaken { why: said, again_after } = sent.err().unwrap_or_else(|| panic!("{why}"));
            assert_eq!((said.as_str(), again_after.as_secs(), asked), (why, pause, 1));
        }
        let nobody = hook_at("http://me:secret@127.0.0.1:1/secret", Duration::from_secs(20));
        assert_eq!(nobody.test(0).await.unwrap_err().why, "it cannot be connected to");
    }
}
