//! Recordings that are asked for and fetched later: `Prefer: respond-async`, and `/convergence/jobs/` (P25).

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Answer, EXAMPLE, KEY, TestServer, csv};

const OTHER: &str = "other-key,Another Client,,,TRUE,";

async fn server() -> TestServer {
    TestServer::with_keys(&csv(&[EXAMPLE, OTHER])).await
}

fn post(server: &TestServer, messages: &[&str]) -> RequestBuilder {
    let line = |(at, message): (usize, &&str)| {
        let (name, gender) = if at % 2 == 0 { ("Ada", "female") } else { ("Ben", "male") };
        json!({"name": name, "gender": gender, "message": message})
    };
    let body = json!({"transcript": messages.iter().enumerate().map(line).collect::<Vec<_>>()});
    server
        .request(Method::POST, "/convergence/generate-audio")
        .bearer_auth(KEY)
        .header("content-type", "application/json")
        .body(body.to_string())
}

/// Does not wait for it.
fn later(server: &TestServer, messages: &[&str]) -> RequestBuilder {
    post(server, messages).header("prefer", "return=minimal, Respond-Async")
}

async fn ask(server: &TestServer, method: Method, path: &str, key: &str) -> Answer {
    server.send(server.request(method, path).bearer_auth(key)).await
}

/// The events of a stream that has ended: their names, and what they say.
fn events(answer: &Answer) -> Vec<(String, Value)> {
    let text = String::from_utf8(answer.body.clone()).expect("text");
    let event = |block: &str| {
        let (name, data) = block.split_once('\n')?;
        let data = serde_json::from_str(data.strip_prefix("data: ")?).expect("JSON in one line");
        Some((name.strip_prefix("event: ")?.to_owned(), data))
    };
    text.split_terminator("\n\n")
        .filter(|block| !block.starts_with(':'))
        .map(|block| event(block).expect("an event"))
        .collect()
}

#[tokio::test]
async fn p25_a_recording_can_be_asked_for_and_fetched_later() {
    let server = server().await;
    let accepted = server.send(later(&server, &["Good morning.", "Good morning to you.", "Goodbye."])).await;
    assert_eq!(
        (accepted.status, accepted.header("preference-applied")),
        (202, Some("respond-async")),
        "{accepted}"
    );
    assert_eq!(accepted.header("x-client-name"), Some("MyApp Production"));
    let told = accepted.json();
    let place = accepted.header("location").expect("a place").to_owned();
    assert_eq!((told["url"].as_str(), told["result"].is_null()), (Some(&*place), true));

    let stream = ask(&server, Method::GET, told["events_url"].as_str().expect("a path"), KEY).await;
    assert_eq!((stream.status, stream.header("content-type")), (200, Some("text/event-stream")));
    let events = events(&stream);
    let (last, before) = events.split_last().expect("events");
    assert!(
        before.iter().all(|(name, told)| name == "progress" && told["progress"]["lines_spoken"].is_u64())
    );
    assert_eq!((&*last.0, &last.1["status"]), ("done", &json!("done")));

    let done = ask(&server, Method::GET, &place, KEY).await.json();
    assert_eq!((done["status"].as_str(), &done["result"]), (Some("done"), &last.1["result"]));
    let sound = ask(&server, Method::GET, done["result"]["audio_url"].as_str().expect("a path"), KEY).await;
    assert_eq!((sound.status, &sound.body[..4]), (200, &b"RIFF"[..]));
    let captions =
        ask(&server, Method::GET, done["result"]["captions"]["vtt"].as_str().expect("a path"), KEY).await;
    assert_eq!(captions.header("content-type"), Some("text/vtt; charset=utf-8"));
    assert!(String::from_utf8_lossy(&captions.body).contains("<v Ben>Good morning to you."), "{captions}");

    // Its seconds are the client's, although nobody has waited.
    let me = ask(&server, Method::GET, "/auth/me", KEY).await.json();
    let (counted, told) = (&me["usage"]["today"]["audio_seconds"], &done["result"]["duration_seconds"]);
    let apart = counted.as_f64().zip(told.as_f64()).map(|(counted, told)| (counted - told).abs());
    assert!(apart.is_some_and(|apart| apart < 0.01), "{counted} and {told}");
}

#[tokio::test]
async fn p25_a_job_is_for_the_client_that_asked_for_it() {
    let server = server().await;
    let accepted = server.send(later(&server, &["Good morning."])).await;
    let place = accepted.header("location").expect("a place").to_owned();
    let none = "/convergence/jobs/00000000-0000-4000-8000-000000000000";
    for path in [place.clone(), format!("{place}/events")] {
        let theirs = ask(&server, Method::GET, &path, "other-key").await;
        let nobodys = ask(&server, Method::GET, none, KEY).await;
        assert_eq!((theirs.status, &theirs.body), (404, &nobodys.body), "{path}");
        assert_eq!(server.get(&path).await.status, 401);
    }
    assert_eq!(ask(&server, Method::DELETE, &place, "other-key").await.status, 404);
    assert_eq!(ask(&server, Method::POST, &place, KEY).await.header("allow"), Some("GET, HEAD, DELETE"));
    assert_eq!(
        ask(&server, Method::DELETE, &format!("{place}/events"), KEY).await.header("allow"),
        Some("GET")
    );

    assert_eq!(ask(&server, Method::DELETE, &place, KEY).await.status, 204);
    assert_eq!(ask(&server, Method::GET, &place, KEY).await.status, 404);
    assert_eq!(ask(&server, Method::DELETE, &place, KEY).await.status, 404);
    for path in [
        "/convergence/jobs/",
        "/convergence/jobs/../keys.csv",
        "/convergence/jobs/x/events",
        "/convergence/jobs//events",
    ] {
        assert_eq!(ask(&server, Method::GET, path, KEY).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn p25_opus_can_be_had_instead() {
    let server = server().await;
    let wanted = post(&server, &["Good morning."]).header("accept", "audio/ogg; q=0.9, audio/wav");
    let answer = server.send(wanted).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("audio/ogg; codecs=opus")));
    assert_eq!((&answer.body[..4], answer.header("x-voice-engine")), (&b"OggS"[..], Some("flite")));

    for (member, value) in [("format", json!("mp3")), ("engine", json!("parrot")), ("engine", json!(7))] {
        let body = json!({"prompt": "Keys", member: value}).to_string();
        let answer = server.send(post(&server, &[]).body(body)).await;
        assert_eq!((answer.status, answer.json()["errors"][0]["member"].as_str()), (422, Some(member)));
    }
}
