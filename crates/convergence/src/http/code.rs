//! Every `code` that an error answer of this server can have, in one list: clients decide by them.

use std::borrow::Cow;

use http::StatusCode;
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// What goes with a code.
pub(crate) struct Facts {
    pub(crate) word: &'static str,
    /// The one status that it comes with.
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    /// When it comes, as a sentence after a space.
    pub(crate) when: &'static str,
}

/// Makes the enum, the list of all, and what goes with each, out of one table.
macro_rules! codes {
    ($(#[doc = $when:literal] $name:ident = $word:literal, $status:ident, $title:literal;)*) => {
        /// The closed list.
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code { $(#[doc = $when] $name),* }

        impl Code {
            /// In the order of the table.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            /// What goes with it.
            pub(crate) const fn facts(self) -> Facts {
                match self {
                    $(Self::$name => Facts {
                        word: $word, status: StatusCode::$status, title: $title, when: $when
                    }),*
                }
            }
        }
    };
}

codes! {
    /// No key came, or none that can be read.
    AuthenticationRequired = "authentication_required", UNAUTHORIZED, "Authentication required";
    /// The key is not in the sheet.
    UnknownApiKey = "unknown_api_key", UNAUTHORIZED, "Invalid API key";
    /// The key is switched off or revoked, or its row cannot be read.
    InactiveApiKey = "inactive_api_key", UNAUTHORIZED, "Invalid API key";
    /// The key has expired.
    ExpiredApiKey = "expired_api_key", UNAUTHORIZED, "Invalid API key";
    /// Several `Authorization` headers came.
    RepeatedAuthorization = "repeated_authorization", BAD_REQUEST, "Bad request";
    /// The path can be read in two ways, and the key has scopes.
    AmbiguousPath = "ambiguous_path", BAD_REQUEST, "Bad request";
    /// The key is for another environment.
    WrongEnvironment = "wrong_environment", FORBIDDEN, "Not allowed for this key";
    /// The key may not be used from the client's address.
    AddressNotAllowed = "address_not_allowed", FORBIDDEN, "Not allowed for this key";
    /// The key may not be used with this method.
    MethodNotAllowedForKey = "method_not_allowed_for_key", FORBIDDEN, "Not allowed for this key";
    /// The key lacks a scope that the path needs.
    InsufficientScope = "insufficient_scope", FORBIDDEN, "Not allowed for this key";
    /// The client has used up its requests for the minute.
    RateLimitExceeded = "rate_limit_exceeded", TOO_MANY_REQUESTS, "Rate limit exceeded";
    /// The client has used up its requests for the day or the month.
    QuotaExceeded = "quota_exceeded", TOO_MANY_REQUESTS, "Quota exceeded";
    /// The client has used up its minutes of sound for the day.
    AudioQuotaExceeded = "audio_quota_exceeded", TOO_MANY_REQUESTS, "Audio quota exceeded";
    /// Too many keys that are not known came from the client's address.
    TooManyFailedAttempts = "too_many_failed_attempts", TOO_MANY_REQUESTS, "Too many failed attempts";
    /// Keys or limits cannot be checked at the moment.
    AuthenticationUnavailable = "authentication_unavailable", SERVICE_UNAVAILABLE, "Authentication unavailable";
    /// There is nothing at this path, or nothing of the client's.
    NotFound = "not_found", NOT_FOUND, "Not found";
    /// The path takes other methods, which `Allow` names.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed";
    /// The request is not HTTP as RFC 9112 has it.
    BadRequestFraming = "bad_request_framing", BAD_REQUEST, "Bad request framing";
    /// The request's head is too large.
    HeaderTooLarge = "header_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE, "Request header too large";
    /// The body is larger than it may be.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "Body too large";
    /// The body broke off.
    BodyUnreadable = "body_unreadable", BAD_REQUEST, "Bad request";
    /// The body did not arrive in time.
    BodyTimeout = "body_timeout", REQUEST_TIMEOUT, "Request timeout";
    /// The body is not said to be JSON.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type";
    /// The body is not JSON.
    InvalidJson = "invalid_json", BAD_REQUEST, "Invalid JSON";
    /// Members of the body are wrong; `errors` names them all.
    InvalidRequest = "invalid_request", UNPROCESSABLE_ENTITY, "Invalid request";
    /// `outline_url` cannot be reached.
    OutlineUnavailable = "outline_unavailable", BAD_GATEWAY, "Outline unavailable";
    /// `outline_url` takes too long.
    OutlineTimeout = "outline_timeout", GATEWAY_TIMEOUT, "Outline unavailable";
    /// What is at `outline_url` is no text.
    OutlineMediaType = "outline_media_type", UNSUPPORTED_MEDIA_TYPE, "Unsupported outline";
    /// As many recordings as may wait do so already.
    QueueFull = "queue_full", TOO_MANY_REQUESTS, "Too much to say";
    /// The recording would be too long.
    TooLong = "too_long", UNPROCESSABLE_ENTITY, "Too much to say";
    /// The server has no room for the recording.
    NoRoom = "no_room", INSUFFICIENT_STORAGE, "The disk is full";
    /// Nothing on the server can speak.
    NoVoice = "no_voice", SERVICE_UNAVAILABLE, "No voice installed";
    /// The voice took too long for a line.
    VoiceTimeout = "voice_timeout", GATEWAY_TIMEOUT, "The voice took too long";
    /// The recording could not be made.
    RecordingFailed = "recording_failed", INTERNAL_SERVER_ERROR, "Recording failed";
    /// The recording is there, and cannot be read.
    RecordingUnreadable = "recording_unreadable", INTERNAL_SERVER_ERROR, "Recording unreadable";
    /// The language model wrote nothing that can be spoken.
    ScriptUnusable = "script_unusable", BAD_GATEWAY, "No script";
    /// The recording was cancelled.
    Cancelled = "cancelled", GONE, "Cancelled";
    /// The provider could not be reached, or hung up.
    ProviderUnavailable = "provider_unavailable", SERVICE_UNAVAILABLE, "Provider unavailable";
    /// The provider has not answered in time.
    ProviderTimeout = "provider_timeout", GATEWAY_TIMEOUT, "The provider took too long";
    /// The provider has too much to do.
    ProviderBusy = "provider_busy", SERVICE_UNAVAILABLE, "Provider busy";
    /// The provider has refused the server's request.
    ProviderRefused = "provider_refused", BAD_GATEWAY, "Refused by the provider";
    /// The provider's answer cannot be used.
    ProviderUnusable = "provider_unusable", BAD_GATEWAY, "Unusable answer of the provider";
    /// What may be spent on the provider today is spent.
    BudgetSpent = "budget_spent", SERVICE_UNAVAILABLE, "Budget used up";
    /// What the client has used cannot be read at the moment.
    UsageUnavailable = "usage_unavailable", SERVICE_UNAVAILABLE, "Usage unavailable";
    /// The server is about to stop.
    Stopping = "stopping", SERVICE_UNAVAILABLE, "Stopping";
    /// A member of a body under `/v1` has a wrong value.
    InvalidValue = "invalid_value", BAD_REQUEST, "Invalid request";
    /// A member of a body under `/v1` has a value that is right elsewhere, and not here.
    UnsupportedValue = "unsupported_value", BAD_REQUEST, "Invalid request";
    /// A member of a body under `/v1` is missing.
    MissingRequiredParameter = "missing_required_parameter", BAD_REQUEST, "Invalid request";
    /// There is no such model.
    ModelNotFound = "model_not_found", NOT_FOUND, "Invalid request";
    /// The API behind the gateway cannot be reached.
    UpstreamUnreachable = "upstream_unreachable", BAD_GATEWAY, "Bad gateway";
    /// The API behind the gateway cannot switch to another protocol.
    UpstreamCannotUpgrade = "upstream_cannot_upgrade", BAD_GATEWAY, "Bad gateway";
    /// The API behind the gateway has sent no valid answer.
    UpstreamBadAnswer = "upstream_bad_answer", BAD_GATEWAY, "Bad gateway";
    /// The API behind the gateway has not answered in time.
    UpstreamTimeout = "upstream_timeout", GATEWAY_TIMEOUT, "Gateway timeout";
    /// The notice is not signed.
    SignatureRequired = "signature_required", UNAUTHORIZED, "Signature required";
    /// The signature's time is not the server's.
    SignatureExpired = "signature_expired", UNAUTHORIZED, "Signature required";
    /// The signature is not of this body.
    InvalidSignature = "invalid_signature", UNAUTHORIZED, "Signature required";
    /// The body is no notice.
    InvalidNotice = "invalid_notice", BAD_REQUEST, "Bad request";
    /// More notices came than are taken.
    TooManyNotices = "too_many_notices", TOO_MANY_REQUESTS, "Too many notices";
    /// Authentication is off, so there are no keys to read.
    NoKeySource = "no_key_source", CONFLICT, "No keys to read";
    /// The admin listener's token is missing or wrong.
    AdminTokenRequired = "admin_token_required", UNAUTHORIZED, "Authentication required";
    /// The request is for another host than the admin listener's.
    WrongHost = "wrong_host", MISDIRECTED_REQUEST, "Misdirected request";
    /// A page of another site has sent the request.
    CrossSite = "cross_site", FORBIDDEN, "Forbidden";
    /// The keys were not read within a minute.
    RefreshTimeout = "refresh_timeout", GATEWAY_TIMEOUT, "Not read yet";
    /// The query, or what a proxy asks, cannot be understood.
    BadRequest = "bad_request", BAD_REQUEST, "Bad request";
    /// The counts cannot be read.
    UsageUnreadable = "usage_unreadable", INTERNAL_SERVER_ERROR, "Usage unreadable";
    /// Redis does not answer, so the other servers' counts cannot be had.
    RedisUnavailable = "redis_unavailable", SERVICE_UNAVAILABLE, "Redis unavailable";
    /// As many pages watch the decisions as may.
    TooManyWatchers = "too_many_watchers", SERVICE_UNAVAILABLE, "Too many watchers";
    /// The port that redirects to https got no `Host`.
    NoHost = "no_host", BAD_REQUEST, "Bad request";
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.facts().word)
    }
}

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        let lines = Self::ALL.iter().map(|code| {
            let Facts { word, status, when, .. } = code.facts();
            format!("- `{word}` ({}):{when}", status.as_u16())
        });
        let lines: Vec<String> = lines.collect();
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(format!(
                "What has happened, for programs to decide by.\n\n{}",
                lines.join("\n")
            )))
            .enum_values(Some(Self::ALL.iter().map(|code| code.facts().word)))
            .into()
    }
}

impl ToSchema for Code {
    fn name() -> Cow<'static, str> {
        "Code".into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_codes_are_one_word() {
        let words: HashSet<&str> = Code::ALL.iter().map(|code| code.facts().word).collect();
        assert_eq!(words.len(), Code::ALL.len());
        for Facts { word, status, .. } in Code::ALL.iter().map(|code| code.facts()) {
            assert!(status.is_client_error() || status.is_server_error(), "{word}");
            assert!(word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{word}");
        }
    }
}
