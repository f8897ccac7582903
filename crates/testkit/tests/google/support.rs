//! A bare HTTP client, and a way to get a token without the client under test.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use testkit::Google;

/// An answer, with its body as JSON (null if it is none) and as text.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
    pub(crate) json: Value,
}

pub(crate) async fn read(response: reqwest::Response) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.expect("a body arrives");
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status, headers, text, json }
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client can be built")
}

/// GETs `path` below the spreadsheet with a good token; `path` begins with "/" or is empty.
pub(crate) async fn get(google: &Google, path: &str) -> Answer {
    let token = good_token(google).await;
    let url = format!("{}/v4/spreadsheets/{}{path}", google.url(), google.sheet_id());
    read(client().get(url).bearer_auth(token).send().await.expect("the server answers")).await
}

pub(crate) async fn good_token(google: &Google) -> String {
    let answer = exchange(google, &assertion(google, json!({}))).await;
    answer.json["access_token"].as_str().expect(&answer.text).to_owned()
}

pub(crate) async fn exchange(google: &Google, assertion: &str) -> Answer {
    let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion)];
    let url = format!("{}/token", google.url());
    read(client().post(url).form(&form).send().await.expect("the server answers")).await
}

/// A right assertion, but for the claims that `wrong` replaces.
pub(crate) fn assertion(google: &Google, wrong: Value) -> String {
    let now = now();
    let mut claims = json!({
        "iss": google.client_email(),
        "scope": "https://www.googleapis.com/auth/spreadsheets",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": now,
        "exp": now + 3600,
    });
    if let Value::Object(wrong) = wrong {
        claims.as_object_mut().expect("claims are an object").extend(wrong);
    }
    sign(&own_key(google), &claims)
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_secs()
}

/// Signs without `kid`, as Google's node library does.
pub(crate) fn sign(key: &RsaKeyPair, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(claims));
    let mut signature = vec![0; key.public_modulus_len()];
    let random = SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).expect("an RSA key signs");
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn own_key(google: &Google) -> RsaKeyPair {
    let credentials: Value = serde_json::from_str(&google.credentials_json()).expect("credentials are JSON");
    let pem = credentials["private_key"].as_str().expect("a key stands in the file");
    let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    RsaKeyPair::from_pkcs8(&STANDARD.decode(lines).expect("the PEM holds base64")).expect("the key is PKCS#8")
}

/// A key that the account does not have.
pub(crate) fn foreign_key() -> RsaKeyPair {
    let key = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).expect("a key can be made");
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = key.as_der().expect("a key can be written");
    RsaKeyPair::from_pkcs8(der.as_ref()).expect("a written key can be read")
}
