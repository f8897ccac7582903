//! `POST /convergence/generate-audio` and the recordings it makes, spoken by the real voice program (P25).

use insta::assert_snapshot;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Answer, EXAMPLE, KEY, TestServer, csv};

const OTHER: &str = "other-key,Another Client,,,TRUE,";

async fn server() -> TestServer {
    TestServer::with_keys(&csv(&[EXAMPLE, OTHER])).await
}

fn post(server: &TestServer, body: &Value) -> RequestBuilder {
    server
        .request(Method::POST, "/convergence/generate-audio")
        .bearer_auth(KEY)
        .header("content-type", "application/json")
        .body(body.to_string())
}

fn two_lines() -> Value {
    json!({"transcript": [
        {"name": "Ada", "gender": "female", "role": "host", "message": "Good morning, and welcome."},
        {"name": "Ben", "gender": "male", "message": "Thank you for having me."},
    ]})
}

/// The sample rate and the samples of a WAV whose sizes are what they say.
fn samples(wav: &[u8]) -> (u32, Vec<i16>) {
    let riff = u32::from_le_bytes(wav[4..8].try_into().expect("4 bytes")) as usize;
    assert_eq!((&wav[..4], riff + 8), (&b"RIFF"[..], wav.len()));
    let reader = hound::WavReader::new(wav).expect("a WAV");
    assert_eq!((reader.spec().channels, reader.spec().bits_per_sample), (1, 16));
    let rate = reader.spec().sample_rate;
    (rate, reader.into_samples().collect::<Result<_, _>>().expect("whole samples"))
}

async fn download(server: &TestServer, path: &str, key: &str) -> Answer {
    server.send(server.request(Method::GET, path).bearer_auth(key)).await
}

#[tokio::test]
async fn p25_the_guides_request_makes_a_conversation_of_two_voices() {
    let server = server().await;
    let body = json!({"prompt": "Two developers discussing API security", "duration": 10});
    let answer = server.send(post(&server, &body)).await;
    let told = answer.json();
    assert_eq!((answer.status, &told["success"]), (200, &true.into()), "{answer}");
    assert_eq!(answer.header("x-client-name"), Some("MyApp Production"));
    assert_eq!(told["script_source"], "template");
    let warning = told["warnings"][0].as_str().expect("a warning");
    assert!(warning.contains("no language model") && warning.contains("10 minutes"), "{warning}");

    let wav = download(&server, told["audio_url"].as_str().expect("a path"), KEY).await;
    assert_eq!((wav.status, wav.header("content-type")), (200, Some("audio/wav")));
    let (rate, sound) = samples(&wav.body);
    let seconds = f64::from(u32::try_from(sound.len()).expect("a short recording")) / f64::from(rate);
    let told_seconds = told["duration_seconds"].as_f64().expect("a length");
    assert!((seconds - told_seconds).abs() < 0.01, "{seconds} s of audio, {told_seconds} s told");
    assert!((30.0..120.0).contains(&seconds), "about a minute, not padded: {seconds} s");
    let speakers: std::collections::HashSet<String> = told["timings"]
        .as_array()
        .expect("timings")
        .iter()
        .map(|timing| timing["speaker"].to_string())
        .collect();
    assert_eq!(speakers.len(), 2);
    assert!(sound.iter().any(|sample| sample.unsigned_abs() > 3_000), "not silence");

    let on_disk = server.path("data").join(told["output_path"].as_str().expect("a path"));
    assert_eq!(std::fs::read(on_disk).expect("the recording"), wav.body);
}

#[tokio::test]
async fn p25_accept_wav_gets_the_wav_itself() {
    let server = server().await;
    let answer = server.send(post(&server, &two_lines()).header("accept", "audio/wav")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("audio/wav")));
    assert!(samples(&answer.body).1.len() > 16_000, "more than a second");
    assert_eq!(
        (answer.header("x-script-source"), answer.header("x-audio-warning")),
        (Some("transcript"), None)
    );

    let template = post(&server, &json!({"prompt": "Keys"})).header("accept", "text/html, Audio/WAV;q=0.5");
    let answer = server.send(template).await;
    assert_eq!(answer.header("x-script-source"), Some("template"));
    assert!(answer.header("x-audio-warning").is_some_and(|warning| warning.contains("no language model")));
}

#[tokio::test]
async fn p25_a_transcript_is_spoken_as_it_stands() {
    let server = server().await;
    let told = server.send(post(&server, &two_lines())).await.json();
    assert_eq!(told["script_source"], "transcript");
    assert_eq!(told["warnings"], json!([]));
    assert_eq!(told["transcript"], two_lines()["transcript"]);
    assert_eq!(told["timings"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn p25_what_cannot_be_spoken_is_refused_with_every_fault() {
    let server = server().await;
    let both = json!({"prompt": "", "duration": 61, "vibe": 7});
    assert_snapshot!(server.send(post(&server, &both)).await, @r#"
        422
        content-length: 446
        content-type: application/problem+json
        ratelimit-policy: "default";q=60;w=60
        ratelimit: "default";r=59;t=60
        x-client-name: MyApp Production

        {
          "code": "invalid_request",
          "detail": "prompt: must be text of 1 to 4000 characters; duration: must be a whole number of minutes from 1 to 60; vibe: must be text of 0 to 200 characters",
          "errors": [
            {
              "detail": "must be text of 1 to 4000 characters",
              "member": "prompt"
            },
            {
              "detail": "must be a whole number of minutes from 1 to 60",
              "member": "duration"
            },
            {
              "detail": "must be text of 0 to 200 characters",
              "member": "vibe"
            }
          ],
          "status": 422,
          "title": "Invalid request"
        }
    "#);
    for duration in [json!(0), json!(61), json!(10.5), json!("10"), json!(-1), json!(true), json!(1e30)] {
        let answer = server.send(post(&server, &json!({"prompt": "x", "duration": duration}))).await;
        assert_eq!((answer.status, answer.code().as_str()), (422, "invalid_request"), "{duration}");
    }
    for body in ["", "{", "{\"prompt\": \"\u{0}", "prompt=x"] {
        let answer = server.send(post(&server, &Value::Null).body(body)).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_json"), "{body}");
    }
    for body in [json!([]), json!(null), json!("prompt"), json!({})] {
        assert_eq!(server.send(post(&server, &body)).await.status, 422, "{body}");
    }
    let form =
        server.request(Method::POST, "/convergence/generate-audio").bearer_auth(KEY).form(&[("prompt", "x")]);
    assert_eq!(server.send(form).await.code(), "unsupported_media_type");
    assert_eq!(server.send(post(&server, &json!({"prompt": "x".repeat(4_001)}))).await.status, 422);
}

#[tokio::test]
async fn p25_a_recording_is_for_the_client_that_made_it() {
    let server = server().await;
    let told = server.send(post(&server, &two_lines())).await.json();
    let path = told["audio_url"].as_str().expect("a path");
    assert_eq!(download(&server, path, KEY).await.status, 200);
    let theirs = download(&server, path, "other-key").await;
    let none = download(&server, "/convergence/download/00000000-0000-4000-8000-000000000000.wav", KEY).await;
    assert_eq!((theirs.status, theirs.code(), theirs.body), (404, none.code(), none.body));
    assert_eq!(server.get(path).await.status, 401);
    let head = server.send(server.request(Method::HEAD, path).bearer_auth(KEY)).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(server.send(server.request(Method::DELETE, path).bearer_auth(KEY)).await.status, 405);
}

#[tokio::test]
async fn p25_ranges_of_a_recording_can_be_asked_for() {
    let server = server().await;
    let told = server.send(post(&server, &two_lines())).await.json();
    let path = told["audio_url"].as_str().expect("a path");
    let whole = download(&server, path, KEY).await;
    let range =
        |range: &'static str| server.request(Method::GET, path).bearer_auth(KEY).header("range", range);
    let part = server.send(range("bytes=4-7")).await;
    assert_eq!((part.status, part.body.as_slice()), (206, &whole.body[4..8]));
    assert_eq!(part.header("content-range"), Some(format!("bytes 4-7/{}", whole.body.len()).as_str()));
    let tail = server.send(range("bytes=-10")).await;
    assert_eq!(tail.body, whole.body[whole.body.len() - 10..]);
    assert_eq!(server.send(range("bytes=999999999-")).await.status, 416);
    let in_other_units = server.send(range("lines=1-2")).await;
    assert_eq!((in_other_units.status, in_other_units.body.len()), (200, whole.body.len()));
}

#[tokio::test]
async fn p25_no_path_from_outside_is_followed() {
    let server = server().await;
    for file in [
        "../../keys.csv",
        "..%2f..%2fkeys.csv",
        "%2e%2e/keys.csv",
        "/etc/passwd",
        "x.wav",
        ".wav",
        "",
        "a/b.wav",
        "%00.wav",
    ] {
        let answer = download(&server, &format!("/convergence/download/{file}"), KEY).await;
        assert_eq!(answer.status, 404, "{file}");
    }
}
