//! Tokens that the emulated Google takes, had as any client has them: by an assertion that the account's key signs.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::Google;

/// The account's file, its key, and where Google is.
pub(super) struct Mint {
    account: Value,
    key: KeyPair,
    /// Where the API is.
    pub(super) google: String,
    /// Never by a proxy: everything is on this machine.
    pub(super) client: reqwest::Client,
}

impl Mint {
    pub(super) fn of(google: &Google) -> Self {
        let account: Value = serde_json::from_str(&google.credentials_json()).expect("the file is JSON");
        let pem = account["private_key"].as_str().expect("the file has a key");
        let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(text).expect("the key is in PEM");
        let key = KeyPair::from_pkcs8(&der).expect("the key is an RSA key");
        let client = reqwest::Client::builder().no_proxy().build().expect("a client can be made");
        Self { account, key, google: google.url(), client }
    }

    pub(super) fn account(&self) -> &Value {
        &self.account
    }

    pub(super) fn email(&self) -> &str {
        self.account["client_email"].as_str().expect("the file has an address")
    }

    /// A token for spreadsheets and its seconds, as Google's endpoint answers; or what that answered instead.
    pub(super) async fn token(&self) -> Result<(String, u64), String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_secs();
        let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({
            "iss": self.email(),
            "scope": "https://www.googleapis.com/auth/spreadsheets",
            "aud": "https://oauth2.googleapis.com/token",
            "iat": now,
            "exp": now + 3600,
        });
        let message = format!("{}.{}", encode(json!({ "alg": "RS256", "typ": "JWT" })), encode(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .expect("the key signs");
        let assertion = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
        let form =
            [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &*assertion)];
        let uri = self.account["token_uri"].as_str().expect("the file has an address for tokens");
        let answer = self.client.post(uri).form(&form).send().await.map_err(|error| error.to_string())?;
        let body: Value = answer.json().await.map_err(|error| error.to_string())?;
        let token = body["access_token"].as_str().ok_or_else(|| body.to_string())?;
        Ok((token.to_owned(), body["expires_in"].as_u64().unwrap_or_default()))
    }

    /// The claims of an assertion that the account's key signed.
    pub(super) fn open(&self, assertion: &str) -> Option<Value> {
        let (message, signature) = assertion.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.key.public_key());
        key.verify(message.as_bytes(), &signature).ok()?;
        let claims = URL_SAFE_NO_PAD.decode(message.split_once('.')?.1).ok()?;
        serde_json::from_slice(&claims).ok()
    }
}
