//! What a log may show of a request's target: a key that a client put in the path by mistake must not be in it.

use std::borrow::Cow;
use std::fmt::Write;

use gate::Gate;
use percent_encoding::percent_decode_str;

/// The path with every segment that is or looks like a key replaced, and no query. Which words are keys is known to the gate, where there is one.
pub(crate) fn path<'a>(path: &'a str, gate: Option<&Gate>) -> Cow<'a, str> {
    let is_secret = |segment: &str| {
        let decoded: Cow<'_, [u8]> = percent_decode_str(segment).into();
        decoded.starts_with(b"sk-")
            || decoded.windows(PREFIX.len()).any(|part| part == PREFIX)
            || gate.is_some_and(|gate| gate.knows(&decoded))
    };
    if !path.split('/').any(is_secret) {
        return Cow::Borrowed(path);
    }
    let mut shown = String::with_capacity(path.len());
    for (number, segment) in path.split('/').enumerate() {
        let slash = if number == 0 { "" } else { "/" };
        let segment = if is_secret(segment) { "[redacted]" } else { segment };
        // Writing to a string cannot fail.
        let _ = write!(shown, "{slash}{segment}");
    }
    Cow::Owned(shown)
}

/// How keys made here begin (P08).
const PREFIX: &[u8] = b"sk-convergence-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p24_a_key_in_a_path_is_not_shown() {
        let gate = Gate::shut();
        let record = gate::Record {
            key: gate::KeyHash::of(b"open sesame"),
            client: "Ali".into(),
            limit: None,
            further_limits: None,
            active: true,
            expires_at: None,
            revoked_at: None,
            restrictions: None,
            readable: true,
            row: 2,
        };
        gate.replace(vec![record], i64::MAX);
        assert_eq!(path("/a/b.wav", Some(&gate)), "/a/b.wav");
        assert_eq!(path("/a/sk-convergence-1/c", Some(&gate)), "/a/[redacted]/c");
        assert_eq!(path("/k=sk%2Dconvergence-1", Some(&gate)), "/[redacted]");
        assert_eq!(path("/open%20sesame/", Some(&gate)), "/[redacted]/");
    }
}
