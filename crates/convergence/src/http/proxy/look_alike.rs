//! Headers that only look like one of this server's. Programs that are handed headers as environment variables cannot tell
//! `X_Client_Name` from `X-Client-Name` (RFC 3875, 4.1.18).

/// What this server says itself, or takes away.
const NOT_THE_CLIENTS: [&str; 7] = [
    "x-client-name",
    "x-request-id",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "content-length",
    "transfer-encoding",
];

/// Whether a name, in lower case, spells one of these with `_`.
pub(super) fn is_look_alike(name: &str) -> bool {
    name.contains('_') && NOT_THE_CLIENTS.contains(&name.replace('_', "-").as_str())
}
