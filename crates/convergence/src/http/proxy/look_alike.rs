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

/// Whether a name, in any case, spells one of these with `_`.
pub(super) fn is_look_alike(name: &[u8]) -> bool {
    let looks_like = |known: &str| {
        let alike =
            |(found, known): (&u8, u8)| found.eq_ignore_ascii_case(&known) || (*found, known) == (b'_', b'-');
        name.len() == known.len() && name.iter().zip(known.bytes()).all(alike)
    };
    memchr::memchr(b'_', name).is_some() && NOT_THE_CLIENTS.into_iter().any(looks_like)
}
