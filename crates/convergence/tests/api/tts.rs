//! A server of others that speaks: what it is asked, what it is told, and what is paid for once (P25).

use std::io::Cursor;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use super::providers::{THEIRS, error};
use super::script::post;
use crate::support::provider::{Provider, Reply};
use crate::support::{Answer, EXAMPLE, KEY, TestServer, csv};

const OTHERS_KEY: &str = "sk-convergence-other456abc";
const OTHER: &str = "sk-convergence-other456abc,Zeta,2025-07-06 10:00:00,,TRUE,60";

/// A server that speaks, with these voices.
async fn speaking(tts: &Provider, more: &[(&str, &str)]) -> TestServer {
    let base = tts.url("/v1");
    let settings = [
        ("TTS_BASE_URL", &*base),
        ("TTS_MODEL", "voice-1"),
        ("TTS_API_KEY", "tts-secret-1"),
        ("TTS_VOICE_FEMALE", "one"),
        ("TTS_VOICE_MALE", "other"),
    ];
    TestServer::with_keys_and(&csv(&[EXAMPLE]), &[&settings, more].concat()).await
}

/// Half a second of a tone, as a WAV whose sizes were never filled in.
fn tone(hertz: f32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 24_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut bytes, spec).expect("a WAV");
    for at in 0..12_000_u16 {
        let angle = f32::from(at) / 24_000.0 * hertz * std::f32::consts::TAU;
        #[expect(clippy::cast_possible_truncation, reason = "at most 12,000")]
        writer.write_sample((angle.sin() * 12_000.0) as i16).expect("a sample");
    }
    writer.finalize().expect("a header");
    let mut bytes = bytes.into_inner();
    bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    bytes[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    bytes
}

fn two_lines() -> serde_json::Value {
    json!({"transcript": "Ada (female): Good morning.\nBen (male): Thank you."})
}

#[tokio::test]
async fn p25_a_speech_server_speaks() {
    let tts = Provider::start(|asked, _| {
        let hertz = if asked.body["voice"] == "one" { 220.0 } else { 110.0 };
        Reply::of("audio/mpeg", tone(hertz))
    })
    .await;
    let server = speaking(&tts, &[]).await;
    let told = server.send(post(&server, &two_lines())).await.json();
    assert_eq!((&told["success"], &told["voice_engine"]), (&json!(true), &json!("tts")), "{told}");
    assert!(told["duration_seconds"].as_f64().expect("a length") > 0.9);
    // The two lines may be spoken at once.
    let mut asked = tts.asked();
    asked.sort_by_key(|asked| asked.body["input"].to_string());
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|asked| asked.path == "/v1/audio/speech"));
    assert!(asked.iter().all(|asked| asked.authorization.as_deref() == Some("Bearer tts-secret-1")));
    assert_eq!(
        asked[0].body,
        json!({"model": "voice-1", "input": "Good morning.", "voice": "one", "response_format": "wav"})
    );
    assert_eq!(asked[1].body["voice"], "other");
}

#[tokio::test]
async fn p25_a_speech_server_without_wav_is_asked_for_mp3_and_told_sound_from_words() {
    let tts = Provider::start(|asked, _| {
        if asked.body["response_format"] == "wav" {
            return error(422);
        }
        Reply::of("audio/mpeg", include_bytes!("../../src/providers/testdata/tone.mp3").to_vec())
    })
    .await;
    let server = speaking(&tts, &[]).await;
    assert_eq!(server.send(post(&server, &two_lines())).await.status, 200);
    let formats: Vec<_> = tts.asked().iter().map(|asked| asked.body["response_format"].clone()).collect();
    assert_eq!(formats[0], "wav");
    assert_eq!(formats.iter().filter(|format| *format == "mp3").count(), 2, "each of the two lines");

    let words = Provider::start(|_, _| Reply::of("audio/wav", THEIRS)).await;
    let server = speaking(&words, &[]).await;
    let answer = server.send(post(&server, &two_lines())).await;
    assert_eq!((answer.status, answer.code().as_str()), (502, "provider_unusable"), "{answer}");
    assert!(!answer.to_string().contains(THEIRS));
}

#[tokio::test]
async fn p25_characters_of_a_day_are_bounded() {
    let tts = Provider::start(|_, _| Reply::of("audio/wav", tone(200.0))).await;
    let server = speaking(&tts, &[("TTS_CHARACTERS_DAY", "30")]).await;
    assert_eq!(server.send(post(&server, &two_lines())).await.status, 200);
    let others = json!({"transcript": "Ada (female): Good evening.\nBen (male): You are welcome."});
    let answer = server.send(post(&server, &others)).await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "budget_spent"), "{answer}");
    assert_eq!(server.send(post(&server, &two_lines())).await.status, 200, "what was paid for is there");
    assert_eq!(tts.asked().len(), 2);
}

/// A server that says a tone, whatever it is asked.
async fn humming() -> Provider {
    Provider::start(|_, _| Reply::of("audio/wav", tone(200.0))).await
}

async fn say(server: &TestServer, key: &str, body: &Value) -> Answer {
    server.send(server.request(Method::POST, "/v1/audio/speech").bearer_auth(key).json(body)).await
}

fn instructions(tts: &Provider) -> Vec<Value> {
    tts.asked().iter().map(|asked| asked.body["instructions"].clone()).collect()
}

#[tokio::test]
async fn p25_the_mood_reaches_a_speech_server() {
    let tts = humming().await;
    let server = speaking(&tts, &[]).await;
    let mut talk = two_lines();
    talk["vibe"] = "calm and dry".into();
    assert_eq!(server.send(post(&server, &talk)).await.status, 200);
    assert_eq!(instructions(&tts), vec![json!("Speak in this mood: calm and dry"); 2]);

    let server = speaking(&tts, &[("TTS_INSTRUCTIONS", "false")]).await;
    assert_eq!(server.send(post(&server, &talk)).await.status, 200);
    assert_eq!(instructions(&tts)[2..], [Value::Null, Value::Null]);
}

#[tokio::test]
async fn p25_a_speech_server_that_knows_no_moods_speaks_without() {
    let tts = Provider::start(|asked, _| match asked.body.get("instructions") {
        Some(_) => Reply::json(
            422,
            &json!({"detail": [{"loc": ["body", "instructions"], "type": "extra_forbidden"}]}),
        ),
        None => Reply::of("audio/wav", tone(200.0)),
    })
    .await;
    let server = speaking(&tts, &[("AUDIO_WORKERS", "1")]).await;
    let said = async |text: &str| {
        let body = json!({"model": "tts", "voice": "one", "input": text, "instructions": "Whisper."});
        say(&server, KEY, &body).await.status
    };
    assert_eq!((said("Good morning.").await, said("Good evening.").await), (200, 200));
    assert_eq!(instructions(&tts), [json!("Whisper."), Value::Null, Value::Null], "it is told once");
    assert!(tts.asked().iter().all(|asked| asked.body["response_format"] == "wav"));
}

#[tokio::test]
async fn p25_openais_clients_are_spoken_to_by_a_speech_server() {
    let tts = humming().await;
    let server = speaking(&tts, &[]).await;
    let mut body = json!({"model": "gpt-4o-mini-tts", "voice": "onyx", "input": "Your key has expired.",
        "instructions": "Speak like a pirate.", "response_format": "pcm"});
    let answer = say(&server, KEY, &body).await;
    assert_eq!((answer.status, answer.header("x-voice-engine")), (200, Some("tts")), "{answer}");
    assert_eq!((answer.header("content-type"), answer.body.len() > 20_000), (Some("audio/pcm"), true));
    let asked = json!({"model": "voice-1", "input": "Your key has expired.", "voice": "other",
        "response_format": "wav", "instructions": "Speak like a pirate."});
    assert_eq!(tts.asked()[0].body, asked);

    for (member, wrong) in [("voice", json!("af_heart")), ("speed", json!(1.5)), ("instructions", json!(7))] {
        let mut body = body.clone();
        body[member] = wrong;
        let answer = say(&server, KEY, &body).await;
        assert_eq!((answer.status, &answer.json()["error"]["param"]), (400, &json!(member)), "{answer}");
    }
    body["model"] = "flite".into();
    assert_eq!(say(&server, KEY, &body).await.header("x-voice-engine"), Some("flite"));
    assert_eq!(tts.asked().len(), 1);
}

/// The files of the lines that are kept, of all clients.
fn kept(server: &TestServer) -> Vec<PathBuf> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let entries = folder.read_dir().into_iter().flatten();
        entries.map(|entry| entry.expect("an entry").path()).collect()
    };
    entries(&server.path("data/audio")).iter().flat_map(|owner| entries(&owner.join("lines"))).collect()
}

#[tokio::test]
async fn p25_a_line_is_not_paid_for_twice() {
    let tts = humming().await;
    let base = tts.url("/v1");
    let settings = [
        ("TTS_BASE_URL", &*base),
        ("TTS_MODEL", "voice-1"),
        ("TTS_VOICE_FEMALE", "one"),
        ("TTS_VOICE_MALE", "other"),
    ];
    let mut server = TestServer::with_keys_and(&csv(&[EXAMPLE, OTHER]), &settings).await;
    let talk = async |server: &TestServer| {
        let answer = server.send(post(server, &two_lines()).header("accept", "audio/wav")).await;
        assert_eq!(answer.status, 200, "{answer}");
        answer.body
    };
    let text = json!({"model": "tts", "voice": "one", "input": "Good morning."});
    let first = talk(&server).await;
    assert!(first == talk(&server).await, "the same sound");
    assert_eq!(say(&server, KEY, &text).await.status, 200, "a text finds what a conversation has paid for");
    server.restart_with(&[]);
    server.until("the keys are read", |status| status["mode"] == "enabled").await;
    assert!(first == talk(&server).await, "also after a restart");
    assert_eq!((tts.asked().len(), kept(&server).len()), (2, 2), "one call for each line");

    assert_eq!(say(&server, OTHERS_KEY, &text).await.status, 200);
    assert_eq!((tts.asked().len(), kept(&server).len()), (3, 3), "nobody learns what others have had spoken");

    for file in kept(&server) {
        let whole = std::fs::read(&file).expect("a line");
        std::fs::write(&file, &whole[..whole.len() / 2]).expect("a disk");
    }
    assert!(first == talk(&server).await, "what is damaged is made anew");
    assert!(first == talk(&server).await);
    assert_eq!(tts.asked().len(), 5);
}

#[tokio::test]
async fn p25_silence_is_not_kept() {
    let tts = Provider::start(|_, before| match before {
        0 => Reply::of("audio/pcm", vec![0; 48_000]),
        _ => Reply::of("audio/wav", tone(200.0)),
    })
    .await;
    let server = speaking(&tts, &[]).await;
    let body = json!({"model": "tts", "voice": "one", "input": "Good morning."});
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(say(&server, KEY, &body).await.status);
    }
    assert_eq!((statuses, tts.asked().len()), (vec![500, 200, 200], 2));
}
