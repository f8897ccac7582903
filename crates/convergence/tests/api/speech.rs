//! `POST /v1/audio/speech` and `GET /v1/models`, spoken by the real voice program. What OpenAI's own client makes of them is in
//! the tests of the process.

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::api::Api;
use crate::support::{Answer, EXAMPLE, KEY, TestServer, csv};

const SPEECH: &str = "/v1/audio/speech";

async fn server() -> TestServer {
    TestServer::with_keys(&csv(&[EXAMPLE])).await
}

async fn post(server: &TestServer, body: impl ToString) -> Answer {
    let request = server.request(Method::POST, SPEECH).bearer_auth(KEY);
    server.send(request.header("content-type", "application/json").body(body.to_string())).await
}

async fn get(server: &TestServer, path: &str) -> Answer {
    server.send(server.request(Method::GET, path).bearer_auth(KEY)).await
}

/// What is asked for, with one member more.
fn asked(member: &str, value: impl Into<Value>) -> Value {
    let mut asked = json!({"model": "flite", "voice": "slt", "input": "Your key has expired."});
    asked[member] = value.into();
    asked
}

/// A refusal in OpenAI's form: its status, and the members of `error`.
fn error(answer: &Answer) -> (u16, String, Value) {
    let told = answer.json();
    assert_eq!(told.as_object().map(serde_json::Map::len), Some(1), "{answer}");
    let error = told["error"].as_object().expect("an object").clone();
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(
        ["message", "type", "param", "code"].iter().all(|member| error.contains_key(*member)),
        "{answer}"
    );
    (answer.status, error["code"].as_str().expect("a code").to_owned(), error["param"].clone())
}

/// The samples of a WAV of our form.
fn samples(wav: &[u8]) -> Vec<i16> {
    let reader = hound::WavReader::new(wav).expect("a WAV");
    assert_eq!((reader.spec().channels, reader.spec().sample_rate), (1, 24_000));
    reader.into_samples().collect::<Result<_, _>>().expect("whole samples")
}

#[tokio::test]
async fn a_text_is_said_in_each_form_and_the_same_each_time() {
    let server = server().await;
    let wav = post(&server, asked("response_format", Value::Null)).await;
    assert_eq!((wav.status, wav.header("content-type")), (200, Some("audio/wav")), "{wav}");
    assert_eq!((wav.header("x-voice-engine"), wav.header("x-audio-warning")), (Some("flite"), None));
    assert_eq!(wav.header("x-client-name"), Some("MyApp Production"));
    assert_eq!(wav.header("ratelimit-policy"), Some(r#""default";q=60;w=60"#));
    let sound = samples(&wav.body);
    assert!(sound.len() > 24_000, "more than a second");
    assert!(sound.iter().any(|sample| sample.unsigned_abs() > 3_000), "not silence");

    let again = post(&server, asked("response_format", "wav")).await;
    assert!(again.body == wav.body, "the same bytes");
    let pcm = post(&server, asked("response_format", "pcm")).await;
    assert_eq!(pcm.header("content-type"), Some("audio/pcm"));
    let bytes: Vec<u8> = sound.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    assert!(pcm.body == bytes, "the WAV's samples and nothing else");
    let opus = post(&server, asked("response_format", "opus")).await;
    assert_eq!(opus.header("content-type"), Some("audio/ogg; codecs=opus"));
    assert!(opus.body.starts_with(b"OggS") && opus.body.len() < wav.body.len() / 4);

    let files = std::fs::read_dir(server.path("data/audio")).expect("the studio's folder");
    assert_eq!(files.count(), 0, "nothing is kept");
    let me = get(&server, "/auth/me").await.json();
    #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
    let wanted = 4.0 * sound.len() as f64 / 24_000.0;
    let counted = me["usage"]["today"]["audio_seconds"].as_f64().expect("a number");
    assert!((counted - wanted).abs() < 0.02, "{counted} s counted, {wanted} s said");
}

#[tokio::test]
async fn openais_names_stand_for_ours() {
    let server = server().await;
    let (her, him) = (post(&server, asked("voice", "slt")).await, post(&server, asked("voice", "rms")).await);
    assert!(her.status == 200 && him.status == 200 && her.body != him.body);
    for (names, own) in [
        (["alloy", "coral", "nova", "sage", "shimmer", "marin"].as_slice(), &her),
        (&["ash", "ballad", "echo", "fable", "onyx", "verse", "cedar"], &him),
    ] {
        for name in names {
            assert!(post(&server, asked("voice", *name)).await.body == own.body, "{name}");
        }
    }
    assert!(post(&server, asked("voice", json!({"id": "rms"}))).await.body == him.body);
    for model in ["tts-1", "tts-1-hd", "gpt-4o-mini-tts"] {
        assert!(post(&server, asked("model", model)).await.body == her.body, "{model}");
    }
    for (member, value) in
        [("instructions", json!("Whisper.")), ("speed", json!(1)), ("stream_format", json!("audio"))]
    {
        assert!(post(&server, asked(member, value)).await.body == her.body, "{member}");
    }
}

#[tokio::test]
async fn a_voice_speaks_slower_and_faster() {
    let server = server().await;
    let mut lengths = Vec::new();
    for speed in [0.5, 1.0, 2.0] {
        lengths.push(samples(&post(&server, asked("speed", speed)).await.body).len());
    }
    let [slow, usual, fast] = lengths[..] else { panic!("three") };
    assert!(slow > usual * 17 / 10 && usual > fast * 17 / 10, "{lengths:?}");
}

#[tokio::test]
async fn a_long_text_is_said_to_its_end_and_what_has_no_sound_is_counted() {
    let server = server().await;
    let sentence = "A key that has expired opens nothing. ";
    let once = samples(&post(&server, asked("input", sentence)).await.body).len();
    let often = 4_096 / sentence.len();
    let long = post(&server, asked("input", sentence.repeat(often))).await;
    let length = samples(&long.body).len();
    assert!(
        length > once * often * 9 / 10 && length < once * often * 12 / 10,
        "{often} times {once}: {length}"
    );
    let emoji = post(&server, asked("input", "Well done \u{1f389}\u{1f389}!")).await;
    let warning = emoji.header("x-audio-warning").expect("a warning");
    assert!(emoji.status == 200 && warning.starts_with("2 character(s)"), "{warning}");
}

#[tokio::test]
async fn a_text_that_would_last_too_long_is_refused() {
    let server = server().await;
    // Each of these takes several seconds to say.
    let numbers = asked("input", "777777777777777 ".repeat(256));
    assert_eq!(error(&post(&server, numbers).await), (422, "too_long".to_owned(), Value::Null));
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_in_openais_words() {
    let server = server().await;
    let wrong = json!({"input": 7, "voice": "alloy", "response_format": "aac", "speed": "fast", "stream_format": "sse"});
    assert_snapshot!(post(&server, wrong).await, @r#"
    400
    cache-control: no-store
    content-length: 292
    content-type: application/json
    ratelimit-policy: "default";q=60;w=60
    ratelimit: "default";r=59;t=60
    x-client-name: MyApp Production

    {
      "error": {
        "code": "missing_required_parameter",
        "message": "model: is required; input: must be text; speed: must be a number; response_format: must be wav, opus, pcm or mp3, since there is no encoder for others here; stream_format: must be audio",
        "param": "model",
        "type": "invalid_request_error"
      }
    }
    "#);
    for (member, value, code) in [
        ("input", json!(""), "invalid_value"),
        ("input", json!("x".repeat(4_097)), "invalid_value"),
        ("input", json!("\u{1f389}"), "invalid_value"),
        ("input", Value::Null, "missing_required_parameter"),
        ("voice", json!("nobody"), "invalid_value"),
        ("voice", json!({"id": 7}), "invalid_value"),
        ("voice", Value::Null, "missing_required_parameter"),
        ("model", Value::Null, "missing_required_parameter"),
        ("response_format", json!("aac"), "unsupported_value"),
        ("response_format", json!("flac"), "unsupported_value"),
        ("response_format", json!(["wav"]), "unsupported_value"),
        ("speed", json!(0.25), "unsupported_value"),
        ("speed", json!("1"), "invalid_value"),
        ("speed", json!(2.01), "unsupported_value"),
    ] {
        let answer = post(&server, asked(member, value.clone())).await;
        assert_eq!(error(&answer), (400, code.to_owned(), member.into()), "{member}: {value}");
    }
    assert!(
        post(&server, asked("voice", "nobody"))
            .await
            .to_string()
            .contains("such as slt and rms, or one of alloy, ash")
    );
    // Its files are not where the tests run.
    let missing = post(&server, asked("model", "kokoro")).await;
    assert_eq!(error(&missing), (503, "no_voice".to_owned(), Value::Null));
    assert!(missing.json()["error"]["type"] == "server_error" && missing.header("retry-after").is_some());
    let unknown = post(&server, asked("model", "whisper-1")).await;
    assert_eq!(error(&unknown), (404, "model_not_found".to_owned(), "model".into()));
    for body in ["", "{", "[]", "null"] {
        assert_eq!(
            error(&post(&server, body).await),
            (400, "invalid_json".to_owned(), Value::Null),
            "{body}"
        );
    }
    let form = server.request(Method::POST, SPEECH).bearer_auth(KEY).form(&[("input", "x")]);
    let form = error(&server.send(form).await);
    assert_eq!(form, (415, "unsupported_media_type".to_owned(), Value::Null));
}

#[tokio::test]
async fn what_can_speak_is_listed() {
    let server = server().await;
    let flite = json!({"id": "flite", "object": "model", "created": 0, "owned_by": "convergence"});
    assert_eq!(get(&server, "/v1/models").await.json(), json!({"object": "list", "data": [flite]}));
    assert_eq!(get(&server, "/v1/models/flite").await.json(), flite);
    assert_eq!(get(&server, "/v1/models/tts-1").await.json()["id"], "tts-1");
    let unknown = error(&get(&server, "/v1/models/gpt-5").await);
    assert_eq!(unknown, (404, "model_not_found".to_owned(), "model".into()));
    for (method, path) in
        [(Method::POST, "/v1/models"), (Method::GET, SPEECH), (Method::DELETE, "/v1/models/flite")]
    {
        let answer = server.send(server.request(method, path).bearer_auth(KEY)).await;
        assert_eq!((answer.status, answer.code().as_str()), (405, "method_not_allowed"), "{path}");
    }
}

#[tokio::test]
async fn p18_openais_routes_need_a_key() {
    let server = server().await;
    for path in ["/v1/models", "/v1/models/flite", SPEECH] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "authentication_required"), "{path}");
    }
}

/// Who answers for the models and who for speech: this server, or an upstream, which says under which URI it was asked.
async fn who_answers(server: &TestServer) -> (bool, bool) {
    let is_ours = |answer: &Answer, ours: bool| match answer.json() {
        told if told.get("uri").is_some() => false,
        _ => ours,
    };
    let models = get(server, "/v1/models").await;
    let speech = post(server, "{}").await;
    (
        is_ours(&models, models.json()["object"] == "list"),
        is_ours(&speech, speech.json()["error"].is_object()),
    )
}

#[tokio::test]
async fn an_upstreams_paths_are_the_upstreams_unless_the_operator_says_otherwise() {
    let api = Api::start(false).await;
    let url = format!("http://{}", api.address);
    let route = format!(
        "[[route]]\nprefix = \"/v1/audio\"\nupstream = \"speech\"\n[upstream.speech]\nurls = [\"{url}\"]\n"
    );
    let files =
        [("routes.toml", route.as_str()), ("slow.toml", "[[route]]\nprefix = \"/v1\"\ntimeout = 5\n")];
    let (upstream, routes) = (("UPSTREAM_URL", url.as_str()), ("ROUTES_FILE", "{folder}/routes.toml"));
    let slow = ("ROUTES_FILE", "{folder}/slow.toml");
    let on = ("OPENAI_SPEECH", "true");
    for (settings, expected) in [
        ([upstream].as_slice(), (false, false)),
        (&[upstream, on], (true, true)),
        (&[routes], (true, false)),
        (&[routes, on], (true, true)),
        (&[slow], (true, true)),
        (&[slow, upstream], (false, false)),
    ] {
        let server = TestServer::with_keys_and_files(&csv(&[EXAMPLE]), &files, settings).await;
        assert_eq!(who_answers(&server).await, expected, "{settings:?}");
    }
    let off = TestServer::with_keys_and(&csv(&[EXAMPLE]), &[("OPENAI_SPEECH", "false")]).await;
    assert_eq!(get(&off, "/v1/models").await.status, 404);
    assert_eq!(post(&off, asked("speed", 1)).await.code(), "not_found");
}
