//! The members of all kinds of credentials files. Google's files have more.

use std::collections::BTreeMap;

use reqwest::Url;
use serde::Deserialize;

use super::CredentialsError;
use crate::secret::Secret;
use crate::transport::is_loopback;

/// A file of any kind. Everything may be missing, so that each fault gets its own words; what is secret is in a
/// type that is wiped, whatever else is wrong.
#[derive(Deserialize)]
pub(super) struct File {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) quota_project_id: Option<String>,
    pub(super) token_uri: Option<String>,
    // service_account
    pub(super) client_email: Option<String>,
    pub(super) private_key_id: Option<String>,
    pub(super) private_key: Option<Secret>,
    // authorized_user, and for client authentication external_account
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<Secret>,
    pub(super) refresh_token: Option<Secret>,
    // external_account
    pub(super) audience: Option<String>,
    pub(super) subject_token_type: Option<String>,
    pub(super) token_url: Option<String>,
    pub(super) workforce_pool_user_project: Option<String>,
    pub(super) credential_source: Option<CredentialSource>,
    pub(super) service_account_impersonation: Option<ImpersonationOptions>,
    // external_account and impersonated_service_account
    pub(super) service_account_impersonation_url: Option<String>,
    // impersonated_service_account
    #[serde(default)]
    pub(super) delegates: Option<Vec<String>>,
    pub(super) source_credentials: Option<Box<File>>,
}

/// Where a workload's own token comes from.
#[derive(Deserialize)]
pub(super) struct CredentialSource {
    pub(super) file: Option<String>,
    pub(super) url: Option<String>,
    pub(super) headers: Option<BTreeMap<String, Secret>>,
    pub(super) format: Option<Format>,
    /// `aws1`.
    pub(super) environment_id: Option<String>,
    pub(super) executable: Option<serde::de::IgnoredAny>,
    pub(super) certificate: Option<serde::de::IgnoredAny>,
}

/// How that token is written down.
#[derive(Deserialize)]
pub(super) struct Format {
    /// `text`, which is the default, or `json`.
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) subject_token_field_name: Option<String>,
}

/// What is asked of the impersonated account's token.
#[derive(Deserialize)]
pub(super) struct ImpersonationOptions {
    pub(super) token_lifetime_seconds: Option<u64>,
}

impl File {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, CredentialsError> {
        // Windows tools put a byte order mark before JSON.
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        serde_json::from_slice(bytes)
            .map_err(|error| CredentialsError::NotJson { line: error.line(), column: error.column() })
    }

    /// The project that pays for the calls; it stands in a header.
    pub(super) fn quota_project(&mut self) -> Result<Option<String>, CredentialsError> {
        let project = self.quota_project_id.take().filter(|project| !project.is_empty());
        match &project {
            Some(id) if !id.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Err(CredentialsError::Member("quota_project_id"))
            }
            _ => Ok(project),
        }
    }
}

/// A member that is there and not blank.
pub(super) fn present(member: Option<String>) -> Option<String> {
    member.filter(|text| !text.trim().is_empty())
}

/// An address that a secret may be sent to: https, or plain http within this machine.
pub(super) fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim()).ok()?;
    let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    (safe && url.has_host()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_by_https_or_stay_on_this_machine() {
        for url in ["https://sts.googleapis.com/v1/token", "http://127.0.0.1:9/token", "http://localhost/x"] {
            assert!(address(url).is_some(), "{url}");
        }
        for url in [
            "http://sts.googleapis.com/v1/token",
            "http://169.254.169.254/token",
            "http://localhost.example.com/",
            "file:///etc/passwd",
            "/v1/token",
            "",
        ] {
            assert!(address(url).is_none(), "{url}");
        }
    }
}
