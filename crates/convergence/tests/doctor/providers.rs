//! Those who help with audio.

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Findings, doctor};

/// What the doctor says where each of these two servers answers every request with this.
async fn examine(status: &'static str, body: &'static str, key: &'static str) -> Findings {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4_096];
            let read = stream.read(&mut request).await.expect("a request");
            assert!(
                request[..read].starts_with(b"GET /v1/models "),
                "the list of models is what is asked for"
            );
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await.expect("it is read");
        }
    });
    let settings =
        [("LLM_BASE_URL", base), ("LLM_MODEL", "small:1b".to_owned()), ("LLM_API_KEY", key.to_owned())];
    run(settings.to_vec()).await
}

async fn run(settings: Vec<(&'static str, String)>) -> Findings {
    let folder = TempDir::new().expect("a temporary folder");
    let keys = "api_key,client_name,is_active\nsk-convergence-abc123xyz,MyApp Production,TRUE\n";
    std::fs::write(folder.path().join("keys.csv"), keys).expect("a keys file");
    let run = move || {
        let guarded = [("AUTH_ENABLED", "true"), ("KEYS_FILE", "keys.csv"), ("API_PORT", "0")];
        let settings = settings.iter().map(|(name, value)| (*name, &**value));
        doctor(folder.path(), &guarded.into_iter().chain(settings).collect::<Vec<_>>())
    };
    // The server answers meanwhile.
    tokio::task::spawn_blocking(run).await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_looked_for_in_the_servers_list() {
    for (status, body, expected, code) in [
        (
            "200 OK",
            r#"{"data": [{"id": "small:1b"}]}"#,
            "ok: LLM_BASE_URL: it is reached, and has LLM_MODEL",
            0,
        ),
        (
            "200 OK",
            r#"{"data": [{"id": "other"}]}"#,
            "FAIL: LLM_BASE_URL: it is reached, and does not list LLM_MODEL; correct it, or load the model there",
            1,
        ),
        (
            "404 Not Found",
            "",
            "note: LLM_BASE_URL: it is reached, and has no list of models; whether it has LLM_MODEL is not known",
            0,
        ),
        (
            "401 Unauthorized",
            r#"{"error": {"message": "abc123xyz is wrong"}}"#,
            "FAIL: LLM_BASE_URL: it refuses LLM_API_KEY with 401; correct the key",
            1,
        ),
    ] {
        let findings = examine(status, body, "abc123xyz").await;
        assert_eq!((findings.one("providers").as_str(), findings.code), (expected, Some(code)), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_there_is_told_and_who_is_not_set_is_not() {
    let tts = [
        ("TTS_BASE_URL", "http://127.0.0.1:1/v1"),
        ("TTS_MODEL", "m"),
        ("TTS_VOICE_FEMALE", "a"),
        ("TTS_VOICE_MALE", "b"),
    ];
    let findings = run(tts.map(|(name, value)| (name, value.to_owned())).to_vec()).await;
    let expected = "FAIL: TTS_BASE_URL: it cannot be reached; start it, or correct TTS_BASE_URL";
    assert_eq!(findings.one("providers"), expected);
    assert!(run(Vec::new()).await.of("providers").is_empty());
}
