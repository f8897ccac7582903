//! The token endpoint takes right assertions only, and refuses in Google's words.

use serde_json::{Value, json};
use testkit::{Fault, Google, Times};

use crate::support::{assertion, client, exchange, foreign_key, get, now, read, sign};

#[tokio::test]
async fn a_right_assertion_gets_a_token_that_the_api_takes() {
    let google = Google::start().await;
    let answer =
        exchange(&google, &assertion(&google, json!({ "aud": format!("{}/token", google.url()) }))).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "application/json; charset=UTF-8");
    assert_eq!(answer.headers["server"], "scaffolding on HTTPServer2");
    assert_eq!(answer.json["expires_in"], 3599);
    assert_eq!(answer.json["token_type"], "Bearer");
    let token = answer.json["access_token"].as_str().unwrap();
    assert!(token.starts_with("ya29.c.") && token.len() == 1024);
    assert_eq!(answer.json.as_object().unwrap().len(), 3, "neither scope nor refresh_token");

    assert_eq!(get(&google, "").await.status, 200);
    assert_eq!(google.token_requests(), 2);
}

#[tokio::test]
async fn a_wrong_assertion_is_refused_in_googles_words() {
    let google = Google::start().await;
    let right = assertion(&google, json!({}));
    let timeframe = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check \
        your iat and exp values in the JWT claim.";
    let audience =
        "Invalid JWT: Failed audience check. The right audience is https://oauth2.googleapis.com/token";
    let claims =
        json!({ "iss": google.client_email(), "scope": "x", "aud": "x", "iat": now(), "exp": now() });

    let cases = [
        (sign(&foreign_key(), &claims), "invalid_grant", "Invalid JWT Signature."),
        (format!("{right}=="), "invalid_grant", "Invalid JWT Signature."),
        ("rubbish".to_owned(), "invalid_grant", "Invalid JWT Signature."),
        (
            assertion(&google, json!({ "iss": "someone@example.com" })),
            "invalid_grant",
            "Invalid JWT Signature.",
        ),
        (assertion(&google, json!({ "aud": "https://example.com" })), "invalid_grant", audience),
        (assertion(&google, json!({ "exp": now() + 3700 })), "invalid_grant", timeframe),
        (assertion(&google, json!({ "iat": now() - 1000, "exp": now() + 1000 })), "invalid_grant", timeframe),
        (assertion(&google, json!({ "iat": now() + 1000, "exp": now() + 2000 })), "invalid_grant", timeframe),
        (
            assertion(&google, json!({ "scope": "https://www.googleapis.com/auth/tasks" })),
            "invalid_scope",
            "Invalid OAuth scope or ID token audience provided.",
        ),
    ];
    for (assertion, error, description) in cases {
        let answer = exchange(&google, &assertion).await;
        assert_eq!(answer.status, 400, "{description}");
        assert_eq!(answer.json, json!({ "error": error, "error_description": description }));
    }
}

#[tokio::test]
async fn another_grant_is_refused() {
    let google = Google::start().await;
    let form = [("grant_type", "password")];
    let answer = client().post(format!("{}/token", google.url())).form(&form).send().await.unwrap();
    assert_eq!(read(answer).await.json["error"], "unsupported_grant_type");
}

#[tokio::test]
async fn token_faults_answer_as_recorded_and_then_heal() {
    let google = Google::start().await;
    for (fault, status, description) in [
        (Fault::TokenInvalidSignature, 400, json!("Invalid JWT Signature.")),
        (Fault::AccountNotFound, 400, json!("Invalid grant: account not found")),
        (Fault::TokenServerError, 503, Value::Null),
    ] {
        google.inject(fault, Times::Once);
        let answer = exchange(&google, &assertion(&google, json!({}))).await;
        assert_eq!((answer.status, &answer.json["error_description"]), (status, &description));
    }
    assert_eq!(exchange(&google, &assertion(&google, json!({}))).await.status, 200);
}

#[tokio::test]
async fn a_skewed_clock_shows_in_the_date_header() {
    let google = Google::start().await;
    google.inject(Fault::TokenClockSkew, Times::Always);
    let answer = exchange(&google, &assertion(&google, json!({}))).await;

    assert_eq!(answer.json["error"], "invalid_grant");
    let date = httpdate::parse_http_date(answer.headers["date"].to_str().unwrap()).unwrap();
    let theirs = date.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!(theirs > now() + 7000, "google's clock is two hours ahead");
    google.heal();
    assert_eq!(exchange(&google, &assertion(&google, json!({}))).await.status, 200);
}
