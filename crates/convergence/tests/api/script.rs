//! Who writes what is spoken: the client, a language model, an outline (P25).

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::provider::{Asked, Provider, Reply, block};
use crate::support::{Answer, EXAMPLE, KEY, TestServer, csv};

const CAST: &str = r#"{"speakers": [
    {"name": "Mara", "gender": "female", "role": "keeper"}, {"name": "Tom", "gender": "male", "role": "guest"}]}"#;

/// A server that is helped by this language model.
pub async fn server(llm: &Provider, more: &[(&str, &str)]) -> TestServer {
    let base = llm.url("/v1");
    let settings = [("LLM_BASE_URL", &*base), ("LLM_MODEL", "test/model:1"), ("LLM_API_KEY", "llm-secret-1")];
    TestServer::with_keys_and(&csv(&[EXAMPLE]), &[&settings, more].concat()).await
}

pub fn post(server: &TestServer, body: &Value) -> RequestBuilder {
    server.request(Method::POST, "/convergence/generate-audio").bearer_auth(KEY).json(body)
}

async fn generate(server: &TestServer, body: &Value) -> Answer {
    server.send(post(server, body)).await
}

/// A model that writes well.
pub fn good(asked: &Asked, before: usize) -> Reply {
    let is_cast = asked.body["response_format"]["json_schema"]["name"] == "cast";
    if is_cast { Reply::chat(CAST) } else { Reply::chat(&block(asked, before).to_string()) }
}

#[tokio::test]
async fn p25_a_language_model_writes_the_length_that_was_asked_for() {
    let llm = Provider::start(good).await;
    let server = server(&llm, &[]).await;
    let answer = generate(&server, &json!({"prompt": "Lighthouses", "duration": 1, "vibe": "calm"})).await;
    let told = answer.json();
    assert_eq!((answer.status, &told["script_source"]), (200, &json!("llm:test/model:1")), "{answer}");
    assert_eq!(told["warnings"], json!([]));
    let lines = told["transcript"].as_array().expect("lines");
    let seconds = told["duration_seconds"].as_f64().expect("a length");
    assert!((seconds - 60.0).abs() <= 9.0 && told["target_seconds"] == 60, "{seconds} s for a minute");
    assert!(lines.windows(2).all(|pair| pair[0]["name"] != pair[1]["name"]));
    assert_eq!((&lines[0]["name"], &lines[1]["name"]), (&json!("Mara"), &json!("Tom")));

    let asked = llm.asked();
    assert!(asked.iter().all(|asked| asked.path == "/v1/chat/completions" && asked.method == Method::POST));
    assert!(asked.iter().all(|asked| asked.authorization.as_deref() == Some("Bearer llm-secret-1")));
    assert_eq!(asked[1].data()["material"], json!({"topic": "Lighthouses", "mood": "calm"}));
    assert_eq!(asked.last().expect("a block").data()["stage"], "closing");

    let wav = generate_wav(&server).await;
    assert_eq!(wav.header("x-script-source"), Some("llm:test/model:1"));
}

async fn generate_wav(server: &TestServer) -> Answer {
    let body = json!({"prompt": "Keys", "duration": 1});
    server.send(post(server, &body).header("accept", "audio/wav")).await
}

#[tokio::test]
async fn p25_a_model_that_writes_rubbish_is_an_honest_error() {
    let same = json!({"lines": [{"speaker": "Mara", "text": "[laughs]", "point": 0}]}).to_string();
    let llm = Provider::start(move |asked, before| match before {
        0 => good(asked, before),
        _ => Reply::chat(&same),
    });
    let llm = llm.await;
    let server = server(&llm, &[]).await;
    let answer = generate(&server, &json!({"prompt": "Keys", "duration": 1})).await;
    assert_eq!((answer.status, answer.code().as_str()), (502, "script_unusable"), "{answer}");
    let detail = answer.json()["detail"].as_str().expect("a detail").to_owned();
    assert!(detail.contains("asked 3 times") && detail.contains("stage direction"), "{detail}");
    let asked = llm.asked();
    assert_eq!(asked.len(), 4, "the cast, the block, and twice again");
    let messages = asked[3].body["messages"].as_array().expect("messages").clone();
    assert!(messages[3]["content"].as_str().expect("a text").contains("line 1: it has a stage direction"));
}

#[tokio::test]
async fn p25_what_is_wrong_once_is_mended() {
    let llm = Provider::start(|asked, before| {
        let Reply::Full(..) = good(asked, before) else { unreachable!() };
        if before == 0 {
            return good(asked, before);
        }
        let mut block = block(asked, before);
        if before == 1 {
            block["lines"][2]["text"] = "Thank you for listening, goodbye!".into();
        }
        Reply::chat(&format!("<think>what now? {{}}</think>```json\n{block}\n```"))
    })
    .await;
    let server = server(&llm, &[]).await;
    let told = generate(&server, &json!({"prompt": "Keys", "duration": 3})).await.json();
    assert_eq!(told["warnings"], json!([]));
    assert!(!told["transcript"].to_string().contains("listening"));
}

#[tokio::test]
async fn p25_servers_without_schemas_and_with_other_words_are_understood() {
    let llm = Provider::start(|asked, before| {
        let refusal = |message: &str| Reply::json(400, &json!({"error": {"message": message}}));
        if asked.body["response_format"]["type"] == "json_schema" {
            return refusal("response_format json_schema is not supported");
        }
        if asked.body.get("max_tokens").is_some() {
            return refusal("use max_completion_tokens");
        }
        Reply::chat(&block(asked, before).to_string())
    })
    .await;
    let server = server(&llm, &[]).await;
    let speakers = json!([{"name": "Ann", "gender": "female"}, {"name": "Ben", "gender": "male"}]);
    let answer = generate(&server, &json!({"prompt": "Keys", "duration": 1, "speakers": speakers})).await;
    assert_eq!((answer.status, &answer.json()["transcript"][0]["name"]), (200, &json!("Ann")), "{answer}");
    let asked = llm.asked();
    let system = asked[2].body["messages"][0]["content"].as_str().expect("a text");
    assert!(system.contains("\"enum\":[\"Ann\",\"Ben\"]"), "the schema is told in words: {system}");
    let refused = asked.iter().filter(|asked| asked.body["response_format"]["type"] == "json_schema").count();
    assert_eq!(refused, 1, "what was learnt is kept");
}

#[tokio::test]
async fn p25_an_outline_is_followed_and_its_coverage_told() {
    let llm = Provider::start(good).await;
    let server = server(&llm, &[]).await;
    let outline = "# Towers\n- wooden towers\n- stone towers\n# Keepers";
    let told = generate(&server, &json!({"outline": outline, "duration": 3})).await.json();
    let coverage = told["outline_coverage"].as_array().expect("a list").clone();
    let points: Vec<&str> = coverage.iter().map(|point| point["point"].as_str().expect("a text")).collect();
    assert_eq!(points, ["Towers", "wooden towers", "stone towers", "Keepers"]);
    for point in &coverage {
        let line = usize::try_from(point["line"].as_u64().expect("a line")).expect("small");
        let text = told["transcript"][line]["message"].as_str().expect("a text");
        let word = point["point"].as_str().expect("a text").split(' ').next().expect("a word");
        assert!(point["covered"] == true && text.contains(word), "{point} in {text}");
    }
}

#[tokio::test]
async fn p25_an_outline_without_a_model_is_presented_in_its_own_words() {
    let server = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    let body =
        json!({"outline": {"title": "Keys", "points": ["one for each", "none shared"]}, "duration": 1});
    let told = generate(&server, &body).await.json();
    assert_eq!(told["script_source"], "outline");
    assert_eq!(told["outline_coverage"][2], json!({"point": "none shared", "covered": true, "line": 3}));
    assert_eq!(told["transcript"][3]["message"], "Keys. one for each. none shared.");
    let again = generate(&server, &body).await.json();
    assert_eq!(again["transcript"], told["transcript"]);
}

#[tokio::test]
async fn p25_a_transcript_comes_in_several_forms_and_is_never_cut() {
    let llm = Provider::start(good).await;
    let server = server(&llm, &[]).await;
    let text = "Ann (female): Good morning.\nBen (male): Good morning to you.";
    let items = json!([{"name": "Ann", "gender": "female", "role": "host", "message": "Good morning.", "timestamp": "00:00"}]);
    for (transcript, first, lines) in [
        (json!(text), "Good morning.", 2),
        (json!({"conversation": items}), "Good morning.", 1),
        (items.clone(), "Good morning.", 1),
    ] {
        let told = generate(&server, &json!({"transcript": transcript, "duration": 1})).await.json();
        assert_eq!((&told["script_source"], &told["warnings"]), (&json!("transcript"), &json!([])), "{told}");
        let spoken = told["transcript"].as_array().expect("lines");
        assert_eq!((&spoken[0]["message"], spoken.len()), (&json!(first), lines));
    }
    assert_eq!(llm.asked().len(), 0, "what is given needs no model");
}
