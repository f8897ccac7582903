//! The credentials files of each kind, as gcloud writes them, with their addresses at this server.

use serde_json::{Value, json};

use super::Identity;

/// What a login is made of, and what a workload is known by.
pub(super) const CLIENT_ID: &str = "764086051850-testkit.apps.googleusercontent.com";
pub(super) const CLIENT_SECRET: &str = "d-CLIENT-SECRET-of-testkit";
pub(super) const REFRESH_TOKEN: &str = "1//03-REFRESH-TOKEN-of-testkit";
pub(super) const AUDIENCE: &str =
    "//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/ci/providers/github";
pub(super) const SUBJECT_TYPE: &str = "urn:ietf:params:oauth:token-type:jwt";
/// A JWT by its looks; only its issuer could tell more.
pub(super) const SUBJECT_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.SUBJECT-TOKEN-of-testkit.c2lnbmF0dXJl";
/// By which a runner proves itself to its provider.
pub(super) const RUNNER: &str = "bearer RUNNER-SECRET-of-testkit";

/// The project that pays in [`Identity::login_json`].
pub(super) const QUOTA_PROJECT: &str = "testkit-quota";

impl Identity {
    /// What `gcloud auth application-default login` leaves, with `token_uri` at this server.
    pub fn login_json(&self) -> String {
        self.login().to_string()
    }

    /// What `gcloud auth application-default login --impersonate-service-account` leaves.
    pub fn impersonated_json(&self) -> String {
        json!({
            "type": "impersonated_service_account",
            "delegates": [],
            "service_account_impersonation_url": self.impersonation_url(),
            "source_credentials": self.login(),
        })
        .to_string()
    }

    /// The same for a service account's key in the place of the login.
    pub fn impersonated_by_account_json(&self) -> String {
        let mut account: Value = self.inside.mint.account().clone();
        account["token_uri"] = format!("{}/assertion/token", self.inside.base).into();
        json!({
            "type": "impersonated_service_account",
            "delegates": ["projects/-/serviceAccounts/between@testkit-123456.iam.gserviceaccount.com"],
            "service_account_impersonation_url": self.impersonation_url(),
            "source_credentials": account,
        })
        .to_string()
    }

    /// What `gcloud iam workload-identity-pools create-cred-config --service-account` writes, for this source.
    pub fn workload_json(&self, credential_source: &Value) -> String {
        json!({
            "type": "external_account",
            "universe_domain": "googleapis.com",
            "audience": AUDIENCE,
            "subject_token_type": SUBJECT_TYPE,
            "token_url": format!("{}/sts/v1/token", self.inside.base),
            "credential_source": credential_source,
            "service_account_impersonation_url": self.impersonation_url(),
        })
        .to_string()
    }

    /// A source at an address that answers JSON, as GitHub Actions has it.
    pub fn provider_source(&self) -> Value {
        json!({
            "url": format!("{}/provider/json?audience=google", self.inside.base),
            "headers": { "Authorization": RUNNER },
            "format": { "type": "json", "subject_token_field_name": "value" },
        })
    }

    /// The same at an address that answers the token alone.
    pub fn text_provider_source(&self) -> Value {
        json!({ "url": format!("{}/provider/text", self.inside.base), "headers": { "Authorization": RUNNER } })
    }

    /// The token that the workload's platform gives it.
    pub fn subject_token(&self) -> &'static str {
        SUBJECT_TOKEN
    }

    /// The secrets that no output may show.
    pub fn secrets(&self) -> Vec<&'static str> {
        vec![CLIENT_SECRET, REFRESH_TOKEN, SUBJECT_TOKEN, RUNNER]
    }

    fn login(&self) -> Value {
        json!({
            "type": "authorized_user",
            "account": "",
            "universe_domain": "googleapis.com",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
            "quota_project_id": QUOTA_PROJECT,
            "token_uri": format!("{}/oauth2/token", self.inside.base),
        })
    }

    fn impersonation_url(&self) -> String {
        let (base, email) = (&self.inside.base, self.inside.mint.email());
        format!("{base}/iam/v1/projects/-/serviceAccounts/{email}:generateAccessToken")
    }
}
